// Compares the module with two implementations that share no code with it (the
// @noble packages, and libsodium's newest release as WebAssembly) on inputs drawn
// from a seed: each function both ways, and what must be refused.
//
//   node oracle.mjs path/to/crypto_tool
//
// Exit 0: all agree; 1: some do not, which are named; 77: the packages are not
// installed (npm ci --ignore-scripts).
import { spawnSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';

// Debian 12's node 18 has it, but not where the packages look.
globalThis.crypto ??= webcrypto;

let noble, sodium;
try {
	noble = {
		...(await import('@noble/ciphers/chacha.js')),
		...(await import('@noble/curves/ed25519.js')),
		...(await import('@noble/hashes/argon2.js')),
		...(await import('@noble/hashes/blake2.js')),
		...(await import('@noble/hashes/sha2.js')),
		...(await import('@noble/post-quantum/hybrid.js')),
		...(await import('@noble/post-quantum/ml-kem.js')),
	};
	sodium = (await import('libsodium-wrappers')).default;
	await sodium.ready;
} catch (e) {
	if (e.code !== 'ERR_MODULE_NOT_FOUND')
		throw e;
	console.log(`not run: ${e.message}`);
	process.exit(77);
}

const tool = process.argv[2];
const hex = (bytes) => Buffer.from(bytes).toString('hex') || '-';
const cat = (...parts) => new Uint8Array(Buffer.concat(parts.map((p) =>
	Buffer.from(p))));
const text = (s) => new Uint8Array(Buffer.from(s));

// Bytes from a seed and a counter.
let drawn = 0;
function random(len) {
	const out = new Uint8Array(len);
	for (let at = 0; at < len; at += 32)
		out.set(createHash('sha256').update(`oracle ${drawn++}`).digest()
			.subarray(0, len - at), at);
	return out;
}
const pick = (n) => (random(1)[0] << 8 | random(1)[0]) % n;

// The module's answers to lines of [name, ...arguments]; null for a refusal.
function ask(lines) {
	const input = lines.map(([name, ...args]) =>
		[name, ...args.map(hex)].join(' ')).join('\n') + '\n';
	const run = spawnSync(tool, { input, maxBuffer: 1 << 28 });
	if (run.status !== 0)
		throw new Error(`${tool}: ${run.stderr} ${run.error ?? ''}`);
	const answers = run.stdout.toString().split('\n').slice(0, -1);
	if (answers.length !== lines.length)
		throw new Error(`${answers.length} answers to ${lines.length}`);
	return answers.map((a) => a === 'no' ? null
		: new Uint8Array(Buffer.from(a === '-' ? '' : a, 'hex')));
}

let compared = 0;
const wrong = [];
function same(what, got, ...wanted) {
	for (const want of wanted) {
		compared++;
		if ((got === null ? 'no' : hex(got))
				!== (want === null ? 'no' : hex(want)))
			wrong.push(what);
	}
}

// Each case: the line, the name, what others say (an array).
const cases = [];
const expect = (line, ...wanted) => cases.push({ line, wanted });

// What throws there is refused here.
function orNull(f) {
	try {
		return f();
	} catch {
		return null;
	}
}

function derive(outLen, key, label, data) {
	const message = cat([label.length], text(label), data);
	const own = noble.blake2b(message, { key, dkLen: outLen });
	same('blake2b of the two', own,
		sodium.crypto_generichash(outLen, message, key));
	return own;
}

function hashes() {
	for (let i = 0; i < 40; i++) {
		const data = random(pick(400)), key = random(i % 2 ? 32 : 64);
		const label = 'dlb label '.slice(0, pick(10));
		const outLen = [16, 32, 64][i % 3];
		expect(['sha256', data], noble.sha256(data));
		expect(['hash', data], noble.blake2b(data, { dkLen: 32 }));
		expect(['derive', [outLen], key, text(label), data],
			derive(outLen, key, label, data));
	}
}

function ciphers() {
	const zero = new Uint8Array(12);
	for (let i = 0; i < 60; i++) {
		const key = random(32), ad = random(pick(50));
		const plain = random(i < 50 ? pick(600) : 65440);
		const nonce = i % 2 ? zero : random(12), long = random(24);
		const sealed = noble.chacha20poly1305(key, nonce, ad).encrypt(plain);
		const bad = sealed.slice();
		expect(['aead_seal', key, nonce, ad, plain], sealed);
		expect(['aead_open', key, nonce, ad, sealed], plain);
		bad[pick(bad.length)] ^= 1 << pick(8);
		expect(['aead_open', key, nonce, ad, bad], null);
		const xsealed = cat(long, noble.xchacha20poly1305(key, long, ad)
			.encrypt(plain));
		expect(['xseal', key, long, ad, plain], xsealed, cat(long,
			sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
				plain, ad, null, long, key)));
		expect(['xopen', key, ad, xsealed], plain);
		const xbad = xsealed.slice();
		xbad[pick(xbad.length)] ^= 1 << pick(8);
		expect(['xopen', key, ad, xbad], null);
		const block = pick(1 << 15), offset = block * 64;
		expect(['stream', key, [offset >> 16, offset >> 8 & 255,
			offset & 255], plain],
			noble.chacha20(key, zero, plain, undefined, block));
	}
}

function group() {
	const { Point } = noble.ristretto255;
	for (let i = 0; i < 40; i++) {
		const uniform = random(64), wide = random(64);
		const point = noble.ristretto255_hasher.deriveToCurve(uniform);
		const bytes = point.toBytes();
		const n = BigInt('0x' + Buffer.from(wide).reverse()
			.toString('hex')) % Point.Fn.ORDER;
		const scalar = new Uint8Array(Buffer.from(n.toString(16)
			.padStart(64, '0'), 'hex')).reverse();
		expect(['point_from_uniform', uniform], bytes);
		expect(['scalar_from_wide', wide], scalar);
		expect(['point_base', scalar], Point.BASE.multiply(n).toBytes());
		expect(['point_mul', scalar, bytes], point.multiply(n).toBytes());
		// Few random strings are elements; both say which.
		const any = random(32);
		any[31] &= 0x7f;
		expect(['point_valid', any],
			orNull(() => Point.fromBytes(any)) && []);
		const twin = bytes.slice();
		twin[31] |= 0x80;
		expect(['point_valid', bytes], []);
		expect(['point_valid', twin], null);
	}
}

function curves() {
	for (let i = 0; i < 40; i++) {
		const sk = random(32), other = random(32), msg = random(pick(300));
		const pk = noble.x25519.getPublicKey(other);
		const signed = noble.ed25519.sign(msg, sk);
		const id = noble.ed25519.getPublicKey(sk);
		expect(['x25519_public', sk], noble.x25519.getPublicKey(sk),
			sodium.crypto_scalarmult_base(sk));
		expect(['x25519', sk, pk], noble.x25519.getSharedSecret(sk, pk));
		expect(['ed25519_sign', sk, msg], cat(id, signed));
		expect(['ed25519_verify', id, signed, msg], []);
		const bad = signed.slice();
		bad[pick(64)] ^= 1 << pick(8);
		expect(['ed25519_verify', id, bad, msg],
			noble.ed25519.verify(bad, msg, id, { zip215: false })
				? [] : null);
	}
}

function kems() {
	const xwing = noble.ml_kem768_x25519, kem = noble.ml_kem768;
	for (let i = 0; i < 25; i++) {
		const seed = random(32), eseed = random(64), coins = random(64);
		const pair = xwing.keygen(seed);
		const other = sodium.crypto_kem_xwing_seed_keypair(seed);
		const { cipherText, sharedSecret } =
			xwing.encapsulate(pair.publicKey, eseed);
		expect(['xwing_public', seed], pair.publicKey, other.publicKey);
		// Ours to them, theirs to us.
		expect(['xwing_encaps', pair.publicKey, eseed],
			cat(cipherText, sharedSecret));
		expect(['xwing_decaps', cipherText, seed], sharedSecret);
		const drop = sodium.crypto_kem_xwing_enc(other.publicKey);
		expect(['xwing_decaps', drop.ciphertext, seed],
			drop.sharedSecret);
		// Implicit rejection gives all the same secret too.
		const bad = cipherText.slice();
		bad[pick(1088)] ^= 1 << pick(8);
		expect(['xwing_decaps', bad, seed],
			xwing.decapsulate(bad, pair.secretKey),
			sodium.crypto_kem_xwing_dec(bad, other.privateKey));
		const keys = kem.keygen(coins), m = random(32);
		const ml = kem.encapsulate(keys.publicKey, m);
		expect(['mlkem_keypair', coins],
			cat(keys.publicKey, keys.secretKey));
		expect(['mlkem_encaps', keys.publicKey, m],
			cat(ml.cipherText, ml.sharedSecret));
		expect(['mlkem_decaps', coins, ml.cipherText], ml.sharedSecret);
		const unreduced = keys.publicKey.slice(), at = pick(384) * 3;
		unreduced[at] = 0xff;
		unreduced[at + 1] |= 0x0f;
		expect(['mlkem_encaps', unreduced, m],
			orNull(() => kem.encapsulate(unreduced, m))
				&& []);
	}
}

// Opens key slots after the words of the header alone.
function openSlots(slots, kind, secret) {
	const salt = slots.subarray(0, 32);
	let key;
	if (kind === 0)
		key = derive(32, salt, 'dlb keyslot open', []);
	else if (kind === 1)
		key = derive(32, noble.argon2id(secret, salt.subarray(0, 16),
			{ t: 1, m: 8, p: 1, dkLen: 32 }),
		'dlb keyslot passphrase', salt);
	else
		key = derive(32, salt, 'dlb keyslot file', secret);
	const roots = [];
	for (let at = 32; at < slots.length; at += 72) {
		const nonce = slots.subarray(at, at + 24);
		const root = orNull(() => noble.xchacha20poly1305(key, nonce, salt)
			.decrypt(slots.subarray(at + 24, at + 72)));
		if (root)
			roots.push(root);
	}
	return roots;
}

function keyslots() {
	const asked = [];
	for (let i = 0; i < 24; i++) {
		const kind = i % 3, root = random(32);
		const secret = [new Uint8Array(), random(1 + pick(40)),
			random(32 + pick(200))][kind];
		asked.push({ kind, secret, root, line: ['keyslots_create', [i],
			[kind], secret, root] });
	}
	ask(asked.map((a) => a.line)).forEach((slots, i) => {
		const { kind, secret, root } = asked[i];
		const roots = openSlots(slots, kind, secret);
		same('keyslots: one opens', [roots.length], [1]);
		same('keyslots: the root', roots[0] ?? null, root);
	});
}

for (const part of [hashes, ciphers, group, curves, kems])
	part();
ask(cases.map((c) => c.line)).forEach((got, i) =>
	same(cases[i].line[0], got, ...cases[i].wanted));
keyslots();

console.log(`${compared} comparisons, ${wrong.length} differ`);
for (const name of new Set(wrong))
	console.log(`differs: ${name} (${wrong.filter((w) => w === name).length})`);
process.exit(wrong.length ? 1 : 0);
