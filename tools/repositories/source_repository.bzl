"""source_repository: a library built from its upstream tarball."""

load("//tools/repositories:fetch.bzl", "FETCH_ENVIRON", "fetch", "run")

def _implementation(ctx):
    archive = fetch(
        ctx,
        "source",
        ctx.attr.package,
        ctx.attr.tarball,
        ctx.attr.sha256,
        ctx.attr.download_size,
        second_source = (ctx.attr.upstream_url, ctx.attr.upstream_sha256) if ctx.attr.upstream_sha256 else None,
    )
    if ctx.attr.upstream_sha256 and not ctx.which("apt-get"):
        # Whole, unlike what the distribution repacked: nothing is added.
        ctx.extract(archive, stripPrefix = ctx.attr.upstream_strip_prefix or ctx.attr.strip_prefix)
        _finish(ctx)
        return
    ctx.extract(archive, stripPrefix = ctx.attr.strip_prefix)
    for package, sha256 in ctx.attr.debs.items():
        deb = fetch(ctx, "deb", package, package.split("=")[0] + ".deb", sha256, "for " + ctx.name)
        run(ctx, ["dpkg-deb", "-x", deb, "debs"], "unpacking " + package)
    if ctx.attr.script:
        run(ctx, ["bash", ctx.path(ctx.attr.script)], str(ctx.attr.script))
    _finish(ctx)

def _finish(ctx):
    for patch in ctx.attr.patches:
        ctx.patch(patch, strip = 1)
    ctx.delete("dl")
    ctx.delete("debs")
    if ctx.attr.build_file:
        ctx.delete("BUILD")
        ctx.delete("BUILD.bazel")
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")
    ctx.file("WORKSPACE", "")

source_repository = repository_rule(
    implementation = _implementation,
    environ = FETCH_ENVIRON,
    attrs = {
        "package": attr.string(mandatory = True, doc = "Debian's source package"),
        "tarball": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True),
        "download_size": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
        "licence": attr.string(mandatory = True),
        "upstream_url": attr.string(doc = "second source, for machines without apt"),
        "upstream_sha256": attr.string(),
        "upstream_strip_prefix": attr.string(doc = "where it differs from strip_prefix"),
        "build_file": attr.label(allow_single_file = True),
        "patches": attr.label_list(),
        "debs": attr.string_dict(doc = "packages unpacked into debs/ for script"),
        "script": attr.label(allow_single_file = True),
    },
)
