#!/bin/bash
# --profile=upstream on real MNIST: the loss of the first 50 steps of NIL follows plain
# PyTorch from the same initial weights, batches, draws and masks
# (upstream_parity_reference.py).
#   upstream_parity_test.sh PROGRAM REFERENCE
set -euo pipefail
program=$PWD/$1 reference=$PWD/$2
export HOME=$TEST_TMPDIR
if [ ! -d "${REPRISE_DATASETS:-}/MNIST" ]; then
  echo "skipped: no MNIST in REPRISE_DATASETS='${REPRISE_DATASETS:-}'"
  exit 0
fi
cd "$TEST_TMPDIR"
"$program" --profile=upstream --precision=fp32 --device=cpu --threads=1 --epochs=1 \
  --no-evaluate --log-interval=1 --results-dir=results --save-dir=run > out || { cat out; exit 1; }
python3 - results/run/metrics.jsonl "$reference" << 'PYTHON'
import json, sys
steps = [r for r in map(json.loads, open(sys.argv[1])) if r["record"] == "step"][:50]
reference = json.load(open(sys.argv[2]))
# Our step reports hold the weighted mean of the epoch so far.
worst = weighted = weight = 0
for step, loss, w in zip(steps, reference["losses"], reference["weights"]):
    weighted, weight = weighted + w * loss, weight + w
    worst = max(worst, abs(step["loss"] - weighted / weight) / (weighted / weight))
print(f"{len(steps)} steps, largest relative difference of the mean loss so far {worst:.1e}")
sys.exit(0 if len(steps) == 50 and worst < 1e-5 else "FAILED: expected 50 steps and at most 1e-5")
PYTHON
