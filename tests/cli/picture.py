#!/usr/bin/env python3
"""Pictures for tests, by nothing but Python's own library.

  picture.py draw OUT.png BACKGROUND INK FILE...
      what a terminal of these two greys (0 to 255) shows of half blocks: white and
      black as the escapes say, otherwise its own. Several files stand side by side.
  picture.py pgm OUT.pgm BACKGROUND INK FILE...
      the same as PGM.
  picture.py widen GOOD.jpg OUT.jpg
      the same JPEG, which says that it is larger than any.
  picture.py hostile GOOD.png
      writes pictures that no one means well with beside it, called after what they are.
"""
import re
import struct
import sys
import zlib

PIXELS = 6
MAGIC = b"\x89PNG\r\n\x1a\n"
# Of the 256 colours those that are used; what is not here is an error.
GREYS = {16: 0, 231: 255}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, compressed, extra=b""):
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return MAGIC + chunk(b"IHDR", head) + extra + chunk(b"IDAT", compressed) + chunk(b"IEND", b"")


def zeros(count):
    compressor = zlib.compressobj(9)
    parts = [compressor.compress(bytes(1 << 20)) for _ in range(count >> 20)]
    return b"".join(parts) + compressor.compress(bytes(count % (1 << 20))) + compressor.flush()


def lines_of(text, background, ink):
    """Each line as two rows of greys."""
    now = (background, ink)
    for line in text.rstrip("\n").split("\n"):
        rows = ([], [])
        for escape, sign in re.findall("\x1b\\[([0-9;]*)m|([^\x1b])", line.rstrip("\r")):
            if not sign:
                values = [int(v or 0) for v in escape.split(";")]
                if values == [0]:
                    now = (background, ink)
                else:
                    foreground, back = values[:3], values[3:]
                    assert foreground[:2] == [38, 5] and back[:2] == [48, 5], values
                    now = (GREYS[back[2]], GREYS[foreground[2]])
                continue
            upper, lower = {" ": (0, 0), "█": (1, 1), "▀": (1, 0), "▄": (0, 1)}[sign]
            rows[0].append(now[upper])
            rows[1].append(now[lower])
        yield from rows


def draw(out, background, ink, names, as_pgm=False):
    blocks = [list(lines_of(open(n, encoding="utf-8").read(), background, ink)) for n in names]
    widths = [max(len(row) for row in block) for block in blocks]
    height = max(len(block) for block in blocks)
    raw = bytearray()
    for y in range(height):
        line = bytearray()
        for block, width in zip(blocks, widths):
            row = block[y] if y < len(block) else []
            row = row + [background] * (width + 4 - len(row))
            line += bytes(grey for grey in row for _ in range(PIXELS))
        raw += ((b"" if as_pgm else b"\0") + line) * PIXELS
    with open(out, "wb") as f:
        if as_pgm:
            head = f"P5 {len(raw) // (height * PIXELS)} {height * PIXELS} 255\n"
            f.write(head.encode() + raw)
            return
        f.write(png((sum(widths) + 4 * len(widths)) * PIXELS, height * PIXELS, zlib.compress(bytes(raw))))


def hostile(name):
    with open(name, "rb") as f:
        good = f.read()
    made = {
        "huge": png(2**31 - 1, 2**31 - 1, zlib.compress(b"")),
        "wide": png(60000, 100, zlib.compress(bytes(60001 * 100))),
        "many": png(8000, 8000, zeros(8001 * 8000)),
        # Much more behind it than it says, in the pixels and in what stands beside.
        "bomb": png(10, 10, zeros(1 << 26)),
        "beside": png(10, 10, zlib.compress(bytes(110)),
                      chunk(b"iCCP", b"a\0\0" + zeros(1 << 26)) + chunk(b"zTXt", b"a\0\0" + zeros(1 << 26))),
        "blank": png(5000, 5000, zeros(5001 * 5000)),
        "cut": good[: len(good) // 2],
        "flipped": good[: len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1:],
        "start": good[:8],
        "long": MAGIC + bytes(17 << 20),
    }
    for what, data in made.items():
        with open(what + ".png", "wb") as f:
            f.write(data)


def widen(name, out):
    with open(name, "rb") as f:
        good = f.read()
    at = good.index(b"\xff\xc0") + 5
    with open(out, "wb") as f:
        f.write(good[:at] + struct.pack(">HH", 65500, 65500) + good[at + 4:])


if sys.argv[1] in ("draw", "pgm"):
    draw(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:], sys.argv[1] == "pgm")
elif sys.argv[1] == "widen":
    widen(sys.argv[2], sys.argv[3])
else:
    hostile(sys.argv[2])
