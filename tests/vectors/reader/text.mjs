// Text that shows as it is. docs/letterbox.md, section 7.

const HIDDEN = [[0x00, 0x1f], [0x7f, 0x9f], [0xad, 0xad], [0x61c, 0x61c], [0x200b, 0x200b],
	[0x200e, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0xfeff, 0xfeff], [0xfff9, 0xfffb],
	[0xe0000, 0xe0fff]];

export function printable(b) {
	let text;
	try {
		text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(b);
	} catch {
		return false;
	}
	return [...text].every((c) => {
		const code = c.codePointAt(0);
		return (code & 0xfffe) !== 0xfffe && !HIDDEN.some(([a, z]) => code >= a && code <= z);
	});
}
