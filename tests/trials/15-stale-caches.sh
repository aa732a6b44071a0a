# NT3's cache and files that took the place of others. Found: the cache of a file of the same
# size and time was used, and data verify read the cache as well.
source "${0%/*}/trial.sh" "$@"
cache() { labels "$1/CANDLE/nt_train2.csv.cache"; }
verify() { try data verify candle --dataset-dir="$1"; }
nt3 a/CANDLE 0; verify a; [ "$(cache a)" = "0 1 0 1" ] && ok "made" || bad "made: $(cache a)"
nt3 b/CANDLE 1; touch -r a/CANDLE/nt_train2.csv b/CANDLE/nt_train2.csv
cp -p b/CANDLE/nt_train2.csv a/CANDLE/nt_train2.csv; verify a
[ "$(cache a)" = "1 0 1 0" ] && ok "written over in place by cp -p" || bad "cp -p: stale labels $(cache a)"
time=$(stat -c %y a/CANDLE/nt_train2.csv); printf 0 | dd of=a/CANDLE/nt_train2.csv conv=notrunc status=none
touch -d "$time" a/CANDLE/nt_train2.csv; verify a
[ "$(cache a)" = "0 0 1 0" ] && ok "one byte, the time put back" || bad "one byte: stale labels $(cache a)"
cp -a a c; verify c; [ "$(cache c)" = "0 0 1 0" ] && ok "copied with its cache" || bad "copied: $(cache c)"
cp b/CANDLE/nt_train2.csv.cache c/CANDLE/ 2> /dev/null; verify b; cp b/CANDLE/nt_train2.csv.cache c/CANDLE/; verify c
[ "$(cache c)" = "0 0 1 0" ] && ok "the cache of another file is not used" || bad "the cache of another: $(cache c)"
# A bit of the rows turns over on the disk.
python3 -c 'f = open("c/CANDLE/nt_train2.csv.cache", "r+b"); f.seek(-5, 2); b = f.read(1)[0]; f.seek(-5, 2); f.write(bytes([b ^ 4]))'
verify c; judge "a turned bit is found by verify" ended 3 "nt_train2.csv.cache" "delete it"
rm c/CANDLE/*.cache; chmod a-w c/CANDLE; chmod 755 "$top" .; mkdir -m 777 "$top/nobody"
output=$(HOME=$top/nobody nobody timeout 100 "$program" data verify candle --dataset-dir="$PWD/c" 2>&1); code=$?
if unreachable; then note "nobody cannot start the program here"
else [ -n "$(find "$top/nobody" -name '*.cache')" ] && ok "a folder that cannot be written to: in the user's own" || bad "no cache: exit $code: $(last)"; fi
