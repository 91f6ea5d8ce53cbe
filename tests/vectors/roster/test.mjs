// Rosters with other libraries, from docs/letterbox.md, section 17, alone: one that is sound,
// and those that are to be refused, each for what is wrong with it. Prints TAP.

import { readFileSync } from 'node:fs';
import { hex } from '../reader/bytes.mjs';
import { Refused } from '../reader/courier.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';
import { readRoster } from './roster.mjs';

const file = (name) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));
const lines = Buffer.from(file('v1.txt')).toString().trim().split('\n').map((l) => l.split(' '));
const said = (word) => lines.filter((l) => l[0] === word);

// What the reader says of a vector that is bad in this way.
const why = { signature: 'signature', hand: 'signature', behind: 'behind', cut: 'cut short', order: 'order',
	twice: 'order', author: 'its author', 'no-agree': 'zeros', 'no-sign': 'zeros', count: 'cut short',
	state: 'state', number: 'number', 'number-top': 'number', issued: 'issued', days: 'days',
	'days-top': 'days', note: 'not printable', 'note-direction': 'not printable',
	'note-utf8': 'not printable', 'note-long': 'a long note', version: 'version' };

test('a roster', () => {
	const r = readRoster(file('v1.roster'));
	same(String(r.number), said('number')[0][1], 'number');
	same(String(r.issued), said('issued')[0][1], 'issued');
	same(String(r.days), said('days')[0][1], 'days');
	same(r.entries.length, said('entry').length, 'entries');
	said('entry').forEach(([, sign, agree, state, ...note], i) => {
		same(hex(r.entries[i].sign), sign, 'sign');
		same(hex(r.entries[i].agree), agree, 'agree');
		same(String(r.entries[i].state), state, 'state');
		same(r.entries[i].note, note.join(' '), 'note');
	});
});
for (const [, name, verdict] of said('bad'))
	test(`bad: ${name}`, () => {
		let got = null;
		try {
			readRoster(file(`bad-${name}.roster`));
		} catch (e) {
			if (!(e instanceof Refused))
				throw e;
			got = e;
		}
		same(got?.verdict, verdict, 'verdict');
		check(name in why && got.message.includes(why[name]), `refused for "${got.message}"`);
	});
test('any byte that is changed', () => {
	const good = file('v1.roster');
	for (let i = 0; i < good.length; i += i < 90 ? 1 : 7) {
		const b = good.slice();
		b[i] ^= 1;
		let refused = false;
		try {
			readRoster(b);
		} catch (e) {
			refused = e instanceof Refused;
		}
		check(refused, `byte ${i}`);
	}
});
finish();
