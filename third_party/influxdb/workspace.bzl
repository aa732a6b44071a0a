"""InfluxDB 1.6.7, as Debian builds it. Why: tests write to the server that users have, and ask it
every query of the dashboards. Of tests only, nothing of it is shipped. Licence: MIT."""

load("//tools/repositories:deb_repository.bzl", "deb_repository")

def influxdb():
    deb_repository(
        name = "influxdb",
        package = "influxdb=1.6.7~rc0-1+b13",
        sha256 = "fcfddf7937befd82264359feaeb2f46a79f9574656ee0981eb19dcc5a153f55c",
        download_size = "5 MB",
        strip_prefix = "usr",
        build_file = "//third_party/influxdb:influxdb.BUILD",
        # The same file, of the day of Debian 12's release.
        upstream_url = "https://snapshot.debian.org/archive/debian/20230615T000000Z/pool/main/i/influxdb/influxdb_1.6.7~rc0-1+b13_amd64.deb",
        upstream_sha256 = "fcfddf7937befd82264359feaeb2f46a79f9574656ee0981eb19dcc5a153f55c",
    )
