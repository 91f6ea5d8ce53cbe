// Bulletins, with other libraries and from docs/cell.md alone (section 12): keys and
// handles, the cells of two bulletins, their proofs, and cells that are refused.
// Prints TAP; fails where a byte or a verdict differs.

import { ed25519 } from '@noble/curves/ed25519.js';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBulk } from '../reader/bulk.mjs';
import { ascii, bytes, equal, get16, get32, get64, hex, isZero, u32, u8, unhex } from '../reader/bytes.mjs';
import { Refused, coreOf, refuseUnless } from '../reader/courier.mjs';
import { openHead, trial } from '../reader/head.mjs';
import { formula } from '../reader/index.mjs';
import { H, derive, toGroup, x25519Public } from '../reader/primitives.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const HEAD = 240;
const EPOCH_MS = 1704067200000n;
const WEEK_MS = 7n * 86400000n;
const DAY_MS = 86400000n;

const file = (name) =>
	new Uint8Array(readFileSync(fileURLToPath(new URL(name, import.meta.url))));

const lines = Buffer.from(file('v1.txt')).toString().trim().split('\n').map((l) => l.split(' '));
const value = (word) => unhex(lines.find((l) => l[0] === word)[1]);

const K = value('key');
const author = { sign: value('sign'), agree: value('agree') };

// ---- 12.1 and 12.2

function littleBytes(n) {
	return Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * i)) & 255n));
}

const none = new Uint8Array(0);
const wide = derive(K, 'dlb bulletin finding', none, 64);
const agreeSecret = derive(K, 'dlb bulletin agree', none, 32);
const seed = derive(K, 'dlb bulletin opening', none, 32);
const reader = {
	sign: author.sign,
	agree: x25519Public(agreeSecret),
	agreeSecret,
	findingSecret: littleBytes(BigInt('0x' + hex(wide.slice().reverse())) % ORDER),
	openings: new Map([[0, seed]]),
};

const handleOf = (day, slot) =>
	toGroup(derive(K, 'dlb bulletin handle', bytes(u32(day), u8(slot)), 64));

// ---- 12.3: a manifest with one file

// Where the one file of a manifest of kind 7 begins; docs/letterbox.md, 5.
function payloadAt(content) {
	const len = get32(content, 0);
	const m = content.subarray(4, 4 + len);
	refuseUnless(m[0] === 1, 'malformed', 'version of the manifest');
	let kind = 0, files = null;
	for (let at = 1; at < m.length;) {
		const number = get16(m, at), n = get32(m, at + 2);
		const v = m.subarray(at + 6, at + 6 + n);
		if (number === 2)
			kind = v[0];
		if (number === 256)
			files = v;
		at += 6 + n;
	}
	refuseUnless(kind === 7 && files !== null && get32(files, 0) === 1, 'malformed', 'manifest');
	return 4 + len;
}

function parseSigned(head) {
	refuseUnless(equal(head.subarray(0, 4), ascii('DLBB')) && head[4] === 1, 'malformed', 'magic');
	const b = {
		kind: head[5], titleLen: head[6], nameLen: head[7], id: head.subarray(8, 24),
		posted: get64(head, 24), day: get32(head, 32), slot: head[36],
		bodyLen: get64(head, 40), sign: head.subarray(48, 80), agree: head.subarray(80, 112),
		content: head.subarray(112, 144), sealing: head.subarray(144, 176),
	};
	const day = b.posted / DAY_MS;
	refuseUnless(b.kind > 2 && b.titleLen <= 200 && isZero(head.subarray(37, 40))
		&& b.slot < 16 && b.bodyLen <= 2097152n && b.posted >= EPOCH_MS
		&& (BigInt(b.day) === day || BigInt(b.day) === day + 1n), 'malformed', 'form');
	const message = bytes(u8(15), ascii('dlb bulletin v1'), head.subarray(0, 176));
	refuseUnless(ed25519.verify(head.subarray(176, HEAD), message, b.sign, { zip215: false }),
		'forged', 'signature');
	return b;
}

function checkContent(b, rest) {
	const end = b.titleLen + b.nameLen + Number(b.bodyLen);
	refuseUnless(rest.length === end, 'forged', 'length');
	refuseUnless(equal(H(rest), b.content), 'forged', 'content');
	return {
		title: Buffer.from(rest.subarray(0, b.titleLen)).toString(),
		name: Buffer.from(rest.subarray(b.titleLen, b.titleLen + b.nameLen)).toString(),
		body: rest.subarray(b.titleLen + b.nameLen),
	};
}

// ---- 12.4

const expiryWeek = (cell) => get16(cell, 2);

// The fixed fields as they lie in box 3, again from what parseFields made of them.
function fieldsBytes(f) {
	const out = new Uint8Array(256), v = new DataView(out.buffer);
	out.set([f.mode, f.k, f.n, f.number]);
	out.set(f.letterId, 4);
	out.set(f.sealingId, 20);
	out.set(f.stripeKey, 36);
	out.set(f.letterKey, 68);
	out.set(f.commitment, 100);
	v.setBigUint64(132, f.contentLen);
	v.setBigUint64(140, f.stripeLen);
	v.setUint32(148, f.cells);
	v.setUint32(152, f.inlineLen);
	return out;
}

// Of the days and slots given, which one has the handle of this cell?
function slotOf(cell, days) {
	for (const day of days)
		for (let slot = 0; slot < 16; slot++)
			if (equal(handleOf(day, slot), cell.subarray(64, 96)))
				return { day, slot };
	return null;
}

function follow(cell, others, days) {
	const at = slotOf(cell, days);
	refuseUnless(at !== null && trial(reader, cell.subarray(0, 128)), 'not mine', 'handle');
	const opened = openHead(reader, cell);
	const { fields, content } = opened;
	refuseUnless(equal(opened.senderSign, author.sign)
		&& equal(opened.senderAgree, author.agree), 'forged', 'sender');
	refuseUnless(fields.mode === 0 && fields.n === 1 && fields.cells <= 64, 'malformed', 'stripe');
	const start = payloadAt(content);
	const signed = content.subarray(start, start + HEAD);
	const b = parseSigned(signed);
	refuseUnless(equal(b.sign, author.sign) && equal(b.agree, author.agree)
		&& equal(b.id, fields.letterId) && b.day === at.day && b.slot === at.slot
		&& BigInt(expiryWeek(cell)) === (b.posted - EPOCH_MS) / WEEK_MS + 12n,
	'forged', 'author, id, handle, week');
	const label = ascii('dlb bulletin sealing');
	const sealing = H(bytes(u8(label.length), label, fieldsBytes(fields),
		content.subarray(0, start), content.subarray(start + HEAD)));
	refuseUnless(equal(sealing, b.sealing), 'forged', 'sealing');
	const coresEnd = start + HEAD + 32 * (fields.cells - 1);
	const parts = [content.subarray(coresEnd)];
	for (let i = 1; i < fields.cells; i++) {
		const core = content.subarray(start + HEAD + 32 * (i - 1), start + HEAD + 32 * i);
		refuseUnless(equal(coreOf(others[i - 1]), core), 'forged', `core ${i}`);
		parts.push(openBulk({ stripeKey: fields.stripeKey, letterKey: fields.letterKey,
			fields }, i, others[i - 1]));
	}
	const rest = bytes(...parts);
	return { card: opened.card, ...checkContent(b, rest), proof: bytes(signed, rest) };
}

// ---- the tests

const days = [...new Set(lines.filter((l) => l[0] === 'handle').map((l) => Number(l[1])))];

test('keys', () => {
	same(reader.findingSecret, value('f'), 'f');
	same(reader.agreeSecret, value('agree_secret'), 'agree secret');
	same(reader.agree, value('agree_public'), 'agree');
	same(seed, value('seed'), 'seed');
});
test('handles', () => {
	for (const [word, day, slot, handle] of lines)
		if (word === 'handle')
			same(handleOf(Number(day), Number(slot)), unhex(handle), `${day} ${slot}`);
});
for (const [name, others, len] of [['short', [], 1000], ['long', ['long-1'], 100000]]) {
	test(`${name}: as a follower`, () => {
		const got = follow(file(`${name}.cell`), others.map((o) => file(`${o}.cell`)), days);
		same(got.title, 'The bridge is open', 'title');
		same(got.name, 'news.txt', 'name');
		same(got.body, formula(len), 'body');
		same(got.card, formula(100), 'card');
		same(got.proof, file(`${name}.proof`), 'proof');
	});
	test(`${name}: as anyone`, () => {
		const proof = file(`${name}.proof`);
		const b = parseSigned(proof.subarray(0, HEAD));
		check(equal(b.sign, author.sign), 'author');
		same(checkContent(b, proof.subarray(HEAD)).body, formula(len), 'body');
	});
	test(`${name}: every byte of the proof counts`, () => {
		for (const at of [4, 5, 6, 8, 24, 35, 36, 40, 47, 50, 90, 120, 150, 180, 238, 241, 270]) {
			const proof = file(`${name}.proof`);
			proof[at] ^= 1;
			let refused = false;
			try {
				checkContent(parseSigned(proof.subarray(0, HEAD)), proof.subarray(HEAD));
			} catch (e) {
				refused = e instanceof Refused;
			}
			check(refused, `byte ${at}`);
		}
	});
}
test('long: no other cell in its place', () => {
	const other = file('long-1.cell');
	other[40000] ^= 1;
	let refused = false;
	try {
		follow(file('long.cell'), [other], days);
	} catch (e) {
		refused = e instanceof Refused && e.verdict === 'forged';
	}
	check(refused, 'a changed cell');
});
for (const [word, name] of lines)
	if (word === 'bad')
		test(name, () => {
			const cell = file(name);
			check(trial(reader, cell.subarray(0, 128)), 'it opens');
			openHead(reader, cell);
			let verdict = 'ok';
			try {
				follow(cell, [], days);
			} catch (e) {
				if (!(e instanceof Refused))
					throw e;
				verdict = e.verdict;
			}
			same(verdict, 'forged', 'verdict');
		});
finish();
