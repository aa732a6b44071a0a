"""NCCL 2.28.9. Why: libtorch_cuda.so loads it, and it carries the collectives of
GPUs. Licence: BSD-3. Fetched under --config=cuda only. --repo_env=NCCL_HOME=... names
an installed one (lib/libnccl.so.2). Not beside a site's LibTorch (LIBTORCH_HOME), which
brings its own (third_party/cuda)."""

load("//tools/repositories:wheel_repository.bzl", "wheel_repository")

def nccl():
    wheel_repository(
        name = "nccl",
        wheels = {"nvidia-nccl-cu13==2.28.9": "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42"},
        sizes = {"nvidia-nccl-cu13==2.28.9": "196 MB"},
        licence = "BSD-3-Clause",
        keep = ["nvidia/nccl/*"],
        build_file = "//third_party/nccl:nccl.BUILD",
        home_variable = "NCCL_HOME",
        unless_variable = "LIBTORCH_HOME",
        home_holds = ["lib/libnccl.so.2"],
        home_prefix = "home",
    )
