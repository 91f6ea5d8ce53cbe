// Opens every committed vector with the reader of this folder, which was
// written from docs/cell.md alone, and seals each again from its randomness.
// Prints TAP; fails where a byte or a verdict differs.

import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import { bulkHandle, bulkKey, openBulk, readStripe, readWhole, recallToken } from './bulk.mjs';
import { equal, hex, unhex } from './bytes.mjs';
import { CELL_LEN, Refused, boxTagOf, checkExpiry, coreOf, courierCheck, isForBox,
	nameOf } from './courier.mjs';
import { openHead, searchAndOpen, trial } from './head.mjs';
import { hostileBulks, hostileHeads } from './hostile.mjs';
import { cellFiles, checkIndex, fieldsOf, formula, index, letterOf, load,
	person } from './index.mjs';
import { bulkSpan, layoutOf, padme } from './layout.mjs';
import { SHA256, derive, groupBase, x25519Public, xwingDecap, xwingEncap,
	xwingPublic } from './primitives.mjs';
import { sealBulk, sealHead } from './seal.mjs';
import { check, finish, same, test } from './tap.mjs';

// 'ok', or the verdict of the refusal; what else is thrown is a failure.
function verdictOf(body) {
	try {
		body();
		return 'ok';
	} catch (e) {
		if (e instanceof Refused)
			return e.verdict;
		throw e;
	}
}

function testTables() {
	test('index: as documented', checkIndex);
	test('index: every file is under courier, once', () => {
		const named = index.courier.map((c) => c.file).sort();
		same(named.join(), cellFiles().sort().join(), 'files');
	});
	for (const [i, d] of index.derive.entries())
		test(`derive ${i}`, () => {
			const out = unhex(d.out);
			same(derive(unhex(d.key), d.label, unhex(d.data), out.length), out, 'out');
		});
	test('padme', () => {
		for (const [n, want] of index.padme)
			same(padme(BigInt(n)), BigInt(want), `padme(${n})`);
	});
	test('layout', () => {
		for (const l of index.layout) {
			const what = `mode ${l.mode}, ${l.stripe_len} bytes, card of ${l.card_len}`;
			const got = layoutOf(l.mode, BigInt(l.stripe_len), l.card_len);
			same(got?.cells, l.cells, `cells: ${what}`);
			same(got?.inlineLen, l.inline_len, `inline_len: ${what}`);
		}
	});
	test('handles', () => {
		for (const h of index.handles)
			same(bulkHandle(unhex(h.stripe_key), h.index), unhex(h.handle), `index ${h.index}`);
	});
	test('tokens', () => {
		for (const t of index.tokens) {
			const got = recallToken(unhex(t.recall_key), t.number, t.index);
			same(got.token, unhex(t.token), `token ${t.index}`);
			same(got.hash, unhex(t.hash), `hash ${t.index}`);
		}
	});
}

function testPeople() {
	for (const [name, p] of Object.entries(index.people))
		test(`keys of the ${name}`, () => {
			same(ed25519.getPublicKey(unhex(p.sign_seed)), unhex(p.sign), 'sign');
			same(x25519Public(unhex(p.agree_secret)), unhex(p.agree), 'agree');
			same(groupBase(unhex(p.finding_secret)), unhex(p.finding), 'finding');
			same(xwingPublic(unhex(p.opening_seed)), unhex(p.opening), 'opening');
		});
	test('X-Wing agrees with the preset of noble', () => {
		const seed = person('reader').openings.get(person('reader').openingId);
		const eseed = unhex(index.letters[0].head.eseed);
		const ours = xwingEncap(person('reader').opening, eseed);
		const theirs = ml_kem768_x25519.encapsulate(person('reader').opening, eseed);
		same(ours.ct, theirs.cipherText, 'ciphertext');
		same(ours.ss, theirs.sharedSecret, 'shared secret');
		same(xwingDecap(seed, ours.ct), ours.ss, 'decapsulated');
	});
}

function testCourier() {
	for (const c of index.courier)
		test(`courier: ${c.file}`, () => {
			const cell = load(c.file);
			same(cell.length, CELL_LEN, 'length');
			courierCheck(cell);
			same(coreOf(cell), unhex(c.core), 'core');
			same(nameOf(cell), unhex(c.name), 'name');
			same(verdictOf(() => courierCheck(cell.subarray(1))), 'malformed', 'a byte less');
		});
	for (const file of index.cover)
		test(`cover: ${file}`, () => {
			const cell = load(file);
			courierCheck(cell);
			for (const name of Object.keys(index.people))
				same(verdictOf(() => searchAndOpen(person(name), cell)), 'not mine', name);
		});
	test('expiry', () => {
		same(checkExpiry(112, 112), 'live', 'its last week');
		same(checkExpiry(112, 113), 'expired', 'the week after');
		same(checkExpiry(112, 98), 'live', '14 weeks ahead');
		same(checkExpiry(112, 97), 'too far', '15 weeks ahead');
	});
}

function checkTagAndToken(letter, number, i, cell, boxTag, tokenHash) {
	same(cell.subarray(16, 32), unhex(boxTag), 'box tag');
	const tagKey = letter.box_tag_key;
	if (tagKey !== null) {
		same(boxTagOf(cell, unhex(tagKey)), unhex(boxTag), 'box tag by its key');
		check(isForBox(cell, unhex(tagKey)), 'is for the box');
	}
	const { hash } = recallToken(unhex(letter.recall_key), number, i);
	same(cell.subarray(32, 64), hash, 'token hash');
	if (tokenHash !== undefined)
		same(hash, unhex(tokenHash), 'token hash of the index');
}

function checkOpened(letter, opened) {
	const want = fieldsOf(letter);
	for (const key of Object.keys(want))
		same(opened.fields[key], want[key], key);
	const sender = person(letter.sender);
	same(opened.senderSign, sender.sign, 'sender sign');
	same(opened.senderAgree, sender.agree, 'sender agree');
	same(opened.card, formula(letter.card_len), 'card');
	same(opened.openingId, person(letter.reader).openingId, 'opening id');
	same(opened.box2Len, letter.head.box2_len, 'box2_len');
	same(opened.content, formula(want.inlineLen), 'content in the head');
	for (const [key, value] of Object.entries(opened.way))
		same(value, unhex(letter.head[key]), key);
}

function resealHead(letter) {
	const fields = fieldsOf(letter);
	return sealHead({
		reader: person(letter.reader),
		sender: person(letter.sender),
		expiry: letter.expiry,
		tokenHash: recallToken(unhex(letter.recall_key), fields.number, 0).hash,
		r: unhex(letter.head.r),
		eseed: unhex(letter.head.eseed),
		card: formula(letter.card_len),
		fields,
		content: formula(Number(fields.stripeLen)),
	}, unhex(letter.head.box_tag));
}

const bulkKeysOf = (letter) => ({
	stripeKey: unhex(letter.fields.stripe_key),
	letterKey: unhex(letter.bulk_letter_key),
	fields: fieldsOf(letter),
});

function resealBulk(letter, b) {
	const offset = Number(b.offset);
	return sealBulk(bulkKeysOf(letter), b.index, {
		expiry: letter.expiry,
		boxTag: unhex(b.box_tag),
		tokenHash: unhex(b.token_hash),
	}, formula(offset + b.len).subarray(offset));
}

// Yields the cell, as made here: the bytes that the index gives the hash of.
function checkBulk(letter, b) {
	const keys = bulkKeysOf(letter);
	const span = bulkSpan(keys.fields, b.index);
	same(span.length, b.len, 'len');
	// Of a cell without content the index says where the stripe ends.
	const end = Number(letter.fields.stripe_len);
	same(Math.min(span.offset, end), Number(b.offset), 'offset');
	same(bulkHandle(keys.stripeKey, b.index), unhex(b.handle), 'handle');
	same(bulkKey(keys.letterKey, keys.stripeKey, b.index), unhex(b.key), 'key');
	const cell = resealBulk(letter, b);
	same(SHA256(cell), unhex(b.sha256), 'sha256');
	if (b.file !== undefined)
		check(equal(cell, load(b.file)), `${b.file} is the cell`);
	checkTagAndToken(letter, keys.fields.number, b.index, cell, b.box_tag, b.token_hash);
	const want = formula(span.offset + span.length).subarray(span.offset);
	same(openBulk(keys, b.index, cell), want, 'content');
	return cell;
}

// Copies of handles before the cells and after, strangers' cells, no order.
function heapOf(cells, head) {
	const copy = (cell, at) => {
		const out = cell.slice();
		out[at] ^= 1;
		return out;
	};
	return [
		...cells.map((c) => copy(c, 5000)).reverse(), head,
		...index.cover.map(load), ...cells.slice().reverse(),
		...cells.map((c) => copy(c, 65535)),
	];
}

function checkWhole(letter, head, cells) {
	const opened = openHead(person(letter.reader), head);
	const key = unhex(letter.bulk_letter_key);
	const content = readStripe(opened, key, heapOf(cells, head));
	check(equal(content, formula(Number(letter.fields.stripe_len))), 'content of the stripe');
	if (letter.fields.mode === 0 && letter.fields.k === 1)
		check(equal(readWhole(opened, cells), content), 'content of the letter');
	for (let i = 0; i < cells.length; i++) {
		const without = cells.filter((_, j) => j !== i);
		const needed = letter.bulk[i].len > 0;
		same(verdictOf(() => readStripe(opened, key, without)), needed ? 'missing' : 'ok',
			`without bulk cell ${i + 1}`);
	}
}

function testLetter(letter) {
	const head = load(letter.head.file);
	const cells = [];
	test(`${letter.name}: trials`, () => {
		for (const name of Object.keys(index.people))
			same(trial(person(name), head.subarray(0, 128)), name === letter.reader, name);
	});
	test(`${letter.name}: head opens`, () => {
		checkOpened(letter, openHead(person(letter.reader), head));
		checkTagAndToken(letter, letter.fields.number, 0, head, letter.head.box_tag);
		same(courierCheck(head).expiry, letter.expiry, 'expiry');
	});
	test(`${letter.name}: head sealed again`, () => {
		check(equal(resealHead(letter), head), 'the cell');
	});
	for (const [i, b] of letter.bulk.entries())
		test(`${letter.name}: bulk cell ${b.index}`, () => {
			same(b.index, i + 1, 'index');
			cells.push(checkBulk(letter, b));
		});
	test(`${letter.name}: content put together`, () => {
		same(cells.length, letter.fields.cells - 1, 'number of bulk cells');
		checkWhole(letter, head, cells);
	});
}

function patched(bad) {
	const cell = load(bad.file).slice();
	for (const { at, bytes } of bad.patch) {
		const b = unhex(bytes);
		check(b.length > 0 && at + b.length <= cell.length, 'patch within the cell');
		cell.set(b, at);
	}
	return cell;
}

function readerWithout(name, id) {
	const reader = person(name);
	const openings = new Map(reader.openings);
	if (id !== undefined)
		check(openings.delete(id), `${name} has no opening id ${id}`);
	return { ...reader, openings };
}

function judge(bad) {
	const cell = patched(bad);
	const as = bad.as;
	switch (as.check) {
	case 'courier':
		return verdictOf(() => courierCheck(cell));
	case 'head':
		return verdictOf(() => searchAndOpen(readerWithout(as.reader, bad.without), cell));
	case 'bulk':
		return verdictOf(() => openBulk(bulkKeysOf(letterOf(as.letter)), as.index, cell));
	default:
		throw new Error(`check ${as.check}`);
	}
}

function testBad() {
	for (const bad of index.bad)
		test(`bad: ${bad.name}: ${bad.want}`, () => same(judge(bad), bad.want, 'verdict'));
	test('bad: each of the first 128 bytes but the box tag decides a trial', () => {
		const letter = letterOf('short');
		const start = load(letter.head.file).slice(0, 128);
		for (let i = 0; i < 128; i++) {
			start[i] ^= 1;
			same(trial(person(letter.reader), start), i >= 16 && i < 32, `byte ${i}`);
			start[i] ^= 1;
		}
	});
}

function testHostile() {
	for (const { name, reader, cell, want, content } of hostileHeads())
		test(`sealed here: ${name}: ${want}`, () => {
			let opened = null;
			const got = verdictOf(() => {
				opened = openHead(reader, cell());
			});
			same(got, want, 'verdict');
			if (content !== undefined)
				same(hex(opened.content), hex(content), 'content');
		});
	for (const { name, keys, index: i, cell, want } of hostileBulks())
		test(`sealed here: ${name}: ${want}`, () => {
			same(verdictOf(() => openBulk(keys, i, cell())), want, 'verdict');
		});
}

testTables();
testPeople();
testCourier();
index.letters.forEach(testLetter);
testBad();
testHostile();
finish();
