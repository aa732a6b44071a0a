"""RE2 2022-06-01. Why: linear-time tokens for everything a user types.
Licence: BSD-3."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def re2():
    source_repository(
        name = "com_googlesource_code_re2",
        package = "re2",
        tarball = "re2_20220601+dfsg.orig.tar.xz",
        sha256 = "3bc61251da3b0b97be40a8a127818c517c62516e4eda11fc901d29496663df54",
        download_size = "1 MB",
        licence = "BSD-3-Clause",
        strip_prefix = "re2-2022-06-01",
        debs = {"unicode-data=15.0.0-1": "5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc"},
        script = "//third_party/re2:make_tables.sh",
        upstream_url = "https://github.com/google/re2/archive/refs/tags/2022-06-01.tar.gz",
        upstream_sha256 = "f89c61410a072e5cbcf8c27e3a778da7d6fd2f2b5b1445cd4f4508bee946ab0f",
    )
