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
        upstream_url = "https://github.com/madler/zlib/releases/download/v1.2.13/zlib-1.2.13.tar.gz",
        upstream_sha256 = "b3a24de97a8fdbc835b9833169501030b8977031bcb54b3b3ac13740f846ab30",
        upstream_strip_prefix = "zlib-1.2.13",
    )
