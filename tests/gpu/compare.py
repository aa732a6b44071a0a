#!/usr/bin/env python3
"""Numbers out of result folders, one line each, for tests/gpu/run.sh and by hand.

  compare.py weights A B     |A - B| / |B| of the parameters, all and the furthest tensor
  compare.py losses A B      relative difference of the steps' losses: first and largest
  compare.py step_ms A       milliseconds a step, median over the step records but the first
  compare.py rate A          incoming samples a second by the same
  compare.py phases A        each phase's share of the training time
  compare.py accuracy A      sample mean accuracy after the last task
  compare.py counts A B N    A, B of libsynccount.so: what N further steps counted, a step

A and B are folders of a run (weights.safetensors, metrics.jsonl, summary.json) or, of
counts, files. With --at-most=X, weights and losses exit with 1 where X is exceeded.
"""
import argparse
import json
import pathlib
import statistics
import struct
import sys

import numpy as np

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["weights", "losses", "step_ms", "rate", "phases", "accuracy",
                                     "counts"])
parser.add_argument("paths", nargs="+")
parser.add_argument("--at-most", type=float)
args = parser.parse_args()


def tensors(folder):
    """By name, from weights.safetensors; integers (counters) left out."""
    content = memoryview((pathlib.Path(folder) / "weights.safetensors").read_bytes())
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(bytes(content[8:8 + length]))
    types = {"F32": "<f4", "F64": "<f8"}
    return {name: np.frombuffer(content[8 + length + entry["data_offsets"][0]:
                                        8 + length + entry["data_offsets"][1]],
                                types[entry["dtype"]])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in types}


def records(folder, kind):
    lines = (pathlib.Path(folder) / "metrics.jsonl").read_text().splitlines()
    found = [r for r in map(json.loads, lines) if r["record"] == kind]
    if not found:
        raise SystemExit(f"{folder}/metrics.jsonl: no record {kind}")
    return found


def norm(values):
    # In slices: CANDLENet in fp64 would take gigabytes.
    return sum(float(np.square(values[i:i + (1 << 22)].astype(np.float64)).sum())
               for i in range(0, len(values), 1 << 22)) ** .5


def judge(text, value):
    print(text)
    # Not a number is further than anything.
    sys.exit(args.at_most is not None and not value <= args.at_most)


def weights(a, b):
    of_a, of_b = tensors(a), tensors(b)
    if of_a.keys() != of_b.keys():
        raise SystemExit(f"other tensors: {sorted(of_a.keys() ^ of_b.keys())}")
    difference = {name: norm(of_a[name] - of_b[name]) for name in of_b}
    size = {name: norm(of_b[name]) for name in of_b}
    of_all = sum(d * d for d in difference.values()) ** .5 / sum(s * s for s in size.values()) ** .5
    # Of a tensor of zeros, the difference itself.
    relative = {name: difference[name] / (size[name] or 1) for name in of_b}
    furthest = max(relative, key=lambda name: (relative[name] != relative[name], relative[name]))
    judge(f"weights {of_all:.1e}, furthest {furthest} {relative[furthest]:.1e}", of_all)


def losses(a, b):
    pairs = [(x["loss"], y["loss"]) for x, y in zip(records(a, "step"), records(b, "step"))]
    relative = [abs(x - y) / abs(y) for x, y in pairs]
    largest = max(relative, key=lambda value: (value != value, value))
    judge(f"losses: first step {relative[0]:.1e}, largest of {len(pairs)} {largest:.1e}",
          relative[0])


def seconds_a_step(folder):
    steps = records(folder, "step")
    if len(steps) < 3:
        raise SystemExit(f"{folder}: {len(steps)} step records, at least 3 are needed")
    return statistics.median((after["timing"]["unix_seconds"] - before["timing"]["unix_seconds"])
                             / (after["global_step"] - before["global_step"])
                             for before, after in zip(steps[1:], steps[2:]))


def step_ms(folder):
    print(f"{seconds_a_step(folder) * 1e3:.3g} ms a step")


def rate(folder):
    epoch = records(folder, "train_epoch")[-1]
    batch = epoch["incoming_samples"] / epoch["steps"]
    seconds = seconds_a_step(folder)
    print(f"{batch / seconds:.4g} incoming samples/s ({seconds * 1e3:.3g} ms a step)")


def phases(folder):
    seconds = json.loads((pathlib.Path(folder) / "summary.json").read_text())["phase_seconds"]
    total = sum(seconds.values())
    print(", ".join(f"{name} {100 * value / total:.0f} %" for name, value in seconds.items()
                    if value >= .005 * total))


def accuracy(folder):
    summary = json.loads((pathlib.Path(folder) / "summary.json").read_text())
    head = next(h for h in summary["heads"] if h["primary"])
    print(f"sample mean accuracy {head['sample_mean_accuracy']['value']:.4f}, "
          f"{summary['training_seconds']:.3g} s of training")


def counts(few, many, steps):
    few, many = (json.loads(pathlib.Path(path).read_text()) for path in (few, many))
    per_step = {name: (many[name] - few[name]) / int(steps) for name in many}
    print(", ".join(f"{name} {value:g}" for name, value in per_step.items() if value)
          or "nothing: no call went through libcudart.so")


globals()[args.what](*args.paths)
