#!/usr/bin/env python3
"""Ranks that die in the middle of a real job: the job must end at once and say so.

  ./bazelw test //tests/fault:lost_ranks_test
  ./bazelw build //launch:mnist_nil_mnistnet
  python3 tests/fault/lost_ranks.py --program bazel-bin/launch/mnist_nil_mnistnet

Of docs/RELIABILITY.md, --trials times each: R01, SIGKILL to a random rank at a random step; R02,
SIGSEGV, SIGABRT or SIGBUS to a rank; R04, SIGKILL to mpirun or to the launcher. In each trial all
ranks must be gone and the launcher have ended, not with 0, within 3 s (R04: 5 s); one line must
name rank, host, process, signal and the place in the run: task, epoch, step and phase as they stood
in the memory of the rank, which is stopped before it is killed so that they can be read there, and
in agreement with what the other ranks and metrics.jsonl say. Prints each trial's seconds.
"""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", required=True)
parser.add_argument("--ranks", type=int, default=3)
parser.add_argument("--trials", type=int, default=20)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()
random.seed(args.seed)
failures = []


def processes(mark):
    """(pid, rank or None, command) of the processes of the job that `mark` names."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\x1f", b"\0").split(b"\0")
            variables = dict(v.split(b"=", 1) for v in
                             (folder / "environ").read_bytes().split(b"\0") if b"=" in v)
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            name = (folder / "comm").read_text().strip()
        except (OSError, ValueError):
            continue
        if f"--save-dir={mark}".encode() not in words or state == "Z":
            continue
        rank = variables.get(b"OMPI_COMM_WORLD_RANK")
        found.append((int(folder.name), None if rank is None else int(rank), name))
    return found


PHASES = ("load", "rehearsal_wait", "forward", "backward", "reduction_wait", "optimizer", "buffer_update",
          "evaluation", "other")


def position(pid):
    """(task, epoch, step, phase) in the memory of a stopped rank: core/base/run_position.cc."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, rights, *rest = line.split()
        if rights != "rw-s" or "/dev/zero" not in line:
            continue
        begin, end = (int(number, 16) for number in place.split("-"))
        if end - begin != os.sysconf("SC_PAGESIZE"):
            continue
        with open(f"/proc/{pid}/mem", "rb") as memory:
            memory.seek(begin)
            board = memory.read(8 + 8 * 40)
        number, = struct.unpack_from("Q", board)
        task, epoch, step, phase, since = struct.unpack_from("5q", board, 8 + 40 * (number % 8))
        if number > 0 and task > 0 and 0 <= phase < len(PHASES) and since > 0:
            return task, epoch, step, PHASES[phase]
    raise RuntimeError(f"process {pid} has no position")


def in_words(task, epoch, step, phase):
    return (f"task {task}" + (f", epoch {epoch}" if epoch else "") + (f", step {step}" if step else "")
            + (f", {phase}" if phase != "other" else ""))


class Job:
    def __init__(self, folder, number):
        self.mark = f"trial-{os.getpid()}-{number}"
        self.folder = folder
        self.output = open(folder / f"{self.mark}.txt", "w+")
        self.launcher = subprocess.Popen(
            [os.path.abspath(args.program), f"--ranks={args.ranks}", "--epochs=1000",
             "--device=cpu", "--threads=1",
             f"--results-dir={folder}", f"--save-dir={self.mark}", "--no-evaluate"],
            stdout=self.output, stderr=subprocess.STDOUT, cwd=folder,
            # No data sets there: the generated ones.
            env={k: v for k, v in os.environ.items() if k != "REPRISE_DATASETS"}
            | {"HOME": str(folder)})

    def steps_told(self):
        """Global steps, from 0, of the step records in metrics.jsonl."""
        metrics = self.folder / self.mark / "metrics.jsonl"
        text = metrics.read_text() if metrics.exists() else ""
        records = (json.loads(line) for line in text.splitlines() if line.endswith("}"))
        return [r["global_step"] for r in records if "global_step" in r]

    def wait_for_records(self, count):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if len(self.steps_told()) >= count:
                return True
            if self.launcher.poll() is not None:
                break
            time.sleep(0.05)
        return False

    def ranks(self):
        return {rank: pid for pid, rank, name in processes(self.mark)
                if rank is not None and name != "reprise-witness"}

    def finish(self, limit):
        """Exit code, seconds until the launcher and all ranks were gone, and the output."""
        begin = time.monotonic()
        code, seconds = None, None
        while time.monotonic() < begin + limit + 5:
            code = self.launcher.poll()
            if code is not None and not processes(self.mark):
                seconds = time.monotonic() - begin
                break
            time.sleep(0.02)
        if seconds is None:
            for pid, _, _ in processes(self.mark):
                os.kill(pid, signal.SIGKILL)
        self.launcher.wait()
        self.output.seek(0)
        return code, seconds, self.output.read()


def trial(number, what, limit, strike, expected):
    job = Job(folder, number)
    if not job.wait_for_records(random.randint(1, 6)):
        job.finish(0)
        failures.append(f"{what}: the job did not come to its steps")
        return
    time.sleep(random.random() * 0.3)
    told = strike(job)
    code, seconds, output = job.finish(limit)
    problems = []
    if seconds is None or seconds > limit:
        problems.append(f"took {seconds if seconds else 'more than ' + str(limit + 5)} s")
    if code == 0:
        problems.append("exit code 0")
    lines = [line for line in output.splitlines() if re.search(expected % told, line)]
    if len(lines) != 1:
        problems.append(f"{len(lines)} lines like /{expected % told}/ in:\n{output[-2000:]}")
    print(f"{what}: {'%.2f' % seconds if seconds else '?'} s, exit code {code}"
          f"{'; ' + lines[0] if len(lines) == 1 and number % 10 == 0 else ''}", flush=True)
    failures.extend(f"{what}: {problem}" for problem in problems)


def kill_a_rank(number):
    def strike(job):
        rank = random.randrange(args.ranks)
        pids = job.ranks()
        pid = pids[rank]
        os.kill(pid, signal.SIGSTOP)
        while pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)
        time.sleep(0.1)  # the others come to wait for it
        place = position(pid)
        others = {r: position(p) for r, p in pids.items() if r != rank}
        for other, theirs in others.items():
            # They may have had its part of the last step's sum.
            if theirs[:2] == place[:2] and place[2] and theirs[2] and abs(theirs[2] - place[2]) > 1:
                failures.append(f"rank {rank} stopped in {in_words(*place)},"
                                f" rank {other} in {in_words(*theirs)}")
        # One task, one epoch of many: steps of the run are those of the epochs before and of this.
        told = job.steps_told()[-1]
        if place[:2] == (1, 1) and place[2] and not 0 <= place[2] - 1 - told <= 11:
            failures.append(f"rank {rank} stopped in {in_words(*place)}; metrics.jsonl has step {told + 1}")
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)
        return {"rank": rank, "pid": pid, "signal": int(number), "place": re.escape(in_words(*place))}
    return strike


LOST = (r"reprise: rank %(rank)d \(host \S+, pid %(pid)d\) was killed by signal %(signal)d "
        r"\(.*\), last seen in %(place)s; the job has ended")


def kill_mpirun(job):
    pid = next(pid for pid, rank, name in processes(job.mark)
               if rank is None and pid != job.launcher.pid)
    os.kill(pid, signal.SIGKILL)
    return {"pid": pid}


def kill_launcher(job):
    os.kill(job.launcher.pid, signal.SIGKILL)
    return {}


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for i in range(args.trials):
        trial(i, f"R01 {i + 1}", 3, kill_a_rank(signal.SIGKILL), LOST)
    for i in range(args.trials):
        number = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)[i % 3]
        trial(1000 + i, f"R02 {i + 1} {number.name}", 3, kill_a_rank(number), LOST)
    for i in range(args.trials):
        if i % 2 == 0:
            trial(2000 + i, f"R04 {i + 1} mpirun", 5, kill_mpirun,
                  r"mpirun \(pid %(pid)d\) was killed by signal 9")
        else:  # Nobody is left to say it; the first line of the run is there.
            trial(2000 + i, f"R04 {i + 1} launcher", 5, kill_launcher, r"^model: ")
for failure in failures:
    print("FAILED", failure)
print(f"{len(failures)} failures")
raise SystemExit(bool(failures))
