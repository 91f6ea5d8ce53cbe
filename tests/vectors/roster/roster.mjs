// A roster, read from docs/letterbox.md, section 17, alone.

import { ed25519 } from '@noble/curves/ed25519.js';
import { ascii, bytes, equal, get16, get64, isZero, u8 } from '../reader/bytes.mjs';
import { refuseUnless } from '../reader/courier.mjs';
import { printable } from '../reader/text.mjs';

const MAX = 262144, ENTRIES = 1024, SIGNATURE = 64;
const LABEL = ascii('dlb roster v1');

function compare(a, b) {
	for (let i = 0; i < a.length; i++)
		if (a[i] !== b[i])
			return a[i] - b[i];
	return 0;
}

const identity = (b) => ({ sign: b.subarray(0, 32), agree: b.subarray(32, 64), bytes: b });

// `entries_n` and so many entries from the start of b; `rest` is what follows.
export function readEntries(b, author) {
	const form = (holds, why) => refuseUnless(holds, 'malformed', why);
	let at = 0;
	const take = (n) => {
		form(n <= b.length - at, 'cut short');
		at += n;
		return b.subarray(at - n, at);
	};
	const n = get16(take(2), 0);
	form(n <= ENTRIES, 'too many entries');
	const entries = [];
	for (let i = 0; i < n; i++) {
		const e = identity(take(64));
		[e.state, e.noteLen] = take(2);
		form(e.noteLen <= 64, 'a long note');
		const note = take(e.noteLen);
		form(e.state <= 1, 'state');
		form(printable(note), 'a note that is not printable');
		e.note = Buffer.from(note).toString();
		form(!isZero(e.sign) && !isZero(e.agree), 'a key of zeros');
		form(!equal(e.bytes, author), 'its author');
		form(i === 0 || compare(entries[i - 1].bytes, e.bytes) < 0, 'order');
		entries.push(e);
	}
	return { entries, rest: b.subarray(at) };
}

export function readRoster(b) {
	const form = (holds, why) => refuseUnless(holds, 'malformed', why);
	form(b.length <= MAX && b.length >= 89 + SIGNATURE, 'length');
	form(equal(b.subarray(0, 4), ascii('DLBR')), 'magic');
	refuseUnless(b[4] === 1, 'unsupported', 'version');
	const body = b.subarray(0, b.length - SIGNATURE);
	const r = { number: get64(b, 5), issued: get64(b, 13), days: get16(b, 21),
		author: identity(b.subarray(23, 87)) };
	form(r.number >= 1n && r.number < 2n ** 63n, 'number');
	form(r.issued < 2n ** 40n, 'issued');
	form(r.days >= 1 && r.days <= 3650, 'days');
	const { entries, rest } = readEntries(body.subarray(87), r.author.bytes);
	form(rest.length === 0, 'something behind');
	r.entries = entries;
	refuseUnless(ed25519.verify(b.subarray(b.length - SIGNATURE),
		bytes(u8(LABEL.length), LABEL, body), r.author.sign, { zip215: false }), 'forged', 'signature');
	return r;
}
