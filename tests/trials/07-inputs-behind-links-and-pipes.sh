# What users name for reading may be a link or a pipe: --yaml-config, --config, --hosts=@.
# Found: each was refused, as files that are written are.
source "${0%/*}/trial.sh" "$@"
printf 'base:\n  seed: 7\n' > real.yaml
printf 'a\na\nb:3\n' > real.hosts
ln -s real.yaml link.yaml; ln -s link.yaml twice.yaml; ln -s real.hosts link.hosts
for file in link.yaml twice.yaml; do
  try --print-config --yaml-config=$file
  judge "--yaml-config=$file" grep -qE '^seed +7 ' <<< "$output"
done
try --print-config --config=link.yaml
judge "--config=link.yaml, as upstream's scripts have it" grep -qE '^seed +7 ' <<< "$output"
try --print-config --hosts=@link.hosts
judge "--hosts=@link.hosts" grep -qE '^ranks +5 ' <<< "$output"
output=$("$program" --print-config --yaml-config=<(sleep 0.3; cat real.yaml) 2>&1); code=$?
judge "--yaml-config=<(command)" grep -qE '^seed +7 ' <<< "$output"
output=$("$program" --print-config --hosts=@<(cat real.hosts) 2>&1); code=$?
judge "--hosts=@<(command)" grep -qE '^ranks +5 ' <<< "$output"
output=$("$program" --print-config --yaml-config=/dev/stdin < real.yaml 2>&1); code=$?
judge "--yaml-config=/dev/stdin, a file" grep -qE '^seed +7 ' <<< "$output"
output=$(cat real.yaml | "$program" --print-config --yaml-config=/dev/stdin 2>&1); code=$?
judge "--yaml-config=/dev/stdin, a pipe" grep -qE '^seed +7 ' <<< "$output"
output=$("$program" --print-config --ranks=2 --yaml-config=<(cat real.yaml) 2>&1); code=$?
judge "a pipe for two ranks is refused in words" ended 2 "can be read once only"
ln -s loop.yaml loop.yaml; ln -s nowhere gone.yaml
try --print-config --yaml-config=loop.yaml
judge "a link to itself" ended 2 "loop.yaml" "Too many levels"
try --print-config --yaml-config=gone.yaml
judge "a link to nothing" ended 2 "gone.yaml" "does not exist"
# What is written does not follow.
mnist data/MNIST/raw
mkdir -p results/x; echo keep > precious; ln -s "$PWD/precious" results/x/log.txt
try "${quick[@]}" --dataset-dir=data --results-dir=results --save-dir=x
[ "$(cat precious)" = keep ] && ok "a link in the results folder is not written through: exit $code" || bad "a linked log.txt was written through"
