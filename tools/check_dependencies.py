"""Every #include is of a header of the target's own or of a direct dependency.

clang's layering_check asks the same, but only by compiling all that there is; this reads the
BUILD files instead. Of headers of other repositories it asks for a dependency on the
repository, of Abseil's for one on the header's package. Of targets that are made by a list
comprehension the names are not known: they are left to clang. A part of check_house.py.
"""

import ast
import dataclasses
import pathlib

import check_build_files

# Macros that make the names of files from the target's name; else srcs and hdrs say all.
NAMED_SOURCE = {
    "fuzz_replay_test": "{}_fuzzer.cc",
    "reprise_cc_library": "{}.cc",
    "reprise_cc_test": "{}.cc",
}
NAMED_HEADER = {"embedded_text": "{}.h", "reprise_cc_library": "{}.h"}
CC_KINDS = {"cc_binary", "cc_library", "cc_test", "mpi_test", "rank_test"}
CC_KINDS |= NAMED_SOURCE.keys() | NAMED_HEADER.keys()
# First words of a header's path -> the repository whose targets have it. A header of absl
# comes from the package of its folder.
REPOSITORIES = {
    "ATen/": "@libtorch//",
    "absl/": "@com_google_absl//",
    "benchmark/": "@com_github_google_benchmark//",
    "c10/": "@libtorch//",
    "curl/": "@curl",
    "gmock/": "@com_google_googletest//",
    "gtest/": "@com_google_googletest//",
    "mbedtls/": "@mbedtls",
    "mpi.h": "@mpi",
    "nccl.h": "@nccl",
    "nlohmann/": "@nlohmann_json//",
    "re2/": "@com_googlesource_code_re2//",
    "torch/": "@libtorch//",
    "xxhash.h": "@xxhash",
    "yaml-cpp/": "@yaml_cpp",
    "zlib.h": "@zlib//",
}
GIVEN = {"reprise_cc_test": ["@com_google_googletest//"]}


@dataclasses.dataclass
class Target:
    """A C++ target: labels and files as written, made absolute."""

    label: str
    kind: str
    sources: set
    headers: set
    deps: set


def absolute(label, package):
    """`label` of a BUILD file in `package`, as //package:name or @repository//..."""
    if label.startswith(":"):
        return f"//{package}{label}"
    if label.startswith("//") and ":" not in label:
        return f"{label}:{label.rsplit('/', 1)[-1]}"
    return label


def strings(node):
    """The string constants of an expression; of select() all branches, and its conditions."""
    constants = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return [c for c in constants if isinstance(c, str)]


def files_of(call, attribute, named):
    """Names that a target's srcs or hdrs list; that which its macro makes of its name."""
    value = check_build_files.keyword(call, attribute)
    if value is not None:
        return strings(value)
    kind = check_build_files.kind_of(call)
    name = getattr(check_build_files.keyword(call, "name"), "value", None)
    return [named[kind].format(name)] if kind in named and name else []


def sources_of(call):
    return files_of(call, "srcs", NAMED_SOURCE)


def headers_of(call):
    return files_of(call, "hdrs", NAMED_HEADER)


def targets_of(root, path):
    """The C++ targets of one BUILD file."""
    package = str(path.parent) if str(path.parent) != "." else ""
    for call in check_build_files.calls_of(ast.parse((root / path).read_text())):
        kind = check_build_files.kind_of(call)
        name = getattr(check_build_files.keyword(call, "name"), "value", None)
        if kind not in CC_KINDS or name is None:
            continue
        sources = {str(path.parent / f) for f in sources_of(call) if ":" not in f}
        headers = {str(path.parent / f) for f in headers_of(call) if ":" not in f}
        listed = check_build_files.keyword(call, "deps")
        deps = {absolute(d, package) for d in (strings(listed) if listed else [])}
        deps |= set(GIVEN.get(kind, []))
        yield Target(f"//{package}:{name}", kind, sources, headers, deps)


def is_of_repository(header, deps):
    """Whether one of `deps` may have `header`; None for a header of no repository above."""
    for prefix, repository in REPOSITORIES.items():
        if header.startswith(prefix):
            if prefix == "absl/":
                repository += str(pathlib.PurePath(header).parent)
            return any(d.startswith(repository) for d in deps)
    return None


def find(root, includes):
    """Yields (label, text) of each #include without a direct dependency.

    `includes`: headers that each source file of the tree names.
    """
    targets = [t for p in check_build_files.build_files(root) for t in targets_of(root, p)]
    owners = {}
    for target in targets:
        for header in target.headers:
            owners.setdefault(header, set()).add(target.label)
    for target in targets:
        own = target.sources | target.headers
        for file in sorted(own & includes.keys()):
            for header in includes[file]:
                having = owners.get(header)
                if header in own or (having and having & target.deps):
                    continue
                if having:
                    yield target.label, f"{file} includes {header}, of {min(having)}: not in deps"
                elif header in includes:
                    yield target.label, f"{file} includes {header}, of no target's hdrs"
                elif is_of_repository(header, target.deps) is False:
                    yield target.label, f"{file} includes {header}: no dep has it"
