#!/bin/bash
# The trials of lost_ranks.py as one test.
set -euo pipefail
exec python3 "$1" --program="$PWD/$2"
