"""Abseil LTS 20220623.1. Why: Status, strings, time, hash maps and flags' string
algorithms of one well-kept library. Licence: Apache-2.0."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def abseil():
    source_repository(
        name = "com_google_absl",
        package = "abseil",
        tarball = "abseil_20220623.1.orig.tar.gz",
        sha256 = "abfe2897f3a30edaa74bc34365afe3c2a3cd012091a97dc7e008f7016adcd5fe",
        download_size = "2 MB",
        licence = "Apache-2.0",
        strip_prefix = "abseil-20220623.1",
        upstream_url = "https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz",
        upstream_sha256 = "91ac87d30cc6d79f9ab974c51874a704de9c2647c40f6932597329a282217ba8",
        upstream_strip_prefix = "abseil-cpp-20220623.1",
    )
