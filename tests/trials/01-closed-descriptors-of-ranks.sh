# Descriptors closed by the parent, with ranks whose lines go to files. Held (the launcher
# secured them), but for the process that writes rank-1.txt, which closed its own 0 to 2, so
# that its file became descriptor 0.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
for output in plain prefixed files; do
  (timeout 100 nice "$program" "${quick[@]}" --ranks=2 --output=$output --dataset-dir=data \
    --results-dir="$top/results" --save-dir=$output <&- >&- 2>&-)
  code=$? output_text=$output output=
  judge "--output=$output_text without descriptors: exit 0" [ $code = 0 ]
  judge "--output=$output_text: metrics.jsonl is JSON" json_lines "$top/results/$output_text/metrics.jsonl"
done
