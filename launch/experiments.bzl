"""reprise_experiment: the program of one named experiment."""

# The nine of launch/settings/experiments.cc that are not "reprise".
EXPERIMENTS = [
    "candle_nil_candlenet",
    "cifar10_icarl_resnet101",
    "cifar10_icarl_resnet152",
    "cifar10_icarl_resnet34",
    "cifar10_nil_resnet101",
    "cifar10_nil_resnet152",
    "cifar10_nil_resnet34",
    "mnist_icarl_mnistnet",
    "mnist_nil_mnistnet",
]

def reprise_experiment(name):
    """Defines //launch:<name> and its smoke test.

    The program is the one main with the experiment's name built in.

    The name is compiled in and not taken from argv[0], so that copies, links and
    other launchers keep the experiment.

    Args:
      name: a row of experiments.cc.
    """
    native.cc_binary(
        name = name,
        srcs = ["experiment_main.cc"],
        data = ["@mpi//:runtime"],
        local_defines = ["REPRISE_EXPERIMENT=\\\"%s\\\"" % name],
        visibility = ["//visibility:public"],
        deps = [
            ":main",
            "//core/base:process_start",
        ],
    )
    if name != "reprise":
        native.sh_test(
            name = name + "_smoke_test",
            size = "large",  # the deep networks, beside other work
            srcs = ["smoke_test.sh"],
            args = ["$(rootpath :%s)" % name],
            data = [
                ":" + name,
                "@mpi//:runtime",
            ],
        )
