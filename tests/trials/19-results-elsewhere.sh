# --save-dir and --results-dir. Found: --save-dir=../x left the results folder.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
save() { try "${quick[@]}" --dataset-dir=data --results-dir=results --save-dir="$1"; }
for name in .. ../x a/../../x ./../x; do save "$name"; judge "--save-dir=$name" ended 2 "within --results-dir"; done
[ -e x ] && bad "x was made beside results" || ok "nothing outside"
save a/b; [ -s results/a/b/run.json ] && ok "a/b" || bad "a/b: $(last)"
save "$top/absolute"; [ -s "$top/absolute/run.json" ] && ok "an absolute path is that folder" || bad "absolute: $(last)"
save ..x; [ -s results/..x/run.json ] && ok "..x is a name" || bad "..x: $(last)"
echo file > results/taken; save taken; judge "a file of that name" ended 5 "results/taken"
try "${quick[@]}" --dataset-dir=data --results-dir=results/taken; judge "results-dir is a file" ended 5 "results/taken"
ln -s nowhere dangling; try "${quick[@]}" --dataset-dir=data --results-dir=dangling; judge "results-dir is a link to nothing" ended 5 "dangling"
mkdir disk; ln -s disk linked; try "${quick[@]}" --dataset-dir=data --results-dir=linked --save-dir=x
[ -s disk/x/run.json ] && ok "results-dir is a link to a folder" || bad "linked: $(last)"
try "${quick[@]}" --dataset-dir=data --results-dir=/proc; judge "results-dir in /proc" ended 5 "/proc"
