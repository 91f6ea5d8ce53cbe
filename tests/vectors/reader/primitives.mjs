// The primitives under the names that docs/cell.md, section 1 gives them,
// from the noble packages. X-Wing is put together here from the draft
// (draft-connolly-cfrg-xwing-kem), as the formula needs nothing but ML-KEM-768,
// X25519, SHAKE256 and SHA3-256; the test compares it with noble's preset.

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ristretto255, ristretto255_hasher, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { ascii, bytes, u8 } from './bytes.mjs';

const NONCE = new Uint8Array(12);
const FIELD = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const MLKEM_PUBLIC = 1184;
const MLKEM_CIPHERTEXT = 1088;
const XWING_LABEL = ascii('\\.//^\\');

export const XWING_CIPHERTEXT = MLKEM_CIPHERTEXT + 32;

export const SHA256 = (m) => sha256(m);
export const H = (m) => blake2b(m, { dkLen: 32 });

export function derive(key, label, data, n) {
	if (key.length !== 32 && key.length !== 64)
		throw new Error('derive: key of 32 or 64 bytes');
	if (n !== 16 && n !== 32 && n !== 64)
		throw new Error('derive: 16, 32 or 64 bytes out');
	const name = ascii(label);
	return blake2b(bytes(u8(name.length), name, data), { key, dkLen: n });
}

export function aeadSeal(key, ad, m) {
	return chacha20poly1305(key, NONCE, ad).encrypt(m);
}

// The plaintext, or null where the tag does not verify.
export function aeadOpen(key, ad, c) {
	try {
		return chacha20poly1305(key, NONCE, ad).decrypt(c);
	} catch {
		return null;
	}
}

function little(b) {
	return BigInt('0x' + Buffer.from(b).reverse().toString('hex'));
}

// The element that 32 bytes encode, or null: canonical, not the identity. The
// range and the sign are checked here, whatever the library does.
export function element(b) {
	const n = little(b);
	if (n >= FIELD || (n & 1n) !== 0n)
		return null;
	try {
		const point = ristretto255.Point.fromBytes(b);
		return point.is0() ? null : point;
	} catch {
		return null;
	}
}

// s*P in its encoding; P valid and s a nonzero scalar below the order, so that
// the result is valid too.
export function groupMul(scalar, point) {
	const s = little(scalar);
	if (s === 0n || s >= ORDER)
		throw new Error('not a nonzero scalar');
	return point.multiply(s).toBytes();
}

export const groupBase = (scalar) => groupMul(scalar, ristretto255.Point.BASE);
export const toGroup = (u) => ristretto255_hasher.deriveToCurve(u).toBytes();

// The u-coordinate as RFC 7748 section 5 has it, 32 zero bytes included: noble
// throws there, and both lengths are fixed, so nothing else can throw.
function curve(k, p) {
	try {
		return x25519.getSharedSecret(k, p);
	} catch {
		return new Uint8Array(32);
	}
}

// X25519 of docs/cell.md: null where the result is zero.
export function X25519(k, p) {
	const out = curve(k, p);
	return out.every((x) => x === 0) ? null : out;
}

export const x25519Public = (k) => x25519.getPublicKey(k);

function xwingExpand(seed) {
	const expanded = shake256(seed, { dkLen: 96 });
	const kem = ml_kem768.keygen(expanded.subarray(0, 64));
	const secret = expanded.subarray(64);
	return { kem, secret, public: x25519.getPublicKey(secret) };
}

function xwingCombine(ssKem, ssCurve, ctCurve, pkCurve) {
	return sha3_256(bytes(ssKem, ssCurve, ctCurve, pkCurve, XWING_LABEL));
}

export function xwingPublic(seed) {
	const key = xwingExpand(seed);
	return bytes(key.kem.publicKey, key.public);
}

// The draft has no failure here: ML-KEM rejects implicitly, and a zero result
// of X25519 goes into the hash as it is.
export function xwingDecap(seed, ct) {
	const key = xwingExpand(seed);
	const ctCurve = ct.subarray(MLKEM_CIPHERTEXT);
	const ssKem = ml_kem768.decapsulate(ct.subarray(0, MLKEM_CIPHERTEXT), key.kem.secretKey);
	return xwingCombine(ssKem, curve(key.secret, ctCurve), ctCurve, key.public);
}

export function xwingEncap(pk, eseed) {
	const kem = ml_kem768.encapsulate(pk.subarray(0, MLKEM_PUBLIC), eseed.subarray(0, 32));
	const pkCurve = pk.subarray(MLKEM_PUBLIC);
	const ephemeral = eseed.subarray(32);
	const ctCurve = x25519.getPublicKey(ephemeral);
	const ss = xwingCombine(kem.sharedSecret, curve(ephemeral, pkCurve), ctCurve, pkCurve);
	return { ct: bytes(kem.cipherText, ctCurve), ss };
}
