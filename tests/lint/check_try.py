#!/usr/bin/env python3
"""Finds TRY inside a braced list behind another element of it.

TRY returns out of the middle of an expression. When that is an initialiser of an aggregate, neither GCC 12 nor Clang 14 destroys the
elements that are there already: an fd stays open, a cgroup stays, memory leaks. Arguments of functions and constructors
in parentheses are destroyed. So: name the value first, then build the aggregate.

Usage: check_try.py [ROOT]    prints FILE:LINE: PROBLEM for each finding; exits 1 when there is any.
"""

import pathlib
import re
import sys
from typing import Iterator, List, Tuple

PRODUCT = ["sys", "protobuf", "oci-spec", "namespaces", "cgroups", "mounts", "capabilities", "seccomp", "runtime", "manual", "examples"]


def blanked(text: str) -> str:
    """The code with comments, strings and characters as blanks of the same length."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
    # 1'000 is a number.
    text = re.sub(r"(?<=\d)'(?=\d)", "_", text)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def is_block(code: str, at: int) -> bool:
    """Whether the brace at that place holds statements: a list of values has no semicolon of its own."""
    depth = 0
    for i in range(at, len(code)):
        if code[i] in "({[":
            depth += 1
        elif code[i] in ")}]":
            depth -= 1
            if depth == 0:
                return code[at + 1 : i].strip() == ""
        elif code[i] == ";" and depth == 1:
            return True
    return True


def findings(text: str) -> Iterator[int]:
    """The lines of them."""
    code = blanked(text)
    open_brackets: List[Tuple[str, int, bool]] = []  # bracket, where, whether a comma has followed at its level
    for match in re.finditer(r"[({\[\])},]|\b(?:MYRT_)?TRY(?=\()", code):
        token = match.group()
        if token in "({[":
            open_brackets.append((token, match.start(), False))
        elif token in ")}]":
            if open_brackets:
                open_brackets.pop()
        elif token == ",":
            if open_brackets:
                bracket, at, _ = open_brackets[-1]
                open_brackets[-1] = (bracket, at, True)
        else:
            for bracket, at, has_comma in reversed(open_brackets):
                if bracket != "{":
                    continue
                if is_block(code, at):
                    break
                if has_comma:
                    yield code.count("\n", 0, match.start()) + 1
                    break


def check(root: pathlib.Path) -> List[str]:
    problems = []
    for folder in PRODUCT:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            for line in findings(path.read_text()):
                problems.append(
                    f"{path.relative_to(root)}:{line}: TRY in a braced list leaks what stands before it when it returns: name the value first"
                )
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    problems = check(root)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
