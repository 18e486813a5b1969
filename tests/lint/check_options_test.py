#!/usr/bin/env python3
"""Tests of check_options.py on a made-up runtime: every rule is seen to fire."""

import pathlib
import tempfile
import unittest

import check_options

# A runtime with one command `go`, whose options a test chooses.
RUNTIME = """#!/bin/sh
shift 2 # --root DIR
case "$*" in
  --help) printf 'COMMANDS:\\n   go  does it\\n\\nGLOBAL OPTIONS:\\n   --root DIR  state\\n   --help, -h  show help\\n' ;;
  'go --help') printf 'OPTIONS:\\n%s   --help, -h    show help\\n' '@OPTIONS@' ;;
  *--never*) [ @REFUSES@ = yes ] && echo '--never is not supported yet' >&2 && exit 1 ;;
esac
"""
SHELL = """
helper() { must runtime go "$@"; }
fast() {
  helper --fast some
}
aimless() {
  runtime go --fast
}
unused() {
  same 1 1
}
everything() {
  try runtime --root /x go -h
  is_status 0
}
it 'goes fast [OPS-01]' fast
it 'goes nowhere' aimless
it 'is idle' unused
it 'it'\\''s all there' everything
"""
GOOD = {
    "global --root": "cases.sh | it's all there",
    "global --help": "cases.sh | it's all there",
    "go": "cases.sh | goes fast",
    "go --fast": "cases.sh | goes fast",
}


def findings(table, options="   --fast, -f    at speed\n", refuses="yes"):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        runtime = root / "runtime"
        runtime.write_text(RUNTIME.replace("@OPTIONS@", options).replace("@REFUSES@", refuses))
        runtime.chmod(0o755)
        (root / "cases.sh").write_text(SHELL)
        (root / "unit.cc").write_text(
            'TEST_CASE("long names "\n          "go on", "[x]") {\n  go({"--fast"});\n  CHECK(true);\n}\n')
        (root / "options.txt").write_text("# a comment\n\n" + "".join(
            f"{subject} | {test}\n" for subject, test in table.items()))
        return check_options.check(str(runtime), root, root / "options.txt")[0]


class CheckOptions(unittest.TestCase):
    def assert_found(self, words, *arguments, **named):
        found = findings(*arguments, **named)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_complete_table_is_clean(self):
        self.assertEqual(findings(GOOD), [])
        self.assertEqual(findings(GOOD | {"go --fast": "unit.cc | long names go on"}), [])

    def test_a_new_option_needs_a_test(self):
        self.assert_found("`go --far` has no test", GOOD,
                          options="   --fast, -f    at speed\n   --far KM      a distance\n")

    def test_a_new_command_needs_a_test(self):
        self.assert_found("`go` has no test", {k: v for k, v in GOOD.items() if k != "go"})

    def test_the_test_must_exist(self):
        self.assert_found("there is no test 'goes slow'", GOOD | {"go --fast": "cases.sh | goes slow"})
        self.assert_found("there is no test", GOOD | {"go --fast": "other.sh | goes fast"})

    def test_the_test_must_use_the_option(self):
        self.assert_found("does not use --fast", GOOD | {"go --fast": "cases.sh | it's all there"})

    def test_the_test_must_run_the_command(self):
        self.assert_found("does not run `go`", GOOD | {"go": "cases.sh | is idle"})

    def test_the_test_must_expect_something(self):
        self.assert_found("expects nothing", GOOD | {"go --fast": "cases.sh | goes nowhere"})

    def test_old_lines_are_found(self):
        self.assert_found("there is no `go --slow`", GOOD | {"go --slow": "cases.sh | goes fast"})

    def test_what_is_refused_is_refused_by_name(self):
        options = "   --fast, -f    at speed\n   --never       not now (not supported yet)\n"
        self.assertEqual(findings(GOOD, options), [])
        self.assert_found("not refused", GOOD, options, refuses="no")
        self.assert_found("can have no test", GOOD | {"go --never": "cases.sh | goes fast"}, options)


if __name__ == "__main__":
    unittest.main()
