#!/bin/bash
# The whole path of one experiment in seconds: --quick, on generated data, one rank.
set -euo pipefail
program=$1
export HOME=$TEST_TMPDIR
unset REPRISE_DATASETS
program=$PWD/$program
cd "$TEST_TMPDIR"  # no datasets here, nor in the home folder
mkdir results

"$program" --help > "$TEST_TMPDIR/help"
grep -q 'This target: ' "$TEST_TMPDIR/help"

"$program" --quick --threads=1 --device=cpu \
  --results-dir="$TEST_TMPDIR/results" --save-dir=run | tee "$TEST_TMPDIR/out"
grep -q 'GENERATED DATA' "$TEST_TMPDIR/out"
for file in args.json dl_metrics.json log.txt metrics.jsonl run.json summary.json \
    tasks_metrics.json time_metrics.json weights.safetensors; do
  [ -s "$TEST_TMPDIR/results/run/$file" ] || { echo "no $file"; exit 1; }
done
grep -q '"generated_data": *true' "$TEST_TMPDIR/results/run/summary.json"
