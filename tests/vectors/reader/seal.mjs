// Sealing, as docs/cell.md describes it: to make the cells of the vectors again
// from their randomness, and heads that are wrong in one place, which no one
// without the keys can make by changing bytes.
//
// A plan is { reader (public keys, and openingId, opening), sender (with
// agreeSecret), expiry, tokenHash, r, eseed, card, fields, content }, fields by
// the names of parseFields. `wrong` may hold: box1, box2, box3 (functions that
// change the plaintext in place), ss, dh (what to use instead).

import { bytes, u16, u32, u64, u8 } from './bytes.mjs';
import { bulkAd, bulkHandle, bulkKey } from './bulk.mjs';
import { CELL_LEN } from './courier.mjs';
import { BOX2_MIN, BOX_OVERHEAD, BOX2_AT, boxKeys, chain, transcript,
	transcript0 } from './head.mjs';
import { BULK_CONTENT, FIELDS_LEN } from './layout.mjs';
import { X25519, aeadSeal, element, groupBase, groupMul, xwingEncap } from './primitives.mjs';

export function waybill(expiry, boxTag) {
	return bytes(u8(1), u8(0), u16(expiry), new Uint8Array(12), boxTag);
}

export function encodeFields(f) {
	return bytes(u8(f.mode), u8(f.k), u8(f.n), u8(f.number), f.letterId, f.sealingId,
		f.stripeKey, f.letterKey, f.commitment, u64(f.contentLen), u64(f.stripeLen),
		u32(f.cells), u32(f.inlineLen), new Uint8Array(100));
}

function sealBox(keys, th, plain) {
	return bytes(keys.commitment, aeadSeal(keys.key, th, plain));
}

const unchanged = () => {};

function padded(len, ...parts) {
	const out = new Uint8Array(len);
	out.set(bytes(...parts));
	return out;
}

export function sealHead(plan, boxTag, wrong = {}) {
	const { reader, sender, card } = plan;
	const box2Len = BOX2_MIN + card.length;
	const start = bytes(waybill(plan.expiry, boxTag), plan.tokenHash, groupBase(plan.r));
	const S = groupMul(plan.r, element(reader.finding));
	const th0 = transcript0(reader, start);

	const { ct, ss } = xwingEncap(reader.opening, plan.eseed);
	const plain1 = bytes(u32(reader.openingId), u16(box2Len), new Uint8Array(10), ct);
	(wrong.box1 ?? unchanged)(plain1);
	const keys1 = boxKeys(1, S, th0);
	const box1 = sealBox(keys1, th0, plain1);

	const plain2 = bytes(sender.sign, sender.agree, card);
	(wrong.box2 ?? unchanged)(plain2);
	const th1 = transcript(1, th0, box1);
	const ikm2 = chain(1, S, th0, wrong.ss ?? ss);
	const keys2 = boxKeys(2, ikm2, th1);
	const box2 = sealBox(keys2, th1, plain2);

	const plain3 = padded(CELL_LEN - BOX2_AT - box2Len - BOX_OVERHEAD,
		encodeFields(plan.fields), plan.content.subarray(0, plan.fields.inlineLen));
	(wrong.box3 ?? unchanged)(plain3);
	const dh = wrong.dh ?? X25519(sender.agreeSecret, reader.agree);
	const th2 = transcript(2, th1, box2, plain2.subarray(0, 64));
	const keys3 = boxKeys(3, chain(2, ikm2, th1, dh), th2);
	return bytes(start, box1, box2, sealBox(keys3, th2, plain3));
}

// `content` is what the cell carries; `wrong.plain` may change the plaintext,
// `wrong.start` all before the body.
export function sealBulk(keys, i, cell, content, wrong = {}) {
	const start = bytes(waybill(cell.expiry, cell.boxTag), cell.tokenHash,
		bulkHandle(keys.stripeKey, i));
	(wrong.start ?? unchanged)(start);
	const plain = padded(BULK_CONTENT, content);
	(wrong.plain ?? unchanged)(plain);
	const key = bulkKey(keys.letterKey, keys.stripeKey, i);
	return bytes(start, aeadSeal(key, bulkAd(start), plain));
}
