#!/bin/bash
# A sweep as its users meet it: points that are processes of the real program, killed and
# interrupted in the middle, gone on with.
#   sweep_program_test.sh PROGRAM
source "$(dirname "$0")/../program_runs.sh"
export TERM=dumb
limit=900  # of a whole sweep
set -m  # so that what runs beside this shell does not ignore SIGINT

cat > s.yaml << 'END'
settings: {quick: true, dataset: mnist, model: mnistnet, threads: 1}
grid:
  agent: [nil, er, base]
seeds: [1, 2, 3]
END

# What of sweep.csv does not depend on time.
untimed() {
  python3 - "$1/s/sweep.csv" << 'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[1])))
kept = [i for i, name in enumerate(rows[0]) if not name.startswith("images_per_second")]
assert len(rows) == 4 and len(kept) > 10, rows
for row in rows:
    print(",".join(row[i] for i in kept))
END
}
done_in() { find "$1/s/points" -name summary.json 2> /dev/null | wc -l; }
# What the table says of it, at any time.
done_by_table() {
  python3 - "$1/s/sweep.csv" 2> /dev/null << 'END' || echo 0
import csv, sys
print(sum(int(row["done"]) for row in csv.DictReader(open(sys.argv[1]))))
END
}
# starts_and_waits FOLDER: a sweep is at work there as process $sweep, some of its points done.
starts_and_waits() {
  "$program" sweep s.yaml --results-dir="$1" --parallel=2 > "$1.txt" 2>&1 < /dev/null &
  sweep=$!
  for _ in {1..2400}; do
    [ "$(done_by_table "$1")" -ge 2 ] && return
    sleep 0.1
  done
  fail "no points in sweep.csv: $(cat "$1.txt")"
}
# The lock is every child's.
none_is_left() {
  timeout 60 flock "$1/s/lock" true || fail "points outlive their sweep"
  [ -z "$(pgrep -f -- "--results-dir=$PWD/$1/s/points")" ] || fail "points outlive their sweep"
}

title "nothing starts, and no folder is made, where anything is wrong with any point"
printf 'settings: {epohcs: 1}\ngrid: {agent: [nil, nli], lr: [0.1, fast]}\n' > wrong.yaml
run 2 sweep wrong.yaml --results-dir=wrong
says "wrong.yaml:1: epohcs" "wrong.yaml:2: agent" "wrong.yaml:2: lr" "3 problems"
[ -e wrong ] && fail "a folder was made"
run 2 sweep
run 2 sweep s.yaml --parallel=0 --name=a/b
says "--parallel" "--name"
run 0 sweep --help
says "grid:" "seeds:" "--stop-on-failure"
run 0 sweep s.yaml --dry-run --results-dir=wrong
says "agent=er,seed=2" "run --resolved --agent=er"
[ -e wrong ] && fail "a folder was made"

title "a sweep, from its start to its end"
run 0 sweep s.yaml --results-dir=whole --parallel=2
says "9 points, 2 at a time" "agent=base,seed=3: done in " "9 of 9 done" "3 done" "GENERATED DATA"
[ "$(done_in whole)" = 9 ] || fail "not all points have a summary.json"
python3 - whole/s/sweep.json << 'END' || fail "sweep.json lacks something"
import json, sys
sweep = json.load(open(sys.argv[1]))
assert len(sweep["points"]) == 9 and not sweep["vanished_points"]
digest = sweep["program"]["digest"]
assert digest.startswith("xxh64:")
for point in sweep["points"]:
    assert "--resolved" in point["arguments"] and point["program_digest"] == digest
END
before=$(find whole/s/points -name summary.json -printf '%p %T@\n' | sort)
run 0 sweep s.yaml --results-dir=whole
says "9 done before"
[ "$before" = "$(find whole/s/points -name summary.json -printf '%p %T@\n' | sort)" ] \
  || fail "points that were done ran again"

title "a folder that was moved has the same points"
mv whole moved
run 0 sweep s.yaml --results-dir=moved
says "9 done before"
mv moved whole

title "points of more than one build are told at each start"
sed -i '0,/"program_digest": "xxh64:[0-9a-f]*"/s//"program_digest": "xxh64:0"/' whole/s/sweep.json
for _ in 1 2; do
  run 0 sweep s.yaml --results-dir=whole
  says "9 done before" "the points are of more than one build" "1 of xxh64:0; 8 of xxh64:"
done

title "the same points, whatever configuration file lies there"
mkdir elsewhere
printf 'base:\n  momentum: 0.9\n' > elsewhere/config.yaml
(cd elsewhere && run 2 sweep ../s.yaml --results-dir=../whole; says "momentum" "another meaning"
  exit "$failures")
failures=$?

title "killed in the middle: no child is left, and it goes on to the same table"
starts_and_waits killed
run 2 sweep s.yaml --results-dir=killed
says "another sweep is at work" "process $sweep"
kill -KILL "$sweep"
wait "$sweep" 2> /dev/null
none_is_left killed
[ "$(done_in killed)" -lt 9 ] || fail "it was over before it was killed"
# Those that were at work then, if the kill did not fall between two.
begun=$(($(find killed/s/points -mindepth 1 -maxdepth 1 | wc -l) - $(done_in killed)))
run 0 sweep s.yaml --results-dir=killed --parallel=2
says "done before" "9 of 9 done"
[ "$(find killed/s -path '*/set_aside/*' -prune | wc -l)" = "$begun" ] \
  || fail "expected $begun points set aside, found: $(ls killed/s/set_aside)"
[ "$(untimed killed)" = "$(untimed whole)" ] || fail "another table: $(untimed killed)"

title "interrupted in the middle: it says how to go on, and does"
starts_and_waits interrupted
kill -INT "$sweep"
wait "$sweep"
code=$?
[ $code = 75 ] || fail "exit code $code after SIGINT: $(cat interrupted.txt)"
output=$(cat interrupted.txt)
says "once more kills" \
  "the same command goes on: reprise sweep s.yaml --results-dir=interrupted --parallel=2"
none_is_left interrupted
[ "$(done_in interrupted)" -lt 9 ] || fail "it was over before it was interrupted"
run 0 sweep s.yaml --results-dir=interrupted --parallel=2
[ "$(untimed interrupted)" = "$(untimed whole)" ] || fail "another table: $(untimed interrupted)"

title "a file that changes: new points, vanished points, another meaning"
sed -i 's/\[1, 2, 3\]/[2, 3, 4]/; s/, base//' s.yaml
run 0 sweep s.yaml --results-dir=whole --parallel=2
says "new in s.yaml" "agent=nil,seed=4" "not in s.yaml any more" "agent=base,seed=2" "4 done before"
[ -s whole/s/points/agent=nil,seed=1/summary.json ] || fail "a vanished point is gone"
grep -q base whole/s/sweep.csv && fail "a vanished point is in the table"
sed -i 's/quick: true/quick: true, lr: 0.3/' s.yaml
run 2 sweep s.yaml --results-dir=whole
says "6 points have another meaning" "agent=er,seed=2: lr was 0.01, is 0.3" "--name"

title "a point that fails does not end the others, and is tried again"
cat > f.yaml << 'END'
settings: {quick: true, threads: 1}
list: [{lr: 1.0e+30}, {lr: 0.01}]
END
run 1 sweep f.yaml --results-dir=failing
says "FAILED, ended with code 1: error: " "not finite" \
  "failing/f/points/lr=1e+30,seed=42/output.txt" "1 of 2 done, 1 failed" "1 of 2 points failed"
run 1 sweep f.yaml --results-dir=failing
says "1 done before" "set_aside/lr=1e+30,seed=42.1"
run 1 sweep f.yaml --results-dir=stopping --stop-on-failure
says "stopped on a failure with 0 of 2 points done" \
  "goes on: reprise sweep f.yaml --results-dir=stopping --stop-on-failure"
# It has no results that would be of something else now.
sed -i 's/threads: 1/threads: 1, momentum: 0.9/' f.yaml
run 1 sweep f.yaml --results-dir=stopping --stop-on-failure
says "set_aside/lr=1e+30,seed=42.1" "stopped on a failure with 0 of 2 points done"
run 2 sweep f.yaml --results-dir=failing
says "1 point has another meaning" "lr=0.01,seed=42: momentum was"

title "points of two ranks each"
printf 'settings: {quick: true, ranks: 2, threads: 1}\nseeds: [1, 2]\n' > r.yaml
run 0 sweep r.yaml --results-dir=ranks --parallel=4
says "2 points, 2 at a time" "seed=2: done in" "2 of 2 done"

echo "$failures failures in $SECONDS s"
exit $((failures > 0))
