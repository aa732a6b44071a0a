"""The form of BUILD files: each finding in a file that has it, and what --fix makes of it."""

import pathlib
import tempfile
import unittest

import check_build_files

PRIVATE = 'package(default_visibility = ["//visibility:private"])\n\n'
LOAD = 'load("@rules_cc//cc:defs.bzl", "cc_library")\n\n'
FILES = PRIVATE + 'filegroup(\n    name = "f",\n    srcs = [\n{}    ],\n)\n'


class Form(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def file(self, text, exceptions=()):
        path = pathlib.Path("BUILD.bazel")
        (self.root / path).write_text(text)
        return check_build_files.BuildFile(self.root, path, exceptions)

    def rules(self, text, exceptions=()):
        return [line.split(": ")[1] for line in self.file(text, exceptions).check()]

    def fixed(self, text):
        file = self.file(text)
        file.fix()
        return file.text

    def test_a_file_in_form_has_no_finding(self):
        text = LOAD + PRIVATE + 'cc_library(\n    name = "a",\n    hdrs = ["a.h"],\n)\n'
        self.assertEqual(self.rules(text), [])
        self.assertEqual(self.fixed(text), text)

    def test_an_empty_file_and_one_of_exports_are_in_form(self):
        self.assertEqual(self.rules(""), [])
        self.assertEqual(self.rules('exports_files(["a"])\n'), [])

    def test_cc_rules_are_loaded(self):
        text = PRIVATE + 'cc_library(\n    name = "a",\n)\n'
        self.assertEqual(self.rules(text), ["loads"])
        self.assertEqual(self.fixed(text), LOAD + text)

    def test_a_new_cc_rule_joins_the_load_that_is_there(self):
        text = LOAD + PRIVATE + 'cc_binary(\n    name = "b",\n)\n\ncc_library(\n    name = "a",\n)\n'
        self.assertIn('"cc_binary", "cc_library")', self.fixed(text))

    def test_loads_are_sorted_used_and_at_the_top(self):
        ours = 'load("//tools:x.bzl", "x_test")\n'
        use = 'x_test(\n    name = "t",\n    size = "small",\n)\n\ncc_library(\n    name = "a",\n)\n'
        self.assertEqual(self.rules(ours + LOAD + PRIVATE + use), ["loads"])
        self.assertEqual(self.rules(LOAD.strip() + "\n" + ours + "\n" + PRIVATE + use), [])
        self.assertEqual(self.rules(self.fixed(ours + "\n" + PRIVATE + use)), [])
        late = LOAD + PRIVATE + ours + use
        self.assertEqual(self.rules(late), ["loads"])
        unused = LOAD + PRIVATE + 'filegroup(\n    name = "f",\n)\n'
        self.assertEqual(self.rules(unused), ["loads"])

    def test_packages_are_private_or_say_why_not(self):
        open_to_all = 'package(default_visibility = ["//:everybody"])\n\n'
        rule = 'filegroup(\n    name = "f",\n)\n'
        self.assertEqual(self.rules(open_to_all + rule), ["visibility"])
        self.assertEqual(self.rules("# Everybody logs.\n" + open_to_all + rule), [])
        self.assertEqual(self.rules(rule), ["visibility"])
        self.assertEqual(self.fixed("# What f is.\n" + rule), PRIVATE + "# What f is.\n" + rule)

    def test_the_name_comes_first(self):
        text = PRIVATE + 'filegroup(\n    srcs = ["a"],\n    name = "f",\n)\n'
        self.assertEqual(self.rules(text), ["name"])
        self.assertEqual(
            self.fixed(text), PRIVATE + 'filegroup(\n    name = "f",\n    srcs = ["a"],\n)\n'
        )

    def test_lists_of_labels_are_sorted_by_kind_and_part(self):
        wanted = ["a.h", ":a", "//a", "//a:b", "//a/b:a", "@x"]
        self.assertEqual(sorted(reversed(wanted), key=check_build_files.label_key), wanted)
        text = FILES.format('        "//b",\n        "a",\n')
        self.assertEqual(self.rules(text), ["sorted"])
        self.assertEqual(self.rules(self.fixed(text)), [])
        self.assertIn('        "a",\n        "//b",\n    ],\n', self.fixed(text))

    def test_a_label_stands_once(self):
        text = PRIVATE + 'filegroup(\n    name = "f",\n    srcs = ["a", "a"],\n)\n'
        self.assertEqual(self.rules(text), ["sorted"])
        self.assertIn('srcs = ["a"],', self.fixed(text))

    def test_a_list_with_a_comment_is_left_to_a_person(self):
        text = FILES.format('        # b\n        "b",\n        "a",\n')
        self.assertEqual(self.fixed(text), text)
        self.assertEqual(self.rules(text), ["sorted"])

    def test_tests_have_a_size_or_a_macro_with_a_default(self):
        (self.root / "tools").mkdir()
        (self.root / "tools/x.bzl").write_text('def x_test(name, size = "small"):\n    pass\n')
        text = 'load("//tools:x.bzl", "x_test")\n\n' + PRIVATE + 'x_test(\n    name = "t",\n)\n'
        self.assertEqual(self.rules(text), [])
        self.assertEqual(self.rules(PRIVATE + 'sh_test(\n    name = "t",\n)\n'), ["size"])

    def test_long_files_are_found_but_for_named_exceptions(self):
        text = PRIVATE + 'filegroup(\n    name = "f",\n)\n' + "# x\n" * 150
        self.assertEqual(self.rules(text), ["length"])
        self.assertEqual(self.rules(text, {"BUILD.bazel"}), [])

    def test_spaces_at_the_end_and_no_newline(self):
        text = PRIVATE + 'filegroup(\n    name = "f",  \n)'
        self.assertEqual(self.rules(text), ["text", "text"])
        self.assertEqual(self.rules(self.fixed(text)), [])


if __name__ == "__main__":
    unittest.main()
