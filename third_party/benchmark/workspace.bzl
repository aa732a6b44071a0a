"""Google Benchmark 1.7.1. Why: kernels are timed in one known way.
Licence: Apache-2.0."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def benchmark():
    source_repository(
        name = "com_github_google_benchmark",
        package = "benchmark",
        tarball = "benchmark_1.7.1.orig.tar.gz",
        sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
        download_size = "1 MB",
        licence = "Apache-2.0",
        build_file = "//third_party/benchmark:benchmark.BUILD",
        strip_prefix = "benchmark-1.7.1",
        upstream_url = "https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz",
        upstream_sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
    )
