# Found: without arguments ten epochs on generated data began.
source "${0%/*}/trial.sh" "$@"
try; judge "no arguments: exit 2 and what it can do" ended 2 "reprise --help" "data verify" "reprise run"
[ -z "$(ls)" ] && ok "nothing was made" || bad "made $(ls)"
output=$("$program" 2> /dev/null < /dev/null); [ -z "$output" ] && ok "stdout is empty" || bad "stdout: $output"
try ""; judge "an empty argument" ended 2 "unknown verb"
try --; judge "--" ended 2
try data; judge "data alone" ended 2 "usage"
try help; judge "help, a verb it has not" ended 2 "unknown verb"
try -h; judge "-h" ended 0 "Exit codes"
try --version; judge "--version" ended 2 "unknown flag"
try run --print-config; judge "run asks for every default" ended 0
printf 'base:\n  epochs: 1\n  quick: true\n  results_dir: %s\n' "$top/results" > config.yaml; try
judge "a configuration of ours in the folder is asked for" ended 0 "configuration read from config.yaml"
