#!/usr/bin/env python3
"""Accuracy on real MNIST in three tasks (4 + 3 + 3 classes), over seeds.

  ./bazelw build //launch:mnist_nil_mnistnet
  python3 tests/acceptance/mnist_accuracy.py --data DATASETS --out FOLDER [--epochs 3] [--seeds 5]
  python3 tests/acceptance/mnist_accuracy.py --out FOLDER --reference reference.jsonl   # table only

Runs base, NIL at 6000, 500 and 50 representatives per class, and --scratch. A run
that is in FOLDER already is not repeated, so the script goes on where it stopped.
The table gives mean and standard deviation of the accuracy over all ten classes and
of each task after the last one; beside a reference (JSON lines with "how",
"per_class", "epochs", "overall" in percent and "per_task") the 95 % interval of the
difference of means (Welch).
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", required=True, type=pathlib.Path)
parser.add_argument("--data", help="folder of data sets; without it nothing is run")
parser.add_argument("--program", default=str(root / "bazel-bin/launch/mnist_nil_mnistnet"))
parser.add_argument("--epochs", type=int, default=3, help="per task")
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--only", action="append", help="a configuration; may be repeated")
parser.add_argument("--reference", type=pathlib.Path)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

CONFIGURATIONS = {
    "base": ["--agent=base"],
    "nil-6000": ["--agent-config={'num_representatives': 6000}"],
    "nil-500": ["--agent-config={'num_representatives': 500}"],
    "nil-50": ["--agent-config={'num_representatives': 50}"],
    "scratch": ["--scratch"],
}
# Two-sided 97.5 % quantile of Student's t by degrees of freedom.
QUANTILES = [math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]


def folder_of(name, seed):
    return args.out / f"{name}-{args.epochs}-epochs-seed-{seed}"


def run(name, seed):
    folder = folder_of(name, seed)
    if (folder / "summary.json").exists():
        return
    if folder.exists():  # cut short
        folder.rename(folder.with_name(f"{folder.name}.unfinished-{folder.stat().st_mtime_ns}"))
    command = [args.program, f"--dataset-dir={args.data}", f"--results-dir={args.out}",
               f"--save-dir={folder.name}", f"--epochs={args.epochs}", f"--seed={seed}",
               f"--threads={args.threads}", *CONFIGURATIONS[name]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read(name, seed):
    """Percent over all classes, and by task, after the last task."""
    path = folder_of(name, seed) / "summary.json"
    if not path.exists():
        return None
    summary = json.loads(path.read_text())
    if summary["generated_data"]:
        raise SystemExit(f"{path}: generated data")
    head = summary["heads"][0]
    return {"overall": 100 * head["sample_mean_accuracy"]["value"],
            "tasks": [100 * a for a in head["accuracy_matrix"][-1]]}


def reference(name):
    if not args.reference:
        return []
    how, _, per_class = name.partition("-")
    how = {"base": "naive"}.get(how, how)
    rows = [json.loads(line) for line in args.reference.read_text().splitlines()]
    return [r["overall"] for r in rows if r["how"] == how and r["epochs"] == args.epochs
            and (not per_class or r["per_class"] == int(per_class))]


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else math.nan


def interval(ours, theirs):
    a, b = spread(ours) ** 2 / len(ours), spread(theirs) ** 2 / len(theirs)
    freedom = (a + b) ** 2 / (a ** 2 / (len(ours) - 1) + b ** 2 / (len(theirs) - 1))
    half = QUANTILES[min(int(freedom), len(QUANTILES) - 1)] * math.sqrt(a + b)
    difference = statistics.mean(ours) - statistics.mean(theirs)
    return difference - half, difference + half


names = args.only or list(CONFIGURATIONS)
if args.data:
    for seed in range(args.seeds):
        for name in names:
            run(name, seed)
print("| method | seeds | by task after the last | all ten classes | reference (seeds) | difference, 95 % |")
print("|---|---|---|---|---|---|")
for name in names:
    runs = [r for r in (read(name, seed) for seed in range(args.seeds)) if r]
    if not runs:
        continue
    overall = [r["overall"] for r in runs]
    tasks = " / ".join(f"{statistics.mean(column):.1f}" for column in zip(*(r["tasks"] for r in runs)))
    row = f"| {name} | {len(runs)} | {tasks} | {statistics.mean(overall):.2f} ± {spread(overall):.2f} |"
    theirs = reference(name)
    if len(theirs) > 1 and len(runs) > 1:
        low, high = interval(overall, theirs)
        row += (f" {statistics.mean(theirs):.2f} ± {spread(theirs):.2f} ({len(theirs)}) |"
                f" {low:+.2f} .. {high:+.2f} |")
    else:
        row += " | |"
    print(row)
