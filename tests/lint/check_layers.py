#!/usr/bin/env python3
"""Checks what no compiler does: which folder may include which, calls with a trap in them, and file shapes.

Usage: check_layers.py [ROOT]    prints FILE:LINE: PROBLEM for each finding; exits 1 when there is any.
"""

import pathlib
import re
import sys
from typing import Iterator, List, NamedTuple

MAX_LINES = 400

L2 = ["namespaces", "cgroups", "mounts", "capabilities", "seccomp"]
BASE = ["oci-spec", "sys"]

# Folder -> what its files may include beside their own folder. The longest matching folder counts, so that
# "runtime" is only what lies directly in it: the public header.
LAYERS = {
    "sys": [],
    "protobuf": [],
    "oci-spec": ["sys"],
    **{folder: BASE for folder in L2},
    "runtime": BASE,
    "runtime/plan": L2 + BASE,
    "runtime/hooks": BASE,
    "runtime/init": ["runtime/plan", "runtime/hooks"] + L2 + BASE,
    "runtime/criu": ["protobuf"] + BASE,
    "runtime/container": ["runtime/myrt.h", "runtime/criu", "runtime/init", "runtime/plan", "runtime/hooks"] + L2 + BASE,
    "runtime/inspection": ["runtime/myrt.h", "runtime/container", "runtime/init", "runtime/plan"] + L2 + BASE,
    # sealed_self: the first thing that main does, before there is a command (CVE-2019-5736).
    "runtime/cli": ["runtime/myrt.h", "runtime/container", "runtime/init/sealed_self.h",
                    "runtime/init/seal_number.h"] + BASE,
    # The other user of the library. It reads stats and OOM events by the location that the state has.
    # ... and makes the root filesystem that a Create request describes.
    "shim": ["runtime/myrt.h", "runtime/container/status.h", "runtime/init/sealed_self.h", "cgroups", "mounts/snapshot.h",
             "protobuf"] + BASE,
    # Build-time only: the manual pages and completions, made of the options table.
    "manual": ["runtime/cli/options_table.h", "runtime/cli/error_texts.h"] + BASE,
    "examples": ["runtime/myrt.h"] + BASE,
}


class Rule(NamedTuple):
    pattern: "re.Pattern[str]"
    reason: str
    allowed: List[str]  # folders and files in which it is allowed


def rule(pattern: str, reason: str, *allowed: str) -> Rule:
    return Rule(re.compile(pattern), reason, list(allowed))


# A call of exactly this name: not a member, not in a namespace of ours, perhaps with a leading ::.
def call(names: str) -> str:
    return rf"(?:(?<![\w>.:~])(?:std::|::)|(?<![\w>.:~]))(?:{names})\s*\("


# ... and where a wrapper of ours has the same name: only with the leading ::.
def raw(names: str) -> str:
    return rf"(?<![\w>:])::(?:{names})\s*\("


# The one file with threads, for verbs that only read.
THREADS = "sys/share_out.cc"

# Matched against code without comments and strings.
FORBIDDEN = [
    rule(raw("open|openat|creat") + r"|\bSYS_open(?:at2?)?\b",
         "open through sys/files.h or sys/paths.h: O_CLOEXEC, and no string paths into a rootfs (CVE-2024-21626)",
         "sys"),
    rule(raw("mount|umount|umount2|pivot_root") + r"|\bSYS_(?:mount|umount2|pivot_root|move_mount|open_tree)\b",
         "mount through sys/mount_api.h: its errors name the operands",
         # entry.cc: runs before relocation, when no function of another file can be called
         "sys", "runtime/cli/entry.cc"),
    rule(call("fork|vfork"), "make processes with sys::clone3: a ChildProcess is killed and reaped by its owner",
         "sys"),
    rule(call("system|popen|wordexp"), "runs a shell"),
    rule(call("realpath|canonicalize_file_name"), "resolves a string path that changes before it is used; take an fd"),
    rule(call("strerror|strerror_r|perror|strsignal"), "translated by the locale; use errno_text and signal_name"),
    rule(call("getenv|secure_getenv|setenv|putenv|unsetenv|clearenv"),
         "the environment is read once, by the command line", "runtime/cli", "shim/main.cc"),
    rule(call("exit|quick_exit"), "only main ends the process; a child uses _exit", "runtime/cli/main.cc"),
    rule(call("printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar") + r"|\bfmt::print\b",
         "the library prints nothing; return the text or the Error", "runtime/cli", "examples"),
    rule(r"\bstd::(?:cout|cerr|clog|cin|ifstream|ofstream|fstream|stringstream|ostringstream|istringstream)\b",
         "no iostream in product code: size, static initialisation and locale"),
    rule(r"\bstd::w?regex\b", "no <regex>: exponential time and stack use on hostile input"),
    rule(r"\bstd::filesystem\b", "resolves string paths, and throws; use sys/files.h and sys/paths.h"),
    rule(r"\bstd::j?thread\b|\bstd::async\b|" + call("pthread_create"),
         "single-threaded: setns, unshare and clone3 act on one thread", THREADS),
    rule(r"\bthrow\b", "failures are Results (sys/result.h)"),
]

FORBIDDEN_HEADERS = {
    "iostream": "no iostream in product code",
    "fstream": "no iostream in product code",
    "sstream": "no iostream in product code",
    "regex": "exponential time and stack use on hostile input",
    "filesystem": "use sys/files.h and sys/paths.h",
    "thread": "single-threaded",
    "mutex": "single-threaded",
    "future": "single-threaded",
}

# JSON is parsed and made in three places, and never shows in an interface.
JSON_FOLDERS = ["oci-spec", "runtime/container", "runtime/inspection"]

BAD_NAME = re.compile(r"(?:^|_)(?:util|utils|helper|helpers|manager|misc|common)(?:_|\.|$)")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# In this order: a comment in a string is a string, and the other way round. A quote after a digit separates digits.
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def without_comments(text: str, keep_strings: bool = False) -> str:
    """The same text with comments (and strings) blanked out; lines keep their numbers."""

    def blank(match: "re.Match[str]") -> str:
        token = match.group(0)
        if keep_strings and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def is_in(path: str, folders: List[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


class Finding(NamedTuple):
    path: str
    line: int
    problem: str


def check_includes(path: str, folder: str, text: str) -> Iterator[Finding]:
    allowed = LAYERS[folder]
    for match in INCLUDE.finditer(without_comments(text, keep_strings=True)):
        line = line_of(text, match.start(2))
        quote, target = match.groups()
        if quote == "<":
            if target in FORBIDDEN_HEADERS and not (target == "thread" and path == THREADS):
                yield Finding(path, line, f"<{target}>: {FORBIDDEN_HEADERS[target]}")
            if target.startswith("nlohmann/"):
                if not is_in(path, JSON_FOLDERS):
                    yield Finding(path, line, f"<{target}>: JSON is only for {' and '.join(JSON_FOLDERS)}")
                elif path.endswith(".h") and not target.endswith("json_fwd.hpp"):
                    yield Finding(path, line, f"<{target}>: JSON does not belong into a header")
            continue
        target_folder = folder_of(target)
        if target_folder is None:
            yield Finding(path, line, f'"{target}": quoted includes are paths from the root of the tree')
        elif target_folder != folder and not is_in(target, allowed):
            names = ", ".join(allowed) or "nothing else"
            yield Finding(path, line, f'"{target}": {folder} may include {names}')


def check_calls(path: str, text: str) -> Iterator[Finding]:
    code = without_comments(text)
    for forbidden in FORBIDDEN:
        if is_in(path, forbidden.allowed):
            continue
        for match in forbidden.pattern.finditer(code):
            yield Finding(path, line_of(code, match.start()), f"`{match.group(0).strip()}`: {forbidden.reason}")


def check_shape(path: str, text: str) -> Iterator[Finding]:
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        yield Finding(path, MAX_LINES + 1, f"{len(lines)} lines; at most {MAX_LINES}: one subject, one file")
    if BAD_NAME.search(pathlib.PurePath(path).name):
        yield Finding(path, 1, "a file is named by the noun that it serves")
    if not path.endswith(".h"):
        return
    if not lines or not lines[0].startswith("// "):
        yield Finding(path, 1, "the first line of a header says in one sentence what it is for")
    code = [line for line in without_comments(text).splitlines() if line.strip()]
    if not code or code[0].strip() != "#pragma once":
        yield Finding(path, 1, "#pragma once comes before any other code")


def folder_of(path: str):
    """The folder of LAYERS that a file belongs to, or None."""
    matching = [folder for folder in LAYERS if path.startswith(folder + "/")]
    return max(matching, key=len, default=None)


def sources(root: pathlib.Path) -> Iterator[str]:
    for top in sorted({folder.split("/")[0] for folder in LAYERS} | {"tests", "bench"}):
        for file in sorted((root / top).rglob("*")):
            if file.suffix in (".cc", ".h") and file.is_file():
                yield file.relative_to(root).as_posix()


def check_file(root: pathlib.Path, path: str) -> Iterator[Finding]:
    text = (root / path).read_text(encoding="utf-8")
    yield from check_shape(path, text)
    folder = folder_of(path)
    if folder is not None:  # tests and benchmarks may include and call what they like
        yield from check_includes(path, folder, text)
        yield from check_calls(path, text)


def main(arguments: List[str]) -> int:
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]
    paths = list(sources(root))
    if not paths:
        print(f"{root}: no sources found")
        return 1
    findings = [finding for path in paths for finding in check_file(root, path)]
    for finding in findings:
        print(f"{finding.path}:{finding.line}: {finding.problem}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
