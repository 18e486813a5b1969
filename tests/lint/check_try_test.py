#!/usr/bin/env python3
"""Tests of check_try.py: what leaks is found, and what does not is left alone."""

import unittest

import check_try


class CheckTry(unittest.TestCase):
    def assert_found(self, code):
        self.assertEqual(list(check_try.findings(code)), [1], code)

    def assert_clean(self, code):
        self.assertEqual(list(check_try.findings(code)), [], code)

    def test_a_value_behind_another_is_found(self):
        self.assert_found("Unit unit{name, TRY(path())};")
        self.assert_found("Unit unit = {.name = name, .path = TRY(path())};")
        self.assert_found("list.push_back({TRY(a()).b, c(d, TRY(e()))});")
        self.assert_found("return Unit{name, {TRY(path())}};")

    def test_the_first_value_has_nothing_before_it(self):
        self.assert_clean("Unit unit{TRY(path()), {}};")

    def test_arguments_in_parentheses_are_destroyed(self):
        self.assert_clean("return std::pair(name, TRY(path()));")

    def test_a_block_is_no_list(self):
        self.assert_clean("void f() { int a, b; c(a, b); TRY(path()); }")
        self.assert_clean("Result<> f(int a, int b) { return g(a, TRY(h(b))); }")
        self.assert_clean("auto x = X{a, [&](int b) { TRY(c(b)); return d; }};")

    def test_comments_and_texts_are_no_code(self):
        self.assert_clean('const char* a[] = {"x", "TRY(y)"};  // {a, TRY(b)}')


if __name__ == "__main__":
    unittest.main()
