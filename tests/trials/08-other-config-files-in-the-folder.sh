# A config.yaml of the working folder that no flag names: binary, of 2 MiB, in UTF-16, not
# readable, a broken link, a pipe. Found: each ended every command, exit 2.
source "${0%/*}/trial.sh" "$@"
unnamed() { try run --print-config; judge "$1: not used, and that is said" ended 0 "config.yaml in the working folder is not used"; rm -f config.yaml; }
head -c 5000 /dev/urandom > config.yaml; unnamed "binary"
{ echo 'x:'; yes '  - 1' | head -c 2100000; } > config.yaml; unnamed "2 MiB"
printf 'base:\n  lr: 1\n' | iconv -t UTF-16 > config.yaml; unnamed "UTF-16"
mkfifo config.yaml; unnamed "a pipe that nobody writes to"
printf 'base: &a\n  lr: 1\nother: *a\n' > config.yaml; unnamed "aliases"
printf -- '- 1\n- 2\n' > config.yaml; unnamed "a list"
ln -s nowhere config.yaml; try run --print-config
judge "a link to nothing is no file" ended 0; rm config.yaml
printf 'base:\n  seed: 7\n' > config.yaml; chmod 0 config.yaml; chmod 755 "$top" .
output=$(nobody timeout 60 "$program" run --print-config 2>&1); code=$?
if unreachable; then note "nobody cannot start the program here"
else judge "not readable" ended 0 "is not used" "Permission denied"; fi
rm -f config.yaml
printf 'base:\n  seed: 7\n  epohcs: 3\n' > config.yaml; try run --print-config
judge "ours with a mistake ends the run, and says how to do without" ended 2 "epohcs" "--yaml-config= reads none"
try run --print-config --yaml-config=
judge "--yaml-config= reads none" ended 0
try run --print-config --yaml-config=/dev/null
judge "/dev/null named is an error" ended 2 "section"
