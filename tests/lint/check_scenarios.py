#!/usr/bin/env python3
"""Every scenario of docs/scenarios.md has a test, or a reason: check_scenarios.py [REPOSITORY]

A row of its table is `| N | scenario | tests |`. The tests are separated by <br>: `FILE`: CASE, where
FILE is below tests/ (or a path from the repository's root) and CASE is the name in it as it is
printed; `FILE` alone is the whole script. What has no test says "not here: " and why. A file that is
not there, a case that the file does not have, rows out of order, and a script of tests/e2e that no
row names are findings.
"""

import pathlib
import re
import sys

ROW = re.compile(r"\| (\d+) \| ([^|]+) \| ([^|]+) \|")
TEST = re.compile(r"`([^`]+)`(?:: (.+))?")
# The words of tests/integration/lib.sh, tests/e2e/lib.sh, tests/vm/inside that name a case first.
WORDS = r"(?:it|both|expect|says|holds|expect_pipe|limit|check)"
CASE = re.compile(rf"(?:^|[\s;{{]){WORDS} (?:'((?:[^'\n]|'\\'')*)'(?!\w)|\"((?:[^\"\n\\]|\\.)*)\")")
VARIABLE = re.compile(r"\\\$(?:\w+|\\\{\w+\\\}|\\\*)")


def patterns_of(text):
    """The names of a script's cases; a variable in one stands for any text."""
    patterns = []
    for single, double in CASE.findall(text):
        name = single.replace("'\\''", "'") or double.replace('\\"', '"')
        name = re.sub(r"\s*(?:\[[A-Za-z][^\]]*\])+$", "", name)  # the IDs of requirements come and go
        patterns.append(re.compile(VARIABLE.sub(".+", re.escape(name))))
    return patterns


def find_file(root, name):
    return next((path for path in (root / "tests" / name, root / name) if path.exists()), None)


def check_test(root, text):
    """What is wrong with one test of a row; None if nothing is."""
    if text.startswith("not here: "):
        return None
    match = TEST.fullmatch(text)
    if match is None:
        return f"neither a test nor a reason: {text}"
    path = find_file(root, match[1])
    if path is None:
        return f"there is no {match[1]}"
    if match[2] is None:
        return None
    if not any(pattern.fullmatch(match[2]) for pattern in patterns_of(path.read_text(encoding="utf-8"))):
        return f"there is no case '{match[2]}' in {match[1]}"
    return None


def check(root):
    """(findings, count of rows, count of tests)"""
    findings, tests, rows = [], 0, 0
    table = (root / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for line in table.split("\n"):
        match = ROW.fullmatch(line)
        if match is None:
            if re.match(r"\| *\d", line):
                findings.append(f"a row that cannot be read: {line}")
            continue
        rows += 1
        if int(match[1]) != rows:
            findings.append(f"row {match[1]} where {rows} is expected")
        for text in match[3].split("<br>"):
            tests += 1
            problem = check_test(root, text.strip())
            if problem is not None:
                findings.append(f"row {match[1]}: {problem}")
    for script in sorted((root / "tests" / "e2e").glob("*.sh")):
        if not script.name.endswith("lib.sh") and f"`e2e/{script.name}`" not in table:
            findings.append(f"no row names e2e/{script.name}")
    if rows == 0:
        findings.append("no row at all")
    return findings, rows, tests


def main(arguments):
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]
    findings, rows, tests = check(root)
    for finding in findings:
        print(finding)
    print(f"{rows} scenarios, {tests} tests and reasons, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
