#!/usr/bin/env python3
"""Tests of check_scenarios.py: that it finds what it is for."""

import pathlib
import tempfile
import unittest

import check_scenarios

SCRIPT = """
expect 'run prints' 0 hi run echo hi
  holds "$way: exec's end, SIG$1" true
it 'kill --all [OPS-14][vm]' killed
expect "$way: update $*" 0 '*' true
says 'the program'\\''s status' 1 '' run
"""


class CheckScenarios(unittest.TestCase):
    def findings(self, *rows, script="docker.sh"):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "docs").mkdir()
            (root / "tests" / "e2e").mkdir(parents=True)
            (root / "tests" / "e2e" / script).write_text(SCRIPT, encoding="utf-8")
            (root / "docs" / "scenarios.md").write_text("\n".join(rows), encoding="utf-8")
            return check_scenarios.check(root)[0]

    def test_what_is_there_is_found(self):
        self.assertEqual(self.findings(
            "| # | scenario | tests |",
            "|---|---|---|",
            "| 1 | a | `e2e/docker.sh`: run prints<br>`e2e/docker.sh`: with a log: exec's end, SIGTERM |",
            "| 2 | b | `e2e/docker.sh`: kill --all<br>`e2e/docker.sh`: the program's status<br>`e2e/docker.sh`: with: update --x 1 |",
            "| 3 | c | not here: there is no such thing<br>`tests/e2e/docker.sh` |"), [])

    def test_a_case_that_is_not_there(self):
        self.assertEqual(self.findings("| 1 | a | `e2e/docker.sh`: run print |"),
                         ["row 1: there is no case 'run print' in e2e/docker.sh"])

    def test_a_file_that_is_not_there(self):
        self.assertEqual(self.findings("| 1 | a | `e2e/dock.sh`: run prints<br>`e2e/docker.sh` |"),
                         ["row 1: there is no e2e/dock.sh"])

    def test_neither_test_nor_reason(self):
        self.assertEqual(self.findings("| 1 | a | later<br>`e2e/docker.sh` |"),
                         ["row 1: neither a test nor a reason: later"])

    def test_rows_are_counted(self):
        self.assertEqual(self.findings("| 1 | a | `e2e/docker.sh` |", "| 3 | b | not here: x |"),
                         ["row 3 where 2 is expected"])

    def test_a_row_that_cannot_be_read(self):
        self.assertEqual(self.findings("| 1 | a | `e2e/docker.sh` |", "| 2 | b |"),
                         ["a row that cannot be read: | 2 | b |"])

    def test_every_engine_has_a_row(self):
        self.assertEqual(self.findings("| 1 | a | not here: x |"), ["no row names e2e/docker.sh"])
        self.assertEqual(self.findings("| 1 | a | not here: x |", script="docker_lib.sh"), [])

    def test_no_row(self):
        self.assertEqual(self.findings("", script="lib.sh"), ["no row at all"])


if __name__ == "__main__":
    unittest.main()
