#!/bin/bash
# cost_model_test.py as a test.
set -euo pipefail
exec python3 "$1"
