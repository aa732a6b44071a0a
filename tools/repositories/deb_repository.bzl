"""deb_repository: a folder of a binary Debian package."""

load("//tools/repositories:fetch.bzl", "FETCH_ENVIRON", "fetch", "run")

def _implementation(ctx):
    second_source = (ctx.attr.upstream_url, ctx.attr.upstream_sha256)
    deb = fetch(ctx, "deb", ctx.attr.package, ctx.attr.package.split("=")[0] + ".deb", ctx.attr.sha256, ctx.attr.download_size, second_source)
    if not ctx.which("apt-get") and deb.endswith(".deb"):
        # Comes with every compiler, unlike dpkg-deb; Bazel reads xz itself.
        run(ctx, ["ar", "x", deb, "data.tar.xz"], "unpacking " + ctx.attr.package)
        ctx.extract("data.tar.xz", stripPrefix = ctx.attr.strip_prefix)
        ctx.delete("data.tar.xz")
    elif not ctx.which("apt-get"):
        ctx.extract(deb, stripPrefix = ctx.attr.upstream_strip_prefix)
    else:
        run(ctx, ["dpkg-deb", "-x", deb, "root"], "unpacking " + ctx.attr.package)
        run(ctx, ["bash", "-c", "shopt -s dotglob; mv root/%s/* ." % ctx.attr.strip_prefix], "moving " + ctx.attr.strip_prefix)
        ctx.delete("root")
    ctx.delete("dl")
    if ctx.attr.build_file:
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")
    if not ctx.path("WORKSPACE").exists:
        ctx.file("WORKSPACE", "")

deb_repository = repository_rule(
    implementation = _implementation,
    environ = FETCH_ENVIRON,
    attrs = {
        "package": attr.string(mandatory = True, doc = "name=version"),
        "sha256": attr.string(mandatory = True),
        "download_size": attr.string(mandatory = True),
        "strip_prefix": attr.string(mandatory = True),
        "build_file": attr.label(allow_single_file = True, doc = "of a package that has none"),
        "upstream_url": attr.string(mandatory = True, doc = "second source, for machines without apt: an archive, or the package itself"),
        "upstream_sha256": attr.string(mandatory = True),
        "upstream_strip_prefix": attr.string(),
    },
)
