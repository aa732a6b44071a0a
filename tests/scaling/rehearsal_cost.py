#!/usr/bin/env python3
"""What rehearsal costs: a step of NIL, synchronous and asynchronous, beside one without.

  ./bazelw build //launch:all
  python3 tests/scaling/rehearsal_cost.py --data DATASETS --out FOLDER --ranks 1 2
  python3 tests/scaling/rehearsal_cost.py --data DATASETS --out FOLDER --experiment resnet \
    --steps 15 --repeats 3

Runs take turns (none, sync, async, none, ...), one compute thread a rank, one epoch a task,
no evaluation. For each: seconds of a step on rank 0, its rehearsal_wait as part of the step,
and what rehearsal costs beside the floor, (step / step without) / ((B + R) / B): 1 is the
price of the added samples alone. Medians and ranges over --repeats.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", required=True)
parser.add_argument("--out", required=True, type=pathlib.Path)
parser.add_argument("--experiment", choices=["mnistnet", "resnet"], default="mnistnet")
parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--steps", type=int, default=0, help="of an epoch, at most; 0: all")
parser.add_argument("--programs", default=root / "bazel-bin/launch", type=pathlib.Path)
args = parser.parse_args()

BATCH, REPRESENTATIVES = 64, 20  # of a rank
PROGRAMS = {
    "mnistnet": ("mnist_nil_mnistnet", []),
    "resnet": ("cifar10_nil_resnet34",
               ["--model-config={'depth': 34, 'variant': 'upstream'}", "--augment=none"]),
}
KINDS = {
    "none": ["--agent=base"],
    "sync": ["--rehearsal=sync"],
    "async": ["--rehearsal=async"],
}
TRAINING = ["load", "rehearsal_wait", "forward", "backward", "reduction_wait", "optimizer",
            "buffer_update"]


def step_seconds(ranks, kind):
    """Of the last epoch, where the buffer is filled: seconds of a step, and of its wait."""
    program, flags = PROGRAMS[args.experiment]
    folder = args.out / f"{args.experiment}-{ranks}-{kind}"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([args.programs / program, f"--dataset-dir={args.data}", f"--ranks={ranks}",
                    f"--results-dir={args.out}", f"--save-dir={folder.name}", "--threads=1",
                    "--epochs=1", "--no-evaluate", "--device=cpu", f"--batch-size={BATCH}",
                    "--lr-scaling=none", f"--max-steps-per-epoch={args.steps}",
                    *flags, *KINDS[kind]],
                   check=True, stdout=subprocess.DEVNULL)
    epochs = [r for r in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
              if r["record"] == "train_epoch"]
    last = epochs[-1]
    phases = last["timing"]["phase_seconds"]
    return (sum(phases[p] for p in TRAINING) / last["steps"],
            phases["rehearsal_wait"] / last["steps"])


print(f"{args.experiment}: batch {BATCH} and {REPRESENTATIVES} representatives a rank")
print("| ranks | rehearsal | step, ms | rehearsal_wait, % of the step | cost / floor |")
print("|---|---|---|---|---|")
for ranks in args.ranks:
    runs = {kind: [] for kind in KINDS}
    for _ in range(args.repeats):
        for kind in KINDS:
            runs[kind].append(step_seconds(ranks, kind))
    for kind, of_kind in runs.items():
        steps = [1000 * step for step, _ in of_kind]
        waits = [100 * wait / step for step, wait in of_kind]
        row = (f"| {ranks} | {kind} | {statistics.median(steps):.2f}"
               f" ({min(steps):.2f}..{max(steps):.2f}) |")
        if kind == "none":
            print(row, "| |")
            continue
        floor = (BATCH + REPRESENTATIVES) / BATCH
        # Each beside the run without that came before it.
        costs = [step / without / floor
                 for (step, _), (without, _) in zip(of_kind, runs["none"])]
        print(f"{row} {statistics.median(waits):.2f} ({min(waits):.2f}..{max(waits):.2f}) |"
              f" {statistics.median(costs):.3f} ({min(costs):.3f}..{max(costs):.3f}) |")
