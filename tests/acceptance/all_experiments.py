#!/usr/bin/env python3
"""All nine experiments, as they are and with --scratch, on 1 and 2 ranks: 36 runs with
--quick on generated data. Prints a table: exit code, seconds, peak memory of the largest
process. Exits with 1 if one of them fails or takes longer than --limit.

  ./bazelw build //launch:all
  python3 tests/acceptance/all_experiments.py

or as a test: ./bazelw test //tests/acceptance:all_experiments_test --test_output=streamed
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

NAMES = ["mnist_nil_mnistnet", "mnist_icarl_mnistnet", "cifar10_nil_resnet34",
         "cifar10_icarl_resnet34", "cifar10_nil_resnet101", "cifar10_icarl_resnet101",
         "cifar10_nil_resnet152", "cifar10_icarl_resnet152", "candle_nil_candlenet"]

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--programs", default=root / "bazel-bin/launch", type=pathlib.Path)
parser.add_argument("--limit", type=float, default=0, help="seconds a run; 0: none")
parser.add_argument("--only", action="append", help="an experiment; may be repeated")
args = parser.parse_args()



def descendants(pid):
    """The process and all that it started, directly or not."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += descendants(int(child))
    return found


def peak_mib(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = [l for l in status.splitlines() if l.startswith("VmHWM")]
    return int(line[0].split()[1]) // 1024 if line else 0


def run(command, log, environment, folder):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    peak = 0
    while process.poll() is None:
        peak = max([peak] + [peak_mib(pid) for pid in descendants(process.pid)])
        time.sleep(0.1)
    return process.returncode, time.perf_counter() - start, peak


failed = 0
print("| experiment | run | ranks | exit | seconds | peak MiB |\n|---|---|---|---|---|---|", flush=True)
with tempfile.TemporaryDirectory() as folder:
    environment = {k: v for k, v in os.environ.items() if k != "REPRISE_DATASETS"}
    environment["HOME"] = folder  # no data sets there: the generated ones
    for name in args.only or NAMES:
        for scratch in (False, True):
            for ranks in (1, 2):
                command = [str(args.programs.absolute() / name), "--quick", "--threads=1",
                           "--device=cpu", f"--results-dir={folder}/results",
                           f"--ranks={ranks}"] + ["--scratch"] * scratch
                with open(f"{folder}/log", "w+") as log:
                    code, seconds, peak = run(command, log, environment, folder)
                    log.seek(0)
                    text = log.read()
                good = code == 0 and (not args.limit or seconds <= args.limit)
                failed += not good
                print(f"| {name} | {'scratch' if scratch else 'default'} | {ranks} | {code} |"
                      f" {seconds:.0f} | {peak} |", flush=True)
                if code:
                    print(text)
sys.exit(1 if failed else 0)
