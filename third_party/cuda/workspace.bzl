"""CUDA 13.0 libraries that libtorch_cuda.so loads. Why: LibTorch's GPU half needs
exactly these at run time. Licence: NVIDIA's CUDA end-user licence.

Nothing depends on them unless --config=cuda: 1.9 GB. --repo_env=CUDA_HOME=... (or
CUDA_HOME in the environment) names an installed toolkit, whose lib64/ is taken
instead, cuDNN included; --repo_env=CUDA_HOME= takes the pinned ones all the same. Not
beside a site's LibTorch (LIBTORCH_HOME), which finds its own by its RPATH: linked ones
have the same SONAMEs, are loaded first, and would serve it cuDNN of another CUDA."""

load("//tools/repositories:wheel_repository.bzl", "wheel_repository")

_WHEELS = {
    "nvidia-cublas==13.1.0.3": ("ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171", "423 MB"),
    "nvidia-cuda-nvrtc==13.0.88": ("ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575", "90 MB"),
    "nvidia-cudnn-cu13==9.19.0.56": ("d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf", "366 MB"),
    "nvidia-cufft==12.0.0.61": ("6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3", "214 MB"),
    "nvidia-cufile==1.15.1.6": ("08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44", "1 MB"),
    "nvidia-curand==10.4.0.35": ("1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc", "59 MB"),
    "nvidia-cusolver==12.0.4.66": ("0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112", "200 MB"),
    "nvidia-cusparse==12.6.3.3": ("2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b", "145 MB"),
    "nvidia-cusparselt-cu13==0.8.0": ("25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd", "169 MB"),
    "nvidia-nvjitlink==13.0.88": ("13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b", "40 MB"),
    "nvidia-nvshmem-cu13==3.4.5": ("290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80", "60 MB"),
}

def cuda():
    wheel_repository(
        name = "cuda",
        wheels = {package: pin[0] for package, pin in _WHEELS.items()},
        sizes = {package: pin[1] for package, pin in _WHEELS.items()},
        licence = "NVIDIA's CUDA end-user licence",
        keep = ["nvidia/*/lib/*"],
        build_file = "//third_party/cuda:cuda.BUILD",
        home_variable = "CUDA_HOME",
        unless_variable = "LIBTORCH_HOME",
        home_holds = ["lib64"],
        home_prefix = "home",
    )
