#!/bin/bash
set -euo pipefail
if ! influxd=$(command -v influxd); then
  echo "no influxd on PATH: nothing was asked; remedy (Debian): apt-get install influxdb"
  exit 1
fi
# The sanitised environment of a test has no home; mpirun wants one.
export HOME=$TEST_TMPDIR REPRISE_DATASETS=
exec python3 "$1" "$PWD/$2" "$influxd" "$TEST_TMPDIR/run"
