"""An InfluxDB 1.x of the test's own: in a folder, on loopback ports that the system chooses."""

import json
import pathlib
import re
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
  bind-address = "127.0.0.1:0"
  log-enabled = false
[monitor]
  store-enabled = false
"""


class PrivateInfluxDb:
    """with PrivateInfluxDb(influxd, folder) as server: server.url, server.query(...)."""

    def __init__(self, influxd, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        configuration = self.folder / "influxdb.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder))
        self.log = self.folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [influxd, "run", "-config", str(configuration)], stdout=log, stderr=log
            )
        self.url = self._wait_for_url(seconds=60)

    def _wait_for_url(self, seconds):
        """It tells its port in its log once it listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"Listening on HTTP.* addr=(127\.0\.0\.1:\d+)", self.log.read_text())
            if found:
                return f"http://{found.group(1)}"
            time.sleep(0.05)  # a poll of another program's file, not an assumption about time
        self.process.kill()
        raise RuntimeError(f"influxd does not listen after {seconds} s:\n{self.log.read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def _post(self, path, arguments, body):
        request = f"{self.url}{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(request, data=body) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{request}: {error.code} {error.read().decode()}") from error

    def query(self, database, text):
        """The series of one statement. RuntimeError with the server's words where it fails."""
        arguments = {"db": database, "q": text}
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
