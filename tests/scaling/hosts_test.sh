#!/bin/bash
# Two hosts, with links of the kernel and of the switch: ranks on both, the delay is there,
# nothing is left, not even after a signal. Root and network namespaces are needed.
set -euo pipefail
hosts=$1 exec=
tools=$(dirname "$2")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
fail() {
  echo "FAILED: $1" >&2
  exit 1
}
left() { ip netns list | grep -E '^reprise-(h[0-9]+|br|try)( |$)' || true; }
[ -z "$(left)" ] || fail "there are namespaces already: $(left)"

run() {
  $exec python3 "$hosts" replay --tools "$tools" --out "$out" --ranks 2 --repeats 1 --steps 3 \
    --rates 1000 "$@"
}
run --delays 0 --links kernel
run --delays 3 --links switch
[ -z "$(left)" ] || fail "left behind: $(left)"
python3 - "$out/points.jsonl" <<'PYTHON'
import json, statistics, sys
records = [json.loads(line) for line in open(sys.argv[1])]
replays = [r for r in records if r["record"] == "replay"]
assert {(r["links"], r["ranks"]) for r in replays} == {("kernel", 2), ("switch", 2)}, replays
for r in records:
    if r["record"] == "allreduce" and r["ranks"] == 2 and r["links"] == "switch":
        # On the ring: there and there again.
        seconds = statistics.median(r["allreduce"][0]["seconds"])
        assert seconds > 0.006, f"two messages of 3 ms took {seconds} s"
PYTHON

exec="exec"  # the signal is for Python, not for a shell around it
run --delays 2 --links switch --repeats 20 > /dev/null 2>&1 &
job=$!
sleep 3
kill -TERM $job
wait $job && fail "it ignored SIGTERM"
[ -z "$(left)" ] || fail "left behind after SIGTERM: $(left)"
echo passed
