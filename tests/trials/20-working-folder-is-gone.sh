# The working folder was removed under the shell. Found: oneMKL, while it was loaded, before
# main, ended every command, exit 2.
source "${0%/*}/trial.sh" "$@"
mnist "$top/data/MNIST/raw"
mkdir gone; cd gone || exit 1; rmdir ../gone
for ranks in 1 2; do
  learn --dataset-dir="$top/data" --ranks=$ranks; judge "all paths absolute, $ranks rank(s)" read_real_data
done
try "${quick[@]}" --dataset-dir="$top/data"; judge "results in it: exit 5" ended 5 "results"
try "${quick[@]}" --dataset-dir="$top/data" --results-dir="$top/results" --timeline=t.json; judge "a timeline in it: exit 5" ended 5 "t.json"
learn --dataset-dir=data; judge "data in it: exit 3" ended 3 "data"
try data verify mnist --dataset-dir="$top/data"; judge "data verify" ended 3 "found 8, 8"
try --print-config --agent=nil; judge "--print-config" ended 0
[ -e /proc/self/fdinfo/results ] && bad "results in /proc" || ok "nothing made elsewhere"
