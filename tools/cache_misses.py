"""cache_misses.py FIRST SECOND [--at-least PERCENT] [--at-most PERCENT] [--only MNEMONIC]

Compares the execution logs (bazel --execution_log_json_file) of two builds that
shared a remote cache: how many actions of SECOND the cache answered, which it did
not, and for each of those what differs from the same action in FIRST: command,
environment, inputs. Fails if the share of hits is not within the given bounds. --only
counts the actions whose mnemonic begins so (CppCompile, CppLink: Cpp).
"""

import argparse
import json
import sys


def read(path):
    """The log is a sequence of JSON objects without separators."""
    with open(path) as file:
        text = file.read()
    decoder, position, spawns = json.JSONDecoder(), 0, []
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        spawn, position = decoder.raw_decode(text, position)
        spawns.append(spawn)
    return spawns


def key(spawn):
    return spawn.get("mnemonic", ""), tuple(sorted(spawn.get("listedOutputs", [])))


def inputs(spawn):
    return {i["path"]: i.get("digest", {}).get("hash", "") for i in spawn.get("inputs", [])}


def environment(spawn):
    return {v["name"]: v.get("value", "") for v in spawn.get("environmentVariables", [])}


def differences(first, second):
    if first.get("commandArgs") != second.get("commandArgs"):
        for a, b in zip(first["commandArgs"], second["commandArgs"]):
            if a != b:
                yield f"argument {a} | {b}"
        if len(first["commandArgs"]) != len(second["commandArgs"]):
            yield "number of arguments"
    for what, of in (("environment", environment), ("input", inputs)):
        a, b = of(first), of(second)
        for name in sorted(set(a) | set(b)):
            if a.get(name) != b.get(name):
                yield f"{what} {name}: {a.get(name, 'absent')} | {b.get(name, 'absent')}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--at-least", type=float, default=0)
    parser.add_argument("--at-most", type=float, default=100)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    first = {key(spawn): spawn for spawn in read(arguments.first)}
    second = [s for s in read(arguments.second) if s.get("mnemonic", "").startswith(arguments.only)]
    missed = [spawn for spawn in second if not spawn.get("remoteCacheHit")]
    for spawn in missed:
        mnemonic, outputs = key(spawn)
        what = outputs[0] if outputs else spawn.get("progressMessage", "")
        print(f"missed: {mnemonic} {what} ({spawn.get('runner', '')})")
        twin = first.get(key(spawn))
        if not spawn.get("cacheable", True):
            print("  is marked as not cacheable")
        elif twin is None:
            print("  has no counterpart in the first build")
        else:
            found = list(differences(twin, spawn))
            for line in found[:8]:
                print("  differs: " + line)
            if not found:
                ended = f"{twin.get('runner', '')}, exit code {twin.get('exitCode', 0)}"
                print(f"  same command, environment and inputs; first build: {ended}")
    if not second:
        print("nothing was run in the second build", file=sys.stderr)
        return 1
    share = 100.0 * (len(second) - len(missed)) / len(second)
    print(f"cache hits: {len(second) - len(missed)} of {len(second)} actions, {share:.1f} %")
    if share < arguments.at_least:
        print(f"fewer than {arguments.at_least:g} % hit", file=sys.stderr)
        return 1
    if share > arguments.at_most:
        print(f"more than {arguments.at_most:g} % hit", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
