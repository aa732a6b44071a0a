"""nlohmann-json 3.11.2. Why: result files are JSON, and reading them strictly needs
a parser that others test. Licence: MIT."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def nlohmann_json():
    source_repository(
        name = "nlohmann_json",
        package = "nlohmann-json3",
        tarball = "nlohmann-json3_3.11.2.orig.tar.gz",
        sha256 = "d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273",
        download_size = "8 MB",
        licence = "MIT",
        strip_prefix = "json-3.11.2",
        build_file = "//third_party/nlohmann_json:json.BUILD",
        upstream_url = "https://github.com/nlohmann/json/archive/refs/tags/v3.11.2.tar.gz",
        upstream_sha256 = "d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273",
    )
