// The index of the vectors, docs/cell.md section 9: read, and held to what the
// document says of it, so that no key stands there unexplained.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unhex } from './bytes.mjs';
import { check } from './tap.mjs';

const DIR = fileURLToPath(new URL('../cell/', import.meta.url));
const FIELDS = ['mode', 'k', 'n', 'number', 'letter_id', 'sealing_id', 'stripe_key',
	'letter_key', 'commitment', 'content_len', 'stripe_len', 'cells', 'inline_len'];
const HEAD = ['file', 'r', 'eseed', 'box_tag', 'S', 'ss', 'dh', 'th0', 'th1', 'th2', 'key1',
	'commitment1', 'key2', 'commitment2', 'key3', 'commitment3', 'box2_len'];

export const index = JSON.parse(readFileSync(join(DIR, 'vectors.json'), 'utf8'));

const loaded = new Map();

// The bytes of a file; whoever changes them works on a copy.
export function load(file) {
	if (!/^[a-z0-9-]+\.cell$/.test(file))
		throw new Error(`name of a file: ${file}`);
	if (!loaded.has(file))
		loaded.set(file, new Uint8Array(readFileSync(join(DIR, file))));
	return loaded.get(file);
}

export function cellFiles() {
	return readdirSync(DIR).filter((name) => name.endsWith('.cell'));
}

function keys(object, must, may, what) {
	for (const key of must)
		check(Object.hasOwn(object, key), `${what}: ${key} is not there`);
	for (const key of Object.keys(object))
		check(must.includes(key) || may.includes(key), `${what}: ${key} is not documented`);
}

const each = (list, must, may, what) => {
	check(list.length > 0, `${what}: empty`);
	list.forEach((entry, i) => keys(entry, must, may, `${what} ${i}`));
};

export function checkIndex() {
	check(index.format === 'dlb cell vectors 1', 'format');
	keys(index, ['format', 'derive', 'padme', 'layout', 'people', 'letters', 'handles',
		'tokens', 'courier', 'cover', 'bad'], [], 'index');
	each(index.derive, ['key', 'label', 'data', 'out'], [], 'derive');
	each(index.layout, ['mode', 'stripe_len', 'card_len'], ['cells', 'inline_len'], 'layout');
	each(index.handles, ['stripe_key', 'index', 'handle'], [], 'handles');
	each(index.tokens, ['recall_key', 'number', 'index', 'token', 'hash'], [], 'tokens');
	each(index.courier, ['file', 'core', 'name'], [], 'courier');
	each(Object.values(index.people), ['sign_seed', 'sign', 'agree_secret', 'agree',
		'finding_secret', 'finding', 'opening_id', 'opening_seed', 'opening'], [], 'people');
	each(index.letters, ['name', 'reader', 'sender', 'expiry', 'box_tag_key', 'recall_key',
		'card_len', 'fields', 'bulk_letter_key', 'head', 'bulk'], [], 'letters');
	for (const letter of index.letters) {
		keys(letter.fields, FIELDS, [], `fields of ${letter.name}`);
		keys(letter.head, HEAD, [], `head of ${letter.name}`);
		for (const bulk of letter.bulk)
			keys(bulk, ['index', 'offset', 'len', 'handle', 'token_hash', 'box_tag', 'key',
				'sha256'], ['file'], `bulk of ${letter.name}`);
	}
	each(index.bad, ['name', 'file', 'patch', 'as', 'want'], ['without'], 'bad');
	for (const bad of index.bad)
		bad.patch.forEach((p) => keys(p, ['at', 'bytes'], [], `patch of ${bad.name}`));
}

const peopleCache = new Map();

// A person as reader, as one to seal to, and as sender.
export function person(name) {
	if (!peopleCache.has(name)) {
		const p = index.people[name];
		check(p !== undefined, `no person ${name}`);
		peopleCache.set(name, {
			sign: unhex(p.sign),
			agree: unhex(p.agree),
			agreeSecret: unhex(p.agree_secret),
			finding: unhex(p.finding),
			findingSecret: unhex(p.finding_secret),
			openingId: p.opening_id,
			opening: unhex(p.opening),
			openings: new Map([[p.opening_id, unhex(p.opening_seed)]]),
		});
	}
	return peopleCache.get(name);
}

// The fixed fields of a letter in the shape that parseFields yields.
export function fieldsOf(letter) {
	const f = letter.fields;
	return {
		mode: f.mode, k: f.k, n: f.n, number: f.number,
		letterId: unhex(f.letter_id),
		sealingId: unhex(f.sealing_id),
		stripeKey: unhex(f.stripe_key),
		letterKey: unhex(f.letter_key),
		commitment: unhex(f.commitment),
		contentLen: BigInt(f.content_len),
		stripeLen: BigInt(f.stripe_len),
		cells: f.cells,
		inlineLen: f.inline_len,
	};
}

export function letterOf(name) {
	const letter = index.letters.find((l) => l.name === name);
	check(letter !== undefined, `no letter ${name}`);
	return letter;
}

// The content and cards of all vectors, in full length.
export function formula(len) {
	return Uint8Array.from({ length: len }, (_, i) => (131 * i + Math.floor(i / 256)) % 256);
}
