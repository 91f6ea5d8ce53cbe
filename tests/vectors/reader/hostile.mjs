// Heads that a sender who knows the format makes wrong on purpose, or right at
// an edge: the order of the steps of docs/cell.md section 8 where two of them
// fail, senders' keys of small order, and lengths at their limits. They are
// sealed here with the vectors' people and randomness, one place changed.

import { unhex } from './bytes.mjs';
import { fieldsOf, formula, letterOf, person } from './index.mjs';
import { layoutOf } from './layout.mjs';
import { X25519, xwingDecap, xwingEncap } from './primitives.mjs';
import { sealBulk, sealHead } from './seal.mjs';

const ZERO = new Uint8Array(32);
const NO_CARD = new Uint8Array(0);
const CT_CURVE_AT = 16 + 1088;
const INLINE_FIELD_END = 256;

// The encodings of X25519's points of small order that need no long number.
const SMALL_ORDER = {
	'0': '00'.repeat(32),
	'1': '01' + '00'.repeat(31),
	'order 8': 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
	'p - 1': 'ec' + 'ff'.repeat(30) + '7f',
	'p': 'ed' + 'ff'.repeat(30) + '7f',
	'p + 1': 'ee' + 'ff'.repeat(30) + '7f',
	'0 with bit 255': '00'.repeat(31) + '80',
};

function planOf({ card = NO_CARD, ...changed } = {}) {
	const letter = letterOf('short');
	const fields = { ...fieldsOf(letter), ...changed };
	const layout = layoutOf(fields.mode, fields.stripeLen, card.length);
	return {
		reader: person('reader'),
		sender: person('sender'),
		expiry: letter.expiry,
		tokenHash: ZERO,
		r: unhex(letter.head.r),
		eseed: unhex(letter.head.eseed),
		card,
		fields: { ...fields, ...layout },
		content: formula(layout === null ? 0 : layout.inlineLen),
	};
}

const lengths = (n, k = 1n) => ({ contentLen: n, stripeLen: n / k + (n % k === 0n ? 0n : 1n) });

function entry(name, want, plan, wrong = {}) {
	const whole = want === 'ok' ? { content: plan.content } : {};
	return {
		name, want, ...whole,
		reader: person('reader'),
		cell: () => sealHead(plan, new Uint8Array(16), wrong),
	};
}

function edges() {
	const card = formula(24576);
	return [
		entry('no content', 'ok', planOf(lengths(0n))),
		entry('a full head', 'ok', planOf(lengths(63840n))),
		entry('the longest card, a full head', 'ok', planOf({ card, ...lengths(39264n) })),
		entry('the longest card, a bulk cell', 'ok', planOf({ card, ...lengths(39265n) })),
		entry('the longest stripe', 'ok', planOf(lengths(1097632578000n))),
		entry('255 of 255, the last', 'ok', planOf({ mode: 1, k: 255, n: 255, number: 254,
			commitment: formula(32), ...lengths(1000n, 255n) })),
		entry('a threshold without content', 'ok', planOf({ mode: 1, k: 2, n: 2,
			...lengths(0n, 2n) })),
	];
}

function beyond() {
	const plan = (n, k = 1n) => {
		const p = planOf({ k: Number(k), n: Number(k), ...lengths(n, k) });
		Object.assign(p.fields, { cells: 0, inlineLen: 63840 });
		return p;
	};
	const wrapped = planOf(lengths(0n));
	Object.assign(wrapped.fields, { k: 2, n: 2, contentLen: 2n ** 64n - 1n });
	return [
		entry('a stripe too long by a byte', 'malformed', plan(1097632578001n)),
		entry('2^64 - 1 in 255', 'malformed', plan(2n ** 64n - 1n, 255n)),
		entry('a length that wraps when rounded', 'malformed', wrapped),
	];
}

// Fields that break one rule of section 5 and no other.
function alone() {
	const plan = (changed) => planOf({ ...lengths(0n), ...changed });
	return [
		entry('mode 2, laid out as mode 0', 'malformed', plan({ mode: 2, k: 2, n: 2 })),
		entry('mode 255', 'malformed', plan({ mode: 255, k: 2, n: 2 })),
		entry('k beyond n', 'malformed', plan({ k: 2 })),
		entry('k is 255, n is 1', 'malformed', plan({ k: 255 })),
		entry('a threshold of one', 'malformed', plan({ mode: 1 })),
		entry('a threshold of one in three', 'malformed', plan({ mode: 1, n: 3 })),
		entry('a whole letter in one of three', 'ok', plan({ n: 3, number: 2 })),
	];
}

// Where two steps fail, the verdict is that of the first.
function orders() {
	const anotherId = (b) => b.set([0x7f, 0xff, 0xff, 0xff]);
	const reserved = (b) => b.set([1], 9);
	const broken = (b) => b.set([9], INLINE_FIELD_END - 1);
	const zeroSender = { box2: (b) => b.set(ZERO, 32), dh: ZERO };
	const otherDh = { dh: formula(32) };
	return [
		entry('5 before 6', 'malformed', planOf(), { box1(b) { anotherId(b); reserved(b); } }),
		entry('6 before 7', 'no key', planOf(), { box1: anotherId, ss: ZERO }),
		entry('7: another secret of X-Wing', 'forged', planOf(), { ss: ZERO }),
		entry('9: another secret of X25519', 'forged', planOf(), otherDh),
		entry('8 before 10', 'forged', planOf(), { ...zeroSender, box3: broken }),
		entry('9 before 10', 'forged', planOf(), { ...otherDh, box3: broken }),
		entry('10 alone', 'malformed', planOf(), { box3: broken }),
	];
}

function curves() {
	const out = Object.entries(SMALL_ORDER).map(([name, u]) =>
		entry(`sender agree ${name}`, 'forged', planOf(), {
			box2: (b) => b.set(unhex(u), 32), dh: ZERO,
		}));
	// RFC 7748 ignores bit 255; the transcript has the key as it is written.
	const agree = person('sender').agree.slice();
	agree[31] |= 0x80;
	out.push(entry('sender agree with bit 255', 'ok', planOf(), {
		box2: (b) => b.set(agree, 32),
		dh: X25519(person('reader').agreeSecret, agree),
	}));
	// X-Wing's draft does not look at the result of X25519.
	const plan = planOf();
	const { ct } = xwingEncap(plan.reader.opening, plan.eseed);
	ct.set(ZERO, 1088);
	out.push(entry("X-Wing's point of small order", 'ok', plan, {
		box1: (b) => b.set(ZERO, CT_CURVE_AT),
		ss: xwingDecap(plan.reader.openings.get(plan.reader.openingId), ct),
	}));
	return out;
}

export function hostileHeads() {
	return [...edges(), ...alone(), ...beyond(), ...orders(), ...curves()];
}

// Bulk cells of a stripe that is one head and one bulk cell: { name, keys,
// index, cell, want }. What is not told is that cell as it should be.
export function hostileBulks() {
	const { fields } = planOf(lengths(70000n));
	const keys = { stripeKey: fields.stripeKey, letterKey: fields.letterKey, fields };
	const bulk = (name, want, { index = 1, wrong = {}, expiry = 112 } = {}) => ({
		name, want, keys, index,
		cell: () => sealBulk(keys, index, {
			expiry, boxTag: new Uint8Array(16), tokenHash: ZERO,
		}, formula(index === 1 ? 6160 : 0), wrong),
	});
	const start = (at, value) => ({ wrong: { start: (b) => b.set([value], at) } });
	return [
		bulk('bulk cell', 'ok'),
		bulk('bulk cell of another expiry', 'ok', { expiry: 113 }),
		bulk('index 0', 'forged', { index: 0 }),
		bulk('index beyond the last', 'forged', { index: 2 }),
		bulk('bulk cell of version 2', 'forged', start(0, 2)),
		bulk('bulk cell with reserved byte 1', 'forged', start(1, 1)),
		bulk('bulk cell with reserved byte 15', 'forged', start(15, 1)),
		bulk('bulk cell with a handle that is not valid', 'forged', start(95, 0xff)),
	];
}
