#!/bin/bash
# report_page_parse_test.sh PROGRAM CHECK.py: what PROGRAM prints, read by CHECK.py.
set -euo pipefail
"$1" > "$TEST_TMPDIR/page.html"
python3 "$2" "$TEST_TMPDIR/page.html"
