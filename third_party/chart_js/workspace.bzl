"""Chart.js 3.9.1, as Debian builds it. Why: reports of runs draw lines and bars that a reader
can point at, in a page that needs no network. Licence: MIT, which the page carries."""

load("//tools/repositories:deb_repository.bzl", "deb_repository")

def chart_js():
    deb_repository(
        name = "chart_js",
        package = "libjs-chart.js=3.9.1+~0.2.1-2",
        sha256 = "16456ab02ad662f480ae3f4d0769a069f69133d0a957821925bbdd648ae5390a",
        download_size = "0.2 MB",
        strip_prefix = "usr/share",
        build_file = "//third_party/chart_js:chart_js.BUILD",
        # The same file, of the day of Debian 12's release.
        upstream_url = "https://snapshot.debian.org/archive/debian/20230615T000000Z/pool/main/n/node-chart.js/libjs-chart.js_3.9.1+~0.2.1-2_all.deb",
        upstream_sha256 = "16456ab02ad662f480ae3f4d0769a069f69133d0a957821925bbdd648ae5390a",
    )
