# ulimit -n and -u. Expected: a run, or an end with words; never a signal or a hang.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
for count in 8 16 32 64; do
  for ranks in 1 2; do
    output=$(ulimit -c 0; ulimit -n $count; timeout 100 nice "$program" "${quick[@]}" --ranks=$ranks --dataset-dir=data --results-dir=results 2>&1 < /dev/null)
    code=$?
    if [ $code = 0 ]; then ok "$count descriptors, $ranks rank(s): runs"
    elif [ $code -lt 124 ] && [ -n "$output" ]; then ok "$count descriptors, $ranks rank(s): exit $code: $(last)"
    else bad "$count descriptors, $ranks rank(s): exit $code: $(last)"; fi
  done
done
