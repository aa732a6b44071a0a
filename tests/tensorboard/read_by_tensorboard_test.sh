#!/bin/bash
# read_by_tensorboard.py, which says how its Python is made.
#   read_by_tensorboard_test.sh SCRIPT PROGRAM
set -euo pipefail
export HOME=$TEST_TMPDIR
if [ -z "${REPRISE_PYTHON:-}" ]; then
  echo "REPRISE_PYTHON names no Python with TensorBoard:"
  sed -n '4,6p' "$1"
  exit 1
fi
exec "$REPRISE_PYTHON" "$1" "$2" "$TEST_TMPDIR/results"
