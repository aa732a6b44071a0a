"""lesser_processors_test: a test that passes on any processor passes on lesser ones."""

def lesser_processors_test(test, size = "small"):
    """Defines <test>_lesser_processors: the test's program under each limit.

    Args:
      test: name of a cc_test of the package whose code asks core/base/processor.h.
      size: of the runs together.
    """
    native.sh_test(
        name = test + "_lesser_processors",
        size = size,
        srcs = ["//tools/build_rules:on_lesser_processors.sh"],
        args = ["$(rootpath :%s)" % test],
        data = [":" + test],
    )
