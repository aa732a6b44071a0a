"""yaml-cpp 0.7.0. Why: configuration files of named sections are YAML, as
upstream's. Licence: MIT."""

load("//tools/repositories:source_repository.bzl", "source_repository")

def yaml_cpp():
    source_repository(
        name = "yaml_cpp",
        package = "yaml-cpp",
        tarball = "yaml-cpp_0.7.0+dfsg.orig.tar.xz",
        sha256 = "dc63708605404e0b963e0ca3a9619d1c8270eda2839603e6fa0384e5e51e5312",
        download_size = "1 MB",
        licence = "MIT",
        strip_prefix = "yaml-cpp-yaml-cpp-0.7.0",
        build_file = "//third_party/yaml_cpp:yaml_cpp.BUILD",
        upstream_url = "https://github.com/jbeder/yaml-cpp/archive/refs/tags/yaml-cpp-0.7.0.tar.gz",
        upstream_sha256 = "43e6a9fcb146ad871515f0d0873947e5d497a1c9c60c58cb102a97b47208b7c3",
    )
