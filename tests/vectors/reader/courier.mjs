// What a courier computes about a cell, without keys, and a box's keeper with
// the key of its tags. docs/cell.md, sections 2 and 3.

import { bytes, equal, get16, isZero } from './bytes.mjs';
import { SHA256, derive, element } from './primitives.mjs';

export const CELL_LEN = 65536;
export const WAYBILL_LEN = 64;
const VERSION = 1;
const WEEKS_AHEAD = 14;

// A refusal with its verdict, one of those of section 8.
export class Refused extends Error {
	constructor(verdict, why) {
		super(`${verdict}: ${why}`);
		this.verdict = verdict;
	}
}

export function refuseUnless(holds, verdict, why) {
	if (!holds)
		throw new Refused(verdict, why);
}

// Section 3, form: of a cell or of as much of it as has the handle. Yields the
// parts of the waybill and the handle, as element and in bytes.
export function checkForm(cell) {
	refuseUnless(cell[0] === VERSION, 'unsupported', 'version');
	refuseUnless(cell[1] === 0 && isZero(cell.subarray(4, 16)), 'malformed', 'reserved bytes');
	const handle = cell.subarray(64, 96);
	const point = element(handle);
	refuseUnless(point !== null, 'malformed', 'handle');
	return {
		expiry: get16(cell, 2),
		boxTag: cell.subarray(16, 32),
		tokenHash: cell.subarray(32, 64),
		handle,
		point,
	};
}

// Section 3, expiry, in week `now`: 'expired', 'too far' or 'live'.
export function checkExpiry(expiry, now) {
	if (expiry < now)
		return 'expired';
	return expiry > now + WEEKS_AHEAD ? 'too far' : 'live';
}

export function coreOf(cell) {
	return SHA256(bytes(cell.subarray(0, 16), cell.subarray(32)));
}

export function nameOf(cell) {
	return SHA256(bytes(coreOf(cell), cell.subarray(16, 32)));
}

export function boxTagOf(cell, tagKey) {
	return derive(tagKey, 'dlb box tag', coreOf(cell), 16);
}

export function isForBox(cell, tagKey) {
	return equal(boxTagOf(cell, tagKey), cell.subarray(16, 32));
}

// The whole of it, for a cell from anywhere.
export function courierCheck(cell) {
	refuseUnless(cell.length === CELL_LEN, 'malformed', 'length of the cell');
	return checkForm(cell);
}
