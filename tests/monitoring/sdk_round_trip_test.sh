#!/bin/bash
# REPRISE_GRAFANA_PYTHON: a Python that has grafana-foundation-sdk; else python3.
set -euo pipefail
"$2" monitoring --output="$TEST_TMPDIR/monitoring" > /dev/null
exec "${REPRISE_GRAFANA_PYTHON:-python3}" "$1" "$TEST_TMPDIR/monitoring/grafana/dashboards"
