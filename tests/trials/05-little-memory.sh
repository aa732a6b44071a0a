# ulimit -v, as on login nodes. Found: see docs/OPERATIONS.md.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
for kib in 300000 600000 900000 1500000; do
  output=$(ulimit -c 0; ulimit -v $kib; timeout 100 nice "$program" "${quick[@]}" --dataset-dir=data --results-dir=results 2>&1 < /dev/null)
  code=$?
  if [ $code = 0 ]; then ok "$kib KiB are enough"
  elif [ $code -lt 124 ] && [ -n "$output" ]; then ok "$kib KiB: exit $code: $(last)"
  else note "$kib KiB: exit $code: $(last)"; fi
done
