"""wheel_repository: parts of Python wheels unpacked side by side, or a site's own
installation named by an environment variable."""

load("//tools/repositories:fetch.bzl", "FETCH_ENVIRON", "fetch", "run")

def fetch_wheel(ctx, package, sha256, size):
    return fetch(ctx, "wheel", package, package.split("==")[0] + ".zip", sha256, size)

def _implementation(ctx):
    home = ctx.os.environ.get(ctx.attr.home_variable, "") if ctx.attr.home_variable else ""
    if home:
        if not ctx.path(home).exists:
            fail("%s=%s does not exist" % (ctx.attr.home_variable, home))
        for part in ctx.attr.home_holds:
            if not ctx.path(home + "/" + part).exists:
                fail("%s=%s has no %s" % (ctx.attr.home_variable, home, part))
        ctx.symlink(home, ctx.attr.home_prefix)
        for sibling in ctx.attr.home_siblings:
            path = ctx.path(home).dirname.get_child(sibling)
            if path.exists:
                ctx.symlink(path, sibling)
    elif not ctx.os.environ.get(ctx.attr.unless_variable or "-", ""):
        for package, sha256 in ctx.attr.wheels.items():
            wheel = fetch_wheel(ctx, package, sha256, ctx.attr.sizes.get(package, ""))
            command = ["unzip", "-q", "-o", wheel] + ctx.attr.keep
            if ctx.attr.exclude:
                command += ["-x"] + ctx.attr.exclude
            result = ctx.execute(command, timeout = 1200)
            if result.return_code not in [0, 11]:  # 11: a pattern matched nothing
                fail("unpacking %s failed\n%s" % (package, result.stderr))
        ctx.delete("dl")
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")
    ctx.file("WORKSPACE", "")

wheel_repository = repository_rule(
    implementation = _implementation,
    environ = FETCH_ENVIRON + ["LIBTORCH_HOME", "NCCL_HOME", "CUDA_HOME"],
    attrs = {
        "wheels": attr.string_dict(mandatory = True, doc = "name==version -> sha256"),
        "sizes": attr.string_dict(doc = "name==version -> size shown to the user"),
        "licence": attr.string(mandatory = True),
        "keep": attr.string_list(),
        "exclude": attr.string_list(),
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "home_variable": attr.string(doc = "names a site's installation"),
        "home_holds": attr.string_list(doc = "what is there in an installation that can be used"),
        "home_prefix": attr.string(doc = "where the installation is linked to"),
        "unless_variable": attr.string(doc = "where it is set and home_variable is not, the repository is empty"),
        "home_siblings": attr.string_list(doc = "folders beside the installation that are taken where they exist"),
    },
)
