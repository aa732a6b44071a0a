"""reprise_cc_library, reprise_cc_test: a component and its test, named after their files."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")

def reprise_cc_library(name, srcs = None, hdrs = None, **kwargs):
    """Defines cc_library <name> of <name>.h and <name>.cc.

    Args:
      name: the stem of the component's files.
      srcs: instead of <name>.cc; [] where all is in the header.
      hdrs: instead of <name>.h.
      **kwargs: passed to cc_library.
    """
    cc_library(
        name = name,
        srcs = [name + ".cc"] if srcs == None else srcs,
        hdrs = [name + ".h"] if hdrs == None else hdrs,
        **kwargs
    )

def reprise_cc_test(name, deps, size = "small", srcs = None, **kwargs):
    """Defines cc_test <name> of <name>.cc with GoogleTest and its main.

    Args:
      name: the stem of the test's file.
      deps: of the test, beside GoogleTest.
      size: of the test.
      srcs: instead of <name>.cc.
      **kwargs: passed to cc_test.
    """
    cc_test(
        name = name,
        size = size,
        srcs = [name + ".cc"] if srcs == None else srcs,
        deps = deps + [
            "@com_google_googletest//:gtest",
            "@com_google_googletest//:gtest_main",
        ],
        **kwargs
    )
