"""deb_repository: a folder of a binary Debian package."""

load("//tools/repositories:fetch.bzl", "FETCH_ENVIRON", "fetch", "run")

def _implementation(ctx):
    deb = fetch(ctx, "deb", ctx.attr.package, ctx.attr.package.split("=")[0] + ".deb", ctx.attr.sha256, ctx.attr.download_size)
    run(ctx, ["dpkg-deb", "-x", deb, "root"], "unpacking " + ctx.attr.package)
    run(ctx, ["bash", "-c", "shopt -s dotglob; mv root/%s/* ." % ctx.attr.strip_prefix], "moving " + ctx.attr.strip_prefix)
    ctx.delete("root")
    ctx.delete("dl")
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
    },
)
