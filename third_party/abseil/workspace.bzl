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
    )
