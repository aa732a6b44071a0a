#!/bin/bash
# Rehearses a bundle of tools/gpu_bundle where there is no GPU.
#
#   python3 -m venv v && v/bin/pip install torch==2.11.0
#   tools/gpu_bundle BUNDLE
#   tests/gpu/rehearse.sh BUNDLE v/bin/python3           under a minute
#   tests/gpu/rehearse.sh BUNDLE v/bin/python3 --whole   and every stage on the CPU
#
# From a copy in a folder of its own, without this shell's environment: with an empty
# driver library run.sh and the tests end at once with the reason; --whole: with
# DEVICE=cpu all that the stages check passes. Reports go to ./rehearsal.
set -euo pipefail

[ $# -ge 2 ] || { echo "expected BUNDLE PYTHON; see the head of $0" >&2; exit 2; }
bundle=$1 python=$(realpath -s "$2") whole=${3:-}
reports=$PWD/rehearsal
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$bundle" "$work/bundle"
mkdir "$work/driver"
: | gcc -shared -x c - -o "$work/driver/libcuda.so.1"

bare() {  # VARIABLE=VALUE... COMMAND
  (cd "$work" && env -i PATH=/usr/local/bin:/usr/bin:/bin "$@")
}
expect() {  # WHAT CODE TEXT CODE_FOUND FILE
  if [ "$4" != "$2" ] || ! grep -qF "$3" "$5"; then
    echo "FAILED: $1: exit $4, expected $2 and '$3'; found:" >&2
    cat "$5" >&2
    exit 1
  fi
  echo "passed: $1"
}

code=0
bare LD_LIBRARY_PATH="$work/driver" PYTHON="$python" OUT="$reports/no_device" bundle/run.sh \
  > "$work/output" 2>&1 || code=$?
expect 'a driver without a device ends the first stage' 2 'the driver offers no device' \
  $code "$work/output"
site=$("$python" -c 'import os, torch; print(os.path.dirname(os.path.dirname(torch.__file__)))')
for test in "$work"/bundle/bin/*; do
  name=$(basename "$test")
  [ "$name" != communicator_conformance_nccl_test ] || continue
  code=0
  (cd "$work/bundle" && env -i REPRISE_TEST_DEVICE=cuda \
    LD_LIBRARY_PATH="$work/driver:$site/torch/lib:$site/nvidia/cu13/lib" "$test") \
    > "$work/output" 2>&1 || code=$?
  expect "$name runs on nothing else" 1 'the driver offers no device' $code "$work/output"
done
[ "$whole" = --whole ] || exit 0
code=0
bare DEVICE=cpu PYTHON="$python" OUT="$reports/cpu" bundle/run.sh || code=$?
expect 'every stage on the CPU' 0 ' 0 failed, 0 skipped' $code "$reports/cpu/report.txt"
