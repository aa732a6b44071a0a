#!/usr/bin/env python3
"""Accuracy on real data in three tasks (4 + 3 + 3 classes), over seeds.

  ./bazelw build //launch:all
  python3 tests/acceptance/accuracy.py --suite mnist --data DATASETS --out FOLDER --seeds 5
  python3 tests/acceptance/accuracy.py --suite mnist --out FOLDER --reference reference.jsonl   # table only

Suites: mnist (base, NIL at 6000, 500 and 50 representatives per class, ER at 500 and 50,
--scratch), mnist-icarl (500 and 50 per class), cifar10 (base, NIL, iCaRL and ER at 500 and 50 per
class, --scratch, with the small ResNet of 'variant': 'upstream').
A run that is in FOLDER already is not repeated, so the script goes on where it stopped.
The table gives mean and standard deviation of the accuracy over all ten classes and of
each task after the last one, the average incremental accuracy and the forgetting, a row
for each head; beside a reference (JSON lines with "how", "per_class", "epochs", "overall"
in percent and "per_task") the 95 % interval of the difference of means (Welch).
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
parser.add_argument("--suite", required=True, choices=["mnist", "mnist-icarl", "cifar10"])
parser.add_argument("--programs", default=root / "bazel-bin/launch", type=pathlib.Path)
parser.add_argument("--epochs", type=int, help="per task [3, cifar10 2]")
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--only", action="append", help="a configuration; may be repeated")
parser.add_argument("--reference", type=pathlib.Path)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()



def per_class(n):
    return f"--agent-config={{'num_representatives': {n}}}"


SMALL_RESNET = "--model-config={'depth': 34, 'variant': 'upstream'}"
# Name: program, flags.
SUITES = {
    "mnist": {
        "base": ("mnist_nil_mnistnet", ["--agent=base"]),
        "nil-6000": ("mnist_nil_mnistnet", [per_class(6000)]),
        "nil-500": ("mnist_nil_mnistnet", [per_class(500)]),
        "nil-50": ("mnist_nil_mnistnet", [per_class(50)]),
        "er-500": ("mnist_nil_mnistnet", ["--agent=er", per_class(500)]),
        "er-50": ("mnist_nil_mnistnet", ["--agent=er", per_class(50)]),
        "scratch": ("mnist_nil_mnistnet", ["--scratch"]),
    },
    "mnist-icarl": {
        "icarl-500": ("mnist_icarl_mnistnet", [per_class(500)]),
        "icarl-50": ("mnist_icarl_mnistnet", [per_class(50)]),
    },
    "cifar10": {
        "base": ("cifar10_nil_resnet34", [SMALL_RESNET, "--agent=base"]),
        "nil-500": ("cifar10_nil_resnet34", [SMALL_RESNET, per_class(500)]),
        "icarl-500": ("cifar10_icarl_resnet34", [SMALL_RESNET, per_class(500)]),
        "er-500": ("cifar10_nil_resnet34", [SMALL_RESNET, "--agent=er", per_class(500)]),
        "scratch": ("cifar10_nil_resnet34", [SMALL_RESNET, "--scratch"]),
        "nil-50": ("cifar10_nil_resnet34", [SMALL_RESNET, per_class(50)]),
        "icarl-50": ("cifar10_icarl_resnet34", [SMALL_RESNET, per_class(50)]),
        "er-50": ("cifar10_nil_resnet34", [SMALL_RESNET, "--agent=er", per_class(50)]),
    },
}
CONFIGURATIONS = SUITES[args.suite]
if not args.epochs:
    args.epochs = 2 if args.suite == "cifar10" else 3
# Two-sided 97.5 % quantile of Student's t by degrees of freedom.
QUANTILES = [math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201,
             2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069,
             2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]


def folder_of(name, seed):
    return args.out / f"{name}-{args.epochs}-epochs-seed-{seed}"


def run(name, seed):
    folder = folder_of(name, seed)
    if (folder / "summary.json").exists():
        return
    if folder.exists():  # cut short
        folder.rename(folder.with_name(f"{folder.name}.unfinished-{folder.stat().st_mtime_ns}"))
    program, flags = CONFIGURATIONS[name]
    command = [args.programs / program, f"--dataset-dir={args.data}", f"--results-dir={args.out}",
               f"--save-dir={folder.name}", f"--epochs={args.epochs}", f"--seed={seed}",
               f"--threads={args.threads}", *flags]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read(name, seed):
    """By head: percent over all classes, and by task, after the last task."""
    path = folder_of(name, seed) / "summary.json"
    if not path.exists():
        return None
    summary = json.loads(path.read_text())
    if summary["generated_data"]:
        raise SystemExit(f"{path}: generated data")
    return {head["name"]: {"overall": 100 * head["sample_mean_accuracy"]["value"],
                           "incremental": 100 * head["average_incremental_accuracy"]["value"],
                           "forgetting": 100 * head["forgetting"]["value"],
                           "tasks": [100 * a for a in head["accuracy_matrix"][-1]]}
            for head in summary["heads"]}


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
print("| method | head | seeds | by task after the last | all ten classes | average incremental"
      " | forgetting | reference (seeds) | difference, 95 % |")
print("|---|---|---|---|---|---|---|---|---|")
for name in names:
    runs = [r for r in (read(name, seed) for seed in range(args.seeds)) if r]
    for head in runs[0] if runs else []:
        of_head = [r[head] for r in runs]
        overall = [r["overall"] for r in of_head]
        tasks = " / ".join(f"{statistics.mean(column):.1f}"
                           for column in zip(*(r["tasks"] for r in of_head)))
        incremental = statistics.mean(r["incremental"] for r in of_head)
        forgetting = statistics.mean(r["forgetting"] for r in of_head)
        row = (f"| {name} | {head} | {len(runs)} | {tasks} |"
               f" {statistics.mean(overall):.2f} ± {spread(overall):.2f} |"
               f" {incremental:.2f} | {forgetting:.2f} |")
        theirs = reference(name)
        if len(theirs) > 1 and len(runs) > 1 and head == list(runs[0])[0]:
            low, high = interval(overall, theirs)
            row += (f" {statistics.mean(theirs):.2f} ± {spread(theirs):.2f} ({len(theirs)}) |"
                    f" {low:+.2f} .. {high:+.2f} |")
        else:
            row += " | |"
        print(row)
