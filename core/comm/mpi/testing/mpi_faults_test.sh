#!/bin/bash
# Faults of ranks end the whole job with the documented exit code and reason.
set -uo pipefail
run=$1 program=$2
failures=0

# expect FAULT CODE TEXT...: CODE may be "any", for not 0.
expect() {
  local fault=$1 code=$2 output actual begin=$SECONDS text
  shift 2
  timeout 30 "$run" 2 "$program" "$fault" >"$TEST_TMPDIR/output" 2>&1
  actual=$?
  output=$(tr -d '\0' <"$TEST_TMPDIR/output")  # PRRTE ends its notices with one
  if [ "$code" = any ]; then
    [ "$actual" != 0 ] && [ "$actual" != 124 ] && code=$actual
  fi
  if [ "$actual" != "$code" ]; then
    echo "$fault: exit code $actual, expected $code"
    failures=1
  fi
  for text in "$@"; do
    if ! grep -qF -- "$text" <<<"$output"; then
      echo "$fault: no '$text' in:"
      echo "$output"
      failures=1
    fi
  done
  echo "$fault: exit code $actual after $((SECONDS - begin)) s"
}

expect length 4 "rank 0 calls AllReduce of 100 float32 (sum)" \
  "rank 1 calls AllReduce of 99 float32 (sum)" "found in under a second"
expect dtype 4 "rank 0 calls AllReduce of 100 float32 (sum)" \
  "rank 1 calls AllReduce of 100 int64 (sum)" "found in under a second"
expect kind 4 "rank 0 calls Barrier" \
  "rank 1 calls AllReduce of 100 float32 (sum)" "found in under a second"
expect one_fewer 4 "rank 0 calls Finalize" "rank 1 calls Barrier" \
  "found in under a second"
expect abort 3 "rank 1: error: aborting all ranks: labels are short"
expect agree 3 "rank 1: labels are short"
expect check any "invariant of rank 1"
expect exit any
exit $failures
