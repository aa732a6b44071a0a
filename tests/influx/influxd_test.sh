#!/bin/bash
#   influxd_test.sh SCRIPT PROGRAM INFLUXD
set -euo pipefail
# The sanitised environment of a test has no home; mpirun wants one.
export HOME=$TEST_TMPDIR
exec python3 "$1" "$2" "$PWD/$3"
