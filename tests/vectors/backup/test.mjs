// Puts together the backup of this folder with libraries and arithmetic of its own, from
// docs/letterbox.md, sections 14 and 15, alone, and sees it refuse what it should. Prints
// TAP.

import { readFileSync } from 'node:fs';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { ascii, bytes, equal, get16, get64, hex, isZero, u8, unhex } from '../reader/bytes.mjs';
import { H, derive } from '../reader/primitives.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';

const COMMON = 4145, HEAD = 4113, SEAL = 40;
const SIZES = [65536, 131072, 262144, 524288, 1048576, 2031616];

const file = (name) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));
const list = Buffer.from(file('v1.txt')).toString().split('\n')
	.filter((l) => l && l[0] !== '#').map((l) => l.split(' '));
const said = (word) => unhex(list.find((l) => l[0] === word)[1]);

function must(holds, what) {
	if (!holds)
		throw new Error(what);
}

// The start of a card, section 2, which is the same in all of its versions.
function readCard(b) {
	must(equal(b.subarray(0, 4), ascii('DLBC')), 'a card');
	const at = 16 + b[15];
	return { serial: get64(b, 5), name: Buffer.from(b.subarray(16, at)).toString(),
		sign: b.subarray(at, at + 32) };
}

// ---- section 14

function readShare(b) {
	must(b.length > 41 && equal(b.subarray(0, 4), ascii('DLBK')), 'magic');
	must(b[4] === 1, 'version');
	must(b[5] === 1 || b[5] === 2, 'use');
	must(b[6] <= 254, 'number');
	const cardLen = get16(b, 39);
	must(cardLen <= 24576 && (b[5] === 2 || cardLen === 0), 'card');
	const common = b.subarray(41 + cardLen);
	must(SIZES.includes(common.length - COMMON - SEAL), 'length');
	const made = get64(common, 16), keepFrom = get64(common, 24);
	must(made < 2n ** 63n / 1000n && keepFrom <= made, 'times');
	must(common[32] >= 2, 'need');
	const s = { number: b[6], share: b.subarray(7, 39), card: b.subarray(41, 41 + cardLen),
		common, id: common.subarray(0, 16), made, keepFrom, need: common[32] };
	must(fits(s, s.number, s.share), 'check');
	return s;
}

function fits(s, number, share) {
	const at = 33 + 16 * number;
	return equal(derive(share, 'dlb backup share', bytes(s.id, u8(number)), 16),
		s.common.subarray(at, at + 16));
}

function times(a, b) {
	let out = 0;
	for (; b; b >>= 1, a = a & 0x80 ? (a << 1) ^ 0x11b : a << 1)
		if (b & 1)
			out ^= a;
	return out;
}

function over(a) {
	for (let b = 1; b < 256; b++)
		if (times(a, b) === 1)
			return b;
	throw new Error('no inverse');
}

// The value at 0; share i lies at i + 1.
function joinKey(parts) {
	const key = new Uint8Array(32);
	for (const [i, share] of parts) {
		let weight = 1;
		for (const [j] of parts)
			if (i !== j)
				weight = times(weight, times(j + 1, over((i + 1) ^ (j + 1))));
		share.forEach((v, b) => {
			key[b] ^= times(v, weight);
		});
	}
	return key;
}

function open(s, key) {
	const head = s.common.subarray(0, HEAD), sealed = s.common.subarray(COMMON);
	must(equal(derive(key, 'dlb backup commitment', H(bytes(head, sealed)), 32),
		s.common.subarray(HEAD, COMMON)), 'commitment');
	return xchacha20poly1305(derive(key, 'dlb backup seal', s.id, 32), sealed.subarray(0, 24), head)
		.decrypt(sealed.subarray(24));
}

// ---- section 15

function readContent(b) {
	let at = 0;
	const take = (n) => {
		must(n <= b.length - at, 'cut short');
		at += n;
		return b.subarray(at - n, at);
	};
	const name = () => Buffer.from(take(take(1)[0])).toString();
	must(take(1)[0] === 1, 'version');
	const out = { seed: take(32), agree: take(32), name: name(), serial: get64(take(8), 0),
		month: get16(take(2), 0), people: [], boxes: [] };
	for (let n = get16(take(2), 0); n > 0; n--)
		out.people.push({ name: name(), flags: take(1)[0], card: take(get16(take(2), 0)) });
	for (let n = get16(take(2), 0); n > 0; n--)
		out.boxes.push({ name: name(), root: take(32) });
	must(isZero(b.subarray(at)), 'zeros');
	return out;
}

// ---- what is in the folder

function refused(body, why) {
	let message = null;
	try {
		body();
	} catch (e) {
		message = e.message;
	}
	check(message !== null && message.includes(why), `refused for "${why}", not "${message}"`);
}

const patched = (b, at, value) => {
	const out = b.slice();
	out[at] = value;
	return out;
};

const bytesOf = file('v1.share'), share = readShare(bytesOf);
const others = list.filter((l) => l[0] === 'share').map((l) => [+l[1], unhex(l[2])]);

test('a share', () => {
	same(share.need, 3, 'need');
	same(share.made - share.keepFrom, 86400n, 'times');
	same(readCard(share.card).sign, said('sign'), 'the card of its owner');
	for (const [number, other] of others)
		check(fits(share, number, other), `share ${number} fits its check`);
});
test('any three give it', () => {
	const all = [[share.number, share.share], ...others];
	for (let i = 0; i < all.length; i++) {
		const three = all.filter((_, k) => k !== i);
		const content = readContent(open(share, joinKey(three)));
		same(content.name, 'Zo\u00eb', 'name');
		same(ed25519.getPublicKey(content.seed), said('sign'), 'sign');
		same(x25519.getPublicKey(content.agree), said('agree'), 'agree');
		same(content.serial, readCard(share.card).serial, 'serial');
		same(content.people.length, 1, 'people');
		same(content.people[0].name, 'bob', 'who it is');
		same(content.people[0].flags, 1, 'verified');
		same(readCard(content.people[0].card).name, 'bob', 'their card');
		same(hex(content.boxes[0].root), hex(said('box')), 'the box');
		same(content.boxes[0].name, 'harbour', 'its name');
	}
	refused(() => open(share, joinKey(all.slice(0, 2))), 'commitment');
});
test('shares that were changed', () => {
	const card = share.card.length;
	refused(() => readShare(patched(bytesOf, 10, bytesOf[10] ^ 1)), 'check');
	refused(() => readShare(patched(bytesOf, 6, bytesOf[6] ^ 1)), 'check');
	refused(() => readShare(patched(bytesOf, 5, 1)), 'card');
	refused(() => readShare(patched(bytesOf, 4, 2)), 'version');
	refused(() => readShare(patched(bytesOf, 41 + card + 32, 1)), 'need');
	refused(() => readShare(bytesOf.subarray(0, bytesOf.length - 1)), 'length');
	const three = [[share.number, share.share], ...others.slice(0, 2)];
	const last = readShare(patched(bytesOf, bytesOf.length - 1, bytesOf.at(-1) ^ 1));
	refused(() => open(last, joinKey(three)), 'commitment');
});
finish();
