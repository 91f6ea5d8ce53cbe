// The Test Anything Protocol, as little of it as a test here needs.

import { hex } from './bytes.mjs';

let count = 0;
let failed = 0;

function report(name, error) {
	count++;
	const line = `${count} - ${name.replaceAll('#', '')}`;
	if (error === null) {
		console.log(`ok ${line}`);
		return;
	}
	failed++;
	console.log(`not ok ${line}`);
	for (const text of String(error.stack ?? error).split('\n'))
		console.log(`# ${text}`);
}

export function test(name, body) {
	try {
		body();
		report(name, null);
	} catch (e) {
		report(name, e);
	}
}

export function finish() {
	console.log(`1..${count}`);
	process.exitCode = failed === 0 && count > 0 ? 0 : 1;
}

export function check(holds, what) {
	if (!holds)
		throw new Error(what);
}

function shown(x) {
	if (!(x instanceof Uint8Array))
		return String(x);
	return x.length <= 64 ? hex(x) : `${x.length} bytes, ${hex(x.subarray(0, 32))}...`;
}

// Strict equality, of byte strings by their bytes.
export function same(got, want, what) {
	const g = got instanceof Uint8Array ? hex(got) : got;
	const w = want instanceof Uint8Array ? hex(want) : want;
	check(g === w, `${what}: got ${shown(got)}, want ${shown(want)}`);
}
