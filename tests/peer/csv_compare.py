#!/usr/bin/env python3
"""Reprise's reader of NT3's CSV beside pandas, polars and pyarrow: same machine, same
run, alternating A B A B, one thread each, the file in the page cache.

  python3 -m venv v && v/bin/pip install pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
  ./bazelw build //data/candle:nt3_benchmark
  bazel-bin/data/candle/nt3_benchmark synthesize DATASETS   # where there is no NT3
  python3 tests/peer/csv_compare.py --python v/bin/python --data DATASETS [--core 1]

Every variant of a library is timed once; the best of each, pandas's default and what
follows from the cache are then compared in pairs. Ratios are the peer's time over ours:
above 1 Reprise is faster. Median of the pairwise ratios, with minimum and maximum.
Each reading is a process of its own; starting it and importing the library is not
counted. Processor time is compared, too: on a machine that others use it is the steadier
of the two. All end with the rows as float32. The cache is deleted and made anew.
"""
import argparse
import json
import pathlib
import statistics
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--python", required=True, help="an interpreter with the three libraries")
parser.add_argument("--data", required=True, help="folder of data sets with CANDLE/nt_train2.csv")
parser.add_argument("--program", default=str(root / "bazel-bin/data/candle/nt3_benchmark"))
parser.add_argument("--core", help="pin every process to this core")
parser.add_argument("--pairs", type=int, default=5)
parser.add_argument("--slow-pairs", type=int, default=3, help="of pandas's default")
parser.add_argument("--out", help="append the result as a JSON line")
args = parser.parse_args()

path = str(pathlib.Path(args.data) / "CANDLE/nt_train2.csv")
VARIANTS = ["pandas:low_memory_false", "pandas:float32", "polars:inferred",
            "polars:float32", "polars:float32_low_memory", "pyarrow:inferred_64",
            "pyarrow:float32_16", "pyarrow:float32_64", "pyarrow:float32_256"]


def run(command):
    if args.core is not None:
        command = ["taskset", "-c", args.core] + command
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout else None


def ours(what="csv"):
    return run([args.program, what, path])


def peer(how):
    return run([args.python, str(root / "tests/peer/csv_peer.py"), how, path])


def ratios(mine, theirs, key):
    values = [b[key] / a[key] for a, b in zip(mine, theirs)]
    return {"median": round(statistics.median(values), 2), "min": round(min(values), 2),
            "max": round(max(values), 2)}


def median(records, key, digits):
    return round(statistics.median(r[key] for r in records), digits)


def megabytes(record):
    return round(record["peak_resident_bytes"] / 1e6)


first = ours()  # also brings the file into the page cache
times = {}
for how in VARIANTS:
    record = peer(how)
    times[how] = record["cpu_seconds"]
    if record["shape"][0] != first["rows"]:
        raise SystemExit(f"{how} read {record['shape']}, Reprise {first['rows']} rows")
    print(f"{how:28} {record['seconds']:6.2f} s ({times[how]:.2f} of the processor), "
          f"peak {megabytes(record)} MB", flush=True)

best = [min((h for h in VARIANTS if h.startswith(library)), key=times.get)
        for library in ("pandas:", "polars:", "pyarrow:")]
result = {"file_bytes": pathlib.Path(path).stat().st_size, "rows": first["rows"], "peers": {}}
for how in best + ["pandas:default"]:
    mine, theirs = [], []
    for _ in range(args.slow_pairs if how == "pandas:default" else args.pairs):
        mine.append(ours())
        theirs.append(peer(how))
        print("{0:28} {1[seconds]:6.2f} s ({1[cpu_seconds]:.2f} of the processor), Reprise "
              "{2[seconds]:6.3f} s ({2[cpu_seconds]:.3f})".format(how, theirs[-1], mine[-1]),
              flush=True)
    result["peers"][how] = {
        "seconds": median(theirs, "seconds", 2),
        "reprise_seconds": median(mine, "seconds", 3),
        "ratio": ratios(mine, theirs, "seconds"),
        "cpu_seconds": median(theirs, "cpu_seconds", 2),
        "reprise_cpu_seconds": median(mine, "cpu_seconds", 3),
        "cpu_ratio": ratios(mine, theirs, "cpu_seconds"),
        "peak_resident_MB": max(map(megabytes, theirs)),
        "reprise_peak_resident_MB": max(map(megabytes, mine))}

pathlib.Path(path + ".cache").unlink(missing_ok=True)
ours("cached")
parsed, cached = [], []
for _ in range(args.pairs):
    parsed.append(ours())
    cached.append(ours("cached"))
    if cached[-1]["sum_of_bits"] != parsed[-1]["sum_of_bits"]:
        raise SystemExit("the cache and the CSV differ")
    print("cached: {seconds:.6f} s, {seconds_with_all_values_read:.3f} s with every value read"
          .format(**cached[-1]), flush=True)
result["cache"] = {
    "seconds": median(cached, "seconds", 6),
    "seconds_with_all_values_read": median(cached, "seconds_with_all_values_read", 4),
    "ratio": ratios(cached, parsed, "seconds"),
    "ratio_with_all_values_read": ratios(cached, parsed, "seconds_with_all_values_read"),
    "peak_resident_MB": max(map(megabytes, cached))}
print(json.dumps(result, indent=1))
if args.out:
    with open(args.out, "a") as out:
        out.write(json.dumps(result) + "\n")
