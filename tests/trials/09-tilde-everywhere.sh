# No shell expands the ~ of --flag=~/x, of YAML values or of quoted variables. Found: data's
# verbs, REPRISE_DATASETS, --save-dir and --hosts=@ made or looked for a folder ~.
source "${0%/*}/trial.sh" "$@"
mnist "$HOME/sets/MNIST/raw"
printf 'base:\n  dataset_dir: ~/sets\n  results_dir: ~/from_yaml\n' > "$HOME/c.yaml"
printf 'localhost\nlocalhost\n' > "$HOME/hosts"
learn '--dataset-dir=~/sets' '--timeline=~/t.json'; judge "--dataset-dir, --timeline" read_real_data
[ -s "$HOME/t.json" ] && ok "the timeline is there" || bad "no timeline"
try "${quick[@]}" '--yaml-config=~/c.yaml' --save-dir=x; judge "--yaml-config, and ~ within it" read_real_data
[ -s "$HOME/from_yaml/x/run.json" ] && ok "results_dir: ~/... of a file" || bad "results_dir of a file"
try run --print-config '--config=~/c.yaml'; judge "--config with the file" says from_yaml
try run --print-config '--hosts=@~/hosts'; judge "--hosts=@~/..." grep -qE '^ranks +2 ' <<< "$output"
learn '--dataset-dir=~/sets' '--save-dir=~/kept'
[ -s "$HOME/kept/run.json" ] && ok "--save-dir" || bad "--save-dir: exit $code: $(last)"
REPRISE_DATASETS='~/sets' learn; judge "REPRISE_DATASETS in quotes" read_real_data
REPRISE_DATASETS='~/made' try data synthesize mnist
[ -d "$HOME/made/MNIST" ] && ok "data synthesize by REPRISE_DATASETS" || bad "data synthesize: $(last)"
try data verify mnist '--dataset-dir=~/made'; judge "data verify" ended 0
try data fetch mnist '--dataset-dir=~/made'; judge "data fetch finds what is there" ended 3 "$HOME/made"
(unset HOME; learn '--dataset-dir=~/nothing-there'; judge "without HOME: the home that the system knows" ended 3 "$(getent passwd "$(id -u)" | cut -d: -f6)/nothing-there")
learn '--dataset-dir=~root/nothing-there'; judge "~root" ended 3 "$(getent passwd root | cut -d: -f6)/nothing-there"
[ -z "$(ls -d ./~* 2> /dev/null)" ] && ok "no folder named ~" || bad "made $(ls -d ./~*)"
