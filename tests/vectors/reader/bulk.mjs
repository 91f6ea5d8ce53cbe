// Bulk cells, recall tokens, and the content of a stripe put together again.
// docs/cell.md, sections 6 to 8.
//
// `keys` is { stripeKey, letterKey, fields }: the fields are those of the head
// of the stripe, and the letter key is the one that bulk cells use, which in
// mode 1 is not the share that the fields hold.

import { bytes, hex, isZero, u32, u8 } from './bytes.mjs';
import { CELL_LEN, checkForm, Refused, refuseUnless } from './courier.mjs';
import { bulkSpan } from './layout.mjs';
import { SHA256, aeadOpen, derive, toGroup } from './primitives.mjs';

export const BODY_AT = 96;

export function bulkHandle(stripeKey, i) {
	return toGroup(derive(stripeKey, 'dlb handle', u32(i), 64));
}

export function bulkKey(letterKey, stripeKey, i) {
	return derive(letterKey, 'dlb bulk', bytes(stripeKey, u32(i)), 32);
}

export function bulkAd(cell) {
	return bytes(cell.subarray(0, 16), cell.subarray(32, BODY_AT));
}

export function recallToken(recallKey, number, i) {
	const token = derive(recallKey, 'dlb recall', bytes(u8(number), u32(i)), 32);
	return { token, hash: SHA256(token) };
}

function checkedForm(cell) {
	try {
		checkForm(cell);
		return true;
	} catch (e) {
		if (e instanceof Refused)
			return false;
		throw e;
	}
}

// The content of a cell as bulk cell `i`; each refusal is 'forged'.
export function openBulk(keys, i, cell) {
	const must = (holds, why) => refuseUnless(holds, 'forged', why);
	must(i >= 1 && i < keys.fields.cells, 'index');
	must(cell.length === CELL_LEN && checkedForm(cell), 'form of the cell');
	const key = bulkKey(keys.letterKey, keys.stripeKey, i);
	const plain = aeadOpen(key, bulkAd(cell), cell.subarray(BODY_AT));
	must(plain !== null, 'bulk cell');
	const { length } = bulkSpan(keys.fields, i);
	must(isZero(plain.subarray(length)), 'padding of a bulk cell');
	return plain.subarray(0, length);
}

// The content of a stripe from its opened head and a heap of cells that may
// hold others' cells and copies of handles: of those that have a handle, the
// one that opens counts. Refuses as 'missing' where no cell does; a cell
// without content need not be there.
export function readStripe(head, letterKey, cells) {
	const byHandle = new Map();
	for (const cell of cells) {
		const handle = hex(cell.subarray(64, BODY_AT));
		if (!byHandle.has(handle))
			byHandle.set(handle, []);
		byHandle.get(handle).push(cell);
	}
	const keys = { stripeKey: head.fields.stripeKey, letterKey, fields: head.fields };
	const parts = [head.content];
	for (let i = 1; i < head.fields.cells; i++) {
		if (bulkSpan(head.fields, i).length === 0)
			break;
		const found = byHandle.get(hex(bulkHandle(keys.stripeKey, i))) ?? [];
		parts.push(firstThatOpens(keys, i, found));
	}
	const content = bytes(...parts);
	if (BigInt(content.length) !== head.fields.stripeLen)
		throw new Error('parts do not make up the stripe');
	return content;
}

function firstThatOpens(keys, i, cells) {
	for (const cell of cells) {
		try {
			return openBulk(keys, i, cell);
		} catch (e) {
			if (!(e instanceof Refused))
				throw e;
		}
	}
	throw new Refused('missing', `bulk cell ${i}`);
}

// A letter that is not split is its one stripe.
export function readWhole(head, cells) {
	if (head.fields.mode !== 0 || head.fields.k !== 1)
		throw new Error('a stripe of a letter that is split');
	return readStripe(head, head.fields.letterKey, cells);
}
