// Symbols and peeling, a second time. docs/meeting.md, "Reconciliation".
//
// Numbers of 64 bits are BigInts throughout: nothing rounds.

import { get64, u32, u64 } from '../reader/bytes.mjs';

export const SYMBOLS_MAX = 1n << 24n;
const M = (1n << 64n) - 1n;
const rotl = (x, n) => (x << n | x >> (64n - n)) & M;

// A number of 64 bits as bytes, the least first, as SipHash reads them.
const little = (b, at) => get64(b.slice(at, at + 8).reverse(), 0);

// SipHash-2-4: Aumasson and Bernstein, section 2.
export function sipHash(key, data) {
	const k0 = little(key, 0), k1 = little(key, 8);
	let v0 = k0 ^ 0x736f6d6570736575n, v1 = k1 ^ 0x646f72616e646f6dn;
	let v2 = k0 ^ 0x6c7967656e657261n, v3 = k1 ^ 0x7465646279746573n;
	const round = () => {
		v0 = (v0 + v1) & M;
		v1 = rotl(v1, 13n) ^ v0;
		v0 = rotl(v0, 32n);
		v2 = (v2 + v3) & M;
		v3 = rotl(v3, 16n) ^ v2;
		v0 = (v0 + v3) & M;
		v3 = rotl(v3, 21n) ^ v0;
		v2 = (v2 + v1) & M;
		v1 = rotl(v1, 17n) ^ v2;
		v2 = rotl(v2, 32n);
	};
	const padded = new Uint8Array((data.length >> 3) * 8 + 8);
	padded.set(data);
	padded[padded.length - 1] = data.length & 255;
	for (let at = 0; at < padded.length; at += 8) {
		const m = little(padded, at);
		v3 ^= m;
		round();
		round();
		v0 ^= m;
	}
	v2 ^= 0xffn;
	for (let i = 0; i < 4; i++)
		round();
	return v0 ^ v1 ^ v2 ^ v3;
}

export const hashOf = (key, id) => sipHash(key, u64(id));
const checkOf = (hash) => hash & 0xffffffffn;

// The index that follows i, or SYMBOLS_MAX.
export function next(hash, i) {
	let m = (hash + (i + 1n) * 0x9e3779b97f4a7c15n) & M;
	m = (m ^ m >> 30n) * 0xbf58476d1ce4e5b9n & M;
	m = (m ^ m >> 27n) * 0x94d049bb133111ebn & M;
	m ^= m >> 31n;
	const r = 1n + (m >> 32n), right = (i + 1n) * (i + 2n) << 32n;
	let low = i + 1n, high = SYMBOLS_MAX;
	while (low < high) {
		const j = (low + high) / 2n;
		if ((j + 1n) * (j + 2n) * r > right)
			high = j;
		else
			low = j + 1n;
	}
	return low;
}

// Puts an id in or takes it out; calls touched(symbol) before each.
function add(symbols, key, id, touched = () => {}) {
	const hash = hashOf(key, id);
	for (let i = 0n; i < BigInt(symbols.length); i = next(hash, i)) {
		const s = symbols[Number(i)];
		touched(s);
		s.ids ^= id;
		s.checks ^= checkOf(hash);
	}
}

export function symbolsOf(key, ids, n) {
	const symbols = Array.from({ length: n }, () => ({ ids: 0n, checks: 0n }));
	for (const id of ids)
		add(symbols, key, id);
	return symbols;
}

export function write(symbols) {
	const out = new Uint8Array(symbols.length * 12);
	for (const [i, s] of symbols.entries()) {
		out.set(u64(s.ids), i * 12);
		out.set(u32(Number(s.checks)), i * 12 + 8);
	}
	return out;
}

function isPartOf(hash, i) {
	let at = 0n;
	while (at < i)
		at = next(hash, at);
	return at === i;
}

// { theirs, ours }, null where the symbols do not do, 'refused'.
export function peel(key, heard, own) {
	const theirs = [], ours = [], mine = new Set(own);
	const left = symbolsOf(key, own, heard.length).map((s, i) =>
		({ ids: s.ids ^ heard[i].ids, checks: s.checks ^ heard[i].checks, closed: false }));
	const closed = () => left.filter((s) => s.closed).length;
	let refused = false;
	for (let before = -1; before !== closed() && !refused;) {
		before = closed();
		for (const [i, s] of left.entries()) {
			if (s.closed || refused)
				continue;
			if (s.ids === 0n && s.checks === 0n) {
				s.closed = true;
				continue;
			}
			const id = s.ids, hash = hashOf(key, id);
			if (checkOf(hash) !== s.checks || !isPartOf(hash, BigInt(i)))
				continue;
			(mine.has(id) ? ours : theirs).push(id);
			add(left, key, id, (t) => refused ||= t.closed);
			s.closed = true;
		}
	}
	if (refused)
		return 'refused';
	return closed() === left.length ? { theirs, ours } : null;
}
