# The program copied alone, linked hard, moved with what is beside it, started under another
# name, from /proc. Expected: a run, or the loader's word of what is missing.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
cp "$program" copy; as=(); output=$(./copy --help 2>&1); code=$?
judge "copied alone: the library that is missing is named" ended 127 "error while loading shared libraries: lib"
if ln "$(readlink -f "$program")" "$top/hard" 2> /dev/null; then
  output=$("$top/hard" --help 2>&1); code=$?; judge "a hard link elsewhere: the same" ended 127 "loading shared libraries"
fi
ln -s "$(dirname "$(dirname "$program")")" tree
output=$(timeout 100 nice "tree/launch/$(basename "$program")" "${quick[@]}" --ranks=2 --dataset-dir=data --results-dir=results 2>&1 < /dev/null); code=$?
judge "through a link of the folder, two ranks" read_real_data
output=$(timeout 100 nice bash -c 'exec -a "$0" "$@"' "not the name" "$program" "${quick[@]}" --ranks=2 --dataset-dir=data --results-dir=results 2>&1 < /dev/null); code=$?
judge "under another argv[0], two ranks" read_real_data
output=$(timeout 100 nice bash -c 'cd / && exec "$@"' - "$program" "${quick[@]}" --dataset-dir="$PWD/data" --results-dir="$PWD/results" 2>&1 < /dev/null); code=$?
judge "from /" read_real_data
