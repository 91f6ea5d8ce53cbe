// Opens the satchel of docs/satchel.md, section 8, with the reader of this folder,
// and compares what it finds with v1.txt; then garbles it as a medium may, and opens
// it again. Prints TAP.

import { readFileSync } from 'node:fs';
import { ascii, equal, get16, hex, unhex } from '../reader/bytes.mjs';
import { openBulk } from '../reader/bulk.mjs';
import { openHead, trial } from '../reader/head.mjs';
import { fieldsOf, formula, index, letterOf, load, person } from '../reader/index.mjs';
import { SHA256 } from '../reader/primitives.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';
import { CELL, ENTRY, SECTOR, cellOf, derive, joinParts, layout, openSatchel, openToAll,
	rootFromSlots, slotsIn, table1Unmasked, withKeyFile, withPassphrase } from './satchel.mjs';

const file = (name) => readFileSync(new URL(name, import.meta.url));
const space = new Uint8Array(file('v1.dlb'));
const list = file('v1.txt').toString().split('\n').filter((l) => l && l[0] !== '#');
const said = (word) => list.find((l) => l.startsWith(`${word} `)).slice(word.length + 1);
const lines = list.filter((l) => /^(cell|token) /.test(l));

const root = unhex(said('root'));
const satchel = openSatchel(space, openToAll());

function line(e) {
	const cell = e.kind === 1;
	return [cell ? 'cell' : 'token', e.number, e.slot, e.flags, e.copies, e.searched, e.expiry,
		e.arrived, e.origin, hex(e.name), hex(cell ? e.core : e.tokenHash)].join(' ');
}

const withoutFile = (l) => l.split(' ').slice(0, -1).join(' ');
const fileOf = (e) => lines.find((l) => withoutFile(l) === line(e)).split(' ').at(-1);
const cells = satchel.entries.filter((e) => e.kind === 1);

function testOpening() {
	test('the length is that of so many slots', () => {
		same(slotsIn(space.length), Number(said('slots')), 'slots');
		same(layout(Number(said('slots'))).length, space.length, 'length');
	});
	test('it opens to all, with the key file and with the root key', () => {
		for (const way of [openToAll(), withKeyFile(unhex(said('keyfile')))])
			same(openSatchel(space, way).root, root, 'root');
		same(openSatchel(space, null, root).entries.length, lines.length, 'entries');
	});
	test('each header opens in these ways', () => {
		for (const at of satchel.layout.headers)
			for (const way of [openToAll(), withKeyFile(unhex(said('keyfile')))])
				same(rootFromSlots(space.slice(at, at + 608), way), root, `header at ${at}`);
	});
	test('it opens with the passphrase', () => {
		const at = satchel.layout.headers[1];
		const way = withPassphrase(ascii(said('passphrase')));
		same(rootFromSlots(space.slice(at, at + 608), way), root, 'root');
	});
	test('it opens with nothing else', () => {
		const other = withKeyFile(unhex(said('keyfile')).map((b) => b ^ 1));
		check(rootFromSlots(space.slice(0, 608), other) === null, 'another key file');
	});
	test('the tag key is that of the root key', () => {
		same(derive(root, 'dlb box tag key'), unhex(said('tag-key')), 'tag key');
	});
}

function testTables() {
	test('both superblocks say the same', () => {
		const [zero, one] = satchel.superblocks;
		for (const key of ['flags', 'slots', 'entries', 'reserve', 'used', 'id'])
			same(zero[key], one[key], key);
		satchel.layout.headers.forEach((at, i) => {
			same(zero.keyslots[i], space.slice(at, at + 608), `key slots ${i}`);
			same(one.keyslots[i], zero.keyslots[i], `key slots ${i} in header 1`);
		});
		same(zero.flags, 0, 'flags');
		same(zero.reserve, Number(said('reserve')), 'reserve');
		same(zero.used.toString(2).replaceAll('0', ''), '111', 'three ways to unlock');
	});
	test('table 1 is table 0 under the mask', () => {
		const { tables, entries } = satchel.layout;
		const zero = space.slice(tables[0], tables[0] + ENTRY * entries);
		check(equal(table1Unmasked(space, satchel), zero), 'the same');
		check(!equal(space.slice(tables[1], tables[1] + ENTRY * entries), zero), 'masked');
	});
	test('the entries are those of the list', () => {
		same(satchel.entries.map(line).join('\n'), lines.map(withoutFile).join('\n'), 'entries');
		same(satchel.mended, 0, 'mended');
	});
	test('a token is what its hash says', () => {
		const tokens = satchel.entries.filter((e) => e.kind === 2);
		check(tokens.length > 0, 'there are some');
		for (const e of tokens)
			same(SHA256(e.secret), e.tokenHash, `token ${e.number}`);
	});
}

function testCells() {
	for (const e of cells)
		test(`cell ${e.number} is ${fileOf(e)}`, () => {
			const cell = cellOf(space, satchel, e);
			check(cell !== null, 'whole');
			check(equal(cell, load(fileOf(e))), 'the file');
			same(cell.subarray(16, 32), e.boxTag, 'box tag');
			same(cell.subarray(32, 64), e.tokenHash, 'token hash');
			same(cell.subarray(64, 96), e.handle, 'handle');
			same(get16(cell, 2), e.expiry, 'expiry');
		});
	for (const letter of index.letters.filter((l) => cells.some((e) => fileOf(e) === l.head.file)))
		test(`the head of "${letter.name}" opens, for its reader alone`, () => {
			const e = cells.find((x) => fileOf(x) === letter.head.file);
			const head = cellOf(space, satchel, e);
			for (const name of Object.keys(index.people))
				same(trial(person(name), head.subarray(0, 128)), name === letter.reader, name);
			const opened = openHead(person(letter.reader), head);
			same(opened.content, formula(fieldsOf(letter).inlineLen), 'content');
		});
	test('a bulk cell opens', () => {
		const letter = letterOf('long');
		const cell = cellOf(space, satchel, cells.find((e) => fileOf(e) === 'long-1.cell'));
		const keys = {
			stripeKey: unhex(letter.fields.stripe_key),
			letterKey: unhex(letter.bulk_letter_key),
			fields: fieldsOf(letter),
		};
		const { offset, len } = letter.bulk[0];
		const end = Number(offset) + len;
		same(openBulk(keys, 1, cell), formula(end).subarray(Number(offset)), 'content');
	});
}

// ---- section 1: what a medium may do; section 6: what is made of it

// `space` with the sector at `at` garbled.
function garbled(...ats) {
	const out = space.slice();
	for (const at of ats)
		for (let i = 0; i < SECTOR; i++)
			out[at + i] = (i * 37 + at / SECTOR) & 255;
	return out;
}

const holdsAll = (s) =>
	same(s.entries.map(line).join('\n'), lines.map(withoutFile).join('\n'), 'entries');
const sectorsOf = (table) => Array.from({ length: satchel.layout.entries * ENTRY / SECTOR },
	(_, i) => satchel.layout.tables[table] + i * SECTOR);

function testGarbled() {
	test('without one of its headers', () => {
		for (const at of satchel.layout.headers)
			holdsAll(openSatchel(garbled(at), openToAll()));
	});
	test('without either table, and with sectors of both gone', () => {
		for (const table of [0, 1]) {
			const s = openSatchel(garbled(...sectorsOf(table)), openToAll());
			holdsAll(s);
			same(s.mended, lines.length, 'mended');
		}
		const both = [0, 1].flatMap((t) => sectorsOf(t).filter((_, i) => i % 2 === t));
		holdsAll(openSatchel(garbled(...both), openToAll()));
	});
	test('a sector that is gone in both tables takes its entries along', () => {
		const s = openSatchel(garbled(sectorsOf(0)[0], sectorsOf(1)[0]), openToAll());
		same(s.entries.map(line).join('\n'),
			satchel.entries.filter((e) => e.number >= 16).map(line).join('\n'), 'entries');
	});
	test('a garbled slot costs one cell', () => {
		const hurt = garbled(satchel.layout.slot + CELL * cells[0].slot + 3 * SECTOR);
		const s = openSatchel(hurt, openToAll());
		holdsAll(s);
		same(cells.filter((e) => cellOf(hurt, s, e) === null).length, 1, 'damaged');
	});
	test('bytes too many do no harm; too few are told', () => {
		const long = new Uint8Array(space.length + 200000);
		long.set(space);
		holdsAll(openSatchel(long, openToAll()));
		let told = '';
		try {
			openSatchel(space.subarray(0, space.length - 1), openToAll());
		} catch (e) {
			told = e.message;
		}
		same(told, 'it was cut off', 'message');
	});
	test('it lies in several files as well', () => {
		const partLen = 3 * CELL, parts = [];
		for (let at = 0; at < space.length; at += partLen)
			parts.push(space.subarray(at, at + partLen));
		check(equal(joinParts(parts, partLen), space), 'joined');
		let refused = false;
		try {
			joinParts([parts[0], parts[1].subarray(1), parts[2]], partLen);
		} catch {
			refused = true;
		}
		check(refused, 'a part too short');
	});
}

testOpening();
testTables();
testCells();
testGarbled();
finish();
