# ulimit -f meets the other writers: data synthesize, the timeline, NT3's cache. Found: all
# of them ended by SIGXFSZ without a word; synthesize left its temporary folder.
source "${0%/*}/trial.sh" "$@"
limited() { output=$(ulimit -c 0; ulimit -f "$1"; shift; timeout 100 nice "$program" "$@" 2>&1 < /dev/null); code=$?; }
limited 150 data synthesize mnist --dataset-dir=sets
judge "synthesize: exit 5, says why" ended 5 "File too large"
[ -z "$(ls -A sets 2> /dev/null)" ] && ok "synthesize leaves nothing" || bad "synthesize leaves $(ls -A sets)"
mnist data/MNIST/raw
limited 4 "${quick[@]}" --dataset-dir=data --results-dir=results --save-dir=tiny
judge "4 KiB a file: exit 5, says why" ended 5 "File too large"
find results -name '*.tmp-*' | grep -q . && bad "left: $(find results -name '*.tmp-*')" || ok "no temporary file is left"
nt3 nt3/CANDLE 0
limited 1400 data verify candle --dataset-dir=nt3
[ $code -lt 128 ] && ok "no room for NT3's cache: exit $code" || bad "no room for NT3's cache: exit $code"
ls nt3/CANDLE | grep -q tmp && bad "left: $(ls nt3/CANDLE)" || ok "half a cache is not left"
