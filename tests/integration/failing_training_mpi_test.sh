#!/bin/bash
# A rank whose training fails alone ends the whole job with the documented exit
# code; every rank says where that was and why, and none aborts the job.
set -uo pipefail
run=$1 program=$2
failures=0

# expect FAULT WAY CODE TEXT
expect() {
  timeout 60 "$run" 2 "$program" "$1" "$2" >"$TEST_TMPDIR/output" 2>&1
  local actual=$? problem=
  [ "$actual" = "$3" ] || problem="exit code $actual, expected $3"
  for rank in 0 1; do
    grep -qaF -- "rank $rank of 2 ends with $3: $4" "$TEST_TMPDIR/output" \
      || problem="rank $rank does not say '$4'"
  done
  ! grep -qai "aborting all ranks\|MPI_ABORT" "$TEST_TMPDIR/output" \
    || problem="the job was aborted"
  if [ -n "$problem" ]; then
    echo "$1, $2: $problem, in:"
    tr -d '\0' <"$TEST_TMPDIR/output"
    failures=1
  fi
}

for way in plain fp16 parts; do
  expect nan $way 1 "task 1: epoch 2: rank 1: step 3: the loss is not finite for 2 of "
done
expect nan_at_the_end plain 1 "task 1: epoch 3: rank 1: step 6: the loss is not finite for 2 of "
expect throw plain 1 "task 1: epoch 1: rank 1: step 2: training step: no memory"
expect backward fp16 1 "task 1: epoch 1: rank 1: step 2: training step: no memory"
expect step_end single 5 "task 1: epoch 1: rank 1: step 4: the lid is closed"
expect epoch_end sync 5 "task 1: epoch 1: rank 1: step 6: the lid is closed"
expect step_record plain 5 "task 1: epoch 1: rank 1: step 3: cannot append to metrics.jsonl"
expect sink plain 5 "task 1: epoch 1: rank 1: cannot append to metrics.jsonl"
exit $failures
