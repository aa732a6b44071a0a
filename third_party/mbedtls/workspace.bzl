"""Mbed TLS 2.28.3. Why: libcurl needs one TLS library, and this one builds from its
sources alone. Licence: Apache-2.0 (or GPL-2.0-or-later)."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def mbedtls():
    source_repository(
        name = "mbedtls",
        package = "mbedtls",
        tarball = "mbedtls_2.28.3.orig.tar.gz",
        sha256 = "3b4953aa55a681e084d31892d9904cc5328d6b4958ea57b90ae4b4f94ae69a8d",
        download_size = "4 MB",
        licence = "Apache-2.0",
        strip_prefix = "Mbed-TLS-mbedtls-8f97ca5",
        build_file = "//third_party/mbedtls:mbedtls.BUILD",
        upstream_url = "https://github.com/Mbed-TLS/mbedtls/archive/mbedtls-2.28.3.tar.gz",
        upstream_sha256 = "1a21008fc93e7bdce2cb40a8f2d7c7b4034d9160035382c29cf91af8f96f2cd9",
        upstream_strip_prefix = "mbedtls-mbedtls-2.28.3",
    )
