#!/usr/bin/env python3
"""BUILD files in one form. Usage: check_build_files.py [--fix] [FILE...]

Without files: all BUILD.bazel of the repository. What is asked:

  loads       at the top, sorted, each used; cc_* rules come from @rules_cc//cc:defs.bzl or
              a macro of ours, as later releases of Bazel have none of their own     (fix)
  visibility  package(default_visibility = ["//visibility:private"]), or a comment directly
              above package() that says why more see it          (fix, where none is stated)
  name        the first attribute of every rule                                      (fix)
  sorted      srcs, hdrs, deps, data, tags, tests, each once: files, then :x, //x, @x (fix)
  size        on every test whose macro has no default
  length      at most 150 lines; exceptions: tools/house_exceptions.txt
  text        no tab, no space at a line's end, one newline at the end               (fix)

Exit code: 0 if nothing is found, 1 else, 2 if a file is no BUILD file.
"""

import argparse
import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
RULES_CC = "@rules_cc//cc:defs.bzl"
NATIVE_CC = {
    "cc_binary",
    "cc_import",
    "cc_library",
    "cc_proto_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_suite",
}
SORTED_ATTRIBUTES = {"data", "deps", "hdrs", "srcs", "tags", "tests"}
PRIVATE = ["//visibility:private"]
MAX_LINES = 150
NO_RULES = {"exports_files", "licenses", "load", "package", "package_group"}


def label_key(label):
    """Order of labels: plain files, own package, this repository, others; then by part."""
    phase = 3 if label.startswith("@") else 2 if label.startswith("//") else label.startswith(":")
    return int(phase), label.replace(":", ".").split(".")


def kind_of(call):
    """Name of the called rule or macro; "" for other statements."""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def calls_of(tree):
    """Calls at the top level, those inside list comprehensions included."""
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            value = statement.value
            if isinstance(value, ast.ListComp):
                value = value.elt
            if isinstance(value, ast.Call):
                yield value


def keyword(call, name):
    return next((k.value for k in call.keywords if k.arg == name), None)


def string_lists(node):
    """Lists of only strings, at least two, within + and select()."""
    for part in ast.walk(node):
        if (
            isinstance(part, ast.List)
            and len(part.elts) > 1
            and all(isinstance(e, ast.Constant) and isinstance(e.value, str) for e in part.elts)
        ):
            yield part


def macro_has_size(root, label, name):
    """Whether macro `name` of the .bzl file `label` has a default for size."""
    path = root / label.lstrip("/").replace(":", "/").lstrip("/")
    if not label.startswith("//") or not path.is_file():
        return False
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            with_default = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            # None: of another macro, which has one.
            return any(a.arg == "size" for a in with_default)
    return False


class BuildFile:
    """One BUILD file: its text, and what is found in it. Line numbers count from 1."""

    def __init__(self, root, path, exceptions=()):
        self.root = root
        self.path = path
        self.exceptions = exceptions
        self.text = (root / path).read_text()
        self.findings = []

    def find(self, line, rule, what):
        self.findings.append(f"{self.path}:{line}: {rule}: {what}")

    def check(self):
        self.findings = []
        tree = ast.parse(self.text, str(self.path))
        calls = list(calls_of(tree))
        self.check_text()
        self.check_loads(tree, calls)
        if any(kind_of(c) not in NO_RULES for c in calls):
            self.check_visibility(calls)
        for call in calls:
            if kind_of(call) not in NO_RULES:
                self.check_rule(call)
        lines = self.text.count("\n")
        if lines > MAX_LINES and str(self.path) not in self.exceptions:
            self.find(lines, "length", f"{lines} lines, at most {MAX_LINES}")
        return self.findings

    def check_text(self):
        for number, line in enumerate(self.text.split("\n"), 1):
            if line != line.rstrip() or "\t" in line:
                self.find(number, "text", "a tab, or a space at the end of the line")
        if self.text and not re.search(r"[^\n]\n$", self.text):
            self.find(self.text.count("\n"), "text", "does not end with one newline")

    def check_loads(self, tree, calls):
        loads = [c for c in calls if kind_of(c) == "load"]
        labels = [c.args[0].value for c in loads]
        if labels != sorted(labels, key=lambda x: (not x.startswith("@"), x)):
            self.find(loads[0].lineno, "loads", "not sorted: @x first, then //x")
        first_other = next(
            (s.lineno for s in tree.body if not self.is_load(s) and not self.is_text(s)), 1 << 30
        )
        for load in loads:
            if load.lineno > first_other:
                self.find(load.lineno, "loads", f"{load.args[0].value} is not at the top")
            names = [a.value for a in load.args[1:]]
            if names != sorted(names):
                self.find(load.lineno, "loads", f"names of {load.args[0].value} not sorted")
        loaded = {a.value for c in loads for a in c.args[1:]}
        loaded |= {k.arg for c in loads for k in c.keywords}
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        for name in sorted(loaded - used):
            self.find(1, "loads", f"{name} is loaded and not used")
        for name in sorted((NATIVE_CC & {kind_of(c) for c in calls}) - loaded):
            self.find(1, "loads", f'{name} wants load("{RULES_CC}", "{name}")')

    @staticmethod
    def is_load(statement):
        return (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Call)
            and kind_of(statement.value) == "load"
        )

    @staticmethod
    def is_text(statement):
        return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)

    def check_visibility(self, calls):
        package = next((c for c in calls if kind_of(c) == "package"), None)
        if package is None:
            self.find(1, "visibility", "no package(default_visibility)")
            return
        value = keyword(package, "default_visibility")
        stated = value and [getattr(e, "value", None) for e in getattr(value, "elts", [])]
        above = self.text.split("\n")[package.lineno - 2] if package.lineno > 1 else ""
        if stated != PRIVATE and not above.startswith("#"):
            self.find(package.lineno, "visibility", "not private by default, without a reason")

    def check_rule(self, call):
        kind, name = kind_of(call), keyword(call, "name")
        what = f"{kind} {getattr(name, 'value', '?')}"
        if call.keywords and name is not None and call.keywords[0].arg != "name":
            self.find(call.lineno, "name", f"{what}: name is not the first attribute")
        if kind.endswith("_test") and keyword(call, "size") is None:
            label = next((x for x in self.loaded_from() if kind in self.loaded_from()[x]), "")
            if not macro_has_size(self.root, label, kind):
                self.find(call.lineno, "size", f"{what} has none")
        for attribute in call.keywords:
            if attribute.arg in SORTED_ATTRIBUTES:
                for part in string_lists(attribute.value):
                    values = [e.value for e in part.elts]
                    if values != sorted(set(values), key=label_key):
                        self.find(part.lineno, "sorted", f"{attribute.arg} of {what}")

    def loaded_from(self):
        tree = ast.parse(self.text)
        return {
            c.args[0].value: {a.value for a in c.args[1:]}
            for c in calls_of(tree)
            if kind_of(c) == "load"
        }

    def fix(self):
        """Mends what is mechanical; each mend parses the text anew."""
        self.text = "\n".join(line.rstrip() for line in self.text.split("\n")).rstrip("\n")
        self.text += "\n" if self.text else ""
        while self.sort_one() or self.move_one_name():
            pass
        self.add_rules_cc()
        self.sort_loads()
        self.add_package()

    def replace(self, node, text):
        lines = self.text.split("\n")
        first, last = node.lineno - 1, node.end_lineno - 1
        middle = lines[first][: node.col_offset] + text + lines[last][node.end_col_offset :]
        self.text = "\n".join([*lines[:first], middle, *lines[last + 1 :]])

    def sort_one(self):
        for call in calls_of(ast.parse(self.text)):
            for attribute in call.keywords:
                if attribute.arg not in SORTED_ATTRIBUTES or kind_of(call) in NO_RULES:
                    continue
                for part in string_lists(attribute.value):
                    values = [e.value for e in part.elts]
                    wanted = sorted(set(values), key=label_key)
                    source = ast.get_source_segment(self.text, part)
                    # A comment stays with its element: for a person to move.
                    if values == wanted or "#" in source:
                        continue
                    quoted = [f'"{v}"' for v in wanted]
                    if "\n" in source:
                        indent = " " * part.elts[0].col_offset
                        close = " " * (part.end_col_offset - 1)
                        inner = "".join(f"{indent}{q},\n" for q in quoted)
                        self.replace(part, f"[\n{inner}{close}]")
                    else:
                        self.replace(part, f"[{', '.join(quoted)}]")
                    return True
        return False

    def move_one_name(self):
        for call in calls_of(ast.parse(self.text)):
            name = next((k for k in call.keywords if k.arg == "name"), None)
            if kind_of(call) in NO_RULES or name is None or call.keywords[0] is name:
                continue
            lines = self.text.split("\n")
            if name.lineno != name.end_lineno or call.lineno == name.lineno:
                continue
            line = lines.pop(name.lineno - 1)
            lines.insert(call.lineno, line)
            self.text = "\n".join(lines)
            return True
        return False

    def add_rules_cc(self):
        tree = ast.parse(self.text)
        loads = [c for c in calls_of(tree) if kind_of(c) == "load"]
        loaded = {a.value for c in loads for a in c.args[1:]}
        wanted = NATIVE_CC & {kind_of(c) for c in calls_of(tree)}
        if wanted <= loaded:
            return
        ours = next((c for c in loads if c.args[0].value == RULES_CC), None)
        if ours:
            wanted |= {a.value for a in ours.args[1:]}
        names = ", ".join(f'"{n}"' for n in sorted(wanted))
        text = f'load("{RULES_CC}", {names})'
        if ours:
            self.replace(ours, text)
            return
        lines = self.text.split("\n")
        # Above the first statement that is no documentation string, and its comments.
        first = next(s for s in tree.body if not self.is_text(s)).lineno - 1
        while first > 0 and lines[first - 1].startswith("#"):
            first -= 1
        gap = [] if loads and self.is_load(tree.body[0]) else [""]
        lines[first:first] = [text, *gap]
        self.text = "\n".join(lines)

    def sort_loads(self):
        loads = [c for c in calls_of(ast.parse(self.text)) if kind_of(c) == "load"]
        lines = self.text.split("\n")
        together = all(
            b.lineno == a.end_lineno + 1 for a, b in zip(loads, loads[1:], strict=False)
        )
        if len(loads) < 2 or not together:
            return
        sources = sorted(
            (not c.args[0].value.startswith("@"), c.args[0].value, lines[c.lineno - 1 : c.end_lineno])
            for c in loads
        )
        first, last = loads[0].lineno - 1, loads[-1].end_lineno
        lines[first:last] = [line for source in sources for line in source[2]]
        self.text = "\n".join(lines)

    def add_package(self):
        tree = ast.parse(self.text)
        kinds = {kind_of(c) for c in calls_of(tree)}
        if "package" in kinds or not kinds - NO_RULES:
            return
        lines = self.text.split("\n")
        statement = next(s for s in tree.body if not self.is_load(s) and not self.is_text(s))
        at = statement.lineno - 1
        while at > 0 and lines[at - 1].startswith("#"):
            at -= 1
        lines[at:at] = ['package(default_visibility = ["//visibility:private"])', ""]
        self.text = "\n".join(lines)


def long_files(root):
    """BUILD files that may be longer: house_exceptions.txt."""
    path = root / "tools/house_exceptions.txt"
    lines = path.read_text().splitlines() if path.is_file() else []
    return {line.split()[1] for line in lines if line.startswith("build-length ")}


def build_files(root):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*BUILD.bazel"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return [pathlib.Path(p) for p in listed.stdout.splitlines() if (root / p).is_file()]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="for tests")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    exceptions, found = long_files(root), []
    for path in arguments.files or build_files(root):
        try:
            file = BuildFile(root, path, exceptions)
            if arguments.fix:
                before = file.text
                file.fix()
                if file.text != before:
                    (root / path).write_text(file.text)
            found += file.check()
        except SyntaxError as error:
            print(f"{path}:{error.lineno}: not a BUILD file: {error.msg}", file=sys.stderr)
            return 2
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
