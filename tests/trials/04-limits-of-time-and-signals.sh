# ulimit -t, and the warnings that batch systems send (SIGUSR1, SIGUSR2, SIGXCPU). Found:
# each ended a single rank by the signal without a word.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw 100
long=("${quick[@]}" --epochs=100000 --dataset-dir="$PWD/data" --results-dir="$top/results")
output=$(ulimit -S -t 4; timeout 100 nice "$program" "${long[@]}" --save-dir=limit 2>&1 < /dev/null)
code=$?
judge "ulimit -t: the signal and the position" ended 152 "signal 24 (CPU time limit exceeded) ended the run in task "
for signal in USR1 USR2 TERM; do
  for ranks in 1 2; do
    "$program" "${long[@]}" --save-dir=$signal$ranks --ranks=$ranks > out 2>&1 < /dev/null &
    pid=$!
    for ((i = 0; i < 600; ++i)); do grep -q '"step"' "$top/results/$signal$ranks/metrics.jsonl" 2> /dev/null && break; sleep 0.1; done
    kill -$signal $pid
    wait $pid
    code=$? output=$(cat out)
    judge "SIG$signal, $ranks rank(s): one line" says "($(case $signal in USR1) echo User defined signal 1 ;; USR2) echo User defined signal 2 ;; *) echo Terminated ;; esac))"
  done
done
