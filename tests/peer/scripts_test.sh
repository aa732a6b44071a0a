#!/bin/bash
# Whether the scripts of this folder start: all are compiled, and those that import nothing
# but Python's own say how they are used.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export PYTHONDONTWRITEBYTECODE=1
failures=0
for script in *.py; do
  python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$script" \
    || failures=$((failures + 1))
  grep -qE '^ *(import|from) (torch|numpy|pandas)' "$script" && continue
  python3 "$script" --help > /dev/null || { echo "FAILED: $script --help"; failures=$((failures + 1)); }
done
[ "$failures" = 0 ] && echo "all start"
exit "$failures"
