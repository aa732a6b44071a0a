#!/usr/bin/env python3
"""Reprise beside plain PyTorch: same machine, same run, alternating A B A B.

  python3 -m venv v && v/bin/pip install torch==2.11.0
  ./bazelw build //launch:mnist_nil_mnistnet
  python3 tests/peer/compare.py --python v/bin/python --data DATASETS [--allocator libjemalloc.so.2]

steps: samples that pass the network per second of training, batch 64, one thread.
  Reprise runs NIL (64 incoming + 20 representatives), loading and rehearsal
  included; PyTorch trains without rehearsal, the best of its variants.
end to end: wall clock of the whole process, NIL, one epoch a task, evaluation
  included (Reprise evaluates before each task, too).

Ratios are PyTorch's time over ours, or our rate over PyTorch's: above 1 Reprise is
faster. Median of the pairwise ratios, with minimum and maximum. Both sides should
have the machine to themselves.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--python", required=True, help="an interpreter with torch")
parser.add_argument("--data", required=True, help="folder of data sets with MNIST/raw/*.gz")
parser.add_argument("--program", default=str(root / "bazel-bin/launch/mnist_nil_mnistnet"))
parser.add_argument("--peer", help="another end-to-end peer: a command line, {data} is replaced")
parser.add_argument("--allocator", action="append", default=[],
                    help="a malloc library to preload for PyTorch; may be repeated")
parser.add_argument("--pairs", type=int, default=5)
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--out", help="append the result as a JSON line")
args = parser.parse_args()

peer = [args.python, str(root / "tests/peer/pytorch_peer.py")]


def run(command, preload=None):
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    if preload:
        environment["LD_PRELOAD"] = preload
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return time.perf_counter() - start, done.stdout


def reprise(*flags):
    """Seconds of the process, and its training epochs."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, _ = run([args.program, "--epochs=1", "--threads=1", "--device=cpu",
                          f"--dataset-dir={args.data}", f"--results-dir={folder}",
                          "--save-dir=run", *flags])
        lines = (pathlib.Path(folder) / "run/metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return seconds, [r for r in records if r["record"] == "train_epoch"]


def training_rate(epochs):
    samples = sum(e["incoming_samples"] + e["representatives"] for e in epochs)
    return samples / sum(e["timing"]["seconds"] for e in epochs)


def share_outside(epochs):
    """Of the training time, what is not forward, backward or optimizer."""
    total = sum(e["timing"]["seconds"] for e in epochs)
    inside = sum(e["timing"]["phase_seconds"][p]
                 for e in epochs for p in ("forward", "backward", "optimizer"))
    return 1 - inside / total


def peer_rate(mode, allocator):
    _, out = run(peer + ["steps", "--data", args.data, "--mode", mode,
                         "--steps", str(args.steps)], allocator)
    return json.loads(out)["samples_per_second"]


def summary(ratios):
    return {"median": round(statistics.median(ratios), 3), "min": round(min(ratios), 3),
            "max": round(max(ratios), 3)}


result = {"pairs": args.pairs}
variants = [(mode, allocator) for mode in ("fp32", "fp32_cl", "amp_cl")
            for allocator in [None] + args.allocator]
rates = {v: peer_rate(*v) for v in variants}
for (mode, allocator), rate in rates.items():
    print(f"PyTorch {mode:8} {allocator or 'default allocator':20} {rate:8.0f} samples/s", flush=True)
best = max(rates, key=rates.get)
plain = ("fp32", None)

ours, theirs, idiomatic, outside = [], [], [], []
for _ in range(args.pairs):
    _, epochs = reprise("--no-evaluate")
    ours.append(training_rate(epochs))
    outside.append(share_outside(epochs))
    theirs.append(peer_rate(*best))
    idiomatic.append(peer_rate(*plain))
    print(f"steps: Reprise {ours[-1]:8.0f}, PyTorch best ({best[0]}) {theirs[-1]:8.0f}, "
          f"idiomatic (fp32) {idiomatic[-1]:8.0f} samples/s", flush=True)
result["samples_per_second"] = {"reprise": round(statistics.median(ours)),
                                "pytorch_best": round(statistics.median(theirs)),
                                "pytorch_best_variant": f"{best[0]}, {best[1] or 'default allocator'}",
                                "pytorch_fp32": round(statistics.median(idiomatic))}
result["ratio_to_best"] = summary([a / b for a, b in zip(ours, theirs)])
result["ratio_to_idiomatic"] = summary([a / b for a, b in zip(ours, idiomatic)])
result["share_outside_network"] = summary(outside)

ours, theirs = [], []
whole = (args.peer.format(data=args.data).split() if args.peer
         else peer + ["nil", "--data", args.data, "--epochs", "1"])
for _ in range(args.pairs):
    ours.append(reprise()[0])
    theirs.append(run(whole)[0])
    print(f"end to end: Reprise {ours[-1]:6.1f} s, PyTorch {theirs[-1]:6.1f} s", flush=True)
result["end_to_end_seconds"] = {"reprise": round(statistics.median(ours), 1),
                                "pytorch": round(statistics.median(theirs), 1)}
result["end_to_end_ratio"] = summary([b / a for a, b in zip(ours, theirs)])
print(json.dumps(result, indent=1))
if args.out:
    with open(args.out, "a") as out:
        out.write(json.dumps(result) + "\n")
