// Bytes: reading numbers, joining, comparing. docs/cell.md, section 1.
//
// All numbers are big-endian. Callers slice fixed layouts whose length they
// have checked, so a read past the end is a mistake of the program: DataView
// throws on it.

export function bytes(...parts) {
	let len = 0;
	for (const p of parts)
		len += p.length;
	const out = new Uint8Array(len);
	let at = 0;
	for (const p of parts) {
		out.set(p, at);
		at += p.length;
	}
	return out;
}

export function ascii(text) {
	return Uint8Array.from(text, (c) => {
		const code = c.charCodeAt(0);
		if (code > 127)
			throw new Error('not ASCII');
		return code;
	});
}

function view(b) {
	return new DataView(b.buffer, b.byteOffset, b.byteLength);
}

export const get16 = (b, at) => view(b).getUint16(at);
export const get32 = (b, at) => view(b).getUint32(at);
export const get64 = (b, at) => view(b).getBigUint64(at);

function put(len, method, value) {
	const out = new Uint8Array(len);
	view(out)[method](0, value);
	return out;
}

export const u8 = (n) => put(1, 'setUint8', n);
export const u16 = (n) => put(2, 'setUint16', n);
export const u32 = (n) => put(4, 'setUint32', n);
export const u64 = (n) => put(8, 'setBigUint64', BigInt(n));

// Looks at each byte whatever it finds: commitments are compared with it.
export function equal(a, b) {
	if (a.length !== b.length)
		return false;
	let diff = 0;
	for (let i = 0; i < a.length; i++)
		diff |= a[i] ^ b[i];
	return diff === 0;
}

export function isZero(b) {
	return b.every((x) => x === 0);
}

export function hex(b) {
	return Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('hex');
}

// Lower-case hexadecimal and nothing else.
export function unhex(text) {
	if (typeof text !== 'string' || !/^([0-9a-f]{2})*$/.test(text))
		throw new Error(`not lower-case hexadecimal: ${text}`);
	return new Uint8Array(Buffer.from(text, 'hex'));
}
