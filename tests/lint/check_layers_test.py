#!/usr/bin/env python3
"""Tests of check_layers.py on small trees: every rule is seen to fire, and to leave good code alone."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check_layers

HEADER = "// What this is for.\n#pragma once\n"


def findings(files):
    """The printed lines for a tree of the files {path: text}, and the exit code."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = check_layers.main([directory])
        return output.getvalue().splitlines(), code


class CheckLayers(unittest.TestCase):
    def assert_clean(self, path, text):
        self.assertEqual(findings({path: text}), ([], 0), f"{path}: {text}")

    def assert_found(self, path, text, line, words):
        found, code = findings({path: text})
        self.assertEqual(code, 1, f"{path}: {text}")
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found[0])
        self.assertIn(words, found[0])

    def test_includes_point_down(self):
        for path, target in [
            ("sys/a.cc", "sys/files.h"), ("oci-spec/a.cc", "sys/files.h"), ("mounts/a.cc", "oci-spec/spec.h"),
            ("mounts/a.cc", "mounts/plan.h"), ("cgroups/v2/a.cc", "cgroups/write.h"),
            ("runtime/plan/a.cc", "seccomp/plan.h"), ("runtime/init/a.cc", "runtime/plan/container_plan.h"),
            ("runtime/init/a.cc", "runtime/hooks/run_hooks.h"), ("runtime/container/a.cc", "runtime/init/spawn.h"),
            ("runtime/cli/a.cc", "runtime/myrt.h"), ("runtime/cli/main.cc", "runtime/init/sealed_self.h"),
            ("examples/a.cc", "runtime/myrt.h"), ("tests/unit/a.cc", "runtime/init/spawn.h"),
        ]:
            self.assert_clean(path, f'#include "{target}"\n')

    def test_other_includes_are_found(self):
        for path, target in [
            ("sys/a.cc", "oci-spec/spec.h"), ("oci-spec/a.cc", "mounts/plan.h"), ("mounts/a.cc", "cgroups/plan.h"),
            ("cgroups/a.cc", "runtime/myrt.h"), ("seccomp/a.cc", "capabilities/plan.h"),
            ("runtime/plan/a.cc", "runtime/init/spawn.h"), ("runtime/hooks/a.cc", "runtime/init/spawn.h"),
            ("runtime/init/a.cc", "runtime/container/create.h"), ("runtime/container/a.cc", "runtime/cli/help.h"),
            ("runtime/cli/a.cc", "mounts/plan.h"), ("runtime/cli/a.cc", "runtime/init/spawn.h"),
            ("examples/a.cc", "runtime/container/create.h"), ("mounts/a.cc", "tests/support/temp_dir.h"),
            ("mounts/a.cc", "plan.h"),
        ]:
            self.assert_found(path, f'// x\n#include "{target}"\n', 2, f'"{target}"')

    def test_the_public_header_is_not_the_runtime(self):
        self.assert_found("runtime/myrt.h", HEADER + '#include "runtime/plan/container_plan.h"\n', 3, "runtime may")
        self.assert_clean("runtime/myrt.h", HEADER + '#include "oci-spec/spec.h"\n#include "sys/result.h"\n')

    def test_a_commented_include_is_none(self):
        self.assert_clean("sys/a.cc", '// #include "oci-spec/spec.h"\n/*\n#include "mounts/plan.h"\n*/\n')

    def test_forbidden_calls_are_found(self):
        for code in [
            "::open(path, 0);", "int fd = ::openat(d, p, 0);", "syscall(SYS_openat2, 1);", "::mount(a, b, c, 0, 0);",
            "::umount2(a, 0);", "fork();", "::fork();", "::vfork();", 'system("ls");', "std::system(x);",
            "popen(a, b);", "::realpath(a, b);", "std::strerror(errno);", "::perror(x);", "std::getenv(x);",
            "::setenv(a, b, 1);", "exit(1);", "std::exit(1);", "printf(x);", "std::puts(x);", "fmt::print(x);",
            "std::cout << 1;", "std::ostringstream s;", "std::regex r;", "std::filesystem::path p;", "std::thread t;",
            "std::jthread t;", "throw 1;",
        ]:
            self.assert_found("runtime/init/a.cc", f"void f() {{\n  {code}\n}}\n", 2, "`")

    def test_forbidden_headers_are_found(self):
        for header in ["iostream", "fstream", "sstream", "regex", "filesystem", "thread", "mutex", "future"]:
            self.assert_found("mounts/a.cc", f"#include <{header}>\n", 1, f"<{header}>")

    def test_similar_calls_are_left_alone(self):
        for code in [
            "sys::open(path, 0);", "sys::mount(a, b, c, 0, d);", "fd.open(x);", "file->open(x);", "reopen(x);",
            "Procfs::open();", "sys::Procfs::open();", "ErrorCode::system;", "_exit(1);", "::_exit(1);",
            "on_exit(1);", "child.exit(1);", "fmt::format(x);", "snprintf(a, 1, b);", "nothrow();",
            "mounts::mount(x);", "throws = 1;", "// std::regex, ::open(", '"std::cout system("', 'R"(popen(x))"',
            "std::this_thread;", "int n = 1'000; f('a');",
        ]:
            self.assert_clean("runtime/init/a.cc", f"void f() {{\n  {code}\n}}\n")

    def test_the_places_that_may(self):
        self.assert_clean("sys/a.cc", "int f() { return ::openat(1, p, 0) + ::mount(a, b, c, 0, 0); }\n")
        self.assert_clean("runtime/cli/a.cc", "auto f() { return std::getenv(x) + fmt::print(x); }\n")
        self.assert_clean("runtime/cli/main.cc", "void f() { exit(1); }\n")
        threads = "#include <thread>\nvoid f() { std::thread t; }\n"
        self.assert_clean("sys/share_out.cc", threads)
        self.assert_found("sys/a.cc", "#include <thread>\n", 1, "<thread>")
        self.assert_found("sys/a.cc", "void f() { std::thread t; }\n", 1, "std::thread")
        self.assert_found("sys/share_out.cc", "#include <mutex>\n", 1, "<mutex>")
        self.assert_clean("tests/unit/a.cc", "#include <thread>\nvoid f() { ::open(p, 0); throw 1; }\n")
        self.assert_found("runtime/cli/a.cc", "void f() { exit(1); }\n", 1, "exit(")
        self.assert_found("sys/a.cc", "void f() { getenv(x); }\n", 1, "getenv(")

    def test_code_after_a_quote_character_is_still_seen(self):
        self.assert_found("mounts/a.cc", "char c = '\"'; int n = 1'000;\nint f = ::open(p, 0);\n", 2, "::open(")
        self.assert_found("mounts/a.cc", 'auto s = "//"; int f = ::open(p, 0);\n', 1, "::open(")
        self.assert_found("mounts/a.cc", 'auto s = "\\\\"; int f = ::open(p, 0);\n', 1, "::open(")
        self.assert_found("mounts/a.cc", 'auto s = R"x(")x"; int f = ::open(p, 0);\n', 1, "::open(")

    def test_json_stays_where_it_is(self):
        include = "#include <nlohmann/json.hpp>\n"
        self.assert_clean("oci-spec/a.cc", include)
        self.assert_clean("runtime/container/a.cc", include)
        self.assert_found("runtime/init/a.cc", include, 1, "nlohmann")
        self.assert_found("sys/a.cc", include, 1, "nlohmann")
        self.assert_found("oci-spec/a.h", HEADER + include, 3, "header")
        self.assert_clean("oci-spec/a.h", HEADER + "#include <nlohmann/json_fwd.hpp>\n")

    def test_the_shape_of_files(self):
        self.assert_clean("mounts/a.cc", "\n" * 400)
        self.assert_found("mounts/a.cc", "\n" * 401, 401, "401 lines")
        self.assert_found("tests/unit/a.cc", "\n" * 401, 401, "401 lines")
        self.assert_found("mounts/a.h", "#pragma once\n", 1, "first line")
        self.assert_found("mounts/a.h", "// What.\n#include <string>\n#pragma once\n", 1, "#pragma once")
        self.assert_found("mounts/a.h", "// What.\n// #pragma once\nint a;\n", 1, "#pragma once")
        self.assert_found("mounts/mount_utils.cc", "int a;\n", 1, "noun")
        self.assert_clean("mounts/utility.cc", "int a;\n")

    def test_a_tree_without_sources_is_no_success(self):
        self.assertEqual(findings({"README.md": "x"})[1], 1)


if __name__ == "__main__":
    unittest.main()
