"""fetch: one pinned file of a package, through the machine's package client.

The file is kept by its digest in ${XDG_CACHE_HOME:-~/.cache}/reprise/downloads,
so that a second checkout, or a build after `clean --expunge`, downloads nothing.
Bazel verifies the digest again when it takes the file over.
"""

def _cache_folder(ctx):
    environ = ctx.os.environ
    if environ.get("REPRISE_DOWNLOADS"):
        return environ["REPRISE_DOWNLOADS"]
    cache = environ.get("XDG_CACHE_HOME") or environ.get("HOME", "/tmp") + "/.cache"
    return cache + "/reprise/downloads"

def fetch(ctx, kind, package, file, sha256, size, second_source = None):
    """Brings the file into the repository and returns its name there.

    Args:
      ctx: the repository context.
      kind: "wheel", "deb" or "source" (see fetch_package.sh).
      package: the package as its client names it, with its version.
      file: the name to store it under.
      sha256: of the file.
      size: for the line shown to the user, "531 MB".
      second_source: upstream archive (url, sha256) for machines without apt.
    """
    if second_source and not ctx.which("apt-get"):
        url, second_sha256 = second_source

        # Under its own name: how it is packed is told by that.
        output = "dl/" + url.split("/")[-1]
        ctx.download(url = url, output = output, sha256 = second_sha256)
        return output
    output = "dl/" + file
    stored = _cache_folder(ctx) + "/" + sha256
    if not ctx.path(stored).exists:
        script = ctx.path(Label("//tools/repositories:fetch_package.sh"))
        result = ctx.execute(
            [script, kind, package, file, sha256, size, stored],
            timeout = 3600,
            quiet = False,
        )
        if result.return_code != 0:
            fail("could not fetch %s, see above" % package)
    ctx.download(url = "file://" + stored, output = output, sha256 = sha256)
    return output

def run(ctx, arguments, what):
    """Runs a command in the repository and fails with its output."""
    result = ctx.execute(arguments, timeout = 1200)
    if result.return_code != 0:
        fail("%s failed (%d)\n%s\n%s" % (what, result.return_code, result.stdout, result.stderr))
    return result.stdout

FETCH_ENVIRON = ["REPRISE_DOWNLOADS"]
