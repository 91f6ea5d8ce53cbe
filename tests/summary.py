#!/usr/bin/env python3
"""Adds up what the tests of several builds said, from meson's testlog.json.

    summary.py NAME=TESTLOG.JSON... broken=NAME...

Each line of TAP counts as a test; a test program that says no TAP counts as one.
A program that fails without a failing line (a crash, a plan not kept, a leak, no
end in time) counts as one failure more. cmocka says 'not ok' of what it skips, with
a mark: where it kept its plan and exits with 0, that is no failure, whatever meson
makes of it. What a failing program wrote is shown.
The last line is 'N passed, N failed, N skipped'.
"""
import collections
import json
import re
import sys

LINE = re.compile(r"^(not )?ok\b(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)
SKIP = re.compile(r"#\s*skip\b", re.IGNORECASE)


def only_skipped(test, tally):
    """a program that meson calls failed, and that skipped and did all else"""
    plan = PLAN.search(test.get("stdout", ""))
    return (tally["skipped"] and test.get("returncode") == 0 and plan
            and int(plan[1]) == tally["passed"] + tally["skipped"])


def count(test):
    """passed, failed, skipped (with names) of one program"""
    tally = collections.Counter()
    skipped = []
    for line in test.get("stdout", "").splitlines():
        found = LINE.match(line)
        if not found:
            continue
        if SKIP.search(found[2]):
            tally["skipped"] += 1
            skipped.append(found[2].strip())
        else:
            tally["failed" if found[1] else "passed"] += 1
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP":
        if not tally["skipped"]:
            tally["skipped"] = 1
            skipped.append("the whole program")
    elif not good and not tally["failed"]:
        tally["failed"] = 0 if only_skipped(test, tally) else 1
    elif good and not tally:
        tally["passed"] = 1
    return tally, skipped


def main(arguments):
    total = collections.Counter()
    slow = []
    for argument in arguments:
        build, _, path = argument.partition("=")
        if build == "broken":
            print(f"FAILED: the build '{path}' could not be made or run")
            total["failed"] += 1
            continue
        by_suite = collections.defaultdict(collections.Counter)
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
        for test in tests:
            tally, skipped = count(test)
            total += tally
            # "project:suite / name"
            suite, _, name = test["name"].rpartition(" / ")
            suite = suite.rpartition(":")[2] or "other"
            by_suite[suite] += tally
            slow.append((test["duration"], f"{build}: {suite}/{name}"))
            for what in skipped:
                print(f"skipped: {build}: {suite}/{name}: {what}")
            if tally["failed"]:
                print(f"FAILED: {build}: {suite}/{name}: {test['result']}")
                print("  " + " ".join(test["command"]))
                for line in test.get("stdout", "").splitlines():
                    found = LINE.match(line)
                    if found and found[1] and not SKIP.search(found[2]):
                        print("  > " + line)
                for stream in ("stdout", "stderr"):
                    text = test.get(stream, "").strip()
                    lines = text.splitlines()
                    if len(lines) > 120:
                        lines = lines[:40] + ["..."] + lines[-80:]
                    for line in lines:
                        print("  | " + (line if len(line) < 400 else line[:400] + "..."))
        for suite, tally in sorted(by_suite.items()):
            print(f"{build:9} {suite:12}"
                  f" {tally['passed']:6} passed"
                  f" {tally['failed']:4} failed"
                  f" {tally['skipped']:4} skipped")
    for seconds, name in sorted(slow, reverse=True)[:5]:
        if seconds > 5:
            print(f"took {seconds:.0f} s: {name}")
    good = total["passed"] > 0 and total["failed"] == 0
    if not total["passed"] and not total["failed"]:
        print("no test ran")
    print(f"{total['passed']} passed, {total['failed']} failed"
          + (f", {total['skipped']} skipped" if total["skipped"] else ""))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
