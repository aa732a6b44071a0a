#!/usr/bin/env python3
"""Whether two builds of //launch:reprise do and say the same, line by line.

  python3 tests/acceptance/same_as_before.py OLD_PROGRAM NEW_PROGRAM [--only REGEX]
      [--differences FILE] [--list]

Cases: a short run of every agent on 1 and 2 ranks (generated data, fp32, one thread a rank),
of which it compares the weights' digest, metrics.jsonl and summary.json without what the
clock decides, args.json and, on one rank, the terminal; --help; --print-config under many
settings; and the texts and exit codes of what is refused or doubtful. Both programs run in a folder
of the same path, one after the other.

What is meant to differ stands in --differences (default: intended_differences.txt beside this
file), a line each, two regular expressions and a reason:

  CASE :: LINE :: REASON

A line that only one of the two programs has is let pass where an entry matches the case's
name and the line. Prints a table; exit code 0 if nothing else differs, 1 if something does.
"""

import argparse
import collections
import difflib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

CLOCK_KEYS = {
    "images_per_second",
    "overlap_share",
    "phase_seconds",
    "run",
    "run_id",
    "seconds",
    "sink_seconds",
    "timing",
    "training_seconds",
}
RUN = [
    "--model=mnistnet",
    "--dataset=mnist",
    "--quick",
    "--threads=1",
    "--precision=fp32",
    "--device=cpu",
    "--tasksets-config={'scenario': 'class', 'initial_increment': 4, 'increment': 3}",
    "--results-dir=results",
    "--save-dir=run",
]
RUNS = {
    "base": ["--agent=base"],
    "base-scratch": ["--agent=base", "--scratch"],
    "nil": ["--agent=nil"],
    "nil-local": ["--agent=nil", "--buffer=local", "--rehearsal=sync"],
    "nil-parts": ["--agent=nil", "--batches-per-allreduce=2", "--optimizer=Adam"],
    "er": ["--agent=er"],
    "icarl": ["--agent=icarl"],
    "icarl-upstream": ["--agent=icarl", "--profile=upstream"],
}
AGENTS = ["base", "nil", "icarl", "er"]
DATA = {"mnist": "mnistnet", "cifar10": "resnet", "candle": "candlenet"}


def print_configs():
    """Arguments of --print-config, by name."""
    nil = "--agent=nil"
    cases = {f"agent {agent}": [f"--agent={agent}"] for agent in AGENTS}
    for dataset, model in DATA.items():
        flags = [f"--dataset={dataset}", f"--model={model}", nil]
        cases[f"data {dataset}"] = flags
        cases[f"quick {dataset}"] = [*flags, "--quick"]
        cases[f"profile {dataset}"] = [*flags, "--profile=upstream"]
        cases[f"preset 1 {dataset}"] = [*flags, "--preset=2022-01"]
        cases[f"preset 2 {dataset}"] = [*flags, "--preset=2022-02"]
    return cases | {
        "dicts merge": [
            nil,
            "--agent-config={'num_representatives': 5}",
            "--agent-config={'num_candidates': 7}",
        ],
        "file": [nil, "--yaml-config=good.yaml"],
        "file's section": [nil, "--yaml-config=good.yaml", "--config=other"],
        "old spellings": ["--agent", "nil", "--batch_size", "8", "--wd=0.1", "--no-cuda"],
        "global sizes": [nil, "--ranks=2", "--global-batch-size=32", "--global-candidates=8"],
        "no effect: agent's keys": ["--agent=base", "--agent-config={'num_candidates': 7}"],
        "no effect: buffer": ["--agent=base", "--buffer=local", "--rehearsal=sync"],
        "no effect: momentum": [nil, "--optimizer=AdamW", "--momentum=0.9"],
        "no effect: ranks": [nil, "--compression=fp16", "--bucket-bytes=8", "--network=tcp"],
        "no effect: images": ["--agent=base", "--dataset=candle", "--model=candlenet", "--augment=none"],
        "scratch": ["--agent=base", "--scratch"],
        "regime": [nil, "--regime=[{'epoch': 5, 'lr_factor': 0.1}]", "--warmup-epochs=2"],
        "twice": [nil, "--epochs=1", "--epochs=2"],
    }


def texts_of_errors():
    """Arguments that end with an error, or with a run that says why not, by name."""
    nil = ["--agent=nil"]
    texts = {
        "unknown flag": ["--bogus"],
        "near flag": ["--agnet=nil"],
        "stray word": ["train"],
        "unknown agent": ["--agent=foo"],
        "near agent": ["--agent=nli"],
        "unknown model": ["--model=foo"],
        "unknown data set": ["--dataset=foo"],
        "no value": ["--epochs"],
        "bool with a value": ["--scratch=maybe"],
        "not built": ["--checkpoint=x"],
        "agent's key unknown": [*nil, "--agent-config={'bogus': 1}"],
        "agent's key near": [*nil, "--agent-config={'num_representative': 1}"],
        "agent's key out of range": [*nil, "--agent-config={'num_representatives': -1}"],
        "agent's key of a type": [*nil, "--agent-config={'num_candidates': 'x'}"],
        "no dict": [*nil, "--agent-config=5"],
        "cut dict": [*nil, "--agent-config={'num_candidates': "],
        "model's depth": ["--model=resnet", "--dataset=cifar10", "--model-config={'depth': 35}"],
        "scenario unknown": ["--tasksets-config={'scenario': 'foo'}"],
        "scenario's key": ["--tasksets-config={'increments': 2}"],
        "classes twice": ["--tasksets-config={'class_order': [1, 1]}"],
        "increment": ["--tasksets-config={'initial_increment': 40}"],
        "num_tasks of class": ["--tasksets-config={'scenario': 'class', 'num_tasks': 3}"],
        "model and data": ["--model=candlenet", "--dataset=mnist"],
        "two compressions": ["--fp16-allreduce", "--compression=bf16"],
        "adasum and compression": ["--use-adasum", "--compression=fp16", "--ranks=2"],
        "cpu and cuda": ["--no-cuda", "--device=cuda"],
        "no GPU": [*nil, "--device=cuda", "--quick"],
        "two batch sizes": ["--batch-size=8", "--global-batch-size=16"],
        "batch of ranks": ["--global-batch-size=7", "--ranks=2"],
        "local and async": [*nil, "--buffer=local", "--rehearsal=async"],
        "device memory of a CPU": [*nil, "--buffer-memory=device", "--device=cpu", "--quick"],
        "tf32 of a CPU": ["--precision=tf32", "--device=cpu", "--quick"],
        "scratch and icarl": ["--agent=icarl", "--scratch"],
        "nesterov": ["--nesterov", "--optimizer=Adam"],
        "nesterov without momentum": ["--nesterov", "--momentum=0"],
        "regime": ["--regime=foo"],
        "regime's epoch": ["--regime=[{'epoch': -1}]"],
        "regime's key": ["--regime=[{'epoch': 1, 'foo': 2}]"],
        "warm-up": ["--warmup-epochs=99", "--epochs=2"],
        "ranks and hosts": ["--ranks=3", "--hosts=a:2"],
        "hosts' file": ["--hosts=@missing"],
        "hosts": ["--hosts=a:0"],
        "hosts empty": ["--hosts=a,,b"],
        "yaml missing": [*nil, "--yaml-config=missing.yaml"],
        "yaml malformed": [*nil, "--yaml-config=bad.yaml"],
        "yaml's key": [*nil, "--yaml-config=unknown_key.yaml"],
        "yaml's section": [*nil, "--yaml-config=good.yaml", "--config=nowhere"],
        "data folder missing": [*nil, "--dataset-dir=missing"],
        "data folder a file": [*nil, "--dataset-dir=good.yaml"],
        "data cut": [*nil, "--dataset-dir=cut"],
        "results in a file": [*nil, "--quick", "--results-dir=good.yaml"],
        "results there": [*nil, "--quick", "--results-dir=.", "--save-dir=taken"],
        "timeline nowhere": [*nil, "--quick", "--timeline=missing/t.json"],
        "many at once": ["--agent=foo", "--epochs=0", "--lr=x", "--bogus"],
        "data verb unknown": ["data", "foo"],
        "data set unknown": ["data", "verify", "foo"],
        "data missing": ["data", "verify", "mnist", "--dataset-dir=missing"],
        "data cut, verified": ["data", "verify", "mnist", "--dataset-dir=cut"],
        "data synthesize nothing": ["data", "synthesize"],
    }
    numbers = {
        "epochs": ["0", "x", "1.5", "99999999999999999999"],
        "batch-size": ["0", "-1"],
        "eval-batch-size": ["0", "-2"],
        "lr": ["-1", "nan", "x"],
        "momentum": ["-0.1", "inf"],
        "weight-decay": ["-1"],
        "seed": ["-1", "1.5"],
        "ranks": ["0", "x"],
        "threads": ["-1"],
        "log-interval": ["0"],
        "bucket-bytes": ["0"],
        "batches-per-allreduce": ["0"],
        "gradient-predivide-factor": ["0"],
        "max-steps-per-epoch": ["-1"],
        "global-representatives": ["-1"],
    }
    for flag, values in numbers.items():
        for value in values:
            texts[f"{flag}={value}"] = [*nil, f"--{flag}={value}"]
    choices = ["buffer", "rehearsal", "capacity", "bind", "output", "device", "precision"]
    choices += ["memory-format", "compression", "reduction", "lr-scaling", "augment", "optimizer"]
    choices += ["network", "profile", "preset", "buffer-memory"]
    for flag in choices:
        texts[f"{flag}=foo"] = [*nil, f"--{flag}=foo"]
    return texts


def cases():
    """Yields (name, arguments, whether it is a run)."""
    yield "help", ["--help"], False
    yield "nothing", [], False
    yield "help of data", ["data", "--help"], False
    for name, arguments in print_configs().items():
        yield f"config: {name}", ["--print-config", *arguments], False
    for name, arguments in texts_of_errors().items():
        # What is not refused, after all, should end soon.
        quick = [] if arguments[0] == "data" or "--quick" in arguments else ["--quick"]
        yield f"says: {name}", [*quick, *arguments], False
    for name, arguments in RUNS.items():
        for ranks in (1, 2):
            yield f"run: {name} on {ranks}", [*RUN, *arguments, f"--ranks={ranks}"], True


def prepare(folder):
    """What the cases read, the same before each."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    (folder / "taken").mkdir()
    for name in ("metrics.jsonl", "run.json", "summary.json"):
        (folder / "taken" / name).write_text("{}\n")
    (folder / "good.yaml").write_text("base:\n  epochs: 3\nother:\n  lr: 0.5\n")
    (folder / "bad.yaml").write_text("base:\n  epochs: [3\n")
    (folder / "unknown_key.yaml").write_text("base:\n  epocs: 3\n")
    (folder / "cut/MNIST/raw").mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"cut/MNIST/raw/{name}-ubyte").write_bytes(b"\0\0\x08\x03\0\0")


def without_clock(value):
    if isinstance(value, dict):
        return {k: without_clock(v) for k, v in value.items() if k not in CLOCK_KEYS}
    if isinstance(value, list):
        return [without_clock(v) for v in value]
    return value


def masked(text, program):
    """Lines of a terminal without times, and without the table of phases."""
    text = text.replace(str(program), "PROGRAM").replace(str(program.resolve()), "PROGRAM")
    text = re.sub(r"\ntime by phase(.|\n)*?\n\n", "\n", text)
    text = re.sub(r"\b\d+(\.\d+)? (ms|s|img/s|GB/s|MB/s)\b", r"# \2", text)
    text = re.sub(r"\btmp-\d+\b", "tmp-PID", text)
    return re.sub(r"\d{8}-\d{6}", "TIME", text).splitlines()


def transcript(program, arguments, is_run, folder, limit):
    """What the case leaves, as lines."""
    prepare(folder)
    environment = {"HOME": str(folder / "home"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [str(program), *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)  # its ranks, too
        process.communicate()
        return [f"no end within {limit:g} s"]
    lines = [f"exit code {process.returncode}"]
    if is_run and process.returncode == 0:
        run = folder / "results/run"
        weights = hashlib.sha256((run / "weights.safetensors").read_bytes()).hexdigest()
        lines.append(f"weights.safetensors: {weights}")
        for record in (run / "metrics.jsonl").read_text().splitlines():
            lines.append(f"metrics.jsonl: {json.dumps(without_clock(json.loads(record)))}")
        for name in ("summary.json", "args.json"):
            text = json.dumps(without_clock(json.loads((run / name).read_text())), indent=1)
            lines += [f"{name}: {line}" for line in text.splitlines()]
    # Ranks' lines come in any order.
    if not is_run or arguments[-1] == "--ranks=1" or process.returncode != 0:
        lines += [f"stdout: {line}" for line in masked(stdout, program)]
        lines += [f"stderr: {line}" for line in masked(stderr, program)]
    return lines


def read_differences(path):
    """[(case, line, reason, number of line)], the first two compiled."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [p.strip() for p in line.split(" :: ")]
        if len(parts) != 3 or not parts[2]:
            sys.exit(f"{path}:{number}: expected 'CASE :: LINE :: REASON', found '{line}'")
        try:
            found.append((re.compile(parts[0]), re.compile(parts[1]), parts[2], number))
        except re.error as error:
            sys.exit(f"{path}:{number}: {error}")
    return found


def compare(name, old, new, differences, used):
    """Lines that differ and are not meant to; counts the others in `used`."""
    left = []
    for line in difflib.unified_diff(old, new, lineterm="", n=0):
        if line.startswith(("---", "+++", "@@")):
            continue
        entry = next((d for d in differences if d[0].search(name) and d[1].search(line[1:])), None)
        if entry:
            used[entry[3]] += 1
        else:
            left.append(line)
    return left


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--only", default="", metavar="REGEX", help="cases by name")
    parser.add_argument("--limit", type=float, default=300, help="seconds a case and program")
    parser.add_argument("--list", action="store_true", help="the cases, and run nothing")
    parser.add_argument(
        "--differences",
        type=pathlib.Path,
        default=pathlib.Path(__file__).with_name("intended_differences.txt"),
    )
    args = parser.parse_args()
    chosen = [c for c in cases() if re.search(args.only, c[0])]
    if args.list:
        for name, arguments, _ in chosen:
            print(f"{name}: {' '.join(arguments)}")
        return 0
    differences, used = read_differences(args.differences), collections.Counter()
    failed = 0
    with tempfile.TemporaryDirectory() as top:
        folder = pathlib.Path(top) / "here"
        for name, arguments, is_run in chosen:
            old, new = (
                transcript(p.absolute(), arguments, is_run, folder, args.limit)
                for p in (args.old, args.new)
            )
            left = compare(name, old, new, differences, used)
            failed += bool(left)
            print(f"{'DIFFERS' if left else 'same   '} {name}: {len(old)} lines, {old[0]}", flush=True)
            for line in left[:40]:
                print(f"    {line}", flush=True)
            if len(left) > 40:
                print(f"    and {len(left) - 40} more lines", flush=True)
    for _, _, reason, number in differences:
        print(f"meant to differ: {used[number]} lines: {reason}")
    print(f"{len(chosen)} cases, {failed} differ")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
