"""Reads what the tests printed when they ran last: the logs that `make test` and `make vm-test` leave below the build directory."""

import pathlib
import re
from typing import Dict, Iterable, List, NamedTuple, Tuple

from collect import Test

CASE = re.compile(r"^(ok|not ok) (.*?)(?: # skip ?(.*))?$")
CTEST = re.compile(r"Test +#\d+: (\S+) \.* *(Passed|\*\*\*\S.*?) ")

FAILED, PASSED, SKIPPED, NOT_RUN = "failed", "passed", "skipped", "not run"


class Outcome(NamedTuple):
    word: str
    why: str = ""  # of a skipped one

    def __str__(self) -> str:
        return f"{self.word}: {self.why}" if self.why else self.word


def worst_first(outcomes: Iterable[Outcome]) -> Outcome:
    """What several runs or tests come to: one failure counts, one pass beats being skipped elsewhere."""
    found = list(outcomes)
    for word in (FAILED, PASSED, SKIPPED):
        for outcome in found:
            if outcome.word == word:
                return outcome
    return Outcome(NOT_RUN)


def row_result(outcomes: Iterable[Outcome]) -> str:
    """What a requirement's tests come to, and how many of them did not run here."""
    found = list(outcomes)
    worst = worst_first(found)
    missing = sum(outcome.word in (SKIPPED, NOT_RUN) for outcome in found)
    if worst.word in (FAILED, PASSED) and missing:
        return f"{worst}, {missing} of {len(found)} not run"
    return str(worst)


class Results:
    def __init__(self, build: pathlib.Path) -> None:
        self.cases: Dict[Tuple[str, str], List[Outcome]] = {}
        self.programs: Dict[str, List[Outcome]] = {}
        self.logs = 0
        for folder in ("test-logs", "vm-logs"):
            for log in sorted((build / folder).glob("*.log")):
                self.read(log)

    def read(self, log: pathlib.Path) -> None:
        # `lifecycle,-cgroup-view-v2.log`, `engine:-podman.log`, `lifecycle.log`
        script = log.stem.split(",")[0].split(":-")[-1]
        self.logs += 1
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            case = CASE.match(line)
            program = CTEST.search(line)
            if case is not None:
                self.cases.setdefault((script, case[2]), []).append(outcome_of(case))
            elif program is not None:
                passed = program[2] == "Passed"
                self.programs.setdefault(program[1], []).append(Outcome(PASSED if passed else FAILED))

    def of(self, test: Test) -> Outcome:
        """A Catch2 test is told by its whole program: that passes only when all of them do."""
        if test.program:
            return worst_first(self.programs.get(test.program, []))
        return worst_first(self.cases.get((pathlib.PurePath(test.file).stem, test.name), []))


def outcome_of(case: "re.Match[str]") -> Outcome:
    if case[1] == "not ok":
        return Outcome(FAILED)
    return Outcome(SKIPPED, case[3]) if case[3] is not None else Outcome(PASSED)
