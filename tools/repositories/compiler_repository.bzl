"""compiler_repository: Bazel's own C++ toolchain of this machine, which also knows which
compiler, C library and distribution it is.

Bazel's cache keys have the compiler's path and the folders of its headers, none of which
differs between two releases of one distribution or two updates of a compiler: machines that
share a cache, or one machine before and after an update, took each other's objects. Here what
tells them apart stands in a file that Bazel makes an input of each compilation and link.
"""

load("@bazel_tools//tools/cpp:cc_configure.bzl", "MSVC_ENVVARS", "cc_autoconf_impl")

# An input of every C++ action, as Bazel generates its toolchain's BUILD file.
_INPUT = "builtin_include_directory_paths"

def _compiler_implementation(ctx):
    cc_autoconf_impl(ctx)
    compiler = ctx.os.environ.get("CC", "") or "gcc"
    told = ctx.execute([ctx.path(ctx.attr._identity), compiler])
    if told.return_code != 0 or not told.stdout:
        fail("tools/repositories/compiler_identity.sh cannot tell which compiler '%s' is: %s" % (
            compiler,
            told.stderr.strip() or "no output",
        ))
    if not ctx.path(_INPUT).exists:
        fail("Bazel's C++ toolchain has no file %s any more: compiler_repository.bzl" % _INPUT)
    ctx.file(_INPUT, ctx.read(_INPUT) + told.stdout, executable = False)

# Repository rule in place of the one that Bazel adds under the same name. "local": asked
# again whenever Bazel's server starts, as an update of the compiler changes no attribute.
compiler_repository = repository_rule(
    implementation = _compiler_implementation,
    attrs = {
        "_identity": attr.label(
            default = "//tools/repositories:compiler_identity.sh",
            allow_single_file = True,
        ),
    },
    configure = True,
    # Those of Bazel's own rule.
    environ = [
        "ABI_LIBC_VERSION",
        "ABI_VERSION",
        "BAZEL_COMPILER",
        "BAZEL_CXXOPTS",
        "BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN",
        "BAZEL_HOST_SYSTEM",
        "BAZEL_IGNORE_SYSTEM_HEADERS_VERSIONS",
        "BAZEL_LINKLIBS",
        "BAZEL_LINKOPTS",
        "BAZEL_LLVM",
        "BAZEL_LLVM_COV",
        "BAZEL_PYTHON",
        "BAZEL_SH",
        "BAZEL_TARGET_CPU",
        "BAZEL_TARGET_LIBC",
        "BAZEL_TARGET_SYSTEM",
        "BAZEL_USE_CPP_ONLY_TOOLCHAIN",
        "BAZEL_USE_LLVM_NATIVE_COVERAGE",
        "BAZEL_USE_XCODE_TOOLCHAIN",
        "CC",
        "CC_CONFIGURE_DEBUG",
        "CC_TOOLCHAIN_NAME",
        "CPLUS_INCLUDE_PATH",
        "DEVELOPER_DIR",
        "GCOV",
        "HOMEBREW_RUBY_PATH",
        "SYSTEMROOT",
        "USER",
        "USE_CLANG_CL",
    ] + MSVC_ENVVARS,
    local = True,
)
