#!/bin/bash
# The program as its users meet it: real processes, real files, real mpirun.
#   program_test.sh PROGRAM EMULATED_DRIVER
emulated_driver=$PWD/$2
source "$(dirname "$0")/program_runs.sh"

title "without data the stand-in is taken, and said wherever the result appears"
run 0 --quick --results-dir=results --save-dir=one
says "GENERATED DATA" "top1 accuracy" "forgetting" "time by phase" "results: "
[ "$(grep -vc '^data:\|^model:\|^step:' <<< "$(head -n 4 <<< "$output")")" -ge 1 ] \
  || fail "no announcement first: $output"
for file in args.json dl_metrics.json tasks_metrics.json time_metrics.json metrics.jsonl \
    summary.json run.json log.txt weights.safetensors report.html; do
  [ -s "results/one/$file" ] || fail "no $file"
done
for file in args.json dl_metrics.json tasks_metrics.json time_metrics.json summary.json run.json; do
  python3 -m json.tool "results/one/$file" > /dev/null || fail "$file is not JSON"
  holds "results/one/$file" '"generated_data": true'
done
holds results/one/log.txt "top1 accuracy"
holds results/one/metrics.jsonl '"generated_data":true'

title "a folder that holds a run is refused"
run 2 --quick --results-dir=results --save-dir=one
says "results/one" "of process"

title "the same seed gives the same bytes, another seed others"
run 0 --quick --results-dir=results --save-dir=again
run 0 --quick --results-dir=results --save-dir=other --seed=43
cmp results/one/weights.safetensors results/again/weights.safetensors || fail "weights differ"
cmp -s results/one/weights.safetensors results/other/weights.safetensors && fail "weights are equal"
strip() { sed 's/"timing":.*//; s/"run":"[^"]*"//; s/"results_folder":"[^"]*"//' "results/$1/metrics.jsonl"; }
[ "$(strip one)" = "$(strip again)" ] || fail "metrics differ"

title "runs, compare and export read what these runs left"
run 0 runs results
says "one " "finished" "mnist*" "* generated data"
run 0 compare results/one results/again --same
says "Settings that differ: none" "A and B: all "
run 1 compare results/one results/other --same
says "(default)  43 (" "0 are equal, then they differ: record 1, run_start" "seed: 42 and 43"
run 0 export results/one results/other --csv=tests.csv
python3 - << 'END' || fail "the table of tests is not that of the records"
import csv, json
rows = list(csv.DictReader(open("tests.csv", newline="")))
lines = [json.loads(line) for name in ("one", "other") for line in open(f"results/{name}/metrics.jsonl")]
tests = [line for line in lines if line["record"] == "test"]
seed = {line["run"]: line["seed"] for line in lines if line["record"] == "run_start"}
assert len(rows) == len(tests) > 0, (len(rows), len(tests))
for row, test in zip(rows, tests):
    assert row["run"] == test["run"] and int(row["seed"]) == seed[test["run"]], (row, test)
    assert row["head"] == test["head"] and float(row["top1"]) == test["top1"], (row, test)
    assert float(row["seconds"]) == test["timing"]["seconds"], (row, test)
END
run 2 export results --csv=-
says "a folder of 3 runs; name one, like results/other"

title "ranks: the same run on two, and again"
run 0 --quick --ranks=2 --results-dir=results --save-dir=ranks
says "2 ranks of" "learning rate 0.02 (0.01 x 2 ranks, --lr-scaling=linear), approached over 1 warm-up"
# How the sums are made decides their last bits.
python3 - results/ranks/run.json << 'END' || fail "run.json does not say how AllReduce is made"
import json, re, sys
communicator = json.load(open(sys.argv[1]))["communicator"]
assert re.fullmatch(r"mpi: Open MPI v\d.*, AllReduce over a ring, from rank p-1 for part p; "
                    r"up to \d+ bytes in rank order", communicator), communicator
END
grep -q $'\r' <<< "$output" && fail "a live line without a terminal"
run 0 --quick --ranks=2 --results-dir=results --save-dir=ranks2
cmp results/ranks/weights.safetensors results/ranks2/weights.safetensors || fail "weights differ"

title "the buffer over all ranks holds what one rank's holds; a timeline"
global=(--quick --global-batch-size=8 --global-representatives=4 --global-candidates=4
  --lr-scaling=none --precision=fp32 --threads=1 --results-dir=results)
run 0 "${global[@]}" --save-dir=shared1
run 0 "${global[@]}" --save-dir=shared2 --ranks=2 --timeline=results/trace.json
run 0 "${global[@]}" --save-dir=local2 --ranks=2 --buffer=local --rehearsal=sync \
  --capacity=per-rank
counts() {
  python3 -c 'import json, sys
for line in open("results/" + sys.argv[1] + "/metrics.jsonl"):
    record = json.loads(line)
    if record["record"] == "task_end":
        by_class = record["agent"]["by_class"]
        print(by_class["class_count"], by_class["stored"], by_class["class_weight"])' "$1"
}
[ -n "$(counts shared1)" ] || fail "no counts"
[ "$(counts shared1)" = "$(counts shared2)" ] || fail "1 and 2 ranks offer or keep different samples"
[ "$(counts shared1)" = "$(counts local2)" ] && fail "a local buffer is like one over all ranks"
python3 - results/trace.json << 'END' || fail "the timeline lacks something"
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
for rank in (0, 1):
    rows = {e["cat"] for e in events if e["ph"] == "X" and e["pid"] == rank}
    assert {"compute", "collectives", "rehearsal"} <= rows, rows
END
run 5 --quick --timeline=results/none/trace.json --results-dir=results --save-dir=no_trace
says "results/none/trace.json"

title "ranks: 16-bit sums, Adasum, a step in parts"
run 0 --quick --ranks=2 --fp16-allreduce --results-dir=results --save-dir=fp16
says "reduction: gradients as fp16"
cmp -s results/ranks/weights.safetensors results/fp16/weights.safetensors && fail "no rounding"
run 0 --quick --ranks=2 --use-adasum --results-dir=results --save-dir=adasum
says "reduction: Adasum" "not their exact mean" "learning rate 0.01,"
run 0 --quick --ranks=2 --batch-size=4 --batches-per-allreduce=2 --results-dir=results --save-dir=parts
says "step: 16 incoming samples" "in 2 parts of a rank" "learning rate 0.04 (0.01 x 2 ranks x 2 batches"

title "ranks: five epochs of warm-up under linear scaling, where a task has as many"
run 0 --quick --ranks=2 --epochs=6 --no-evaluate --results-dir=results --save-dir=warm
says "approached over 5 warm-up epochs of each task"
# The rates that a task's epochs ended with: three steps each, on the way to 0.02.
python3 - results/warm/metrics.jsonl << 'END' || fail "the rates are not those of a warm-up"
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
epochs = [r for r in records if r["record"] == "train_epoch"]
assert len(epochs) % 6 == 0 and len(epochs) >= 12, len(epochs)
for i, epoch in enumerate(epochs):
    expected = 0.01 * (1 + min(1, (3 * (i % 6) + 2) / 15))
    assert abs(epoch["learning_rate"] - expected) < 1e-9, (i, epoch["learning_rate"], expected)
END

title "fewer representatives than ranks"
run 0 --quick --ranks=2 --global-representatives=1 --lr-scaling=none --results-dir=results

title "base and scratch"
run 0 --quick --agent=base --results-dir=results --save-dir=base
run 0 --quick --scratch --results-dir=results --save-dir=scratch
says "scratch"

title "folders with spaces and other letters"
folder="r é s"
mkdir -p "$folder"
run 0 data synthesize mnist --dataset-dir="$folder/sét s"
run 0 --quick --results-dir="$folder/ü b" --save-dir=run --dataset-dir="$folder/sét s"
[ -s "$folder/ü b/run/summary.json" ] || fail "no results in '$folder'"
says "from $folder/sét s/MNIST/raw"
printf 'base:\n  seed: 7\n' > "$folder/my config.yaml"
run 0 --print-config --yaml-config="$folder/my config.yaml"
says "my config.yaml:2"

title "data sets that are not what they should be"
run 3 --quick --dataset-dir="$folder/nowhere"
says "$folder/nowhere"
touch file
run 3 --quick --dataset-dir=file
says "file"
mkdir -p empty packed
run 3 --quick --dataset-dir=empty
says "empty: expected train-images-idx3-ubyte" "found nothing; remedy: " "without --dataset-dir"
echo x > packed/mnist.zip
run 3 --quick --dataset-dir=packed
says "found mnist.zip; remedy: "
REPRISE_DATASETS=empty run 3 --quick
says "without REPRISE_DATASETS"
mkdir -p "$folder/MNIST/raw"
run 3 --quick --dataset-dir="$folder"
says "$folder: expected train-images-idx3-ubyte" "remedy"
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte \
    t10k-labels-idx1-ubyte; do
  printf '\0\0\10\3\0\0\0\12\0\0\0\34\0\0\0\34' > "$folder/MNIST/raw/$name"
done
run 3 --quick --dataset-dir="$folder"
says "$folder/MNIST/raw/" "offset" "expected" "found"
run 3 --quick --dataset-dir="$folder/MNIST/raw"
says "$folder/MNIST/raw/" "offset" "expected" "found"
run 3 --quick --dataset-dir="$folder" --ranks=2
says "rank 0: " "$folder/MNIST/raw/" "offset" "expected" "found"
[ "$(grep -c "offset" <<< "$output")" = 1 ] || fail "told more than once: $output"

title "a limit on file size is an error with words, and leaves no half file"
output=$(ulimit -c 0; ulimit -f 150; "$program" --quick --no-evaluate --results-dir=results \
  --save-dir=limited 2>&1 < /dev/null)
code=$?
[ $code = 5 ] || fail "exit code $code under ulimit -f: $output"
says "weights.safetensors" "File too large"
[ -z "$(find results/limited -maxdepth 1 -name '*tmp*' -o -name '*weights*')" ] || fail "left: $(ls results/limited)"

title "without stdin, stdout and stderr nothing is printed into results"
for ranks in 1 2; do
  "$program" --quick --ranks=$ranks --results-dir=results --save-dir=closed$ranks <&- >&- 2>&-
  code=$?
  [ $code = 0 ] || fail "exit code $code without descriptors, $ranks rank(s)"
  python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' \
    results/closed$ranks/metrics.jsonl || fail "metrics.jsonl is no JSON, $ranks rank(s)"
done

title "flags: every problem at once"
run 2 --epohcs=3 --lr=fast --agent=nli --tasksets-config="{'scenaro': 1}"
says "--epohcs" "--epochs" "--lr" "nil" "scenaro" "scenario"

title "a device that is not there"
if ! ldconfig -p 2> /dev/null | grep -q 'libcuda\.so\.1'; then
  run 2 --quick --device=cuda
  says "--device=cuda" "driver" "--device=cpu"
  # The machine says that there is a GPU, the loader finds no driver.
  CUDA_VISIBLE_DEVICES=0 run 0 --quick --ranks=2 --results-dir=results --save-dir=no_driver
  says "computing on the CPU: ranks 0-1 on " "libcuda.so.1: cannot open" \
    "although CUDA_VISIBLE_DEVICES is '0'" "LD_LIBRARY_PATH"
  [ "$(grep -c "computing on the CPU" <<< "$output")" = 1 ] || fail "told more than once: $output"
fi

title "a driver that offers no device, that is too old, that LibTorch cannot use"
mkdir driver
cp "$emulated_driver" driver/libcuda.so.1
with_driver() {  # VARIABLE=VALUE -- CODE FLAG...
  local variable=$1
  shift 2
  local set="${variable%%=*}"
  # shellcheck disable=SC2163  # the assignment that is in it
  export "$variable"
  LD_LIBRARY_PATH=$PWD/driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} run "$@"
  unset "$set"
}
with_driver EMULATED_CUDA_INIT=100 -- 2 --quick --device=cuda
says "--device=cuda: the driver offers no device" "cuInit: no CUDA-capable device is detected"
with_driver EMULATED_CUDA_INIT=100 -- 0 --quick --ranks=2 --results-dir=results --save-dir=no_device
says "computing on the CPU: ranks 0-1 on " "the driver offers no device"
[ "$(grep -c "computing on the CPU" <<< "$output")" = 1 ] || fail "told more than once: $output"
export EMULATED_CUDA_GPUS="0000:3B:00.0,90,NVIDIA H200"
with_driver EMULATED_CUDA_VERSION=11080 -- 2 --quick --device=cuda
says "the driver is for CUDA 11.8, this build's LibTorch for CUDA " "or newer" "LIBTORCH_HOME"
# Without --config=cuda LibTorch's CUDA half lacks its libraries; with it, the driver.
with_driver EMULATED_CUDA_VERSION=99000 -- 2 --quick --device=cuda
says "--device=cuda" "LibTorch" "--device=cpu"
unset EMULATED_CUDA_GPUS

title "a precision that the device does not have"
run 2 --quick --device=cpu --precision=tf32
says "--precision=tf32: expected a GPU of sm_80 or newer, found cpu" "--precision=fp32"

title "a limit of the processor that names none; one that leaves the least"
REPRISE_MAX_CPU_ISA=sse9 run 2 --quick --results-dir=results --save-dir=sse9
says "REPRISE_MAX_CPU_ISA: expected one of baseline, avx2" "found 'sse9'"
REPRISE_MAX_CPU_ISA=baseline run 0 --quick --results-dir=results --save-dir=baseline
says "fp32 contiguous on cpu (limited by the environment)"

title "a memory format, waiting threads, cores: chosen, or the user's, and recorded"
recorded() { python3 -c 'import json, sys
print(json.load(open("results/" + sys.argv[1] + "/run.json"))[sys.argv[2]])' "$1" "$2"; }
for format in channels_last contiguous; do
  run 0 --quick --memory-format=$format --precision=fp32 --threads=1 --results-dir=results \
    --save-dir=$format
  says "fp32 ${format/_/ } on cpu"
  [ "$(recorded $format memory_format)" = $format ] || fail "run.json has another format"
  [ "$(recorded $format memory_format_origin)" = flag ] || fail "the flag chose the format"
done
[ "$(recorded baseline memory_format_origin)" = rule ] || fail "no table has that processor"
cmp -s results/channels_last/weights.safetensors results/contiguous/weights.safetensors \
  && fail "the formats differ by rounding at least"
(unset OMP_WAIT_POLICY; run 0 --quick --ranks=2 --threads=1 --results-dir=results --save-dir=spins
  exit $failures)
failures=$?
[ "$(recorded spins openmp_wait)" = GOMP_SPINCOUNT=30000 ] || fail "not the default"
(unset OMP_WAIT_POLICY; GOMP_SPINCOUNT=99 run 0 --quick --results-dir=results --save-dir=chosen
  exit $failures)
failures=$?
[ "$(recorded chosen openmp_wait)" = GOMP_SPINCOUNT=99 ] || fail "not as the user chose"
[ "$(recorded spins core_quotas | tr -dc ,)" = , ] || fail "not a quota for each rank"

title "a loss that is not finite"
# traced FILE RANK...: FILE has what the training threads of just these ranks did.
traced() {
  python3 - "$@" << 'END' || fail "$1 is not a timeline of the ranks ${*:2}"
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
ranks = {e["pid"] for e in events if e["ph"] == "X" and e["cat"] == "compute"}
assert ranks == {int(rank) for rank in sys.argv[2:]}, ranks
END
}
run 1 --quick --lr=1e30 --results-dir=results --save-dir=nan --timeline=results/nan.json
says "task " "epoch " "step " "not finite" "training rows"

title "a timeline of a run that fails"
says "timeline: results/nan.json, with the events of rank 0 alone, up to the failure"
traced results/nan.json 0
grep -q '"until the failure: task 1, epoch 1, step [0-9]*, forward"' results/nan.json \
  || fail "results/nan.json does not have the phase that the run failed in"
run 0 runs results --state=failed --json
says '"folder": "results/nan"' '"error": "' "not finite"
# All ranks have this failure and can still be asked.
run 1 --quick --ranks=2 --fp16-allreduce --gradient-predivide-factor=1e-9 \
  --results-dir=results --save-dir=overflow --timeline=results/overflow.json
says "not finite as fp16" "timeline: results/overflow.json"
traced results/overflow.json 0 1
# This one rank 0 has alone, and tells the others.
mkdir -p results/no_weights/weights.safetensors
run 5 --quick --ranks=2 --results-dir=results --save-dir=no_weights \
  --timeline=results/no_weights.json
says "error: rank 0: weights.safetensors: " "timeline: results/no_weights.json"
traced results/no_weights.json 0 1
# One that ends before it begins leaves the former file alone.
run 2 --quick --results-dir=results --save-dir=nan --timeline=results/overflow.json
traced results/overflow.json 0 1

title "ranks that differ in configuration or build"
source "${TEST_SRCDIR:?}/mpi/prefix.sh"
mpi=$TEST_SRCDIR/mpi
if [ "$MPI_IS_RELOCATED" = 1 ]; then
  export LD_LIBRARY_PATH=$mpi/lib:$mpi/lib/openmpi
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
two_programs() {  # FLAGS OF RANK 0 -- PROGRAM AND FLAGS OF RANK 1
  local first=()
  while [ "$1" != -- ]; do
    first+=("$1")
    shift
  done
  shift
  output=$(TMPDIR=/tmp timeout 60 "$mpi/bin/mpirun" --oversubscribe --bind-to none \
    -np 1 "$program" "${first[@]}" : -np 1 "$@" 2>&1 < /dev/null)
  code=$?
}
two_programs --quick --lr=0.01 -- "$program" --quick --lr=0.02
[ $code = 2 ] || fail "exit code $code for different flags: $output"
says "ranks 0 and 1 differ" "lr = 0.01" "lr = 0.02"
cp "$program" other_build
chmod u+w other_build
echo >> other_build
# A copy finds its libraries where the program has them; after mpirun's own, as the
# system may have another PMIx.
libraries=$(ldd "$program" | sed -n 's|.* => \(/.*\)/[^/]* (.*|\1|p' | sort -u | paste -sd:)
LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries two_programs --quick -- ./other_build --quick
[ $code = 2 ] || fail "exit code $code for different builds: $output"
says "ranks 0 and 1 differ" "program = xxh64:"

title "a rank killed in the middle"
"$program" --ranks=2 --epochs=50 --results-dir=results --save-dir=killed > killed.out 2>&1 &
launcher=$!
for ((i = 0; i < 300; ++i)); do
  [ "$(grep -c '"step"' results/killed/metrics.jsonl 2> /dev/null)" -ge 3 ] 2> /dev/null && break
  sleep 0.1
done
sleep 0.5
victim=
for status in /proc/[0-9]*/environ; do
  grep -qz '^OMPI_COMM_WORLD_RANK=1$' "$status" 2> /dev/null || continue
  pid=${status#/proc/}
  pid=${pid%/environ}
  # The child that tells of the rank's end (launch/process/rank_process.h).
  [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = reprise-witness ] && continue
  tr '\0' ' ' < "/proc/$pid/cmdline" | grep -q -- --save-dir=killed && victim=$pid
done
if [ -z "$victim" ]; then
  fail "rank 1 was not found: $(cat killed.out)"
else
  # How slow the machine is just now, by a start of the program: 0.35 s where it is idle.
  before=$(date +%s%N)
  "$program" --help > /dev/null
  limit=$(((($(date +%s%N) - before) / 1000000) * 8))
  [ $limit -lt 3000 ] && limit=3000
  before=$(date +%s%N)
  kill -9 "$victim"
fi
wait $launcher
code=$?
[ -n "$victim" ] && [ $((($(date +%s%N) - before) / 1000000)) -gt $limit ] \
  && fail "the job took more than $limit ms to end"
[ $code = 4 ] || fail "exit code $code after a rank was killed"
output=$(cat killed.out)
says "rank 1 (host " "killed by signal 9" "last seen in task 1, epoch "

title "help"
run 0 --help
says "--quick" "Exit codes"

echo "$failures failures in $SECONDS s"
exit $((failures > 0))
