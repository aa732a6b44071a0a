# bazel run starts the program elsewhere and names the user's folder in
# BUILD_WORKING_DIRECTORY. Expected: every relative path is from there, also on ranks.
source "${0%/*}/trial.sh" "$@"
mkdir "$top/user" && mnist "$top/user/sets/MNIST/raw"
printf 'base:\n  seed: 7\n' > "$top/user/c.yaml"; printf 'localhost:2\n' > "$top/user/hosts"
export BUILD_WORKING_DIRECTORY=$top/user
try "${quick[@]}" --dataset-dir=sets --results-dir=./out --save-dir=x --timeline=t.json --yaml-config=c.yaml
judge "a run" read_real_data
for file in out/x/run.json t.json; do [ -s "$top/user/$file" ] && ok "$file" || bad "no $file where the user stood"; done
grep -q '"seed": 7' "$top/user/out/x/run.json" && ok "c.yaml is read" || bad "c.yaml is not read"
try "${quick[@]}" --dataset-dir=sets --results-dir=out --save-dir=y --hosts=@hosts; judge "--hosts=@hosts on two ranks" read_real_data
REPRISE_DATASETS=sets try "${quick[@]}" --results-dir=out; judge "REPRISE_DATASETS" read_real_data
try data verify mnist --dataset-dir=sets; judge "data verify" ended 3 "found 8, 8"
try data synthesize mnist --dataset-dir=made; [ -d "$top/user/made/MNIST" ] && ok "data synthesize" || bad "data synthesize: $(last)"
[ -z "$(ls)" ] && ok "nothing where bazel started it" || bad "made here: $(ls)"
