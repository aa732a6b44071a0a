# Sourced by tests of a program, "TEST PROGRAM": what they share.
set -uo pipefail
program=$PWD/$1
cd "$TEST_TMPDIR"
export HOME=$TEST_TMPDIR REPRISE_DATASETS=
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# run CODE FLAG...: runs the program, with $leading first and for at most $limit seconds; its
# output goes to $output.
leading=()
limit=120
run() {
  local code=$1 actual
  shift
  output=$(timeout "$limit" "$program" "${leading[@]}" "$@" 2>&1 < /dev/null)
  actual=$?
  [ "$actual" = "$code" ] || fail "exit code $actual, expected $code: $* : $output"
}
# says TEXT...: $output holds each.
says() {
  local text
  for text in "$@"; do
    grep -qF -- "$text" <<< "$output" || fail "no '$text' in: $output"
  done
}
holds() { grep -qF -- "$2" "$1" || fail "$1 does not hold '$2'"; }
title() { echo "== $* ($SECONDS s)"; }
