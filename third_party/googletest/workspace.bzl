"""GoogleTest 1.12.1. Why: the tests' framework, with matchers. Licence: BSD-3."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def googletest():
    source_repository(
        name = "com_google_googletest",
        package = "googletest",
        tarball = "googletest_1.12.1.orig.tar.gz",
        sha256 = "81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2",
        download_size = "1 MB",
        licence = "BSD-3-Clause",
        strip_prefix = "googletest-release-1.12.1",
        # The archive of the project's tag; Debian's tarball is the same file.
        upstream_url = "https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz",
        upstream_sha256 = "81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2",
    )
