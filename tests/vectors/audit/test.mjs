// Exports of a log with another library, from docs/letterbox.md, section 13, alone: with
// and without names, and those that are not sound, each for what is wrong with it. Prints
// TAP.

import { readFileSync } from 'node:fs';
import { equal, hex } from '../reader/bytes.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';
import { Unsound, headText, readLog } from './audit.mjs';

const file = (name) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));
const lines = Buffer.from(file('v1.txt')).toString().split('\n').map((l) => l.split(' '));
const said = (word) => lines.filter((l) => l[0] === word);

// What the reader says of a vector that is bad in this way.
const why = { value: 'hash', hash: 'hash', missing: 'number', turned: 'number', name: 'name', salt: 'name',
	told: 'told', number: 'number', time: 'form', event: 'form', values: 'form', longer: 'form',
	shorter: 'form', base: 'hash', cut: 'number at the end', head: 'hash at the end',
	behind: 'number at the end', end: 'cut short', version: 'version', magic: 'magic', start: 'length' };

function verdict(b) {
	try {
		readLog(b);
	} catch (e) {
		if (e instanceof Unsound)
			return e;
		throw e;
	}
	return null;
}

test('an export', () => {
	const log = readLog(file('v1.named.audit')), bare = readLog(file('v1.audit'));
	same(headText(log.head), said('head')[0][1], 'head');
	same(headText(bare.head), said('head')[0][1], 'head without names');
	same(log.base.number, 0n, 'base');
	same(log.records.length, said('record').length, 'records');
	said('record').forEach(([, number, event, ...name], i) => {
		same(String(log.records[i].number), number, 'number');
		same(String(log.records[i].event), event, 'event');
		same(log.records[i].name ?? '', name.join(' '), 'name');
		same(bare.records[i].name, undefined, 'no name');
		check(equal(log.records[i].hash, bare.records[i].hash), 'the same chain');
	});
	same(log.records[1].values.join(), '64,64,12,3', 'values');
});
for (const [, name, at] of said('bad'))
	test(`bad: ${name}`, () => {
		const got = verdict(file(`bad-${name}.audit`));
		same(got && String(got.at), at === 'form' ? 'null' : at, 'where');
		check(name in why && got.message === why[name], `refused for "${got.message}"`);
	});
test('any byte that is changed', () => {
	const good = file('v1.named.audit');
	for (let i = 0; i < good.length; i++) {
		const b = good.slice();
		b[i] ^= 1;
		check(verdict(b) !== null, `byte ${i} of ${hex(good).length / 2}`);
	}
});
finish();
