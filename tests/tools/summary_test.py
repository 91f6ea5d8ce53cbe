#!/usr/bin/env python3
"""tests/summary.py counts what it should: summary_test.py SUMMARY. Prints TAP."""
import json
import subprocess
import sys
import tempfile

CASES = [
    # name, result of meson, exit code, what the program said, the last line
    ("passed", "OK", 0, "1..2\nok 1 - a\nok 2 - b\n", "2 passed, 0 failed"),
    ("one failed", "FAIL", 1, "1..2\nok 1\nnot ok 2\n", "1 passed, 1 failed"),
    ("no TAP, good", "OK", 0, "hello\n", "1 passed, 0 failed"),
    ("no TAP, bad", "FAIL", 1, "hello\n", "0 passed, 1 failed"),
    ("a crash after all passed", "FAIL", -11, "1..1\nok 1\n", "1 passed, 1 failed"),
    ("no end in time", "TIMEOUT", -15, "1..2\nok 1\n", "1 passed, 1 failed"),
    ("skipped, said as TAP says it", "OK", 0, "1..2\nok 1\nok 2 # SKIP x\n",
     "1 passed, 0 failed, 1 skipped"),
    ("skipped, said as cmocka says it", "FAIL", 0, "1..2\nok 1\nnot ok 2 # SKIP x\n",
     "1 passed, 0 failed, 1 skipped"),
    ("skipped, then stopped short", "FAIL", 0, "1..3\nok 1\nnot ok 2 # SKIP x\n",
     "1 passed, 1 failed, 1 skipped"),
    ("skipped, then a leak", "FAIL", 23, "1..2\nok 1\nnot ok 2 # SKIP x\n",
     "1 passed, 1 failed, 1 skipped"),
    ("the whole program skipped", "SKIP", 0, "1..0 # SKIP no disk\n",
     "0 passed, 0 failed, 1 skipped"),
]


def summarise(program, *arguments):
    run = subprocess.run([sys.executable, program, *arguments], capture_output=True,
                         text=True, check=False)
    lines = run.stdout.splitlines()
    return run.returncode, lines[-1] if lines else ""


def check(number, name, program, arguments, want):
    passed = not want.startswith("0 passed") and ", 0 failed" in want
    got = summarise(program, *arguments)
    good = got == (0 if passed else 1, want)
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print(f"# got {got}, want {want}")
    return good


def tells_what_failed(number, program):
    """the lines that failed, first and all of them, however much else was said"""
    said = "".join(f"ok {i}\n" for i in range(1, 300)) + "not ok 300 - the cause\n" + \
        "# much\n" * 300
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        json.dump({"name": "p:suite / prog", "result": "FAIL", "returncode": 1,
                   "stdout": said, "duration": 0.1, "command": ["prog"]}, log)
        log.flush()
        run = subprocess.run([sys.executable, program, f"gcc={log.name}"],
                             capture_output=True, text=True, check=False)
    good = "  > not ok 300 - the cause" in run.stdout.splitlines()[:3]
    print(f"{'ok' if good else 'not ok'} {number} - what failed is told first")
    return good


def main(program):
    good = True
    print(f"1..{len(CASES) + 2}")
    for number, (name, result, code, said, want) in enumerate(CASES, 1):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
            json.dump({"name": "p:suite / prog", "result": result, "returncode": code,
                       "stdout": said, "duration": 0.1, "command": ["prog"]}, log)
            log.flush()
            good = check(number, name, program, [f"gcc={log.name}"], want) and good
    good = check(len(CASES) + 1, "a build that could not be made", program,
                 ["broken=gcc"], "0 passed, 1 failed") and good
    good = tells_what_failed(len(CASES) + 2, program) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
