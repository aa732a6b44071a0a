#!/usr/bin/env python3
"""Reads a run's event files by TensorBoard's own readers, by tbparse, and by its server.

  python3 -m venv v
  v/bin/pip install tensorboard==2.21.0 tbparse==0.0.9 safetensors==0.8.0 pillow==13.0.0
  ./bazelw test //tests/tensorboard:read_by_tensorboard_test --test_env=REPRISE_PYTHON=$PWD/v/bin/python

or  v/bin/python tests/tensorboard/read_by_tensorboard.py bazel-bin/launch/reprise [FOLDER]

starts PROGRAM on generated data (two ranks, iCaRL with its two heads) and compares all that
the readers find with metrics.jsonl and summary.json: the same tags, and at each the same
steps, times and values, those rounded to fp32 as TensorBoard stores them. Then a run that is
killed, `tensorboard` over the loopback interface by both of its loaders, and
weights.safetensors. Results stay in FOLDER.
"""

import argparse
import contextlib
import io
import json
import math
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import PIL.Image
import safetensors
import tbparse
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

LIMIT_SECONDS = 120
NO_LIMITS = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}  # keep everything


def check(condition, *what):
    if not condition:
        sys.exit("FAILED: " + " ".join(str(word) for word in what))


def fp32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def records_of(folder):
    with open(folder / "metrics.jsonl") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


class Expected:
    """Points (step, time, fp32 value) by tag, from metrics.jsonl alone."""

    def __init__(self, records):
        self.scalars = {}
        self.steps = 0
        self.time = None
        self.accuracy = {}  # by head, task, test task: (top1, samples)
        self.heads = []  # the primary one first
        self.figures = {}  # steps by tag
        for record in records:
            self.time = record["timing"]["unix_seconds"]
            getattr(self, record["record"])(record)

    def add(self, tag, value):
        if isinstance(value, float):  # not null
            self.scalars.setdefault(tag, []).append((self.steps, self.time, fp32(value)))

    def fractions(self, record, prefix, suffix=""):
        for name, value in {**record, **record["timing"]}.items():
            if name != "unix_seconds":
                self.add(prefix + name + suffix, value)

    def run_start(self, record):
        self.tasks = record["num_tasks"]

    def step(self, record):
        self.steps = record["global_step"]
        self.fractions(record, "step/")

    def train_epoch(self, record):
        self.steps = record["steps_of_run"]
        self.fractions(record, "train/")
        timing = record["timing"]
        for phase, seconds in timing["phase_seconds"].items():
            self.add(f"phase/{phase}_seconds", seconds)
        rate = record["incoming_samples"] / timing["seconds"]
        self.add("throughput/images_per_second", rate)

    def test(self, record):
        head = record["head"]
        self.fractions(record, f"test/{head}/", f"/task_{record['test_task']:02}")
        if record["epoch"] == 0:
            return
        if head not in self.heads:
            self.heads.insert(0 if record["primary"] else len(self.heads), head)
        place = head, record["task"], record["test_task"]
        self.accuracy[place] = record["top1"], record["samples"]

    def task_end(self, record):
        self.fractions(record, "task/")
        for name, value in record["agent"]["scalars"].items():
            self.add(f"agent/{name}", value)
        for head in self.heads:
            prefix = "continual/" + ("" if head == self.heads[0] else head + "/")
            for name, value in self.measures(head, record["task"] + 1).items():
                self.add(prefix + name, value)
            for figure in "accuracy_matrix", "confusion_matrix":
                self.figures.setdefault(f"{figure}/{head}", []).append(self.steps)

    def measures(self, head, tasks):
        """docs/METRICS.md, written down anew."""

        def a(i, j):
            return self.accuracy[head, i, j][0]

        def mean(i):
            seen = [self.accuracy[head, i, j] for j in range(i + 1)]
            return sum(n * top1 for top1, n in seen) / sum(n for _, n in seen)

        last = tasks - 1
        found = {
            "task_mean_accuracy": sum(a(last, j) for j in range(tasks)) / tasks,
            "sample_mean_accuracy": mean(last),
            "average_incremental_accuracy": sum(mean(i) for i in range(tasks)) / tasks,
        }
        if last > 0:
            best = [max(a(i, j) for i in range(j, last)) for j in range(last)]
            found["forgetting"] = sum(best[j] - a(last, j) for j in range(last)) / last
            gain = [a(last, j) - a(j, j) for j in range(last)]
            found["backward_transfer"] = sum(gain) / last
        return found

    def run_end(self, record):
        self.fractions(record, "run/")
        timing = record["timing"]
        for phase, seconds in timing["phase_seconds"].items():
            self.add(f"run/phase_{phase}_seconds", seconds)
        rate = record["incoming_samples"] / timing["training_seconds"]
        self.add("run/images_per_second", rate)


def compare_points(found, expected, exact):
    """Sums of the measures may be added up in another order."""
    check(found.keys() == expected.keys(), "tags differ:", sorted(found.keys() ^ expected.keys()))
    for tag, points in expected.items():
        if exact or not tag.startswith("continual/"):
            check(found[tag] == points, tag, found[tag], "expected", points)
            continue
        check(len(found[tag]) == len(points), tag, found[tag], points)
        for one, other in zip(found[tag], points):
            check(one[:2] == other[:2], tag, one, other)
            check(math.isclose(one[2], other[2], rel_tol=2e-7, abs_tol=1e-9), tag, one, other)


def accumulate(folder):
    accumulator = event_accumulator.EventAccumulator(str(folder / "tensorboard"), NO_LIMITS)
    return accumulator.Reload()


def scalars_of(accumulator):
    return {
        tag: [(p.step, p.wall_time, p.value) for p in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def read_by_accumulator(folder):
    records = records_of(folder)
    expected = Expected(records)
    accumulator = accumulate(folder)
    scalars = scalars_of(accumulator)
    compare_points(scalars, expected.scalars, exact=False)
    summary = json.loads((folder / "summary.json").read_text())
    for name in ("average_incremental_accuracy", "forgetting", "backward_transfer"):
        value = summary["heads"][0][name]["value"]
        check(scalars[f"continual/{name}"][-1][2] == fp32(value), name, value)

    images = accumulator.Tags()["images"]
    check(sorted(images) == sorted(expected.figures), "images", images)
    for tag in images:
        points = accumulator.Images(tag)
        check([p.step for p in points] == expected.figures[tag], tag)
        for point in points:
            with PIL.Image.open(io.BytesIO(point.encoded_image_string)) as image:
                image.load()
                check(image.size == (point.width, point.height), tag, image.size)

    text = accumulator.Tensors("configuration")[0].tensor_proto.string_val[0].decode()
    settings = json.loads((folder / "run.json").read_text())["settings"]
    check(len(settings) > 30, "settings of run.json:", len(settings))
    for name, setting in settings.items():
        row = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        check(len(row) == 1 and row[0].endswith(f"| {setting['origin']} |"), name, row)
    check(records[0]["generated_data"], "real data")
    check("warning" in accumulator.Tags()["tensors"], "no warning of generated data")

    content = accumulator.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    session = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    check(session.hparams["agent"].string_value == records[0]["agent"], "hparams", session)
    missing = set(settings) - set(session.hparams)
    check(not missing, "no hparam:", missing)
    end = accumulator.SummaryMetadata("_hparams_/session_end_info").plugin_data.content
    status = plugin_data_pb2.HParamsPluginData.FromString(end).session_end_info.status
    check(status == 1, "status", status)  # success
    points = sum(len(p) for p in scalars.values())
    print(f"event_accumulator: {len(scalars)} scalars of {points} points, {len(images)} images,")
    print(f"  {len(session.hparams)} hparams: as in metrics.jsonl, summary.json and run.json")
    return expected


def read_by_tbparse(folder, expected):
    # Its images want TensorFlow.
    reader = tbparse.SummaryReader(
        str(folder / "tensorboard"),
        extra_columns={"wall_time"},
        event_types={"scalars", "text", "hparams"},
    )
    found = {}
    for row in reader.scalars.itertuples():
        found.setdefault(row.tag, []).append((row.step, row.wall_time, row.value))
    compare_points(found, expected.scalars, exact=False)
    check(set(reader.text["tag"]) >= {"run", "configuration"}, reader.text)
    hparams = dict(zip(reader.hparams["tag"], reader.hparams["value"]))
    check(hparams["world_size"] == 2, "hparams", hparams)
    print(f"tbparse: the same scalars, {len(hparams)} hparams")


class Server:
    """`tensorboard` on a free port of the loopback interface."""

    def __init__(self, logdir, *flags):
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)]
        command += ["--host=127.0.0.1", "--port=0", "--reload_interval=1", *flags]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.address = wait_for(self.said_address, "TensorBoard does not say its address")

    def said_address(self):
        self.log.seek(0)
        text = self.log.read()
        check(self.process.poll() is None, "TensorBoard ended:", text)
        match = re.search(r"http://127\.0\.0\.1:\d+/", text)
        return match and match.group()

    def get(self, path, body=None, **query):
        url = self.address + path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
            return json.loads(content) if "json" in answer.headers["Content-Type"] else content

    def close(self):
        self.process.terminate()
        self.process.wait()


def wait_for(ask, what):
    """What `ask` returns once that is true."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (found := ask()):
        check(time.monotonic() < deadline, what)
        time.sleep(0.2)
    return found


def read_by_server(results, name, expected, *flags):
    run = f"{name}/tensorboard"
    with contextlib.closing(Server(results, *flags)) as server:

        def loaded():
            tags = server.get("data/plugin/scalars/tags").get(run, {})
            return tags if "run/seconds" in tags else None

        tags = wait_for(loaded, "TensorBoard does not load the run")
        check(run in server.get("data/runs"), "runs", server.get("data/runs"))
        check(tags.keys() == expected.scalars.keys(), set(tags) ^ set(expected.scalars))
        check("weighted objective" in tags["train/loss"]["description"], tags["train/loss"])
        points = server.get("data/plugin/scalars/scalars", run=run, tag="train/loss")
        wanted = [[time_, step, value] for step, time_, value in expected.scalars["train/loss"]]
        check(points == wanted, "train/loss", points, wanted)
        images = server.get("data/plugin/images/tags")[run]
        check(images.keys() == expected.figures.keys(), "images", list(images))
        figure = server.get(
            "data/plugin/images/images", run=run, tag="confusion_matrix/nme", sample=0
        )
        png = server.get("data/plugin/images/individualImage?" + figure[0]["query"])
        check(png.startswith(b"\x89PNG"), "no PNG")
        text = server.get("data/plugin/text/tags")[run]
        check({"run", "configuration"} <= set(text), "text", text)
        shown = server.get("data/plugin/text/text", run=run, tag="configuration")[0]["text"]
        check("<table>" in shown and "<code>agent</code>" in shown, shown[:300])
        experiment = server.get("data/plugin/hparams/experiment", {"experimentName": ""})
        names = {info["name"] for info in experiment["hparamInfos"]}
        check({"agent", "seed", "lr", "world_size"} <= names, "hparams", names)
        metrics = [info["name"] for info in experiment["metricInfos"]]
        groups = server.get(
            "data/plugin/hparams/session_groups",
            {
                "experimentName": "",
                "allowedStatuses": ["STATUS_SUCCESS", "STATUS_UNKNOWN", "STATUS_RUNNING"],
                "colParams": [{"metric": metric} for metric in metrics],
                "startIndex": 0,
                "sliceSize": 10,
            },
        )["sessionGroups"]
        check(len(groups) == 1, "sessions", groups)
        values = {m["name"]["tag"]: m["value"] for m in groups[0]["metricValues"]}
        tag = "continual/average_incremental_accuracy"
        check(values[tag] == expected.scalars[tag][-1][2], values, expected.scalars[tag])
    print(f"tensorboard {' '.join(flags)}: the same runs, tags, images, text and hparams")


def start(program, results, name, *flags):
    command = [program, "--agent=icarl", "--model=mnistnet", "--dataset=mnist", "--ranks=2"]
    command += ["--quick", "--log-interval=2", "--tensorboard", *flags]
    command.append("--tasksets-config={'initial_increment': 4, 'increment': 3}")
    command += [f"--results-dir={results}", f"--save-dir={name}"]
    # Where no data set lies: generated data.
    environment = {**os.environ, "HOME": str(results)}
    environment.pop("REPRISE_DATASETS", None)
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, start_new_session=True, cwd=results, env=environment
    )


def kill_a_run(program, results):
    """All that a killed run's metrics.jsonl has but for its last moments is in its file."""
    process = start(program, results, "killed", "--epochs=1000")
    folder = results / "killed"

    def far():
        check(process.poll() is None, "the run ended by itself")
        if not (folder / "metrics.jsonl").exists():
            return None
        return sum(record["record"] == "train_epoch" for record in records_of(folder)) >= 2

    wait_for(far, "the run does not come to its second epoch")
    # TensorBoard looks while the run goes, too.
    going = accumulate(folder)
    check("train/loss" in going.Tags()["scalars"], "a run that goes", going.Tags())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    records = records_of(folder)
    expected = Expected(records).scalars
    found = scalars_of(accumulate(folder))
    points = 0
    for tag, values in found.items():
        # Each file has its own last moment, so either may have a value more.
        both = min(len(values), len(expected.get(tag, [])))
        check(values[:both] == expected.get(tag, [])[:both], tag)
        points += both
    missing = sum(len(values) for values in expected.values()) - points
    check(points > 50, "points of a killed run:", points)
    check(missing < points, missing, "points of a killed run are missing,", points, "are there")
    # Its last moments: less than a second.
    last = records[-1]["timing"]["unix_seconds"]
    settled = [record for record in records if record["timing"]["unix_seconds"] < last - 1]
    for tag, values in Expected(settled).scalars.items():
        check(len(found.get(tag, [])) >= len(values), "older than a second and missing:", tag)
    print(f"killed: {points} points read, {missing} of metrics.jsonl are missing")


def read_weights(folder):
    with safetensors.safe_open(folder / "weights.safetensors", framework="np") as weights:
        sizes = {name: weights.get_tensor(name).size for name in weights.keys()}
    parameters = json.loads((folder / "run.json").read_text())["parameters"]
    check(sum(sizes.values()) >= parameters, sizes, parameters)
    print(f"safetensors: {len(sizes)} tensors, {sum(sizes.values())} values")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("folder", nargs="?", help="for results; without it a temporary one")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    with contextlib.ExitStack() as stack:
        folder = arguments.folder or stack.enter_context(tempfile.TemporaryDirectory())
        results = pathlib.Path(folder).resolve()
        results.mkdir(parents=True, exist_ok=True)
        code = start(program, results, "run", "--epochs=2").wait()
        check(code == 0, "the run's exit code:", code)
        expected = read_by_accumulator(results / "run")
        read_by_tbparse(results / "run", expected)
        for loader in ("--load_fast=false", "--load_fast=true"):
            read_by_server(results, "run", expected, loader)
        read_weights(results / "run")
        kill_a_run(program, results)


if __name__ == "__main__":
    main()
