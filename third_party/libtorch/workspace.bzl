"""LibTorch 2.11.0 (CUDA 13 build, C++17, cxx11 ABI). Why: tensors, autograd and
the fastest convolutions on CPU and GPU. Licence: BSD-3.

Programs link libc10.so and libtorch_cpu.so only; the CUDA half comes with the same
wheel and is loaded at run time where there is a driver (docs/GPU.md). CUDA 13 has
dropped sm_60 and sm_70 (P100, V100): sites with those set LIBTORCH_HOME to an older
build. --repo_env=LIBTORCH_HOME=... names a folder with include/ and lib/: an unpacked
libtorch, or site-packages/torch, whose nvidia/ folder beside it is then taken too."""

load("//tools/repositories:wheel_repository.bzl", "wheel_repository")

def libtorch():
    wheel_repository(
        name = "libtorch",
        wheels = {
            "torch==2.11.0": "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
            "nvidia-cuda-runtime==13.0.96": "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            "nvidia-cuda-cupti==13.0.85": "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        },
        sizes = {
            "torch==2.11.0": "531 MB",
            "nvidia-cuda-runtime==13.0.96": "2 MB, needed to load libtorch_cpu.so",
            "nvidia-cuda-cupti==13.0.85": "11 MB, needed to load libtorch_cpu.so",
        },
        licence = "BSD-3-Clause; nvidia-*: NVIDIA's CUDA end-user licence",
        keep = ["torch/lib/lib*", "torch/include/*", "nvidia/*"],
        exclude = ["torch/lib/libtorch_python.so", "torch/lib/libshm*"],
        build_file = "//third_party/libtorch:libtorch.BUILD",
        home_variable = "LIBTORCH_HOME",
        home_holds = ["include/ATen/ATen.h", "lib/libtorch_cpu.so"],
        home_prefix = "torch",
        home_siblings = ["nvidia"],
    )
