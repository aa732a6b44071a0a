"""Repositories that Bazel 4 itself asks for. Why: it would fetch them from their
hosts; the distribution packages them. Licence: Apache-2.0."""

load("//tools/repositories:deb_repository.bzl", "deb_repository")

def _stub_implementation(ctx):
    ctx.file("WORKSPACE", "")
    for path, text in ctx.attr.files.items():
        ctx.file(path, text)

_stub_repository = repository_rule(
    implementation = _stub_implementation,
    attrs = {"files": attr.string_dict()},
)

_RULES_CC = """
cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
fdo_prefetch_hints = native.fdo_prefetch_hints
fdo_profile = native.fdo_profile
objc_import = native.objc_import
objc_library = native.objc_library
"""

_COVERAGE_TOOLS = """
package(default_visibility = ["//visibility:public"])
sh_binary(name = "Main", srcs = ["unused.sh"])
sh_binary(name = "coverage_report_generator", srcs = ["unused.sh"])
"""

def bazel():
    deb_repository(
        name = "rules_java",
        package = "bazel-rules-java=4.0.0-2",
        sha256 = "0d05ed4e053d7c0d3ee0b4e77cdd93857d2757f34e031a8239323c8d0c218e18",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/rules/java",
        upstream_url = "https://github.com/bazelbuild/rules_java/releases/download/4.0.0/rules_java-4.0.0.tar.gz",
        upstream_sha256 = "34b41ec683e67253043ab1a3d1e8b7c61e4e8edefbcad485381328c934d072fe",
    )
    deb_repository(
        name = "rules_proto",
        package = "bazel-rules-proto=4.0.0-3.20.0-2",
        sha256 = "adac2a0736ac8ea3a1e86b674c616ad76004b78a99765e6cc643aa4ba9c59e0b",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/rules/proto",
        upstream_url = "https://github.com/bazelbuild/rules_proto/archive/refs/tags/4.0.0.tar.gz",
        upstream_sha256 = "66bfdf8782796239d3875d37e7de19b1d94301e8972b3cbd2446b332429b4df1",
        upstream_strip_prefix = "rules_proto-4.0.0",
    )
    deb_repository(
        name = "bazel_skylib",
        package = "bazel-skylib=1.0.3-2",
        sha256 = "b7662103ceb16fedb2e348c0d6f18045eba656e3fe1e462ebcfd25efd2548db0",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/tools/skylib",
        upstream_url = "https://github.com/bazelbuild/bazel-skylib/releases/download/1.0.3/bazel-skylib-1.0.3.tar.gz",
        upstream_sha256 = "1c531376ac7e5a180e0237938a2536de0c54d93f5c278634818e0efc952dd56c",
    )

    # Bazel 4.2.3's own @platforms lacks constraint values that Abseil names.
    deb_repository(
        name = "platforms",
        package = "bazel-platforms=0.0.2-2",
        sha256 = "55424b0d6a8b5868b87445a820f2a4cb30b54d43824bab23fb8a96f5cc95da7f",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/tools/platforms",
        upstream_url = "https://github.com/bazelbuild/platforms/releases/download/0.0.2/platforms-0.0.2.tar.gz",
        upstream_sha256 = "48a2d8d343863989c232843e01afc8a986eb8738766bfd8611420a7db8f6f0c3",
    )
    _stub_repository(
        name = "rules_cc",
        files = {
            "BUILD": "",
            "cc/BUILD": "",
            "cc/defs.bzl": _RULES_CC,
        },
    )
    _stub_repository(
        name = "remote_coverage_tools",
        files = {
            "BUILD": _COVERAGE_TOOLS,
            "unused.sh": "#!/bin/sh\nexit 0\n",
        },
    )
