// The fixed fields of a head, and the layout that they must agree with.
// docs/cell.md, section 5.

import { get32, get64, isZero } from './bytes.mjs';
import { refuseUnless } from './courier.mjs';

export const FIELDS_LEN = 256;
export const BULK_CONTENT = 65424;
export const CARD_MAX = 24576;
const CAPACITY = 63840;
const BULK_LIMIT = 2n ** 24n;

const ceilDiv = (a, b) => a / b + (a % b === 0n ? 0n : 1n);
const floorLog2 = (n) => n.toString(2).length - 1;

// On bigints: lengths are of 64 bits.
export function padme(n) {
	if (n < 2n)
		return n;
	const e = floorLog2(n);
	const s = floorLog2(BigInt(e)) + 1;
	const low = BigInt(e - s);
	const mask = 2n ** low - 1n;
	return ((n + mask) >> low) << low;
}

// Where `stripeLen` bytes lie, for a card of `cardLen`: null beyond the limit.
export function layoutOf(mode, stripeLen, cardLen) {
	const capacity = mode === 0 ? BigInt(CAPACITY - cardLen) : 0n;
	const inline = stripeLen < capacity ? stripeLen : capacity;
	const bulk = ceilDiv(stripeLen - inline, BigInt(BULK_CONTENT));
	if (bulk >= BULK_LIMIT)
		return null;
	return { inlineLen: Number(inline), cells: Number(padme(1n + bulk)) };
}

// Names and places as they lie in box 3; refuses all that section 5 refuses.
export function parseFields(b, cardLen) {
	const f = {
		mode: b[0],
		k: b[1],
		n: b[2],
		number: b[3],
		letterId: b.slice(4, 20),
		sealingId: b.slice(20, 36),
		stripeKey: b.slice(36, 68),
		letterKey: b.slice(68, 100),
		commitment: b.slice(100, 132),
		contentLen: get64(b, 132),
		stripeLen: get64(b, 140),
		cells: get32(b, 148),
		inlineLen: get32(b, 152),
	};
	const must = (holds, why) => refuseUnless(holds, 'malformed', why);
	must(isZero(b.subarray(156, FIELDS_LEN)), 'reserved bytes of the fixed fields');
	must(f.mode === 0 || f.mode === 1, 'mode');
	must(f.k >= 1 && f.k <= f.n, 'k and n');
	must(f.number < f.n, 'number');
	must(f.mode === 0 || f.k >= 2, 'k of a threshold');
	must(f.mode === 1 || isZero(f.commitment), 'commitment of a whole letter');
	must(f.stripeLen === ceilDiv(f.contentLen, BigInt(f.k)), 'length of the stripe');
	const layout = layoutOf(f.mode, f.stripeLen, cardLen);
	must(layout !== null, 'stripe beyond the limit');
	must(f.inlineLen === layout.inlineLen, 'length in the head');
	must(f.cells === layout.cells, 'number of cells');
	return f;
}

// What of the stripe's content bulk cell `i` carries (section 6).
export function bulkSpan(fields, i) {
	const offset = fields.inlineLen + (i - 1) * BULK_CONTENT;
	const left = Number(fields.stripeLen) - offset;
	return { offset, length: Math.max(0, Math.min(BULK_CONTENT, left)) };
}
