"""fuzz_replay_test: a libFuzzer entry whose corpus is replayed by an ordinary test."""

def fuzz_replay_test(name, deps, size = "small"):
    """Defines <name>_fuzz_test: <name>_fuzzer.cc over all of <name>_corpus/.

    Args:
      name: of what is fuzzed.
      deps: of <name>_fuzzer.cc.
      size: of the test.
    """
    corpus = native.glob([name + "_corpus/*"])
    native.cc_test(
        name = name + "_fuzz_test",
        size = size,
        srcs = [name + "_fuzzer.cc"],
        args = ["%s/%s_corpus" % (native.package_name(), name)],
        data = corpus,
        deps = deps + [":replay"],
    )
