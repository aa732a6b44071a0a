#!/bin/bash
# python_test.sh TEST.py: a unittest as a test of Bazel.
set -euo pipefail
exec python3 "$1"
