// Puts together the backups of this folder with libraries and arithmetic of its own, from
// docs/letterbox.md, sections 14, 15 and 17, alone, and sees it refuse what it should. Of both
// versions of what a backup holds. Prints TAP.

import { readFileSync } from 'node:fs';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { ascii, bytes, equal, get16, get32, get64, hex, isZero, u8, unhex } from '../reader/bytes.mjs';
import { H, derive } from '../reader/primitives.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';
import { printable } from '../reader/text.mjs';
import { readEntries, readRoster } from '../roster/roster.mjs';

const COMMON = 4145, HEAD = 4113, SEAL = 40;
const SIZES = [65536, 131072, 262144, 524288, 1048576, 2031616];

const file = (name) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));

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

const TRUSTED = 1;

function reader(b) {
	let at = 0;
	const take = (n) => {
		must(n <= b.length - at, 'cut short');
		at += n;
		return b.subarray(at - n, at);
	};
	const text = () => {
		const bytesOf = take(take(1)[0]);
		must(printable(bytesOf), 'printable');
		return Buffer.from(bytesOf).toString();
	};
	return { take, text, u16: () => get16(take(2), 0), u32: () => get32(take(4), 0),
		u64: () => get64(take(8), 0), rest: () => take(b.length - at) };
}

const person = (r) => {
	const p = { name: r.text(), flags: r.take(1)[0], card: r.take(r.u16()) };
	must(p.flags <= 3 && p.card.length > 0, 'a person');
	return p;
};
const author = (r) => ({ name: r.text(), identity: r.take(64), serial: r.u64(), key: r.take(32) });
const roster = (r) => {
	const a = { name: r.text(), identity: r.take(64), flags: r.take(1)[0], number: r.u64() };
	a.bytes = r.take(r.u32());
	must(a.flags <= TRUSTED && a.bytes.length <= 262144, 'a roster');
	return a;
};
const ownRoster = (r) => {
	const own = { changed: r.take(1)[0], sent: r.u64(), sentAt: r.u64() };
	own.last = r.take(r.u32());
	own.entries = r.rest();
	must(own.changed <= 1 && (own.changed || own.entries.length === 0), 'own roster');
	return own;
};

function readThings(r, out) {
	for (let kind; (kind = r.take(1)[0]) !== 0;) {
		const thing = reader(r.take(r.u32()));
		if (kind === 1)
			out.people.push(person(thing));
		else if (kind === 2)
			out.boxes.push({ name: thing.text(), root: thing.take(32), place: thing.text() });
		else if (kind === 3)
			out.authors.push(author(thing));
		else if (kind === 4)
			out.rosters.push(roster(thing));
		else if (kind === 5)
			out.own.push(ownRoster(thing));
		else
			thing.rest();
		must(thing.rest().length === 0, 'a thing that is longer');
	}
	must(out.own.length <= 1, 'one roster');
}

function readLists(r, out) {
	for (let n = r.u16(); n > 0; n--)
		out.people.push(person(r));
	for (let n = r.u16(); n > 0; n--)
		out.boxes.push({ name: r.text(), root: r.take(32), place: '' });
}

function readContent(b) {
	const r = reader(b);
	const version = r.take(1)[0];
	must(version === 1 || version === 2, 'version');
	const out = { version, seed: r.take(32), agree: r.take(32), name: r.text(), serial: r.u64(),
		month: r.u16(), people: [], boxes: [], authors: [], rosters: [], own: [] };
	if (version === 1)
		readLists(r, out);
	else
		readThings(r, out);
	must(isZero(r.rest()), 'zeros');
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

function load(name) {
	const list = Buffer.from(file(`${name}.txt`)).toString().split('\n')
		.filter((l) => l && l[0] !== '#').map((l) => l.split(' '));
	const share = readShare(file(`${name}.share`));
	return { list, share, said: (word) => unhex(list.find((l) => l[0] === word)[1]),
		all: [[share.number, share.share],
			...list.filter((l) => l[0] === 'share').map((l) => [+l[1], unhex(l[2])])] };
}

function checkOwner(content, { said, share }) {
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

for (const name of ['v1', 'v2']) {
	const backup = load(name), { share, all, said } = backup;
	test(`${name}: a share`, () => {
		same(share.need, 3, 'need');
		same(share.made - share.keepFrom, 86400n, 'times');
		same(readCard(share.card).sign, said('sign'), 'the card of its owner');
		for (const [number, other] of all)
			check(fits(share, number, other), `share ${number} fits its check`);
	});
	test(`${name}: any three give it`, () => {
		for (let i = 0; i < all.length; i++) {
			const content = readContent(open(share, joinKey(all.filter((_, k) => k !== i))));
			same(`v${content.version}`, name, 'version');
			checkOwner(content, backup);
		}
		refused(() => open(share, joinKey(all.slice(0, 2))), 'commitment');
	});
}
const { share, all, said } = load('v2'), bytesOf = file('v2.share');
const plain = open(share, joinKey(all.slice(0, 3)));
test('what is in it beside', () => {
	const content = readContent(plain);
	same(content.boxes[0].place, 'pier 4', 'where the box is');
	const [news] = content.authors, [agency] = content.rosters, [own] = content.own;
	same(news.name, 'news', 'an author');
	same(news.identity.subarray(0, 32), said('author'), 'who it is');
	same(news.key, said('author-key'), 'their key');
	same(agency.name, 'agency', 'a roster');
	same(agency.flags, TRUSTED, 'that counts');
	const theirs = readRoster(agency.bytes);
	same(theirs.number, agency.number, 'its number');
	same(theirs.author.bytes, agency.identity, 'its author');
	same(theirs.entries[0].sign, said('ferry'), 'whom it names');
	same(own.changed, 1, 'one\'s own was changed');
	const last = readRoster(own.last);
	same(last.author.sign, said('sign'), 'by oneself');
	same(last.number, own.sent, 'which went out');
	same(last.issued, own.sentAt, 'then');
	same(last.entries.length, 1, 'entries then');
	const now = readEntries(own.entries, last.author.bytes);
	same(now.rest.length, 0, 'nothing more');
	same(now.entries.map((e) => e.note).sort().join(), ',taken', 'entries now');
});
test('things of other kinds', () => {
	const at = plain.findLastIndex((x) => x !== 0) + 1;
	const other = bytes(plain.subarray(0, at), u8(99), new Uint8Array([0, 0, 0, 2, 1, 2]), new Uint8Array(9));
	same(readContent(other).people.length, 1, 'are passed over');
	refused(() => readContent(bytes(other, u8(1))), 'zeros');
	refused(() => readContent(plain.subarray(0, at)), 'cut short');
	refused(() => readContent(patched(plain, 0, 3)), 'version');
});
test('shares that were changed', () => {
	const card = share.card.length;
	refused(() => readShare(patched(bytesOf, 10, bytesOf[10] ^ 1)), 'check');
	refused(() => readShare(patched(bytesOf, 6, bytesOf[6] ^ 1)), 'check');
	refused(() => readShare(patched(bytesOf, 5, 1)), 'card');
	refused(() => readShare(patched(bytesOf, 4, 2)), 'version');
	refused(() => readShare(patched(bytesOf, 41 + card + 32, 1)), 'need');
	refused(() => readShare(bytesOf.subarray(0, bytesOf.length - 1)), 'length');
	const last = readShare(patched(bytesOf, bytesOf.length - 1, bytesOf.at(-1) ^ 1));
	refused(() => open(last, joinKey(all.slice(0, 3))), 'commitment');
	const old = load('v1');
	refused(() => open(share, joinKey([...all.slice(0, 2), old.all[1]])), 'commitment');
});
finish();
