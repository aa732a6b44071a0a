"""xxHash 0.8.1. Why: digests of data and parameters at memory speed.
Licence: BSD-2."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def xxhash():
    source_repository(
        name = "xxhash",
        package = "xxhash",
        tarball = "xxhash_0.8.1.orig.tar.gz",
        sha256 = "3bb6b7d6f30c591dd65aaaff1c8b7a5b94d81687998ca9400082c739a690436c",
        download_size = "1 MB",
        licence = "BSD-2-Clause",
        strip_prefix = "xxHash-0.8.1",
        build_file = "//third_party/xxhash:xxhash.BUILD",
        upstream_url = "https://github.com/Cyan4973/xxHash/archive/refs/tags/v0.8.1.tar.gz",
        upstream_sha256 = "3bb6b7d6f30c591dd65aaaff1c8b7a5b94d81687998ca9400082c739a690436c",
    )
