"""libcurl 7.88.1, HTTP and HTTPS only. Why: data sets are downloaded, with redirects,
proxies and certificates as every other tool of the machine handles them.
Licence: curl (MIT-like)."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def curl():
    source_repository(
        name = "curl",
        package = "curl",
        tarball = "curl_7.88.1.orig.tar.gz",
        sha256 = "cdb38b72e36bc5d33d5b8810f8018ece1baa29a8f215b4495e495ded82bbf3c7",
        download_size = "4 MB",
        licence = "curl",
        strip_prefix = "curl-7.88.1",
        build_file = "//third_party/curl:curl.BUILD",
        # Debian's tarball is the same file.
        upstream_url = "https://curl.se/download/curl-7.88.1.tar.gz",
        upstream_sha256 = "cdb38b72e36bc5d33d5b8810f8018ece1baa29a8f215b4495e495ded82bbf3c7",
    )
