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
    )
    deb_repository(
        name = "rules_proto",
        package = "bazel-rules-proto=4.0.0-3.20.0-2",
        sha256 = "adac2a0736ac8ea3a1e86b674c616ad76004b78a99765e6cc643aa4ba9c59e0b",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/rules/proto",
    )
    deb_repository(
        name = "bazel_skylib",
        package = "bazel-skylib=1.0.3-2",
        sha256 = "b7662103ceb16fedb2e348c0d6f18045eba656e3fe1e462ebcfd25efd2548db0",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/tools/skylib",
    )

    # Bazel 4.2.3's own @platforms lacks constraint values that Abseil names.
    deb_repository(
        name = "platforms",
        package = "bazel-platforms=0.0.2-2",
        sha256 = "55424b0d6a8b5868b87445a820f2a4cb30b54d43824bab23fb8a96f5cc95da7f",
        download_size = "1 MB",
        strip_prefix = "usr/share/bazel/tools/platforms",
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
