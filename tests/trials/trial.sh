# Sourced by each trial, with its arguments: source "${0%/*}/trial.sh" "$@"
# It stands in an empty folder of its own below $top, with an empty home folder.
set -u
program=$(realpath -s "${1:?usage: TRIAL PROGRAM}")
top=$(mktemp -d "${TMPDIR:-/tmp}/trial.XXXXXX")
trap 'chmod -R u+rwX "$top" 2> /dev/null; rm -rf "$top"' EXIT
mkdir "$top/home" "$top/here"
export HOME=$top/home
unset REPRISE_DATASETS BUILD_WORKING_DIRECTORY OMP_NUM_THREADS COLUMNS NO_COLOR XDG_CACHE_HOME
cd "$top/here" || exit 1

ok() { echo "OK: $*"; }
bad() { echo "BAD: $*"; }
note() { echo "NOTE: $*"; }
# judge TEXT COMMAND...: OK if the command succeeds.
judge() { local text=$1; shift; if "$@"; then ok "$text"; else bad "$text: exit $code: $(last)"; fi; }
last() { printf '%s\n' "$output" | tail -n 3 | cut -c1-300 | tr '\n' ' '; }
# try ARGUMENT...: the program, or what $as names; sets code and output (both streams).
as=()
try() {
  output=$(timeout -k 5 100 nice "${as[@]}" "$program" "$@" 2>&1 < /dev/null)
  code=$?
}
# learn ARGUMENT...: the same, a run of seconds.
quick=(--agent=nil --model=mnistnet --dataset=mnist --threads=1 --precision=fp32 --quick --no-evaluate)
learn() { try "${quick[@]}" --results-dir="$top/results" "$@"; }
says() { grep -qF -- "$1" <<< "$output"; }
# ended CODE [TEXT...]: with this code, saying each text.
ended() {
  local text
  [ "$code" = "$1" ] || return 1
  shift
  for text in "$@"; do says "$text" || return 1; done
}
read_real_data() { [ "$code" = 0 ] && ! says "GENERATED DATA"; }
is_root() { [ "$(id -u)" = 0 ]; }
# Whether `nobody` could not even start the program: its libraries lie where only root reads.
unreachable() { says "error while loading shared libraries" || says "failed to run command" || says "setpriv: failed to execute"; }
# nobody COMMAND...: without privileges, where this is root.
nobody() { if is_root; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
# mnist FOLDER [PER_CLASS]: MNIST's four files, tiny.
mnist() {
  python3 - "$@" << 'END'
import os, random, struct, sys
folder, per_class = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8
os.makedirs(folder, exist_ok=True)
rng = random.Random(1)
for split, count in (("train", per_class), ("t10k", 2)):
    labels = [c for _ in range(count) for c in range(10)]
    with open(f"{folder}/{split}-labels-idx1-ubyte", "wb") as f:
        f.write(struct.pack(">II", 0x801, len(labels)) + bytes(labels))
    with open(f"{folder}/{split}-images-idx3-ubyte", "wb") as f:
        f.write(struct.pack(">IIII", 0x803, len(labels), 28, 28))
        for label in labels:
            f.write(bytes(255 if y // 2 == label else rng.randrange(40) for y in range(28) for _ in range(28)))
END
}
# nt3 FOLDER FIRST_LABEL: both files of NT3, four rows.
nt3() {
  python3 - "$@" << 'END'
import os, random, sys
folder, first = sys.argv[1], int(sys.argv[2])
os.makedirs(folder, exist_ok=True)
rng = random.Random(2)
values = [",".join("%.4f" % (rng.random() * 9) for _ in range(60483)) for _ in range(4)]
for name in ("nt_train2.csv", "nt_test2.csv"):
    with open(f"{folder}/{name}", "w") as f:
        for i, row in enumerate(values):
            f.write(f"{(first + i) % 2},{row}\n")
END
}
# labels CACHE: those of a cache of NT3.
labels() {
  python3 - "$1" << 'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
rows, _ = struct.unpack_from("<qq", data, 40)
print(*struct.unpack_from("<%di" % rows, data, 120))
END
}
# json_lines FILE: each line is JSON.
json_lines() { python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$1" 2> /dev/null; }
