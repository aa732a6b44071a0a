"""rank_test: cases that hold on every rank of a job, as threads and under mpirun."""

load("//tools/build_rules:mpi_test.bzl", "mpi_test")

_SUFFIX = "_rank_test"

def rank_test(name, srcs, deps, ranks = [2, 3, 4], size = "small", in_process = True, checked = False):
    """Defines <x>_in_process_test and the suite <x>_mpi_test for <x>_rank_test.

    Args:
      name: ends in _rank_test.
      srcs: define RankCases() of tests/conformance/rank_cases.h.
      deps: of the sources.
      ranks: the numbers of ranks under mpirun.
      size: of each test.
      in_process: whether ranks as threads run the cases, too.
      checked: whether there is a suite <x>_mpi_checked_test, too: calls are
        compared, and go in several pieces.
    """
    if not name.endswith(_SUFFIX):
        fail("%s does not end in %s" % (name, _SUFFIX))
    stem = name[:-len(_SUFFIX)]
    native.cc_library(
        name = name + "_cases",
        testonly = True,
        srcs = srcs,
        visibility = ["//visibility:private"],
        deps = deps,
        alwayslink = True,  # defines what the runners call
    )
    if in_process:
        native.cc_test(
            name = stem + "_in_process_test",
            size = size,
            deps = [
                ":%s_cases" % name,
                "//tests/conformance:in_process_runner",
            ],
        )
    for suffix, args in [("", [])] + ([("_checked", ["--checked"])] if checked else []):
        mpi_test(
            name = "%s_mpi%s_test" % (stem, suffix),
            size = size,
            srcs = [],
            args = args,
            ranks = ranks,
            deps = [
                ":%s_cases" % name,
                "//tests/conformance:mpi_runner",
            ],
        )
