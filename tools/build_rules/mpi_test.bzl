"""mpi_test: one test per number of ranks around one test program."""

def mpi_test(name, srcs, deps, ranks = [1, 2, 3, 4], size = "small", tags = [], args = [], **kwargs):
    """Defines <name>_np<N> for each N in ranks, and the suite <name>.

    Args:
      name: of the suite.
      srcs: of the program.
      deps: of the program, beside @mpi.
      ranks: the numbers of ranks.
      size: of each test.
      tags: of each test.
      args: of the program.
      **kwargs: passed to the program's cc_binary.
    """
    native.cc_binary(
        name = name + "_program",
        testonly = True,
        srcs = srcs,
        deps = deps,
        **kwargs
    )
    for n in ranks:
        native.sh_test(
            name = "%s_np%d" % (name, n),
            size = size,
            srcs = ["//tools/build_rules:run_under_mpirun.sh"],
            args = [str(n), "$(rootpath :%s_program)" % name] + args,
            data = [
                ":%s_program" % name,
                "@mpi//:runtime",
            ],
            tags = tags + [
                "cpu:2",
                "mpi",
            ],
        )
    native.test_suite(
        name = name,
        tests = [":%s_np%d" % (name, n) for n in ranks],
    )
