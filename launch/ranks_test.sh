#!/bin/bash
# What the user gives to and gets from ranks: cores, output, the end by a signal. Real mpirun.
#   ranks_test.sh PROGRAM
source "$(dirname "$0")/program_runs.sh"

title "ranks on cores of their own; too few cores"
run 0 --quick --ranks=2 --threads=1 --results-dir=results --save-dir=bound
python3 - results/bound/run.json "$(nproc)" << 'END' || fail "run.json: $(cat results/bound/run.json)"
import json, sys
run, cores = json.load(open(sys.argv[1])), int(sys.argv[2])
assert run["threads"] == [1, 1] and run["bound"] == [cores >= 2] * 2, run
assert cores < 2 or run["cores"][0] != run["cores"][1], run
END
run 0 --quick --ranks=2 --threads=1 --bind=none --results-dir=results --save-dir=unbound
python3 -c 'import json; assert json.load(open("results/unbound/run.json"))["bound"] == [False] * 2' \
  || fail "bound with --bind=none"
cmp results/bound/weights.safetensors results/unbound/weights.safetensors || fail "weights differ"
run 2 --quick --ranks=2 --threads=4096 --bind=cores --results-dir=results --save-dir=no_cores
says "--bind=cores: 2 ranks of 4096 threads on this host need 8192 cores" "--bind=auto"
[ "$(grep -c "bind=cores:" <<< "$output")" = 1 ] || fail "told more than once: $output"

title "output of ranks in files"
run 0 --quick --ranks=2 --output=files --results-dir=results --save-dir=files
[ -f results/files/rank-1.txt ] || fail "no rank-1.txt"
[ -e results/files/rank-0.txt ] && fail "rank 0 has a file"
says "top1 accuracy"

title "a signal ends a run, and says where"
for ranks in 1 2; do
  for signal in INT TERM; do
    name=signal_${ranks}_$signal
    python3 - "$program" $signal --ranks=$ranks --epochs=50 --results-dir=results \
      --save-dir="$name" > "$name.out" 2>&1 << 'END'
import pathlib, signal, subprocess, sys, time
program, name, *flags = sys.argv[1:]
number = getattr(signal, "SIG" + name)
run = subprocess.Popen([program, *flags], preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
metrics = pathlib.Path("results", flags[-1].split("=")[1], "metrics.jsonl")
for _ in range(600):
    if metrics.exists() and metrics.read_text().count('"step"') >= 3:
        break
    time.sleep(0.1)
run.send_signal(number)
assert run.wait(30) == -number, run.returncode
END
    [ $? = 0 ] || fail "$name: $(tail -n 5 "$name.out")"
    output=$(cat "$name.out")
    grep -qE "^reprise: signal [0-9]+ \((Interrupt|Terminated)\) ended the run in task 1, epoch 1, step [0-9]+; results so far: results/$name\$" \
      <<< "$output" || fail "$name: no line about it: $(tail -n 5 <<< "$output")"
    [ "$(grep -c '^reprise:' <<< "$output")" = 1 ] || fail "$name: more than one line: $output"
  done
done

echo "$failures failures in $SECONDS s"
exit $((failures > 0))
