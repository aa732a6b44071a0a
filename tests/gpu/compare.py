#!/usr/bin/env python3
"""Numbers out of result folders, one line each, for tests/gpu/run.sh and by hand.

  compare.py weights A B     |A - B| / |B| of the parameters, all and the furthest tensor
  compare.py losses A B      relative difference of the steps' losses, of which both have as
                             many: first and largest
  compare.py step_ms A       milliseconds a step, median over the step records but the first
  compare.py rate A          incoming samples a second by the same
  compare.py phases A        each phase's share of the training time
  compare.py accuracy A [B]  sample mean accuracy after the last task, and how far from B's
  compare.py counts A B N    A, B of libsynccount.so: what N further steps counted, a step

A and B are folders of a run (weights.safetensors, metrics.jsonl, summary.json) or, of
counts, files. Exits with 1 where a difference is more than --at-most (of losses the
first, the largest more than --largest, which is --at-most if it is not given), or an
accuracy or the calls of a step less than --at-least.
"""
import argparse
import array
import json
import math
import pathlib
import statistics
import struct
import sys

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["weights", "losses", "step_ms", "rate", "phases", "accuracy",
                                     "counts"])
parser.add_argument("paths", nargs="+")
parser.add_argument("--at-most", type=float, default=math.inf)
parser.add_argument("--largest", type=float)
parser.add_argument("--at-least", type=float, default=-math.inf)
args = parser.parse_args()


def tensors(folder):
    """By name, from weights.safetensors; integers (counters) left out."""
    content = memoryview((pathlib.Path(folder) / "weights.safetensors").read_bytes())
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(bytes(content[8:8 + length]))
    types = {"F32": "f", "F64": "d"}
    return {name: array.array(types[entry["dtype"]],
                              bytes(content[8 + length + entry["data_offsets"][0]:
                                            8 + length + entry["data_offsets"][1]]))
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in types}


def records(folder, kind):
    lines = (pathlib.Path(folder) / "metrics.jsonl").read_text().splitlines()
    found = [r for r in map(json.loads, lines) if r["record"] == kind]
    if not found:
        raise SystemExit(f"{folder}/metrics.jsonl: no record {kind}")
    return found


def distance(a, b):
    # In slices: CANDLENet as Python's numbers would take gigabytes.
    return sum(math.dist(a[i:i + (1 << 16)], b[i:i + (1 << 16)]) ** 2
               for i in range(0, len(b), 1 << 16)) ** .5


def norm(values):
    return distance(values, array.array("b", bytes(len(values))))


def judge(text, holds):
    print(text)
    sys.exit(not holds)


def weights(a, b):
    of_a, of_b = tensors(a), tensors(b)
    if of_a.keys() != of_b.keys():
        raise SystemExit(f"other tensors: {sorted(of_a.keys() ^ of_b.keys())}")
    sizes = {name for name in of_b if len(of_a[name]) != len(of_b[name])}
    if sizes:
        raise SystemExit(f"tensors of other sizes: {sorted(sizes)}")
    difference = {name: distance(of_a[name], of_b[name]) for name in of_b}
    size = {name: norm(of_b[name]) for name in of_b}
    of_all = sum(d * d for d in difference.values()) ** .5 / sum(s * s for s in size.values()) ** .5
    # Of a tensor of zeros, the difference itself.
    relative = {name: difference[name] / (size[name] or 1) for name in of_b}
    furthest = max(relative, key=lambda name: (relative[name] != relative[name], relative[name]))
    judge(f"weights {of_all:.1e}, furthest {furthest} {relative[furthest]:.1e}",
          # Not a number is further than anything.
          of_all <= args.at_most)


def losses(a, b):
    of_a, of_b = ([r["loss"] for r in records(folder, "step")] for folder in (a, b))
    if len(of_a) != len(of_b):
        raise SystemExit(f"{len(of_a)} and {len(of_b)} steps: expected as many")
    relative = [abs(x - y) / abs(y) for x, y in zip(of_a, of_b)]
    largest = max(relative, key=lambda value: (value != value, value))
    most = args.at_most if args.largest is None else args.largest
    judge(f"losses: first step {relative[0]:.1e}, largest of {len(relative)} {largest:.1e}",
          relative[0] <= args.at_most and largest <= most)


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


def accuracy(*folders):
    summaries = [json.loads((pathlib.Path(folder) / "summary.json").read_text())
                 for folder in folders]
    values = [next(h for h in summary["heads"] if h["primary"])["sample_mean_accuracy"]["value"]
              for summary in summaries]
    text = f"sample mean accuracy {values[0]:.4f}, {summaries[0]['training_seconds']:.3g} s of training"
    if len(values) > 1:
        text += f"; {values[0] - values[1]:+.4f} from {values[1]:.4f}"
    judge(text, values[0] >= args.at_least and
          all(abs(values[0] - other) <= args.at_most for other in values[1:]))


def counts(few, many, steps):
    few, many = (json.loads(pathlib.Path(path).read_text()) for path in (few, many))
    per_step = {name: (many[name] - few[name]) / int(steps) for name in many}
    calls = sum(value for name, value in per_step.items() if not name.startswith("bytes_"))
    judge(", ".join(f"{name} {value:g}" for name, value in per_step.items() if value)
          or "nothing: no call went through libcudart.so", calls >= args.at_least)


globals()[args.what](*args.paths)
