#!/usr/bin/env python3
"""What simple statistics tell of files: look.py NAME:FILE... compares the first
32 MiB of each. Exit 1 if one called box or satchel can be told from random bytes
by them (beyond one chance in a million)."""
import collections
import sys
import zlib

LENGTH = 32 << 20
# Of chi-squared with 255 degrees of freedom, outside which one in a million falls.
LOW, HIGH = 157, 378


def look(path):
    with open(path, "rb") as file:
        data = file.read(LENGTH)
    expected = len(data) / 256
    seen = collections.Counter(data)
    chi = sum((seen[i] - expected) ** 2 for i in range(256)) / expected
    return chi, 100 * len(zlib.compress(data, 1)) / len(data)


def main(arguments):
    good = True
    print("By the first 32 MiB, chi-squared of the bytes (random: 157 to 378) and what zlib makes of it:")
    for argument in arguments:
        name, _, path = argument.partition(":")
        chi, ratio = look(path)
        print(f"    {name + ':':20} chi-squared {chi:12.1f}   {ratio:6.2f} %")
        if "box" in name or "satchel" in name:
            good = good and LOW <= chi <= HIGH and ratio >= 100
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
