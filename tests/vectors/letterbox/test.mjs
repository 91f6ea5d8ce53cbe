// Reads what docs/letterbox.md, section 12 lists with the reader of this folder, and
// sees it refuse what it should. Prints TAP.

import { readFileSync } from 'node:fs';
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ascii, bytes, get16, get64, hex, isZero, unhex } from '../reader/bytes.mjs';
import { formula } from '../reader/index.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';
import { derive, rootFromSlots, withKeyFile } from '../satchel/satchel.mjs';
import { cardOfFile, fingerprint, hearWords, pairSecret, readBox, readCard, readContent,
	sayWords, sentenceHalf } from './exchange.mjs';

const file = (name) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));
const text = (name) => Buffer.from(file(name)).toString();
const list = text('v1.txt').split('\n').filter((l) => l && l[0] !== '#');
const said = (word) => list.find((l) => l.startsWith(`${word} `)).slice(word.length + 1);

// The block of section 4.
const words = text('../../../docs/letterbox.md').split('\n')
	.filter((l) => /^\t[a-z]+( [a-z]+){7}$/.test(l)).join(' ').match(/[a-z]+/g);

function refused(body, why) {
	let message = null;
	try {
		body();
	} catch (e) {
		message = e.message;
	}
	check(message !== null && message.includes(why), `refused for "${why}", not "${message}"`);
}

const patched = (b, at, ...values) => {
	const out = b.slice();
	out.set(values, at);
	return out;
};

function testCards() {
	const full = file('v1.card'), brief = file('v1.short.card');
	test('cards', () => {
		const card = readCard(cardOfFile(full)), short = readCard(cardOfFile(brief));
		same(card.name, said('name'), 'name');
		same(card.serial, 1n, 'serial');
		same(card.issued, 100, 'week');
		same(card.opening.length, 12, 'opening keys');
		same(short.opening.length, 0, 'opening keys of the short card');
		same(short.sign, card.sign, 'sign');
		same(short.lastResort, card.lastResort, 'last resort');
		for (const f of short.finding)
			same(f.key, card.finding.find((x) => x.number === f.number).key, 'finding key');
	});
	test('a card as text', () => {
		same(hex(cardOfFile(file('v1.card.txt'))), hex(full), 'the same card');
		const block = text('v1.card.txt');
		const quoted = `hello\r\n${block.replaceAll('\n', ' \r\n\t')}bye\n${block}`;
		same(hex(cardOfFile(ascii(quoted))), hex(full), 'twice, within other text');
		refused(() => cardOfFile(ascii(block.replace('END', 'end'))), 'no end');
		for (const before of ['> ', '> > ', '| ', '  >', '\xc2\xa0']) {
			const lines = block.replace(/^/gm, before).replaceAll('\n', '\r\n');
			same(hex(cardOfFile(Buffer.from(lines, 'latin1'))), hex(full), `behind ${before}`);
		}
		same(hex(cardOfFile(ascii(`Here: ${block.replaceAll('\n', ' ')}`))), hex(full), 'one line');
		same(hex(cardOfFile(Buffer.from(`\xef\xbb\xbf${block}`, 'latin1'))), hex(full), 'a mark');
		refused(() => cardOfFile(ascii(block.replaceAll('\n', '\n: '))), '');
		refused(() => cardOfFile(ascii(`${block}${text('v1.card.txt').replace(/.{64}\n/, '')}`)), '');
	});
	test('a card as digits', () => {
		const digits = text('v1.short.digits');
		same(hex(cardOfFile(ascii(digits))), hex(brief), 'the same card');
		same(hex(cardOfFile(ascii(` ${digits.replace(/(.{50})/g, '$1\r\n\t')}\n`))), hex(brief),
			'in lines');
		same(hex(cardOfFile(ascii(`> DLB\n> CARD\n> ${digits.slice(9)}`))), hex(brief), 'quoted');
		refused(() => cardOfFile(ascii(`${digits.slice(0, 9)}9${digits.slice(10)}`)), 'digits');
		refused(() => readCard(cardOfFile(ascii(digits.slice(0, -3)))), '');
	});
	test('cards that were changed', () => {
		refused(() => readCard(patched(brief, 20, brief[20] ^ 1)), 'signature');
		refused(() => readCard(patched(brief, 4, 2)), 'version');
		refused(() => readCard(brief.subarray(0, brief.length - 1)), 'cut short');
		refused(() => readCard(bytes(brief, new Uint8Array(1))), 'form');
	});
}

function testWords() {
	test('the words of the document', () => {
		same(words.length, 256, 'words');
		same(new Set(words.map((w) => w.slice(0, 4))).size, 256, 'beginnings');
	});
	test('a fingerprint', () => {
		const card = readCard(file('v1.card'));
		same(fingerprint(words, card), said('fingerprint'), 'words');
		same(sayWords(words, hearWords(words, said('fingerprint')), 4), said('fingerprint'), 'again');
	});
	test('the half of a sentence', () => {
		same(sentenceHalf(words, readCard(file('v1.card'))), said('half'), 'words and digits');
	});
	test('a pairing code', () => {
		same(pairSecret(words, said('code')), unhex(said('code-secret')), 'secret');
		const cut = said('code').toUpperCase().replace(/[A-Z]+/g, (w) => w.slice(0, 4));
		same(pairSecret(words, cut.replaceAll(' ', ',\n')), unhex(said('code-secret')), 'typed');
		const slip = said('code').split(' ');
		slip[0] = words[(words.indexOf(slip[0]) + 1) % 256];
		refused(() => pairSecret(words, slip.join(' ')), 'check');
	});
	test('the text of a box', () => {
		const box = readBox(` ${said('box')}\n`);
		same(box.name, said('box-name'), 'name');
		same(box.root, unhex(said('box-root')), 'root key');
		const slip = said('box').replace('AQtj', 'AQtk');
		refused(() => readBox(slip), 'check');
	});
}

function checkLetter({ fields, files }, codec) {
	same(fields[2][0], 1, 'kind');
	same(fields[4][0], codec, 'codec');
	same(fields[5], ascii("the letter's id."), 'in reply to');
	check(fields[7] !== undefined, 'receipt wanted');
	same(Buffer.from(fields[8]).toString(), 'as agreed\n\u2014 Z.\n', 'message');
	same(files.map((f) => `${f.type} ${f.mode.toString(8)} ${f.size} `
		+ Buffer.from(f.path).toString('latin1')).join(', '),
	'1 640 1000 a.txt, 2 755 0 d, 1 640 0 d/empty, 3 0 0 d/link, 1 640 300 d/\xff', 'files');
	same(files[3].target, ascii('../a.txt'), 'target');
	check(files.every((f) => f.mtime === 1764547200n && f.ns === 123456789), 'times');
}

function testContents() {
	const content = file('v1.content');
	test('the content of a letter', () => {
		const letter = readContent(content);
		checkLetter(letter, 0);
		same(letter.data, formula(1300), 'data');
	});
	test('the content of a letter, compressed', () => {
		const letter = readContent(file('v1.zstd.content'));
		checkLetter(letter, 1);
		same(hex(letter.data.subarray(0, 4)), '28b52ffd', "zstd's magic");
	});
	test('contents that were changed', () => {
		const at = (needle) => Buffer.from(content).indexOf(needle);
		refused(() => readContent(content.subarray(0, content.length - 1)), 'length of the data');
		refused(() => readContent(patched(content, at('d/link') + 8, 47)), 'link');
		refused(() => readContent(patched(content, at('../a.txt') + 3, 46, 46, 47)), 'link');
		refused(() => readContent(patched(content, at('d/empty') + 2, 0x7a)), 'place');
		refused(() => readContent(patched(content, at('a.txt'), 47)), 'entry');
		refused(() => readContent(patched(content, 6, 6)), 'not known');
		refused(() => readContent(patched(content, 4, 2)), 'version');
	});
}

function testLetterbox() {
	test('a letterbox', () => {
		const home = file('v1.letterbox'), salt = home.slice(0, 32);
		const key = bytes(ascii('a key file of the tests, with 40 bytes..'), new Uint8Array(1));
		const root = rootFromSlots(home.slice(0, 608), withKeyFile(key));
		check(root !== null, 'a key slot opens');
		const header = xchacha20poly1305(derive(root, 'dlb letterbox header', salt),
			home.slice(608, 632), salt).decrypt(home.slice(632, 712));
		same(get16(header, 0), 1, 'version');
		check(isZero(header.subarray(50)), 'zeros');
		const image = chacha20poly1305(header.slice(18, 50), new Uint8Array(12),
			bytes(salt, header.subarray(0, 18))).decrypt(home.slice(712));
		same(Buffer.from(image.subarray(0, 15)).toString(), 'SQLite format 3', 'the database');
		same(get16(image, 16), 4096, 'length of a page');
		check(isZero(image.subarray(Number(get64(header, 10)))), 'padding');
	});
}

testCards();
testWords();
testContents();
testLetterbox();
finish();
