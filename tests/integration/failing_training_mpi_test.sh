#!/bin/bash
# A rank whose training fails alone ends the whole job with the documented exit
# code, and says where it was and why.
set -uo pipefail
run=$1 program=$2
failures=0

# expect FAULT CODE TEXT
expect() {
  timeout 60 "$run" 2 "$program" "$1" >"$TEST_TMPDIR/output" 2>&1
  local actual=$?
  if [ "$actual" != "$2" ]; then
    echo "$1: exit code $actual, expected $2"
    failures=1
  fi
  if ! grep -qaF -- "$3" "$TEST_TMPDIR/output"; then
    echo "$1: no '$3' in:"
    tr -d '\0' <"$TEST_TMPDIR/output"
    failures=1
  fi
}

expect nan 1 "rank 1: error: aborting all ranks: task 1: epoch 2: step 3: the loss is not finite for 2 of 8 samples (training rows "
expect sink 5 "rank 1: error: aborting all ranks: task 1: epoch 1: cannot append to metrics.jsonl"
expect throw 1 "rank 1: error: aborting all ranks: task 1: epoch 1: step 2: training step: no memory"
exit $failures
