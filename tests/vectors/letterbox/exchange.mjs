// A second reader of what people exchange, written from docs/letterbox.md with other
// libraries. Sections are those of the document.

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { ascii, bytes, equal, get16, get32, get64, isZero, u8 } from '../reader/bytes.mjs';
import { SHA256, derive as deriveN, element } from '../reader/primitives.mjs';

const CARD_MAX = 24576;
const XWING = 1216;
const P = 2n ** 255n - 19n;

const derive = (key, label, data = new Uint8Array()) => deriveN(key, label, data, 32);

export function must(holds, what) {
	if (!holds)
		throw new Error(what);
}

// Reads one part after the other; throws where one is cut off.
class Reader {
	constructor(b) {
		this.b = b;
		this.at = 0;
	}

	take(n) {
		must(n <= this.b.length - this.at, 'cut short');
		this.at += n;
		return this.b.subarray(this.at - n, this.at);
	}

	u8() {
		return this.take(1)[0];
	}

	u16() {
		return get16(this.take(2), 0);
	}

	u32() {
		return get32(this.take(4), 0);
	}

	u64() {
		return get64(this.take(8), 0);
	}

	left() {
		return this.b.length - this.at;
	}
}

// ---- section 1

function utf8(b) {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(b);
	} catch {
		return null;
	}
}

const UPSETS = [[0, 0x1f], [0x7f, 0x9f], [0xad, 0xad], [0x61c, 0x61c], [0x200b, 0x200b],
	[0x200e, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0xfeff, 0xfeff],
	[0xfff9, 0xfffb], [0xe0000, 0xe0fff]];

// The text, or null.
export function printable(b) {
	const text = b.length <= 255 ? utf8(b) : null;
	const upsets = (c) => UPSETS.some(([low, high]) => c >= low && c <= high)
		|| (c & 0xfffe) === 0xfffe;
	return text !== null && ![...text].some((c) => upsets(c.codePointAt(0))) ? text : null;
}

export function base64(text, kind) {
	const bare = text.replace(/[ \t\r\n]/g, '');
	const out = new Uint8Array(Buffer.from(bare, kind));
	must(Buffer.from(out).toString(kind) === bare, 'base64');
	return out;
}

// ---- section 2

const little = (b) => BigInt(`0x${Buffer.from(b).reverse().toString('hex')}`);

function agreeValid(key) {
	if (little(key) >= P)
		return false;
	try {
		return !isZero(x25519.getSharedSecret(Uint8Array.from({ length: 32 }, () => 8), key));
	} catch {
		return false;
	}
}

function xwingValid(key) {
	for (let i = 0; i < 1152; i += 3) {
		const low = key[i] | (key[i + 1] & 15) << 8;
		const high = key[i + 1] >> 4 | key[i + 2] << 4;
		if (low >= 3329 || high >= 3329)
			return false;
	}
	return true;
}

const ascends = (list) => list.every((e, i) => i === 0 || list[i - 1].number < e.number);

function listOf(r, most, keyLen) {
	const n = r.u8();
	must(n <= most, 'too many keys');
	const list = [];
	for (let i = 0; i < n; i++)
		list.push({ number: r.u16(), key: r.take(keyLen) });
	must(ascends(list), 'order of keys');
	return list;
}

export function readCard(b) {
	must(b.length <= CARD_MAX, 'length');
	const r = new Reader(b);
	must(equal(r.take(4), ascii('DLBC')) && r.u8() === 1, 'magic and version');
	const serial = r.u64();
	const issued = r.u16();
	const nameLen = r.u8();
	must(serial > 0n && nameLen <= 64, 'serial and name');
	const name = printable(r.take(nameLen));
	const sign = r.take(32), agree = r.take(32);
	const finding = listOf(r, 5, 32), opening = listOf(r, 12, XWING);
	const lastResort = r.take(XWING);
	const body = b.subarray(0, r.at);
	const signature = r.take(64);
	must(name !== null && finding.length > 0 && r.left() === 0, 'form');
	const label = ascii('dlb card v1');
	must(ed25519.verify(signature, bytes(u8(label.length), label, body), sign, { zip215: false }),
		'signature');
	must(agreeValid(agree), 'agree');
	must(finding.every((f) => element(f.key) !== null), 'finding keys');
	must([lastResort, ...opening.map((o) => o.key)].every(xwingValid), 'X-Wing keys');
	return { serial, issued, name, sign, agree, finding, opening, lastResort };
}

// ---- section 3: the bytes of the card

const digitsOf = [0, 3, 5, 8, 10, 13, 15, 17];

function ofDigits(text) {
	const out = [];
	for (let i = 0; i < text.length; i += 17) {
		const group = text.slice(i, i + 17), n = digitsOf.indexOf(group.length);
		const value = BigInt(group);
		must(n > 0 && value < 1n << BigInt(8 * n), 'digits');
		for (let j = n - 1; j >= 0; j--)
			out.push(Number(value >> BigInt(8 * j) & 255n));
	}
	return Uint8Array.from(out);
}

// White space, and what mail programs put before the lines that they quote: of latin1,
// a byte a character.
const passedOver = /[ \t\r\n>|]|\xc2\xa0|\xef\xbb\xbf/g;

// The digits behind the two words.
function wordsBefore(text) {
	const said = /^ *DLB +CARD([ \d]*)$/.exec(text.replace(passedOver, ' '));
	must(said !== null, 'no card');
	return said[1].replaceAll(' ', '');
}

export function cardOfFile(file) {
	must(file.length <= 65536, 'length of the file');
	if (equal(file.subarray(0, 4), ascii('DLBC')))
		return file;
	const text = Buffer.from(file).toString('latin1');
	const blocks = text.split('-----BEGIN DLB CARD-----');
	if (blocks.length === 1)
		return ofDigits(wordsBefore(text));
	const found = blocks.slice(1).map((block) => {
		const end = block.indexOf('-----END DLB CARD-----');
		must(end >= 0, 'no end');
		return base64(block.slice(0, end).replace(passedOver, ''), 'base64');
	});
	must(found.length > 0 && found.every((b) => equal(b, found[0])), 'one card');
	return found[0];
}

// ---- section 4. `words` are those of the document.

export function sayWords(words, b, group) {
	const said = Array.from(b, (x) => words[x]);
	const groups = [];
	for (let i = 0; i < said.length; i += group)
		groups.push(said.slice(i, i + group).join(' '));
	return groups.join(' - ');
}

export function hearWords(words, text) {
	must(/^[a-zA-Z \t\r\n\-,.]*$/.test(text), 'other signs');
	return Uint8Array.from(text.toLowerCase().match(/[a-z]+/g) ?? [], (heard) => {
		const at = words.findIndex((w) => w === heard
			|| (heard.length >= 4 && w.startsWith(heard)));
		must(at >= 0, `no word: ${heard}`);
		return at;
	});
}

export function fingerprint(words, card) {
	const hash = derive(bytes(card.sign, card.agree), 'dlb fingerprint');
	return sayWords(words, hash.subarray(0, 12), 4);
}

export function sentenceHalf(words, card) {
	const hash = derive(bytes(card.sign, card.agree), 'dlb fingerprint');
	const digits = String(Buffer.from(hash).readUInt32BE(12) % 1e6).padStart(6, '0');
	return `${fingerprint(words, card)} - ${digits.slice(0, 3)} ${digits.slice(3)}`;
}

export function pairSecret(words, text) {
	const code = hearWords(words, text);
	must(code.length === 18, 'eighteen words');
	const key = bytes(code.subarray(0, 16), new Uint8Array(16));
	const check = derive(key, 'dlb pairing code', ascii('check'));
	must(equal(check.subarray(0, 2), code.subarray(16)), 'check');
	return derive(key, 'dlb pairing code');
}

// ---- section 5

function pathValid(b) {
	const parts = Buffer.from(b).toString('latin1').split('/');
	return b.length >= 1 && b.length <= 4095 && !b.includes(0) && parts.length <= 128
		&& parts.every((p) => p !== '' && p !== '.' && p !== '..' && p.length <= 255);
}

function targetValid(b, path) {
	const text = Buffer.from(b).toString('latin1');
	const parts = text.split('/').filter((p) => p !== '' && p !== '.');
	const ups = parts.findIndex((p) => p !== '..');
	const up = ups < 0 ? parts.length : ups;
	const depth = path.filter((c) => c === 47).length;
	return b.length >= 1 && b.length <= 4095 && !b.includes(0) && text[0] !== '/'
		&& up <= depth && !parts.slice(up).includes('..');
}

// Below zero, zero, above.
function orderOf(a, b) {
	const n = Math.min(a.length, b.length);
	for (let i = 0; i < n; i++)
		if (a[i] !== b[i])
			return (a[i] === 47 ? 0 : a[i]) - (b[i] === 47 ? 0 : b[i]);
	return a.length - b.length;
}

function placeValid(f, before) {
	const slash = f.path.lastIndexOf(47);
	if (before && orderOf(before.path, f.path) >= 0)
		return false;
	if (slash < 0)
		return true;
	const parent = f.path.subarray(0, slash);
	if (!before || !equal(before.path.subarray(0, slash), parent))
		return false;
	return before.path.length === slash ? before.type === 2 : before.path[slash] === 47;
}

function readFiles(value) {
	const r = new Reader(value);
	const n = r.u32();
	must(n <= 1000000, 'number of files');
	const files = [];
	for (let i = 0; i < n; i++) {
		const f = { type: r.u8(), mode: r.u16(), mtime: r.u64(), ns: r.u32(), size: r.u64() };
		f.path = r.take(r.u16());
		f.target = r.take(r.u16());
		must(f.type >= 1 && f.type <= 3 && f.mode <= 0o777 && f.mtime < 2n ** 40n
			&& f.ns < 1e9 && pathValid(f.path), 'entry');
		must(f.type === 3 ? f.mode === 0 && targetValid(f.target, f.path)
			: f.target.length === 0, 'link');
		must(f.type === 1 || f.size === 0n, 'size');
		must(placeValid(f, files.at(-1)), 'place');
		files.push(f);
	}
	must(r.left() === 0 && files.reduce((sum, f) => sum + f.size, 0n) <= 2n ** 50n, 'files');
	return files;
}

const FIELDS = {
	2: (v) => must(v.length === 1 && v[0] >= 1 && v[0] <= 7, 'kind'),
	4: (v) => must(v.length === 1 && v[0] <= 1, 'codec'),
	5: (v) => must(v.length === 16, 'in reply to'),
	7: (v) => must(v.length === 0, 'receipt wanted'),
	8: (v) => must(v.length >= 1 && v.length <= 65536 && utf8(v) !== null && !v.includes(0),
		'message'),
	9: (v) => must(v.length >= 1 && v.length <= CARD_MAX, 'card'),
	256: () => {},
};

export function readContent(content) {
	const stream = new Reader(content);
	const r = new Reader(stream.take(stream.u32()));
	must(r.b.length <= 2 ** 28 && r.u8() === 1, 'version');
	const fields = {};
	for (let before = -1; r.left() > 0;) {
		const number = r.u16();
		const value = r.take(r.u32());
		must(number > before, 'order of fields');
		before = number;
		if (FIELDS[number] !== undefined) {
			FIELDS[number](value);
			fields[number] = value;
		} else {
			must(number % 2 === 1, `field ${number} is not known`);
		}
	}
	must(fields[2] && fields[4] && fields[256], 'fields that are always there');
	const files = readFiles(fields[256]);
	const data = stream.take(stream.left());
	const total = files.reduce((sum, f) => sum + f.size, 0n);
	must(fields[4][0] !== 0 || BigInt(data.length) === total, 'length of the data');
	return { fields, files, data };
}

// ---- sections 6 and 7

export function nameValid(b) {
	const text = printable(b);
	return text !== null && b.length >= 1 && b.length <= 64 && !text.includes('/')
		&& !'-. '.includes(text[0]) && text.at(-1) !== ' ';
}

export function readBox(text) {
	const bare = text.replace(/[ \t\r\n]/g, '');
	must(text.length <= 2048 && bare.startsWith('dlb-box:'), 'a box');
	const r = new Reader(base64(bare.slice(8), 'base64url'));
	must(r.u8() === 1, 'version');
	const name = r.take(r.u8());
	const root = r.take(32);
	const hash = SHA256(bytes(ascii('dlb box text'), r.b.subarray(0, r.at)));
	must(equal(r.take(8), hash.subarray(0, 8)) && r.left() === 0 && nameValid(name), 'check');
	return { name: utf8(name), root };
}
