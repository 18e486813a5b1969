#!/usr/bin/env python3
"""Makes docs/conformance.md: every requirement of the runtime-spec with its tests and their last result.

Usage: document.py --write [BUILD]   writes it, with the results of the logs below BUILD (default: build)
       document.py --check           prints what is wrong and exits 1: a requirement without test and reason, a test that cites
                                     what does not exist, a document that is not what --write would write. Results are not compared.
"""

import pathlib
import re
import sys
import time
from typing import Dict, Iterator, List, NamedTuple

from collect import Test, all_tests
from results import Results, row_result

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = "conformance/rows"
DOCUMENT = "docs/conformance.md"
NEED_A_TEST = {"MUST", "MUST NOT", "SHOULD", "peer"}
MARKS = {"vm": "in the virtual machine", "fake": "on an imitated tree"}
SECTIONS = [
    ("Bundle, configuration file, versions", "BUN CFG VER ANN"),
    ("Lifecycle, state, operations, hooks", "LIF STA OPS HOK FDS"),
    ("Process", "PRC USR CAP RLM LSM SCH IOP AFF HST"),
    ("Root filesystem and mounts", "ROO MNT OPT IDM DFS"),
    ("Namespaces and ID mappings", "NSP IDS TIM"),
    ("Devices and network devices", "DEV NET"),
    ("Control groups", "CGP CGO CDV CME CCP CBI CHP CNE CPI CRD CUN"),
    ("Seccomp", "SEC NTF"),
    ("Other Linux settings", "SYS MSK ROP LAB PER RDT MPL"),
    ("Features document", "FEA"),
]
NO_RESULTS = "Last results: none yet."
# A row of the tables of requirements, for the result that it has had.
ROW = re.compile(r"^\| ([A-Z]{3}-\d\d|DIFF-\d\d) \|.*\| ([^|]*) \|$", re.MULTILINE)
LAST = re.compile(r"^Last results: .*$", re.MULTILINE)


class Requirement(NamedTuple):
    id: str
    level: str
    since: str
    place: str


class Difference(NamedTuple):
    id: str
    topic: str
    spec: str
    peers: str
    by_default: str
    strictly: str
    why: str


def table(path: pathlib.Path) -> Iterator[List[str]]:
    """The lines of a .tsv file, without comments."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


class Conformance:
    """Requirements, their tests, and the reasons for having none."""

    def __init__(self, root: pathlib.Path) -> None:
        self.requirements = [Requirement(*row) for row in table(root / ROWS / "checklist.tsv")]
        self.reasons: Dict[str, str] = {row[0]: row[1] for row in table(root / ROWS / "reasons.tsv")}
        self.differences = [Difference(*row) for row in table(root / ROWS / "differences.tsv")]
        self.tests = all_tests(root)
        self.tests_of: Dict[str, List[Test]] = {}
        for test in self.tests:
            for cited in test.ids:
                self.tests_of.setdefault(cited, []).append(test)

    def problems(self) -> Iterator[str]:
        known = {row.id for row in self.requirements} | {row.id for row in self.differences}
        for test in self.tests:
            for cited in test.ids:
                if cited not in known:
                    yield f"{test.file}: `{test.name}` cites {cited}, which does not exist"
        for row in self.requirements:
            if row.level in NEED_A_TEST and row.id not in self.tests_of and not self.reasons.get(row.id):
                yield f"{row.id} ({row.level}) has no test, and no reason in reasons.tsv"
        for difference in self.differences:
            if difference.id not in self.tests_of:
                yield f"{difference.id} ({difference.topic}) has no test"
        for cited in self.reasons:
            if cited not in known:
                yield f"reasons.tsv: {cited} does not exist"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def named_tests(tests: List[Test]) -> str:
    """The tests by file; those of VMs and of imitated hardware say so."""
    by_file: Dict[str, List[str]] = {}
    for test in tests:
        marks = [words for tag, words in MARKS.items() if tag in test.tags]
        title = test.title + (f" ({', '.join(marks)})" if marks else "")
        by_file.setdefault(test.file.removeprefix("tests/"), []).append(title)
    return "<br>".join(f"`{file}`: {cell('; '.join(dict.fromkeys(titles)))}" for file, titles in by_file.items())


class Document:
    def __init__(self, conformance: Conformance, results: Dict[str, str], last: str) -> None:
        self.conformance = conformance
        self.results = results
        self.last = last

    def text(self) -> str:
        parts = [self.head(), self.differences()]
        for title, areas in SECTIONS:
            parts.append(f"## {title}\n\n" + self.requirements(set(areas.split())))
        return "\n".join(parts)

    def head(self) -> str:
        rows = self.conformance.requirements
        tested = [row for row in rows if row.id in self.conformance.tests_of]
        needed = [row for row in rows if row.level in NEED_A_TEST]
        lines = [
            "# Conformance to the OCI runtime-spec 1.3",
            "",
            "Generated by `make conformance-doc`; do not edit. `make test` fails when a requirement has neither a test nor a reason,",
            "or when this page is not what its sources say. The sources: `conformance/rows/*.tsv`, and the names and tags of the tests.",
            "",
            f"{len(rows)} requirements (MUST, SHOULD, MAY: the specification's words; `peer`: not in its text, but what runc and crun both",
            f"do). {len(tested)} have tests; of the {len(needed)} that are no MAY or SHOULD NOT, "
            f"{len([row for row in needed if row in tested])} have.",
            "A result is the worst of the row's tests: `skipped` says what the machine of the last run lacked.",
            "",
            self.last,
            "",
            "| result | requirements |",
            "|---|---|",
        ]
        words = [re.split("[:,]", self.results.get(row.id, "not run"))[0] for row in tested]
        lines += [f"| {word} | {words.count(word)} |" for word in ("passed", "failed", "skipped", "not run") if word in words]
        lines += [f"| no test | {len(rows) - len(tested)} |", "", "## Requirements without a test", "",
                  "| ID | level | of | why |", "|---|---|---|---|"]
        lines += [f"| {row.id} | {row.level} | {cell(row.place)} | {cell(self.reason(row))} |" for row in rows if row not in tested]
        return "\n".join(lines) + "\n"

    def reason(self, row: Requirement) -> str:
        return self.conformance.reasons.get(row.id, "nothing that a runtime has to do")

    def differences(self) -> str:
        lines = ["## Where the specification, runc, crun and their callers disagree", "",
                 "By default `myrt` follows the specification unless callers of runc need otherwise; `--strict` follows it wherever it differs.",
                 "", "| ID | topic | specification | runc, crun | myrt | myrt --strict | why | tests | last result |",
                 "|---|---|---|---|---|---|---|---|---|"]
        for row in self.conformance.differences:
            tests = named_tests(self.conformance.tests_of.get(row.id, []))
            lines.append(f"| {' | '.join(cell(value) for value in row)} | {tests} | {self.results.get(row.id, 'not run')} |")
        return "\n".join(lines) + "\n"

    def requirements(self, areas: "set[str]") -> str:
        lines = ["| ID | level | since | of | tests | last result |", "|---|---|---|---|---|---|"]
        for row in self.conformance.requirements:
            if row.id[:3] in areas:
                tests = self.conformance.tests_of.get(row.id, [])
                result = self.results.get(row.id, "not run") if tests else "no test"
                lines.append(f"| {row.id} | {row.level} | {row.since} | {cell(row.place)} | {named_tests(tests)} | {result} |")
        return "\n".join(lines) + "\n"


def results_of(conformance: Conformance, results: Results) -> Dict[str, str]:
    return {cited: cell(row_result(results.of(test) for test in tests))
            for cited, tests in conformance.tests_of.items()}


def written_results(document: str) -> Dict[str, str]:
    """The results that the document has already: --check must not depend on logs."""
    return {row: result for row, result in ROW.findall(document) if result != "no test"}


def main(arguments: List[str], root: pathlib.Path = ROOT) -> int:
    conformance = Conformance(root)
    path = root / DOCUMENT
    document = path.read_text(encoding="utf-8") if path.exists() else ""
    old = (match[0] if (match := LAST.search(document)) else NO_RESULTS)
    problems = list(conformance.problems())
    if arguments[:1] == ["--write"]:
        results = Results(pathlib.Path(arguments[1] if len(arguments) > 1 else "build"))
        if results.logs:
            written = results_of(conformance, results)
            last = f"Last results: {time.strftime('%Y-%m-%d', time.gmtime())}, from {results.logs} logs of `make test`."
        else:
            written, last = written_results(document), old
        path.write_text(Document(conformance, written, last).text(), encoding="utf-8")
    elif arguments == ["--check"]:
        if Document(conformance, written_results(document), old).text() != document:
            problems.append(f"{DOCUMENT} is not what its sources say: run `make conformance-doc`")
    else:
        print(__doc__)
        return 2
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
