// An export of a log, read from docs/letterbox.md, section 13, alone.

import { ascii, bytes, equal, get16, get64, hex } from '../reader/bytes.mjs';
import { H } from '../reader/primitives.mjs';

const MAX = 2097152, START = 89;

// What is not sound: at which record; 0 where the end is not as it says; null where it is
// no export.
export class Unsound extends Error {
	constructor(at, why) {
		super(why);
		this.at = at;
	}
}

function must(holds, at, why) {
	if (!holds)
		throw new Unsound(at, why);
}

const head = (b) => ({ number: get64(b, 0), hash: b.subarray(8, 40) });
export const headText = (h) => `${h.number}:${hex(h.hash)}`;

function readRecord(b) {
	if (b.length < 51 || b[18] > 8 || b.length !== 51 + 8 * b[18])
		return null;
	const r = { number: get64(b, 0), time: get64(b, 8), event: get16(b, 16), values: [],
		commitment: b.subarray(b.length - 32) };
	for (let i = 0; i < b[18]; i++)
		r.values.push(get64(b, 19 + 8 * i));
	return r.time < 2n ** 40n && r.event !== 0 ? r : null;
}

export function readLog(b) {
	must(b.length <= MAX && b.length >= START, null, 'length');
	must(equal(b.subarray(0, 8), ascii('dlbaudit')), null, 'magic');
	must(b[8] === 1, null, 'version');
	const log = { base: head(b.subarray(9)), head: head(b.subarray(49)), records: [] };
	let last = log.base;
	for (let at = START; at < b.length;) {
		const number = last.number + 1n;
		const take = (n) => {
			must(n <= b.length - at, number, 'cut short');
			at += n;
			return b.subarray(at - n, at);
		};
		const record = take(get16(take(2), 0));
		const r = readRecord(record);
		must(r !== null, number, 'form');
		must(r.number === number, number, 'number');
		r.hash = take(32);
		must(equal(r.hash, H(bytes(ascii('dlb audit record'), last.hash, record))), number, 'hash');
		const told = take(1)[0];
		must(told <= 1, number, 'told');
		if (told === 1) {
			const salt = take(16), name = take(take(1)[0]);
			must(!name.includes(0), number, 'a zero in a name');
			must(equal(r.commitment, H(bytes(ascii('dlb audit name'), salt, name))), number, 'name');
			r.name = Buffer.from(name).toString();
		}
		log.records.push(r);
		last = { number, hash: r.hash };
	}
	must(log.head.number === last.number, 0n, 'number at the end');
	must(equal(log.head.hash, last.hash), 0n, 'hash at the end');
	return log;
}
