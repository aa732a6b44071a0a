# `data synthesize` with stdout closed: what it prints must not end in a data file.
# Held before, since it prints after the files are closed.
source "${0%/*}/trial.sh" "$@"
(timeout 100 nice "$program" data synthesize mnist --dataset-dir=a <&- >&- 2>&-)
code=$? output=
judge "synthesize without descriptors" [ $code = 0 ]
try data synthesize mnist --dataset-dir=b
cmp -s a/MNIST/raw/train-images-idx3-ubyte b/MNIST/raw/train-images-idx3-ubyte \
  && cmp -s a/MNIST/raw/GENERATED.txt b/MNIST/raw/GENERATED.txt && ok "the same files" || bad "other files"
if is_root && unshare -m true 2> /dev/null; then
  mnist data/MNIST/raw
  (timeout 100 unshare -m sh -c 'mount -t tmpfs none /dev && mkdir /dev/shm && exec "$@"' - \
    "$program" "${quick[@]}" --dataset-dir=data --results-dir=results --save-dir=x <&- >&- 2>&-)
  code=$?
  judge "without /dev/null: exit 0" [ $code = 0 ]
  judge "without /dev/null: metrics.jsonl is JSON" json_lines results/x/metrics.jsonl
else
  note "skipped without root: a /dev without null"
fi
