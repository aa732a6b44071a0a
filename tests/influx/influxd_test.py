"""A real InfluxDB 1 beside real runs: python3 influxd_test.py PROGRAM, with influxd on PATH.

Shows that points arrive while the run goes, that all are there at its end, that a replay into
another database gives the same series, that sending them twice changes nothing, and that a server
which dies and comes back during the run has all of them in the end."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

program = pathlib.Path(sys.argv.pop()).absolute()
MEASUREMENTS = ["class", "rank", "run_end", "run_start", "step", "task_end", "test", "train_epoch"]
RUN = ["--quick", "--agent=nil", "--model=mnistnet", "--dataset=mnist", "--threads=1", "--log-interval=1"]
# Under which a condition holds or the test fails; far above what it takes.
PATIENCE_SECONDS = 120


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Influxd:
    """A server of its own with files in `folder`; survives stop and start."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "influxdb.conf"
        self.config.write_text(
            "reporting-disabled = true\n"
            f'bind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{folder}/meta"\n'
            f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
            f'[http]\nbind-address = "127.0.0.1:{self.port}"\nlog-enabled = false\n'
        )
        self.log = folder / "influxd.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["influxd", "run", "-config", self.config], stdout=log, stderr=subprocess.STDOUT
            )
        wait_for(self.answers, "influxd to answer")

    def stop(self, signal_number=signal.SIGKILL):
        self.process.send_signal(signal_number)
        self.process.wait()

    def answers(self):
        try:
            return urllib.request.urlopen(self.url + "/ping", timeout=5).status == 204
        except (urllib.error.URLError, OSError):
            return False

    def query(self, text, database=""):
        body = urllib.parse.urlencode({"q": text, "db": database, "epoch": "ns"}).encode()
        with urllib.request.urlopen(self.url + "/query", body, timeout=60) as answer:
            return json.load(answer)["results"][0].get("series", [])

    def points(self, database):
        """All points of all measurements, with tags, in an order of their own."""
        found = []
        for name in MEASUREMENTS:
            for series in self.query(f'SELECT * FROM "reprise_{name}" GROUP BY *', database):
                for values in series["values"]:
                    fields = dict(zip(series["columns"], values))
                    found.append((series["name"], tuple(sorted(series["tags"].items())), fields))
        return sorted(found, key=repr)


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")
        time.sleep(0.05)


class InfluxdTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = Influxd(self.folder)
        self.server.start()
        self.addCleanup(self.server.stop)
        for name in ("runs", "again"):
            self.server.query(f"CREATE DATABASE {name}")

    def start(self, *flags, name="run"):
        self.run_folder = self.folder / name
        command = [program, *RUN, f"--results-dir={self.folder}", f"--save-dir={name}", *flags]
        environment = {**os.environ, "INFLUX_PASSWORD": "s3cret"}
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=environment, **output)

    def influx_flags(self, database="runs"):
        return [f"--influx-url={self.server.url}", f"--influx-database={database}"]

    def replay(self, *flags):
        command = [program, "influx", "replay", self.run_folder, *flags]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.run(command, check=False, **output)

    def spooled(self):
        return (self.run_folder / "metrics.lp").read_text().count("\n")

    def test_points_arrive_while_the_run_goes_and_replays_give_the_same_series(self):
        run = self.start("--epochs=20", "--influx-user=u", *self.influx_flags())
        wait_for(lambda: self.server.points("runs"), "the first points")
        self.assertIsNone(run.poll(), "the first points came when the run was over")
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        points = self.server.points("runs")
        self.assertEqual(len(points), self.spooled())
        self.assertIn(f"{len(points)} points written", log)
        for file in self.run_folder.iterdir():
            self.assertNotIn(b"s3cret", file.read_bytes(), file)
        for _ in range(2):
            replay = self.replay(*self.influx_flags("again"))
            self.assertEqual(replay.returncode, 0, replay.stdout)
            self.assertEqual(self.server.points("again"), points)
        # What the run itself knew is where it goes without flags; nothing changes there.
        self.assertEqual(self.replay().returncode, 0)
        self.assertEqual(self.server.points("runs"), points)
        # From metrics.jsonl, as of a run without a server; half a last line is no record.
        (self.run_folder / "metrics.lp").unlink()
        with open(self.run_folder / "metrics.jsonl", "a") as truth:
            truth.write('{"schema":1,"record":"st')
        self.server.query("CREATE DATABASE third")
        replay = self.replay(*self.influx_flags("third"))
        self.assertEqual(replay.returncode, 0, replay.stdout)
        self.assertEqual(self.server.points("third"), points)

    def test_a_server_that_dies_and_returns_during_the_run_has_all_points_in_the_end(self):
        run = self.start("--epochs=40", *self.influx_flags())
        wait_for(lambda: self.server.points("runs"), "the first points")
        self.server.stop()
        before = self.spooled()
        wait_for(lambda: self.spooled() > before + 20, "points without a server")
        self.assertIsNone(run.poll(), "the run was over before the server came back")
        self.server.start()
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        self.assertIn("does not take points", log)
        self.assertEqual(len(self.server.points("runs")), self.spooled(), log)

    def test_a_run_without_its_server_is_replayed_when_that_is_there(self):
        self.server.stop(signal.SIGTERM)
        run = self.start("--influx-flush-seconds=0", *self.influx_flags())
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        self.assertIn(f"reprise influx replay {self.run_folder}", log)
        refused = self.replay("--influx-url=http://127.0.0.1:1", "--help")
        self.assertEqual(refused.returncode, 0, refused.stdout)
        self.server.start()
        replay = self.replay()
        self.assertEqual(replay.returncode, 0, replay.stdout)
        self.assertEqual(len(self.server.points("runs")), self.spooled())

    def test_a_killed_run_is_replayed_from_its_records(self):
        run = self.start("--epochs=100", *self.influx_flags())
        wait_for(lambda: self.server.points("runs"), "the first points")
        run.kill()
        run.communicate()
        replay = self.replay(*self.influx_flags("again"))
        self.assertEqual(replay.returncode, 0, replay.stdout)
        steps = [
            json.loads(line)["record"]
            for line in (self.run_folder / "metrics.jsonl").read_text().split("\n")[:-1]
        ].count("step")
        found = [point for point in self.server.points("again") if point[0] == "reprise_step"]
        self.assertEqual(len(found), steps)

    def test_a_database_that_is_not_there_is_told_with_the_remedy(self):
        run = self.start(*self.influx_flags("none"))
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        self.assertIn("status 404", log)
        self.assertIn("CREATE DATABASE", log)
        self.assertEqual(self.replay().returncode, 4)


if __name__ == "__main__":
    if shutil.which("influxd") is None:
        sys.exit("influxd_test: expected influxd on PATH; remedy: apt-get install influxdb")
    unittest.main(verbosity=2)
