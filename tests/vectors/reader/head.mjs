// The trial and the opening of a head cell. docs/cell.md, sections 4 and 8.
//
// A reader is { sign, agree, agreeSecret, findingSecret, openings }, the last
// one a Map from opening id to the secret key (seed) of X-Wing. Nothing of a
// box is looked at before its commitment and its tag have verified.

import { ascii, bytes, equal, get16, get32, isZero, u8 } from './bytes.mjs';
import { CELL_LEN, Refused, checkForm, refuseUnless } from './courier.mjs';
import { CARD_MAX, FIELDS_LEN, parseFields } from './layout.mjs';
import { H, X25519, aeadOpen, derive, groupMul, xwingDecap } from './primitives.mjs';

export const SUITE = 1;
export const BOX_OVERHEAD = 48;
export const BOX1_AT = 96;
export const BOX2_AT = 1280;
export const BOX2_MIN = 112;
export const BOX2_MAX = BOX2_MIN + CARD_MAX;
export const TRIAL_LEN = 128;

export function transcript(number, ...parts) {
	const label = ascii(`dlb transcript ${number}`);
	return H(bytes(u8(label.length), label, ...parts));
}

// th0, for a cell of which the first 96 bytes are here.
export function transcript0(reader, cell) {
	return transcript(0, u8(1), u8(SUITE), reader.sign, reader.agree,
		cell.subarray(64, 96), cell.subarray(2, 4), cell.subarray(32, 64));
}

// Key and commitment of box 1, 2 or 3.
export function boxKeys(number, ikm, th) {
	const out = derive(ikm, `dlb box ${number}`, th, 64);
	return { key: out.subarray(0, 32), commitment: out.subarray(32) };
}

export function chain(number, ikm, th, secret) {
	return bytes(derive(ikm, `dlb chain ${number}`, th, 32), secret);
}

// Steps 1 to 3 on the first 128 bytes: what the opening goes on from.
function begin(reader, cell) {
	const { point } = checkForm(cell);
	const S = groupMul(reader.findingSecret, point);
	const th0 = transcript0(reader, cell);
	const keys = boxKeys(1, S, th0);
	refuseUnless(equal(keys.commitment, cell.subarray(BOX1_AT, TRIAL_LEN)),
		'not mine', 'commitment 1');
	return { S, th0, key1: keys.key, commitment1: keys.commitment };
}

// Section 4.3: whether a head is for this reader, from its first 128 bytes.
export function trial(reader, start) {
	if (start.length < TRIAL_LEN)
		throw new Error('a trial takes 128 bytes');
	try {
		begin(reader, start);
		return true;
	} catch (e) {
		if (e instanceof Refused)
			return false;
		throw e;
	}
}

function openBox(box, keys, th, what) {
	refuseUnless(equal(keys.commitment, box.subarray(0, 32)), 'forged', `commitment of ${what}`);
	const plain = aeadOpen(keys.key, th, box.subarray(32));
	refuseUnless(plain !== null, 'forged', what);
	return plain;
}

function parseBox1(plain) {
	refuseUnless(isZero(plain.subarray(6, 16)), 'malformed', 'reserved bytes of box 1');
	const box2Len = get16(plain, 4);
	refuseUnless(box2Len >= BOX2_MIN && box2Len <= BOX2_MAX, 'malformed', 'length of box 2');
	return { openingId: get32(plain, 0), box2Len, ct: plain.subarray(16) };
}

// All of section 8's table. Yields the sender's claim, the card, the fixed
// fields, the content in the head, and the values on the way, by the names of
// the document.
export function openHead(reader, cell) {
	refuseUnless(cell.length === CELL_LEN, 'malformed', 'length of the cell');
	const { S, th0, key1, commitment1 } = begin(reader, cell);

	const box1 = cell.subarray(BOX1_AT, BOX2_AT);
	const { openingId, box2Len, ct } = parseBox1(
		openBox(box1, { key: key1, commitment: commitment1 }, th0, 'box 1'));

	const seed = reader.openings.get(openingId);
	refuseUnless(seed !== undefined, 'no key', 'opening id');
	const ss = xwingDecap(seed, ct);
	const th1 = transcript(1, th0, box1);
	const ikm2 = chain(1, S, th0, ss);
	const box2 = cell.subarray(BOX2_AT, BOX2_AT + box2Len);
	const keys2 = boxKeys(2, ikm2, th1);
	const plain2 = openBox(box2, keys2, th1, 'box 2');

	const senderSign = plain2.slice(0, 32);
	const senderAgree = plain2.slice(32, 64);
	const card = plain2.slice(64);
	const dh = X25519(reader.agreeSecret, senderAgree);
	refuseUnless(dh !== null, 'forged', 'key of the sender');

	const th2 = transcript(2, th1, box2, senderSign, senderAgree);
	const ikm3 = chain(2, ikm2, th1, dh);
	const keys3 = boxKeys(3, ikm3, th2);
	const plain3 = openBox(cell.subarray(BOX2_AT + box2Len), keys3, th2, 'box 3');

	const fields = parseFields(plain3.subarray(0, FIELDS_LEN), card.length);
	const end = FIELDS_LEN + fields.inlineLen;
	refuseUnless(isZero(plain3.subarray(end)), 'malformed', 'padding of box 3');
	return {
		openingId, box2Len, senderSign, senderAgree, card, fields,
		content: plain3.slice(FIELDS_LEN, end),
		way: {
			S, ss, dh, th0, th1, th2, key1, commitment1,
			key2: keys2.key, commitment2: keys2.commitment,
			key3: keys3.key, commitment3: keys3.commitment,
		},
	};
}

// A search, and an opening of what it finds: a cell that is not even a cell is
// not this reader's either.
export function searchAndOpen(reader, cell) {
	refuseUnless(trial(reader, cell.subarray(0, TRIAL_LEN)), 'not mine', 'trial');
	return openHead(reader, cell);
}
