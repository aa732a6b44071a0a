#!/usr/bin/env python3
"""Rules of the house that no compiler checks. Usage: check_house.py [--root FOLDER]

  include-circle  no circle of #includes between files
  folder-circle   none between folders, but for what only tests build
  layer           #includes go down (docs/ARCHITECTURE.md)
  external        headers of MPI, NCCL, RE2, libcurl and LibTorch, only where they belong
  dependency      every #include is of the target's own or of a direct dependency
  name            no file and no folder called utils, common, misc or helpers
  class-length    no class above 300 lines
  function-length no function above 60 lines, tests' bodies included
  banner          every header begins with a comment: what it is for

Exceptions, each with its reason: tools/house_exceptions.txt; one that nothing needs any
more is a finding, too. The length of BUILD files is check_build_files.py's. Classes and
functions are found by their braces, not by a parser: right for code that clang-format wrote.

Exit code: 0 if nothing is found, 1 else.
"""

import argparse
import ast
import pathlib
import re
import subprocess
import sys

import check_build_files
import check_dependencies

MAX_CLASS_LINES = 300
MAX_FUNCTION_LINES = 60
SOURCES = (".h", ".cc", ".cu")
# The longest prefix counts. Tests see everything.
LAYERS = {
    "core/base": 0,
    "core/tensor": 1,
    "core/comm": 1,
    "core/metrics": 1,
    "core/device": 2,
    "core/buffer": 2,
    "core/checkpoint": 2,
    "models": 2,
    "data": 2,
    "agents": 3,
    "agents/losses": 3,
    "agents/regime": 3,
    "launch": 5,
    "tests": 6,
}
METHOD_LAYER = 4  # of every other folder below agents
# Siblings that may see each other: devices implement the buffer's interfaces, weights are
# stored as safetensors.
BESIDE = {("core/device", "core/buffer"), ("models", "core/checkpoint")}
# First words of a header's path, and the only folders that include it.
EXTERNAL = {
    "mpi.h": ("core/comm/mpi",),
    "nccl.h": ("core/comm/nccl",),
    "cuda.h": ("core/comm/nccl", "core/device"),
    "re2/": ("launch",),
    "curl/": ("core/base/http", "core/metrics/influx", "launch/data"),
    "torch/": ("agents", "core/device", "core/tensor", "launch", "models", "tests"),
    "ATen/": ("agents", "core/device", "core/tensor", "launch", "models", "tests"),
    "c10/": ("agents", "core/device", "core/tensor", "launch", "models", "tests"),
}
DRAWERS = {"common", "helper", "helpers", "misc", "util", "utils"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)

CLASS_NAME = re.compile(r"(?:class|struct|union)\s+(?:\w+\s+)*?(\w+)\s*(?:final)?\s*(?:$|:)")


def layer_of(folder):
    """Area and number of the layer that `folder` belongs to; None where it has none."""
    parts = folder.split("/")
    for length in range(len(parts), 0, -1):
        area = "/".join(parts[:length])
        if area in LAYERS:
            if area == "agents" and length < len(parts):
                return "/".join(parts[:2]), METHOD_LAYER
            return area, LAYERS[area]
    return None


def circles(edges):
    """Strongly connected sets of at least two nodes (Tarjan), each sorted."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for to in sorted(edges.get(node, ())):
            if to not in index:
                visit(to)
                low[node] = min(low[node], low[to])
            elif to in stack:
                low[node] = min(low[node], index[to])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def without_text(source):
    """The source with comments, strings and preprocessor lines blanked, line by line."""
    kept = re.compile(
        r'R"([^(\s]*)\((?:.|\n)*?\)\1"'  # raw string
        r"|//[^\n]*|/\*(?:.|\n)*?\*/"
        r'|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
        r"|^[ \t]*#(?:\\\n|[^\n])*",
        re.MULTILINE,
    )
    return kept.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source)


def kind_of_brace(before):
    """What a brace opens, by the code before it: class, function, space or other."""
    text = re.sub(r"\btemplate\s*<[^{};]*>\s*(?=[a-zA-Z])", "", before).strip()
    if re.search(r"\bnamespace\b|\bextern\b\s*$", text):
        return "space"
    if re.match(r"(?:typedef\s+)?(?:class|struct|union)\b[^()=]*$", text):
        return "class"
    if ")" in text and not re.search(r"=\s*$|\)\s*:\s*(?:[^{}]*,\s*)?\w+$", text):
        return "function"
    return "other"


def long_bodies(source):
    """Yields (kind, name, line, lines) of each class and outermost function."""
    code = without_text(source)
    stack, start = [], 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        before = code[start:at]
        line = code.count("\n", 0, at) + 1
        if match.group() == "{":
            inside = any(kind == "function" for kind, _, _ in stack)
            kind = "other" if inside else kind_of_brace(before)
            text = before.lstrip()
            first = line - text.count("\n") if text else line
            name = re.search(r"([\w:~<>]+)\s*\(", text) if kind == "function" else None
            name = name or CLASS_NAME.search(text)
            name = name.group(1) if name else ""
            if name in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
                name = re.sub(r"\s+", "", text[text.index("(") : text.rindex(")") + 1])
                name = name.strip("()").replace(",", ".")
            stack.append((kind, name, first))
        elif match.group() == "}" and stack:
            kind, name, first = stack.pop()
            if kind in ("class", "function"):
                yield kind, name, first, line - first + 1
        if match.group() != "}" or not any(kind == "function" for kind, _, _ in stack):
            start = at + 1

class House:
    """A tree and what was found in it."""

    def __init__(self, root):
        self.root = root
        self.found = []  # (rule, place, text)
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        )
        self.files = [
            f
            for f in listed.stdout.splitlines()
            if not f.startswith("third_party/") and (root / f).is_file()
        ]
        self.sources = {f: (root / f).read_text() for f in self.files if f.endswith(SOURCES)}
        self.includes = {
            f: [a or b for a, b in INCLUDE.findall(text)] for f, text in self.sources.items()
        }
        self.testonly = self.files_of_tests()

    def find(self, rule, place, text):
        self.found.append((rule, place, text))

    def files_of_tests(self):
        """Sources that only tests build: in tests/, or named by test targets alone."""
        by_tests, by_others = set(), set()
        for path in self.files:
            if pathlib.PurePath(path).name != "BUILD.bazel":
                continue
            tree = ast.parse((self.root / path).read_text())
            for call in check_build_files.calls_of(tree):
                testonly = check_build_files.keyword(call, "testonly") is not None
                testonly |= check_build_files.kind_of(call).endswith("_test")
                folder = pathlib.PurePath(path).parent
                named = check_dependencies.sources_of(call) + check_dependencies.headers_of(call)
                for name in named:
                    (by_tests if testonly else by_others).add(str(folder / name))
        return {f for f in self.sources if f.startswith("tests/") or f in by_tests - by_others}

    def check(self):
        self.check_circles()
        self.check_layers()
        for label, text in check_dependencies.find(self.root, self.includes):
            self.find("dependency", label, text)
        self.check_names()
        self.check_lengths()
        return self.without_exceptions()

    def check_circles(self):
        edges = {f: {i for i in to if i in self.sources} for f, to in self.includes.items()}
        for circle in circles(edges):
            self.find("include-circle", circle[0], " ".join(circle))
        folders = {}
        for file, to in edges.items():
            if file in self.testonly:
                continue
            here = str(pathlib.PurePath(file).parent)
            there = {str(pathlib.PurePath(t).parent) for t in to}
            folders.setdefault(here, set()).update(there - {here})
        for circle in circles(folders):
            between = [
                f"{f} -> {t}"
                for f, to in sorted(edges.items())
                if f not in self.testonly
                for t in sorted(to)
                if {str(pathlib.PurePath(p).parent) for p in (f, t)} <= set(circle)
                and pathlib.PurePath(f).parent != pathlib.PurePath(t).parent
            ]
            self.find("folder-circle", circle[0], f"{' '.join(circle)}: {'; '.join(between)}")

    def check_layers(self):
        for file, to in sorted(self.includes.items()):
            here = layer_of(str(pathlib.PurePath(file).parent))
            for header in to if file not in self.testonly else ():
                self.check_external(file, header)
                if header not in self.sources or here is None:
                    continue
                there = layer_of(str(pathlib.PurePath(header).parent))
                if there is None or there[0] == here[0] or (here[0], there[0]) in BESIDE:
                    continue
                # Layer 3 is one area: what a method is, losses, regimes.
                if there[1] > here[1] or (there[1] == here[1] != 3):
                    what = f"layer {here[1]}, includes {header} of layer {there[1]}"
                    self.find("layer", file, what)

    def check_external(self, file, header):
        for prefix, folders in EXTERNAL.items():
            allowed = tuple(f + "/" for f in folders)
            if header.startswith(prefix) and not file.startswith(allowed):
                self.find("external", file, f"includes {header}, of {', '.join(folders)}")

    def check_names(self):
        for file in self.files:
            path = pathlib.PurePath(file)
            for part in [*path.parts[:-1], path.name.split(".")[0]]:
                words = {part, part.removesuffix("_test"), part.split("_")[-1]}
                if words & DRAWERS:
                    self.find("name", file, f"'{part}' says nothing of what is in it")
        for file, text in self.sources.items():
            if file.endswith(".h") and not text.startswith(("//", "/*")):
                self.find("banner", file, "does not begin with a comment")

    def check_lengths(self):
        limits = {"class": MAX_CLASS_LINES, "function": MAX_FUNCTION_LINES}
        for file, text in sorted(self.sources.items()):
            for kind, name, line, lines in long_bodies(text):
                if lines > limits[kind]:
                    what = f"line {line}: {lines} lines, at most {limits[kind]}"
                    self.find(f"{kind}-length", f"{file}:{name}", what)

    def without_exceptions(self):
        """Findings as lines, less the excepted; and exceptions that nothing needs."""
        path = self.root / "tools/house_exceptions.txt"
        lines = path.read_text().splitlines() if path.is_file() else []
        excepted, result = {}, []
        for line in lines:
            if line.strip() and not line.startswith("#"):
                rule, place, *reason = line.split(maxsplit=2)
                if not reason:
                    result.append(f"exceptions: '{line}' gives no reason")
                excepted[rule, place] = False
        for rule, place, text in self.found:
            if (rule, place) in excepted:
                excepted[rule, place] = True
            else:
                result.append(f"{rule}: {place}: {text}")
        for rule, place in sorted(k for k, needed in excepted.items() if not needed):
            if rule != "build-length":
                result.append(f"exceptions: nothing needs '{rule} {place}'")
            elif (self.root / place).read_text().count("\n") <= check_build_files.MAX_LINES:
                result.append(f"exceptions: '{place}' is short enough")
        return result


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=pathlib.Path, default=check_build_files.ROOT)
    found = House(parser.parse_args().root.resolve()).check()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
