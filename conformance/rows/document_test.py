#!/usr/bin/env python3
"""Tests of document.py on small trees."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import document

CHECKLIST = "CPI-01\tMUST\t\tpids.limit\nCPI-02\tSHOULD\t1.3\tpids.limit 0\nCGP-02\tMAY\t\tcgroupsPath relative\n"
CMAKE = "myrt_unit_tests(cgroups cgroups NEEDS myrt_cgroups)\nadd_executable(kernel integration/a_test.cc)\n"
CATCH = 'TEST_CASE("limits",\n          "[cgroups][CPI-01]") {\n  check_rows({{"CPI-02", "x"}});\n}\n'


class Tree:
    """A tree in which both requirements that need a test have one."""

    def __init__(self, directory):
        self.root = pathlib.Path(directory)
        self.write("conformance/rows/checklist.tsv", CHECKLIST)
        self.write("conformance/rows/reasons.tsv", "# none\n")
        self.write("conformance/rows/differences.tsv", "")
        self.write("tests/CMakeLists.txt", CMAKE)
        self.write("tests/unit/cgroups/a_test.cc", CATCH)
        self.write("docs/conformance.md", "")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def run(self, *arguments):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = document.main(list(arguments), self.root)
        return code, output.getvalue()

    def make(self):
        return self.run("--write", str(self.root / "build"))

    def document(self):
        return (self.root / "docs/conformance.md").read_text(encoding="utf-8")

    def rows(self):
        """The lines of the written document by ID, those of the sections (the last ones) only."""
        return {line[2:].split(" |")[0]: line for line in self.document().splitlines() if line.startswith("| ")}


class Document(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = Tree(directory.name)

    def assert_refused(self, words):
        code, output = self.tree.make()
        self.assertEqual(code, 1)
        self.assertIn(words, output)
        self.assertEqual(self.tree.run("--check")[0], 1)

    def test_written_is_current(self):
        self.assertEqual(self.tree.make(), (0, ""))
        self.assertEqual(self.tree.run("--check"), (0, ""))
        self.assertIn("`unit/cgroups/a_test.cc`: limits", self.tree.rows()["CPI-01"])
        self.assertIn("no test", self.tree.rows()["CGP-02"])

    def test_stale(self):
        self.tree.make()
        self.tree.write("tests/integration/a.sh", "it 'another [CPI-01]' another\n")
        code, output = self.tree.run("--check")
        self.assertEqual(code, 1)
        self.assertIn("make conformance-doc", output)

    def test_requirement_without_test(self):
        self.tree.write("tests/unit/cgroups/a_test.cc", CATCH.replace("CPI-02", "x"))
        self.assert_refused("CPI-02 (SHOULD) has no test")
        self.tree.write("conformance/rows/reasons.tsv", "CPI-02\tbecause\n")
        self.assertEqual(self.tree.make(), (0, ""))
        self.assertIn("| CPI-02 | SHOULD | pids.limit 0 | because |", self.tree.document())

    def test_unknown_requirement(self):
        self.tree.write("tests/integration/a.sh", "it 'odd [CPI-09]' odd\n")
        self.assert_refused("cites CPI-09")
        self.tree.write("tests/integration/a.sh", "")
        self.tree.write("conformance/rows/reasons.tsv", "CPI-09\tbecause\n")
        self.assert_refused("reasons.tsv: CPI-09")

    def test_difference_needs_a_test(self):
        self.tree.write("conformance/rows/differences.tsv", "\t".join(["DIFF-01", "topic", "a", "b", "c", "d", "why"]) + "\n")
        self.assert_refused("DIFF-01 (topic) has no test")
        self.tree.write("tests/integration/a.sh", "it 'differs [DIFF-01]' differs\n")
        self.assertEqual(self.tree.make(), (0, ""))

    def test_names_of_shell_cases(self):
        self.tree.write("tests/integration/a.sh", """it 'range [CPI-01..02]' a
it 'it'\\''s | quoted [CPI-01][vm]' b
it "invalid: $filter [$id]" c
CPI-02|.a = [1] \\| .b|/a
""")
        self.tree.make()
        self.assertIn("`integration/a.sh`: range; it's \\| quoted (in the virtual machine)", self.tree.rows()["CPI-01"])
        self.assertIn("range; invalid: .a = [1] \\| .b", self.tree.rows()["CPI-02"])

    def test_results(self):
        self.tree.write("tests/integration/a.sh", "it 'one [CPI-01]' a\nit 'two [CPI-02]' a\nit 'three [CGP-02]' a\n")
        self.tree.write("build/test-logs/a,-cgroup-view-v2.log",
                        "ok one [CPI-01]\nnot ok two [CPI-02]\nok three [CGP-02] # skip no disk\n")
        self.tree.write("build/test-logs/unit.log", " 1/1 Test  #1: unit_cgroups .....   Passed    0.10 sec\n")
        self.tree.make()
        self.assertTrue(self.tree.rows()["CPI-01"].endswith("| passed |"))
        self.assertTrue(self.tree.rows()["CPI-02"].endswith("| failed |"))
        self.assertTrue(self.tree.rows()["CGP-02"].endswith("| skipped: no disk |"))
        # They are kept when there are no logs, and do not matter to --check.
        (self.tree.root / "build/test-logs/unit.log").unlink()
        (self.tree.root / "build/test-logs/a,-cgroup-view-v2.log").unlink()
        self.assertEqual(self.tree.make()[0], 0)
        self.assertTrue(self.tree.rows()["CPI-01"].endswith("| passed |"))
        self.assertEqual(self.tree.run("--check"), (0, ""))

    def test_some_that_did_not_run(self):
        self.tree.write("tests/integration/a.sh", "it 'one [CPI-01]' a\n")
        self.tree.write("build/test-logs/unit.log", " 1/1 Test  #1: unit_cgroups ***Failed    0.10 sec\n")
        self.tree.make()
        self.assertTrue(self.tree.rows()["CPI-01"].endswith("| failed, 1 of 2 not run |"))


if __name__ == "__main__":
    unittest.main()
