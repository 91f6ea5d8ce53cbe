// A second reader of satchels, written from docs/satchel.md with other libraries.
// Sections are those of the document.

import { chacha20, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { bytes, equal, get16, get32, hex, isZero, u32, u8 } from '../reader/bytes.mjs';
import { SHA256, derive as deriveN } from '../reader/primitives.mjs';

export const SECTOR = 4096;
export const ENTRY = 256;
export const CELL = 65536;
const KEYSLOTS = 608;
const SUPER_SEALED = 1320;
const SLOTS_MIN = 16;
const SLOTS_MAX = 2 ** 28;
const PARTS_MAX = 4096;
export const PART_LEN = 0xffff0000;

const NOTHING = new Uint8Array();

// ---- section 1

export const derive = (key, label, data = NOTHING) => deriveN(key, label, data, 32);

// The plaintext, or null where the tag does not verify.
function xopen(key, ad, sealed) {
	try {
		return xchacha20poly1305(key, sealed.slice(0, 24), ad).decrypt(sealed.slice(24));
	} catch {
		return null;
	}
}

function stream(key, offset, data) {
	return chacha20(key, new Uint8Array(12), data, undefined, offset / 64);
}

// ---- section 2

export function layout(slots) {
	const entries = Math.ceil((slots + Math.floor(slots / 4) + 64) / 16) * 16;
	const table = ENTRY * entries;
	const slot = Math.ceil((SECTOR + table) / CELL) * CELL;
	const table1 = slot + CELL * slots;
	return {
		slots, entries, slot, tables: [SECTOR, table1], headers: [0, table1 + table],
		length: table1 + table + SECTOR,
	};
}

export function slotsIn(length) {
	let low = SLOTS_MIN, high = SLOTS_MAX;
	while (low < high) {
		const middle = Math.ceil((low + high) / 2);
		if (layout(middle).length <= length)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

export function joinParts(parts, partLen = PART_LEN) {
	const last = parts.length - 1;
	if (last < 0 || parts.length > PARTS_MAX || parts[last].length > partLen
		|| parts.slice(0, last).some((p) => p.length !== partLen))
		throw new Error('a part is missing or not of this satchel');
	return bytes(...parts);
}

// ---- section 3. A way to unlock is a function from the salt to the wrap key; null
// for who has the root key.

export const openToAll = () => (salt) => derive(salt, 'dlb keyslot open');
export const withKeyFile = (file) => (salt) => derive(salt, 'dlb keyslot file', file);
export const withPassphrase = (text) => (salt) =>
	derive(argon2id(text, salt.subarray(0, 16), { t: 3, m: 262144, p: 1, dkLen: 32 }),
		'dlb keyslot passphrase', salt);

export function rootFromSlots(block, way) {
	const salt = block.slice(0, 32);
	const key = way(salt);
	for (let i = 0; i < 8; i++) {
		const root = xopen(key, salt, block.slice(32 + 72 * i, 104 + 72 * i));
		if (root)
			return root;
	}
	return null;
}

// null where it does not open or is malformed; another version is an error.
export function superblock(header, which, root) {
	const key = derive(root, 'dlb satchel header');
	const p = xopen(key, u8(which), header.slice(KEYSLOTS, KEYSLOTS + SUPER_SEALED));
	if (!p)
		return null;
	if (get16(p, 0) !== 1)
		throw new Error('another version');
	const s = {
		flags: get16(p, 2), slots: get32(p, 4), entries: get32(p, 8), reserve: get32(p, 12),
		used: p[16], id: p.slice(32, 64),
		keyslots: [p.slice(64, 64 + KEYSLOTS), p.slice(64 + KEYSLOTS)],
	};
	const good = s.flags <= 1 && s.slots >= SLOTS_MIN && s.slots <= SLOTS_MAX
		&& s.entries === layout(s.slots).entries && s.reserve <= s.slots
		&& isZero(p.subarray(17, 32));
	return good ? s : null;
}

// ---- section 4

function cellMakesSense(e, slots) {
	const both = 0x03, known = 0x0f;
	return e.slot < slots && (e.flags & both) !== 0 && (e.flags & ~known) === 0
		&& !((e.flags & 0x04) && !(e.flags & 0x01))
		&& !((e.flags & 0x08) && !(e.flags & 0x02));
}

function tokenMakesSense(e) {
	return e.flags === 0 && e.copies === 0 && e.searched === 0 && e.slot === 0xffffffff
		&& isZero(e.core) && isZero(e.handle) && isZero(e.boxTag);
}

// { state: 'none' }, { state: 'nonsense' }, or the entry with state 'good'.
export function entry(sealed, number, key, slots) {
	const p = xopen(key, u32(number), sealed);
	if (!p)
		return { state: 'none' };
	const e = {
		state: 'good', number, kind: p[0], flags: p[1], copies: p[2],
		searched: get16(p, 3), expiry: get16(p, 5), arrived: get16(p, 7),
		origin: get32(p, 9), slot: get32(p, 13), name: p.slice(17, 49),
		core: p.slice(49, 81), handle: p.slice(81, 113), boxTag: p.slice(113, 129),
		tokenHash: p.slice(129, 161), secret: p.slice(161, 193),
	};
	const sense = e.kind === 1 ? cellMakesSense(e, slots) : e.kind === 2 && tokenMakesSense(e);
	return sense && isZero(p.subarray(193)) ? e : { state: 'nonsense' };
}

// ---- sections 5 and 6

function headersOf(space, way, givenRoot) {
	const first = layout(slotsIn(space.length)).headers;
	const at = (offset) => space.slice(offset, offset + SECTOR);
	let root = givenRoot;
	for (const offset of first)
		root ??= rootFromSlots(at(offset), way);
	if (!root)
		throw new Error('the wrong secret');
	const zero = superblock(at(0), 0, root);
	const one = superblock(at(zero ? layout(zero.slots).headers[1] : first[1]), 1, root);
	if (!zero && !one)
		throw new Error('both headers are damaged');
	return { root, superblocks: [zero, one], counts: zero ?? one };
}

function dropDoubles(entries) {
	const slots = new Set(), names = new Set();
	return entries.filter((e) => {
		if (e.kind !== 1)
			return true;
		const name = hex(e.name.subarray(0, 16));
		if (slots.has(e.slot) || names.has(name))
			return false;
		slots.add(e.slot);
		names.add(name);
		return true;
	});
}

// All that is in a satchel: the entries that count, by their numbers.
export function openSatchel(space, way, givenRoot = null) {
	const { root, superblocks, counts } = headersOf(space, way, givenRoot);
	const l = layout(counts.slots);
	if (space.length < l.length)
		throw new Error('it was cut off');
	const entryKey = derive(root, 'dlb satchel entries', counts.id);
	const maskKey = derive(root, 'dlb satchel mask', counts.id);
	const entries = [];
	let mended = 0;
	for (let i = 0; i < l.entries; i++) {
		const [a, b] = l.tables.map((t) => space.slice(t + ENTRY * i, t + ENTRY * (i + 1)));
		const two = stream(maskKey, ENTRY * i, b);
		let e = entry(a, i, entryKey, l.slots);
		if (e.state !== 'good')
			e = entry(two, i, entryKey, l.slots);
		if (e.state !== 'good')
			continue;
		mended += equal(a, two) ? 0 : 1;
		entries.push(e);
	}
	return { root, superblocks, counts, layout: l, entries: dropDoubles(entries), mended, maskKey };
}

export function table1Unmasked(space, satchel) {
	const { tables, entries } = satchel.layout;
	return stream(satchel.maskKey, 0, space.slice(tables[1], tables[1] + ENTRY * entries));
}

// The cell of an entry, or null where it is damaged.
export function cellOf(space, satchel, e) {
	const at = satchel.layout.slot + CELL * e.slot;
	const cell = stream(e.secret, 0, space.slice(at, at + CELL));
	const core = SHA256(bytes(cell.subarray(0, 16), cell.subarray(32)));
	const name = SHA256(bytes(core, cell.subarray(16, 32)));
	return equal(core, e.core) && equal(name, e.name) ? cell : null;
}
