"""Finds the tests of this tree and the requirements that their names cite.

A requirement is cited as `[CPI-02]`, `[CPI-01,CPI-02]` or `[HOK-09..14]`: in the name of a case of a shell script, in the name
or tags of a Catch2 test, or as a row ("CPI-02") of the table inside one. `[DIFF-07]` cites a line of differences.tsv alike.
"""

import pathlib
import re
import shlex
from typing import Dict, Iterator, List, NamedTuple, Tuple

CITED = re.compile(r"([A-Z]{3}|DIFF)-([0-9]{2})(?:\.\.([0-9]{2}))?")
TAG = re.compile(r"[a-z][a-z0-9-]*")
# What stands in brackets and is no part of a name: citations and tags. A name may have brackets of its own (jq filters).
WORD = rf"(?:{CITED.pattern}|{TAG.pattern})"
BRACKETS = re.compile(rf"\[({WORD}(?:,{WORD})*)\]")

SHELL_FOLDERS = ["tests/integration", "tests/e2e", "tests/vm/inside"]
SHELL_CASE = re.compile(r"^\s*(?:it|both|check)\s+(['\"].*)$")
SHELL_ROW = re.compile(r"^([A-Z]{3,4}-[0-9]{2})\|(.*)\|[^|]*$")

CATCH_MACRO = re.compile(r"^(?:TEMPLATE_)?TEST_CASE(_METHOD)?\s*\(", re.MULTILINE)
LITERAL = re.compile(r'\s*"((?:[^"\\]|\\.)*)"')
CATCH_ROW = re.compile(r'"([A-Z]{3}-[0-9]{2})"')


class Test(NamedTuple):
    file: str  # relative to the root of the tree
    name: str  # as it is printed when it runs
    ids: Tuple[str, ...]
    tags: Tuple[str, ...]  # what else stands in brackets: `vm`, `fake`
    program: str  # the CTest name of its program; empty for a shell script

    @property
    def title(self) -> str:
        """The name without what stands in brackets."""
        return " ".join(BRACKETS.sub("", self.name).split())


def citations(text: str) -> Tuple[List[str], List[str]]:
    """The requirements and the other tags in the brackets of `text`."""
    ids: List[str] = []
    tags: List[str] = []
    for group in BRACKETS.finditer(text):
        for word in group[1].split(","):
            match = CITED.fullmatch(word)
            if match is None:
                tags.append(word)
                continue
            area, first, last = match.groups()
            ids += [f"{area}-{number:02}" for number in range(int(first), int(last or first) + 1)]
    return ids, tags


def shell_tests(root: pathlib.Path) -> Iterator[Test]:
    for folder in SHELL_FOLDERS:
        for path in sorted((root / folder).glob("*.sh")):
            for line in path.read_text(encoding="utf-8").splitlines():
                name = shell_name(line)
                if name is not None:
                    ids, tags = citations(name)
                    yield Test(path.relative_to(root).as_posix(), name, tuple(ids), tuple(tags), "")


def shell_name(line: str) -> "str | None":
    """The name of the case that the line declares, or that it is as a row of a table of bad configurations."""
    row = SHELL_ROW.match(line)
    if row is not None:
        return "invalid: " + row[2].replace("\\|", "|") + f" [{row[1]}]"
    case = SHELL_CASE.match(line)
    if case is None:
        return None
    try:
        name = shlex.split(case[1])[0]
    except ValueError:  # the quotes end on another line: not the name of a case
        return None
    return None if "$" in name and case[1].startswith('"') else name  # made at run time, from a row


def literals(text: str, start: int) -> Tuple[str, int]:
    """The adjacent string literals at `start`, joined, and where they end."""
    value = ""
    while (match := LITERAL.match(text, start)) is not None:
        value += match[1].replace('\\"', '"')
        start = match.end()
    return value, start


def catch_tests(root: pathlib.Path) -> Iterator[Test]:
    programs = catch_programs(root)
    for path in sorted((root / "tests").rglob("*_test.cc")):
        file = path.relative_to(root).as_posix()
        program = programs.get(file) or programs.get(path.parent.relative_to(root).as_posix(), "")
        text = path.read_text(encoding="utf-8")
        starts = list(CATCH_MACRO.finditer(text))
        for start, following in zip(starts, starts[1:] + [None]):
            position = start.end() if start[1] is None else text.index(",", start.end()) + 1
            name, position = literals(text, position)
            tagged, position = literals(text, position + 1)
            body = text[position:following.start() if following is not None else len(text)]
            ids, tags = citations(name + tagged)
            ids += [row for row in CATCH_ROW.findall(body) if row not in ids]
            yield Test(file, name, tuple(dict.fromkeys(ids)), tuple(tags), program)


def catch_programs(root: pathlib.Path) -> Dict[str, str]:
    """The CTest name by folder or file of its sources, as tests/CMakeLists.txt has it."""
    text = (root / "tests/CMakeLists.txt").read_text(encoding="utf-8")
    programs = {f"tests/unit/{folder}": f"unit_{name}"
                for name, folder in re.findall(r"^myrt_unit_tests\((\w+) (\S+)", text, re.MULTILINE)}
    for name, sources in re.findall(r"add_executable\((\w+)\s+([^)]*)\)", text):
        programs.update({f"tests/{source}": name for source in sources.split()})
    return programs


def all_tests(root: pathlib.Path) -> List[Test]:
    return list(shell_tests(root)) + list(catch_tests(root))
