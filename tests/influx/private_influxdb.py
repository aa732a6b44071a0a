"""An InfluxDB 1 of a test's own: in a folder, on loopback ports that the system chooses."""

import base64
import json
import pathlib
import re
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

CONFIGURATION = """\
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "{address}"
  auth-enabled = {is_secured}
  https-enabled = {is_secured}
  https-certificate = "{certificate}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


def self_signed_certificate(path):
    """Of localhost, with its key, by openssl."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", f"{path}.key", "-out", f"{path}.certificate"]
    subprocess.run(command, check=True, capture_output=True)
    parts = [pathlib.Path(f"{path}.{part}").read_text() for part in ("certificate", "key")]
    pathlib.Path(path).write_text("".join(parts))


class PrivateInfluxDb:
    """with PrivateInfluxDb(influxd, folder) as server: server.url, server.query(...).

    With a `certificate` (self_signed_certificate) it speaks https only, and only to ADMINISTRATOR.
    Stopped and started again it has the same address and data.
    """

    ADMINISTRATOR = ("administrator", "s3cret")

    def __init__(self, influxd, folder, certificate=None):
        self.influxd = influxd
        self.certificate = certificate
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.log = self.folder / "log.txt"
        self.address = "127.0.0.1:0"
        self.start()
        if certificate:
            name, password = self.ADMINISTRATOR
            self.query("", f"CREATE USER {name} WITH PASSWORD '{password}' WITH ALL PRIVILEGES")

    @property
    def url(self):
        if not self.certificate:
            return f"http://{self.address}"
        return "https://localhost:" + self.address.partition(":")[2]

    def start(self):
        configuration = self.folder / "influxdb.conf"
        text = CONFIGURATION.format(
            folder=self.folder,
            address=self.address,
            is_secured="true" if self.certificate else "false",
            certificate=self.certificate or "",
        )
        configuration.write_text(text)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [self.influxd, "run", "-config", str(configuration)], stdout=log, stderr=log
            )
        self.address = self._wait_for_address(seconds=120)

    def stop(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)
        self.process.wait()

    def _wait_for_address(self, seconds):
        """It tells its port in its log once it listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"Listening on HTTP.* addr=(127\.0\.0\.1:\d+)", self.log.read_text())
            if found:
                return found.group(1)
            time.sleep(0.05)  # a poll of another program's file, not an assumption about time
        self.process.kill()
        raise RuntimeError(f"influxd does not listen after {seconds} s:\n{self.log.read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _post(self, path, arguments, body):
        url = f"{self.url}{path}?{urllib.parse.urlencode(arguments)}"
        request, context = urllib.request.Request(url, data=body), None
        if self.certificate:
            secret = base64.b64encode(":".join(self.ADMINISTRATOR).encode()).decode()
            request.add_header("Authorization", f"Basic {secret}")
            context = ssl.create_default_context(cafile=self.certificate)
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{url}: {error.code} {error.read().decode()}") from error

    def query(self, database, text):
        """The series of one statement, times in nanoseconds.

        RuntimeError with the server's words where it fails.
        """
        arguments = {"db": database, "q": text, "epoch": "ns"}
        reply = json.loads(self._post("/query", arguments, b""))
        result = reply.get("results", [reply])[0]
        if "error" in reply or "error" in result:
            raise RuntimeError(f"{text}: {reply.get('error') or result.get('error')}")
        return result.get("series", [])

    def create(self, database):
        self.query("", f'CREATE DATABASE "{database}"')

    def write(self, database, lines):
        body = "\n".join(lines).encode()
        self._post("/write", {"db": database, "precision": "ns"}, body)

    def points(self, database):
        """All points of all measurements, with tags, in an order of their own."""
        found = []
        for series in self.query(database, "SELECT * FROM /.*/ GROUP BY *"):
            for values in series["values"]:
                fields = dict(zip(series["columns"], values))
                found.append((series["name"], tuple(sorted(series["tags"].items())), fields))
        return sorted(found, key=repr)
