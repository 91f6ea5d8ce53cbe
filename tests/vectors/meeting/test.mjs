// Makes the symbols of the test in docs/meeting.md, "Reconciliation", with the program
// of this folder, which was written from that page, and compares their hash with the
// one there; and peels. The C program's own test has the same hash. Prints TAP.

import { readFileSync } from 'node:fs';
import { hex, u32 } from '../reader/bytes.mjs';
import { SHA256 } from '../reader/primitives.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';
import { hashOf, next, peel, sipHash, symbolsOf, write } from './reconcile.mjs';

const page = readFileSync(new URL('../../../docs/meeting.md', import.meta.url)).toString();
const said = page.match(/SHA-256 over symbols 0 to 4,999 is\s+`([0-9a-f]{64})`/)[1];

const key = Uint8Array.from({ length: 16 }, (_, i) => i);
const ids = Array.from({ length: 1100 }, (_, k) => sipHash(key, u32(k)));

test('siphash: the example of its paper', () => {
	const data = Uint8Array.from({ length: 15 }, (_, i) => i);
	check(sipHash(key, data) === 0xa129ca6149be45e5n, 'number');
});
test('symbols: those of docs/meeting.md', () => {
	const symbols = symbolsOf(key, ids.slice(0, 1000), 5000);
	same(hex(SHA256(write(symbols))), said, 'hash');
});
test('the least jump and the greatest', () => {
	check(next(0n, 0n) > 0n, 'goes on');
	check(next(0n, (1n << 24n) - 1n) === 1n << 24n, 'ends');
});
test('peeling: what differs, and no more', () => {
	const heard = symbolsOf(key, ids.slice(0, 1000), 100);
	const found = peel(key, heard, ids.slice(20, 1020));
	const text = (list) => [...list].sort().join();
	same(text(found.theirs), text(ids.slice(0, 20)), 'theirs');
	same(text(found.ours), text(ids.slice(1000, 1020)), 'ours');
	check(peel(key, heard.slice(0, 30), ids.slice(20, 1020)) === null, 'too few');
});
test('peeling: an id that is missing once is refused', () => {
	const heard = symbolsOf(key, [ids[0], ids[1]], 60);
	heard[0].ids ^= ids[0];
	heard[0].checks ^= hashOf(key, ids[0]) & 0xffffffffn;
	check(peel(key, heard, []) === 'refused', 'refused');
});
finish();
