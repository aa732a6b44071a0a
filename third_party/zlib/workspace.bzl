"""zlib 1.2.13. Why: MNIST comes as .gz. Licence: Zlib."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def zlib():
    source_repository(
        name = "zlib",
        package = "zlib",
        tarball = "zlib_1.2.13.dfsg.orig.tar.bz2",
        sha256 = "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1",
        download_size = "1 MB",
        licence = "Zlib",
        strip_prefix = "zlib-1.2.13.dfsg",
        build_file = "//third_party/zlib:zlib.BUILD",
    )
