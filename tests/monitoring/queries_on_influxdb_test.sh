#!/bin/bash
#   queries_on_influxdb_test.sh SCRIPT PROGRAM INFLUXD
set -euo pipefail
# The sanitised environment of a test has no home; mpirun wants one.
export HOME=$TEST_TMPDIR REPRISE_DATASETS=
export PYTHONPATH=tests/influx
exec python3 "$1" "$PWD/$2" "$PWD/$3" "$TEST_TMPDIR/run"
