#!/bin/bash
# The 36 runs of all_experiments.py as one test.
set -euo pipefail
exec python3 "$1" --programs="$(dirname "$2")"
