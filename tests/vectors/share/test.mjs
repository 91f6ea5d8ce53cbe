// Reads v1.txt with arithmetic of its own, from docs/cell.md, section 11 alone, and
// the shares of a key with an independent library too. Prints TAP.

import { readFileSync } from 'node:fs';
import { blake2b } from '@noble/hashes/blake2.js';
import { combine, split } from 'shamir-secret-sharing';
import { hex, unhex } from '../reader/bytes.mjs';
import { formula } from '../reader/index.mjs';
import { derive } from '../satchel/satchel.mjs';
import { check, finish, same, test } from '../reader/tap.mjs';

const groups = [];
for (const line of readFileSync(new URL('v1.txt', import.meta.url), 'utf8').split('\n')) {
	const words = line.split(' ');
	if (['code', 'shares', 'commitment'].includes(words[0]))
		groups.push({ what: words[0], k: +words[1], n: +words[2], lines: [] });
	else if (line !== '')
		groups.at(-1).lines.push([words[0], unhex(words[1])]);
}
const values = (g, word) => g.lines.filter((l) => l[0] === word).map((l) => l[1]);
const some = (what) => groups.filter((g) => g.what === what);

function field(polynomial) {
	const times = (a, b) => {
		let out = 0;
		for (; b; b >>= 1, a = a & 0x80 ? (a << 1) ^ polynomial : a << 1)
			if (b & 1)
				out ^= a;
		return out;
	};
	const over = (a) => {
		for (let b = 1; b < 256; b++)
			if (times(a, b) === 1)
				return b;
		throw new Error('no inverse');
	};
	return { times, over };
}
const coding = field(0x11d), sharing = field(0x11b);

function* subsets(n, k, from = 0) {
	if (k === 0)
		yield [];
	else
		for (let i = from; i <= n - k; i++)
			for (const rest of subsets(n, k - 1, i + 1))
				yield [i, ...rest];
}

// Solves rows * data = columns by elimination.
function solve(rows, columns) {
	const { times, over } = coding, k = rows.length;
	const m = rows.map((r) => [...r]), c = columns.map((x) => [...x]);
	for (let i = 0; i < k; i++) {
		const p = m.findIndex((r, j) => j >= i && r[i] !== 0);
		[m[i], m[p]] = [m[p], m[i]];
		[c[i], c[p]] = [c[p], c[i]];
		const f = over(m[i][i]);
		m[i] = m[i].map((x) => times(x, f));
		c[i] = c[i].map((x) => times(x, f));
		for (let j = 0; j < k; j++) {
			const g = m[j][i];
			if (j === i || g === 0)
				continue;
			m[j] = m[j].map((x, at) => x ^ times(g, m[i][at]));
			c[j] = c[j].map((x, at) => x ^ times(g, c[i][at]));
		}
	}
	return c;
}

for (const g of some('code'))
	test(`any ${g.k} of ${g.n} columns`, () => {
		const content = formula(7 * g.k), parity = values(g, 'parity');
		const columns = [], rows = [];
		same(parity.length, g.n - g.k, 'parity');
		for (let i = 0; i < g.n; i++) {
			columns.push(i < g.k ? content.subarray(7 * i, 7 * i + 7) : parity[i - g.k]);
			rows.push(Array.from({ length: g.k }, (_, j) =>
				(i < g.k ? +(i === j) : coding.over(i ^ j))));
		}
		for (const set of subsets(g.n, g.k)) {
			const data = solve(set.map((i) => rows[i]), set.map((i) => columns[i]));
			same(hex(new Uint8Array(data.flat())), hex(content), `of ${set}`);
		}
	});

function join(set, shares) {
	const { times, over } = sharing, key = new Uint8Array(32);
	for (const i of set) {
		let weight = 1;
		for (const j of set)
			if (j !== i)
				weight = times(weight, times(j + 1, over((j + 1) ^ (i + 1))));
		shares[i].forEach((y, b) => {
			key[b] ^= times(y, weight);
		});
	}
	return key;
}

// The library's shares end with the x that is here the number plus one.
for (const g of some('shares')) {
	const [key] = values(g, 'key'), shares = values(g, 'share');
	const sets = [...subsets(g.n, g.k)], joined = [];
	for (const set of sets)
		joined.push(await combine(set.map((i) => new Uint8Array([...shares[i], i + 1]))));
	test(`any ${g.k} of ${g.n} shares`, () => {
		same(shares.length, g.n, 'shares');
		sets.forEach((set, i) => {
			same(join(set, shares), key, `shares ${set}`);
			same(joined[i], key, `shares ${set}, by the library`);
		});
		for (const set of subsets(g.n, g.k - 1))
			check(hex(join(set, shares)) !== hex(key), `${set} are too few`);
	});
	const theirs = await split(key, g.n, g.k);
	test(`any ${g.k} of ${g.n} shares of the library`, () => {
		const byNumber = [];
		for (const s of theirs)
			byNumber[s[32] - 1] = s.subarray(0, 32);
		const numbers = Object.keys(byNumber).map(Number);
		for (const set of subsets(g.n, g.k))
			same(join(set.map((i) => numbers[i]), byNumber), key, `shares ${set}`);
	});
}

for (const g of some('commitment'))
	test(`a commitment of ${g.k} of ${g.n}`, () => {
		const [key] = values(g, 'key'), [sealing] = values(g, 'sealing');
		const about = new Uint8Array([...sealing, g.k, g.n, 0, 0, 0, 0, 0, 3, 0x0d, 0x40]);
		const bytes = formula(200000), first = 65424 * g.k, H = (m) => blake2b(m, { dkLen: 32 });
		const content = H(new Uint8Array([...H(bytes.subarray(0, first)), ...H(bytes.subarray(first))]));
		const all = derive(key, 'dlb threshold', new Uint8Array([...about, ...content]), 32);
		const check = derive(key, 'dlb threshold key', about, 32);
		same(values(g, 'is')[0], new Uint8Array([...check.subarray(0, 8), ...all.subarray(0, 24)]), 'bytes');
	});
finish();
