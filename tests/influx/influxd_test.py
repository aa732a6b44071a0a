"""A real InfluxDB 1 beside real runs: python3 influxd_test.py PROGRAM INFLUXD.

Shows that points arrive while the run goes, that all are there at its end, that a replay into
another database gives the same series, that sending them twice changes nothing, that a server
which dies and comes back during the run has all of them in the end, and that one which speaks
https and asks for a password gets them, too."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from private_influxdb import PrivateInfluxDb, self_signed_certificate

influxd = sys.argv.pop()
program = pathlib.Path(sys.argv.pop()).absolute()
RUN = ["--quick", "--agent=nil", "--model=mnistnet", "--dataset=mnist", "--threads=1", "--log-interval=1"]
# Under which a condition holds or the test fails; far above what it takes.
PATIENCE_SECONDS = 120


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")
        time.sleep(0.05)


class RunTest(unittest.TestCase):
    """Runs beside a server that has the databases runs and again."""

    certificate = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {**os.environ, "INFLUX_PASSWORD": "s3cret"}
        if self.certificate:
            self_signed_certificate(self.folder / self.certificate)
        certificate = self.certificate and self.folder / self.certificate
        self.server = PrivateInfluxDb(influxd, self.folder / "influxdb", certificate)
        self.addCleanup(self.server.stop)
        for name in ("runs", "again"):
            self.server.create(name)

    def start(self, *flags, name="run"):
        self.run_folder = self.folder / name
        command = [program, *RUN, f"--results-dir={self.folder}", f"--save-dir={name}", *flags]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=self.environment, **output)

    def influx_flags(self, database="runs"):
        return [f"--influx-url={self.server.url}", f"--influx-database={database}"]

    def replay(self, *flags, **environment):
        command = [program, "influx", "replay", self.run_folder, *flags]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        environment = {**self.environment, **environment}
        return subprocess.run(command, check=False, env=environment, **output)

    def check_against_a_replay(self, log):
        """The series of runs are those that a replay of the run makes in another database."""
        replay = self.replay(*self.influx_flags("again"))
        self.assertEqual(replay.returncode, 0, replay.stdout)
        points = self.server.points("runs")
        self.assertEqual(len(points), self.spooled(), log)
        self.assertEqual(self.server.points("again"), points)

    def spooled(self):
        return (self.run_folder / "metrics.lp").read_text().count("\n")


class InfluxdTest(RunTest):
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
        self.server.create("third")
        replay = self.replay(*self.influx_flags("third"))
        self.assertEqual(replay.returncode, 0, replay.stdout)
        self.assertEqual(self.server.points("third"), points)

    def test_a_server_that_dies_and_returns_during_the_run_has_all_points_in_the_end(self):
        run = self.start("--epochs=400", *self.influx_flags())
        wait_for(lambda: self.server.points("runs"), "the first points")
        self.server.stop(signal.SIGKILL)
        log_file = self.run_folder / "log.txt"
        wait_for(lambda: "does not take points" in log_file.read_text(), "trouble without a server")
        self.assertIsNone(run.poll(), "the run was over before the server came back")
        self.server.start()
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        self.check_against_a_replay(log)

    def test_a_run_without_its_server_is_replayed_when_that_is_there(self):
        self.server.stop()
        run = self.start("--influx-flush-seconds=0", *self.influx_flags())
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        self.assertIn(f"reprise influx replay {self.run_folder}", log)
        refused = self.replay()
        self.assertEqual(refused.returncode, 4, refused.stdout)
        self.server.start()
        replay = self.replay()
        self.assertEqual(replay.returncode, 0, replay.stdout)
        self.check_against_a_replay(log)

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


@unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate: https is NOT TESTED")
class SecuredInfluxdTest(RunTest):
    certificate = "server.pem"

    def test_a_run_writes_over_https_as_a_user_and_every_wrong_way_is_told_with_its_remedy(self):
        name, password = PrivateInfluxDb.ADMINISTRATOR
        self.environment["INFLUX_PASSWORD"] = password
        self.environment["SSL_CERT_FILE"] = str(self.folder / self.certificate)
        run = self.start(f"--influx-user={name}", *self.influx_flags())
        log, _ = run.communicate()
        self.assertEqual(run.returncode, 0, log)
        self.assertIn("points written", log)
        self.check_against_a_replay(log)
        system = self.replay(SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt")
        no_file = self.replay(SSL_CERT_FILE="/none")
        by_address = self.replay(f"--influx-url={self.server.url.replace('localhost', '127.0.0.1')}")
        for replay in (system, no_file, by_address):
            self.assertEqual(replay.returncode, 4, replay.stdout)
            self.assertIn("remedy: name ", replay.stdout)
            self.assertIn("SSL_CERT_FILE", replay.stdout)
        self.assertIn("by name", by_address.stdout)
        wrong = self.replay(INFLUX_PASSWORD="wrong")
        self.assertEqual(wrong.returncode, 4, wrong.stdout)
        self.assertIn("status 401", wrong.stdout)
        self.assertIn("--influx-user and INFLUX_PASSWORD", wrong.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
