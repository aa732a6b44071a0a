"""What a run's sinks cost the training thread, whatever their server does.

  python3 tests/influx/sink_cost.py PROGRAM INFLUXD [--rounds N] [--dataset-dir DIR]

Trains MNISTNet with NIL on one rank, in rounds: without sinks of a server, with InfluxDB and
TensorBoard on, and with a server that is down, slow, or answers 401, 429, 500 or "partial
write". Prints of each: `sinks`, the training thread's time in all sinks over its training time;
`step`, training time over that of the run without a server in the same round; `end`, seconds
from the last record to the process's end; the points that the run spooled; and how many of them
a real InfluxDB holds after `reprise influx replay`, which must be all. Exit code 1 where points
are missing, or sinks take more than 1 %.
"""

import argparse
import http.server
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from private_influxdb import PrivateInfluxDb

MOST = 0.01  # of the training thread
PARTIAL = b'{"error":"partial write: points beyond retention policy dropped=1"}'
ANSWERS = {"401": (401, b"{}"), "429": (429, b"{}"), "500": (500, b"{}"), "partial": (400, PARTIAL)}
SLOW_SECONDS = 5


class Fault(http.server.BaseHTTPRequestHandler):
    """Answers every write as its server's `fault` says."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.fault == "slow":
            time.sleep(SLOW_SECONDS)
        status, body = ANSWERS.get(self.server.fault, (204, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


class FaultyServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a run that did not wait
            super().handle_error(request, client_address)


def faulty_server(fault):
    server = FaultyServer(("127.0.0.1", 0), Fault)
    server.daemon_threads = True
    server.fault = fault
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Bench:
    def __init__(self, args, folder, influxdb):
        self.args = args
        self.folder = folder
        self.influxdb = influxdb
        self.runs = 0

    def train(self, *flags):
        """{training_seconds, sink_seconds, end_seconds, folder}"""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        command = [self.args.program, "--agent=nil", "--model=mnistnet", "--dataset=mnist"]
        command += ["--epochs=1", "--threads=1", f"--results-dir={self.folder}", *flags]
        command += [f"--save-dir={folder.name}"]
        if self.args.dataset_dir:
            command.append(f"--dataset-dir={self.args.dataset_dir}")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended = time.time()
        *_, last = (folder / "metrics.jsonl").read_text().splitlines()
        end = json.loads(last)["timing"]
        return {
            "folder": folder,
            "training_seconds": end["training_seconds"],
            "sink_seconds": end["sink_seconds"],
            "end_seconds": ended - end["unix_seconds"],
        }

    def replayed(self, run):
        """(spooled, held by a real server after a replay)"""
        database = run["folder"].name
        self.influxdb.create(database)
        command = [self.args.program, "influx", "replay", run["folder"]]
        command += [f"--influx-url={self.influxdb.url}", f"--influx-database={database}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spooled = (run["folder"] / "metrics.lp").read_text().count("\n")
        return spooled, len(self.influxdb.points(database))


def conditions(influxdb):
    """Name -> flags."""
    influxdb.create("live")
    real = [f"--influx-url={influxdb.url}", "--influx-database=live"]
    found = {"plain": [], "influxdb + tensorboard": [*real, "--tensorboard"]}
    found["down"] = ["--influx-url=http://127.0.0.1:1", "--influx-database=live"]
    for fault in ("slow", *ANSWERS):
        port = faulty_server(fault).server_address[1]
        found[fault] = [f"--influx-url=http://127.0.0.1:{port}", "--influx-database=live"]
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("influxd", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dataset-dir")
    args = parser.parse_args()
    args.program = args.program.absolute()
    failed = False
    with tempfile.TemporaryDirectory() as top:
        folder = pathlib.Path(top)
        with PrivateInfluxDb(args.influxd, folder / "influxdb") as influxdb:
            bench, flags = Bench(args, folder, influxdb), conditions(influxdb)
            rounds = []
            for number in range(args.rounds):
                print(f"round {number + 1} of {args.rounds}", file=sys.stderr, flush=True)
                rounds.append({name: bench.train(*flags[name]) for name in flags})
            print(f"{'server':24s} {'sinks':>8s} {'step':>24s} {'end':>7s}  points")
            for name in flags:
                runs = [one[name] for one in rounds]
                shares = [run["sink_seconds"] / run["training_seconds"] for run in runs]
                ratios = [
                    one[name]["training_seconds"] / one["plain"]["training_seconds"] for one in rounds
                ]
                end = max(run["end_seconds"] for run in runs)
                line = f"{name:24s} {max(shares):8.3%} {statistics.median(ratios):7.3f}"
                line += f" ({min(ratios):.3f} .. {max(ratios):.3f}) {end:5.1f} s"
                if name != "plain":
                    spooled, held = bench.replayed(runs[-1])
                    line += f"  {held} of {spooled}"
                    failed |= held != spooled
                failed |= max(shares) > MOST
                print(line, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
