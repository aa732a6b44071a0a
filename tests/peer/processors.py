#!/usr/bin/env python3
"""Training steps of Reprise's networks beside plain PyTorch's, on this processor and on
lesser ones that are played: same machine, same run, alternating.

  python3 -m venv v && v/bin/pip install torch==2.11.0
  ./bazelw build //launch:reprise
  python3 tests/peer/processors.py --python v/bin/python [--data DATASETS]
      [--family avx2 ...] [--network candlenet ...] [--allocator libtcmalloc.so.4 ...]

A family is played by REPRISE_MAX_CPU_ISA, which limits LibTorch as well; PyTorch gets the
same limits by its own variables. default: fp32, contiguous, as one writes it. best: the
fastest of fp32, fp32 channels_last, bf16 autocast channels_last, each with each allocator,
found first. Reprise takes its own defaults (precision, memory format), --agent=base so that
both train on the same number of samples; loading is included on its side only.

Ratios are PyTorch's time of a step over ours, by pairs: median (least to greatest); above 1
Reprise is faster. One thread each. A row of a Markdown table for each network and family.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
VARIABLES = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")
LIMITS = {"avx2": ("AVX2", "avx2", "AVX2"), "avx512": ("AVX512_CORE", "avx512", "AVX512"),
          "avx512_bf16": ("AVX512_CORE_BF16", "avx512", "AVX512"), "amx": None}
# Flags of ours, batch, steps of ours and of the peer's that count, pairs.
NETWORKS = {
    "mnistnet": (["--model=mnistnet", "--dataset=mnist"], 64, 100, 100, 5),
    "resnet34": (["--model=resnet", "--dataset=cifar10"], 16, 2, 2, 5),
    "resnet101": (["--model=resnet", "--model-config={'depth': 101}", "--dataset=cifar10"], 8, 2, 2, 3),
    "resnet152": (["--model=resnet", "--model-config={'depth': 152}", "--dataset=cifar10"], 8, 2, 2, 3),
    "candlenet": (["--model=candlenet", "--dataset=candle"], 20, 1, 1, 3),
}
parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--python", required=True, help="an interpreter with torch")
parser.add_argument("--data", help="folder of data sets, all that the networks read; without it "
                    "stand-ins")
parser.add_argument("--program", default=str(root / "bazel-bin/launch/reprise"))
parser.add_argument("--family", action="append", choices=LIMITS)
parser.add_argument("--network", action="append", choices=NETWORKS)
parser.add_argument("--allocator", action="append", default=[],
                    help="a malloc library to preload for PyTorch; may be repeated")
parser.add_argument("--batch", type=int, help="instead of the network's")
parser.add_argument("--pairs", type=int, help="instead of the network's")
args = parser.parse_args()
args.program = os.path.abspath(args.program)
args.data = args.data and os.path.abspath(args.data)


def run(command, family, preload=None, folder=None):
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    for name in (*VARIABLES, "DNNL_MAX_CPU_ISA", "REPRISE_MAX_CPU_ISA",
                 "REPRISE_DATASETS"):
        environment.pop(name, None)
    if LIMITS[family]:
        environment["REPRISE_MAX_CPU_ISA"] = family
        environment.update(zip(VARIABLES, LIMITS[family]))
    if preload:
        environment["LD_PRELOAD"] = preload
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, cwd=folder)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def reprise(family, flags, batch, steps):
    """Seconds a step in the second epoch; precision and format."""
    with tempfile.TemporaryDirectory() as folder:
        run([args.program, "--agent=base", *flags,
             "--tasksets-config={'scenario': 'instance', 'num_tasks': 1}", "--epochs=2",
             f"--max-steps-per-epoch={steps}",
             f"--batch-size={batch}", "--momentum=0.5", "--no-evaluate", "--threads=1",
             "--device=cpu", *([f"--dataset-dir={args.data}"] if args.data else []),
             f"--results-dir={folder}", "--save-dir=run"], family, folder=folder)
        lines = (pathlib.Path(folder) / "run/metrics.jsonl").read_text().splitlines()
        info = json.loads((pathlib.Path(folder) / "run/run.json").read_text())
    epochs = [r for r in map(json.loads, lines) if r["record"] == "train_epoch"][1:]
    seconds = sum(e["timing"]["seconds"] for e in epochs)
    samples = sum(e["incoming_samples"] for e in epochs)
    return seconds * batch / samples, f"{info['model'].split(', ')[1]} {info['memory_format']}"


def peer(family, network, mode, batch, steps, allocator=None):
    return json.loads(run([args.python, str(root / "tests/peer/pytorch_networks.py"), network,
                           "--mode", mode, "--batch", str(batch), "--steps", str(steps)],
                          family, allocator))["seconds"]


def ratio(theirs, ours):
    r = sorted(a / b for a, b in zip(theirs, ours))
    return f"{statistics.median(r):.2f} ({r[0]:.2f} to {r[-1]:.2f})"


print("| network, batch | family | Reprise, s a step | as | over PyTorch's default | "
      "over its best | which |\n|---|---|---|---|---|---|---|", flush=True)
for network in args.network or NETWORKS:
    flags, batch, our_steps, peer_steps, pairs = NETWORKS[network]
    batch, pairs = args.batch or batch, args.pairs or pairs
    for family in args.family or LIMITS:
        variants = {(mode, allocator): peer(family, network, mode, batch, peer_steps, allocator)
                    for mode in ("fp32", "fp32_cl", "amp_cl")
                    if mode != "amp_cl" or family in ("avx512_bf16", "amx")
                    for allocator in [None] + args.allocator}
        best = min(variants, key=variants.get)
        ours, default, bests = [], [], []
        for _ in range(pairs):
            seconds, choice = reprise(family, flags, batch, our_steps)
            ours.append(seconds)
            default.append(peer(family, network, "fp32", batch, peer_steps))
            bests.append(default[-1] if best == ("fp32", None)
                         else peer(family, network, best[0], batch, peer_steps, best[1]))
        which = best[0] + (f", {pathlib.Path(best[1]).name}" if best[1] else "")
        print(f"| {network}, {batch} | {family} | {statistics.median(ours):.3g} | {choice} | "
              f"{ratio(default, ours)} | {ratio(bests, ours)} | {which} |", flush=True)
