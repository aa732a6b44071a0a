#!/usr/bin/env python3
"""Several hosts on one machine: network namespaces, joined by links of a given delay and rate.

As root, on Linux with iproute2 (ip, tc) and util-linux (unshare):
  ./bazelw build //tests/scaling:all //launch:mnist_nil_mnistnet
  python3 tests/scaling/hosts.py replay --out FOLDER      # steps without computation
  python3 tests/scaling/hosts.py program --out FOLDER --data DATASETS    # real training
  python3 tests/scaling/cost_model.py predict FOLDER/points.jsonl
  python3 tests/scaling/hosts.py clean                    # after kill -9

Host i is the namespace reprise-h<i>, address 10.77.0.<i+1>, with a host name of its own; mpirun
runs in the first and starts its daemons in the others by an agent in ssh's place. So a job goes
through --hosts as on a cluster: program --hosts=10.77.0.1:1,10.77.0.2:1. Namespaces, links and
the agent are removed at the end, after Ctrl-C and after an error, too. Nothing outside of the
namespaces is changed.

Links are of two kinds (--links; auto is kernel where the kernel can do it):
  kernel   veth pairs and a bridge; tc tbf limits the rate in both directions, tc netem delays
           what a host sends. Kernels without netem have no delay of this kind.
  switch   a process (link_switch.cc) passes frames on between tap interfaces, delayed and at
           the rate, on all kernels. It uses the cores, too.
--delays: milliseconds from host to host, one way. --rates: Mb/s of each link and direction,
0 for no limit.

replay: two cores cannot compute for 8 ranks, so step_replay.cc sleeps where a rank would compute
(the times are measured: MEASURED in cost_model.py; for its BYTES_ONLY it does not sleep) and
communicates as a training step does. Runs take turns over all settings, --repeats times, and their
records are appended to FOLDER/points.jsonl; calibration (AllReduces on 2 and 4 ranks, no steps) in
the same turn.

program: one epoch a task of mnist_nil_mnistnet on --ranks hosts; step, waits and overlap from
metrics.jsonl, bytes on the wire from the interfaces' counters beside the formula. Prints a
table.

--priority: the machine's other load must not be measured. nice: all processes of a job go before
others (-20); rt: the switch and the ranks of step_replay, while they are timed, before all
(SCHED_RR). Sleeping ranks need little.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import shutil
import statistics
import subprocess
import sys
import tempfile

import cost_model

root = pathlib.Path(__file__).resolve().parents[2]
PREFIX, BRIDGE, NETWORK = "reprise-h", "reprise-br", "10.77.0."
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TRAINING = ["load", "rehearsal_wait", "forward", "backward", "reduction_wait", "optimizer",
            "buffer_update"]
# TCP hands a link of limited rate at most SEGMENT bytes at once: tbf need not cut them into
# frames of 1500 bytes, which would cost the cores more, small messages do not wait behind 64 KiB,
# and BURST is still 0.16 ms at 1 Gb/s. A queue of 16 MB, so that nothing is lost.
SEGMENT, BURST = 16 << 10, 20 << 10


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def priority(kind, is_switch=False):
    """For a child process; its own children inherit it."""
    def apply():
        if kind != "none":
            os.nice(-20)
        if kind == "rt" and is_switch:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
    return apply


def has_netem():
    """Tried in a namespace of its own."""
    name = "reprise-try"
    call("ip", "netns", "add", name)
    try:
        call("ip", "-n", name, "link", "add", "name", "a", "type", "veth", "peer", "name", "b")
        call("tc", "-n", name, "qdisc", "add", "dev", "a", "root", "netem", "delay", "1ms")
        return True
    except RuntimeError:
        return False
    finally:
        call("ip", "netns", "del", name)


class Hosts:
    """A context: `count` hosts, gone at its end."""

    def __init__(self, args, count, delay_ms, rate_mbit, links):
        self.count, self.delay_ms, self.rate_mbit, self.links = count, delay_ms, rate_mbit, links
        self.switch_program, self.scheduling = args.tools / "link_switch", args.priority
        self.congestion = args.congestion
        self.made, self.switch, self.folder = [], None, None

    def __enter__(self):
        try:
            self.folder = tempfile.mkdtemp(prefix="reprise-hosts-")
            for name in self.names():
                self.add_namespace(name)
                call("ip", "-n", name, "link", "set", "lo", "up")
                if self.congestion:  # of this namespace alone
                    call("ip", "netns", "exec", name, "sh", "-c", f"echo {self.congestion} >"
                         " /proc/sys/net/ipv4/tcp_congestion_control")
            if self.links == "kernel":
                self.join_by_kernel()
            else:
                self.join_by_switch()
            for i, name in enumerate(self.names()):
                if self.rate_mbit:
                    call("ip", "-n", name, "link", "set", "dev", "eth0", "gso_max_size",
                         str(SEGMENT))
                call("ip", "-n", name, "addr", "add", f"{NETWORK}{i + 1}/24", "dev", "eth0")
                call("ip", "-n", name, "link", "set", "eth0", "up")
            self.agent = pathlib.Path(self.folder) / "agent"
            # As ssh: HOST COMMAND. The host's number is the last part of its address.
            self.agent.write_text(
                '#!/bin/sh\nhost=$1; shift\nname=' + PREFIX + '$((${host##*.} - 1))\n'
                'exec ip netns exec "$name" unshare --uts sh -c "hostname $name; $*"\n')
            self.agent.chmod(0o755)
            return self
        except BaseException:
            self.__exit__()
            raise

    def add_namespace(self, name):
        if pathlib.Path("/run/netns", name).exists():
            raise RuntimeError(f"there is a namespace {name} already: another run, or `hosts.py"
                               " clean` removes it")
        self.made.append(name)  # before: a signal may come between
        call("ip", "netns", "add", name)

    def __exit__(self, *_):
        # A second Ctrl-C would leave something behind.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
        try:
            self.remove()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def remove(self):
        if self.switch is not None:
            self.switch.stdin.close()
            self.switch.wait(10)
        for name in self.made:
            with contextlib.suppress(RuntimeError):
                call("ip", "netns", "del", name)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def names(self):
        return [f"{PREFIX}{i}" for i in range(self.count)]

    def list(self):
        return ",".join(f"{NETWORK}{i + 1}:1" for i in range(self.count))

    def join_by_kernel(self):
        self.add_namespace(BRIDGE)
        call("ip", "-n", BRIDGE, "link", "add", "name", "bridge0", "type", "bridge")
        call("ip", "-n", BRIDGE, "link", "set", "bridge0", "up")
        for i, name in enumerate(self.names()):
            port = f"port{i}"
            call("ip", "-n", name, "link", "add", "name", "eth0", "type", "veth", "peer", "name",
                 port, "netns", BRIDGE)
            call("ip", "-n", BRIDGE, "link", "set", port, "master", "bridge0", "up")
            parent = ["root"]
            if self.delay_ms:
                call("tc", "-n", name, "qdisc", "add", "dev", "eth0", "root", "handle", "1:",
                     "netem", "delay", f"{self.delay_ms}ms", "limit", "100000")
                parent = ["parent", "1:1"]
            if self.rate_mbit:
                limit = ["tbf", "rate", f"{self.rate_mbit}mbit", "burst", str(BURST), "limit",
                         "16mb"]
                call("tc", "-n", name, "qdisc", "add", "dev", "eth0", *parent, *limit)
                call("tc", "-n", BRIDGE, "qdisc", "add", "dev", port, "root", *limit)

    def join_by_switch(self):
        self.switch = subprocess.Popen(
            [self.switch_program, str(self.delay_ms / 1e3), str(self.rate_mbit * 1e6),
             *self.names()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=priority(self.scheduling, is_switch=True), start_new_session=True)
        if self.switch.stdout.readline() != "ready\n":
            raise RuntimeError("link_switch has not started")
        for i, name in enumerate(self.names()):
            call("ip", "-n", name, "link", "set", "eth0", "address", f"02:00:00:00:00:{i:02x}")

    def bytes_sent(self):
        """By all hosts, as their interfaces count it."""
        total = 0
        for name in self.names():
            shown = json.loads(call("ip", "-n", name, "-s", "-j", "link", "show", "dev", "eth0"))
            total += shown[0]["stats64"]["tx"]["bytes"]
        return total

    def run(self, command, limit=300):
        """stdout of `command` on the first host, which starts ranks on all."""
        name = self.names()[0]
        environment = dict(os.environ, PRTE_MCA_plm_ssh_agent=str(self.agent),
                           OMPI_MCA_plm_rsh_agent=str(self.agent))  # Open MPI 5.0 and 4.1
        job = subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c",
             f'hostname {name}; exec "$@"', "sh", *map(str, command)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
            preexec_fn=priority(self.scheduling), start_new_session=True)
        try:
            out, err = job.communicate(timeout=limit)
        except BaseException:
            job.terminate()  # the launcher ends all ranks
            try:
                job.wait(15)
            except subprocess.TimeoutExpired:
                job.kill()
            raise
        if job.returncode:
            raise RuntimeError(f"{command[0]} ended with {job.returncode}:\n{err[-2000:]}")
        return out


def idle_and_all():
    """Seconds of the cores together since the start: idle, all."""
    values = [int(v) for v in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return values[3] + values[4], sum(values)


def kind_of(args, delay, netem):
    if args.links != "auto":
        return args.links
    return "kernel" if not delay or netem else "switch"


def settings(args, netem):
    return [(kind_of(args, delay, netem), delay, rate)
            for delay in args.delays for rate in args.rates]


def replay(args):
    points = args.out / "points.jsonl"
    schedules = {}
    for model in args.models:
        schedules[model] = args.out / f"{model}.schedule"
        schedules[model].write_text(cost_model.schedule_text(model))
    program = args.tools / "step_replay"
    sizes = [cost_model.SMALL, cost_model.MIDDLE, cost_model.LARGE]
    netem = has_netem()
    for turn in range(args.repeats):
        for kind, delay, rate in settings(args, netem):
            for ranks in sorted(set(args.ranks) | {2, 4}):
                with Hosts(args, ranks, delay, rate, kind) as hosts:
                    jobs = [("replay", model, ["replay", schedules[model], args.steps])
                            for model in args.models if ranks in args.ranks]
                    if ranks in (2, 4):
                        chosen = sizes if ranks == 2 else sizes[:1]
                        jobs.insert(0, ("allreduce", "", ["allreduce", 15, *chosen]))
                    for record, model, words in jobs:
                        idle, total = idle_and_all()
                        try:
                            out = hosts.run([program, f"--hosts={hosts.list()}",
                                             *["--realtime"] * (args.priority == "rt"), *words])
                        except (RuntimeError, subprocess.TimeoutExpired) as error:
                            print(f"turn {turn}: {kind} {delay} ms {rate} Mb/s {ranks} ranks"
                                  f" {record} {model}: FAILED: {error}", flush=True)
                            continue
                        now_idle, now_total = idle_and_all()
                        result = dict(json.loads(out), record=record, model=model, links=kind,
                                      delay_ms=delay, rate_mbit=rate, turn=turn,
                                      idle_share=(now_idle - idle) / max(1, now_total - total))
                        with points.open("a") as file:
                            file.write(json.dumps(result) + "\n")
                        took = (f"step {1e3 * statistics.median(result['step']):.1f} ms, waited"
                                f" {100 * result['run_delay'] / result['seconds']:.1f} %"
                                if record == "replay" else
                                ", ".join(f"{r['bytes']} B {1e3 * statistics.median(r['seconds']):.2f} ms"
                                          for r in result["allreduce"]))
                        print(f"turn {turn}: {kind} {delay:g} ms {rate} Mb/s {ranks} ranks"
                              f" {record} {model}: {took}", flush=True)


def program(args):
    netem = has_netem()
    runs = {}
    for turn in range(args.repeats):
        for number, (kind, delay, rate) in enumerate(settings(args, netem)):
            for ranks in args.ranks:
                if ranks == 1 and number > 0:
                    continue  # no links in it
                with Hosts(args, ranks, delay, rate, kind) as hosts:
                    folder = args.out / f"program-{ranks}-{delay:g}-{rate}"
                    shutil.rmtree(folder, ignore_errors=True)
                    before = hosts.bytes_sent()
                    try:
                        hosts.run([args.programs / "mnist_nil_mnistnet",
                                   f"--hosts={hosts.list()}", f"--dataset-dir={args.data}",
                                   f"--results-dir={args.out}", f"--save-dir={folder.name}",
                                   "--threads=1", "--epochs=1", "--no-evaluate", "--device=cpu",
                                   "--lr-scaling=none", "--network=tcp", *args.flags], limit=580)
                    except (RuntimeError, subprocess.TimeoutExpired) as error:
                        print(f"turn {turn}: {ranks} ranks, {kind}, {delay:g} ms, {rate} Mb/s:"
                              f" FAILED: {error}", file=sys.stderr, flush=True)
                        continue
                    sent = hosts.bytes_sent() - before
                epochs = [r for r in map(json.loads,
                                         (folder / "metrics.jsonl").read_text().splitlines())
                          if r["record"] == "train_epoch"]
                phases, last = epochs[-1]["timing"]["phase_seconds"], epochs[-1]
                steps = sum(e["steps"] for e in epochs)
                runs.setdefault((ranks, kind, delay, rate), []).append({
                    "step": 1e3 * sum(phases[p] for p in TRAINING) / last["steps"],
                    "reduction_wait": 1e3 * phases["reduction_wait"] / last["steps"],
                    "rehearsal_wait": 1e3 * phases["rehearsal_wait"] / last["steps"],
                    "overlap": 100 * last["timing"]["overlap_share"],
                    "bytes": sent / steps})
                print(f"ranks {ranks}, {kind}, {delay:g} ms, {rate} Mb/s:"
                      f" {runs[ranks, kind, delay, rate][-1]}", file=sys.stderr, flush=True)
    step = cost_model.replayed_step("mnistnet")
    print("| ranks | links | delay, ms | rate, Mb/s | step, ms | reduction_wait, ms |"
          " rehearsal_wait, ms | overlap, % | bytes a step, all ranks | formula | ratio |")
    print("|---" * 11 + "|")
    for (ranks, kind, delay, rate), of_setting in sorted(runs.items()):
        def cell(key, digits=1, results=of_setting):
            values = [r[key] for r in results]
            return (f"{statistics.median(values):.{digits}f}"
                    f" ({min(values):.{digits}f}..{max(values):.{digits}f})")
        formula, sent = step.wire_bytes(ranks), statistics.median(r["bytes"] for r in of_setting)
        ratio = f"{sent / formula:.3f}" if formula else ""
        print(f"| {ranks} | {kind} | {delay:g} | {rate or 'none'} | {cell('step')} |"
              f" {cell('reduction_wait')} | {cell('rehearsal_wait', 2)} | {cell('overlap', 0)} |"
              f" {sent:,.0f} | {formula:,} | {ratio} |")


def clean():
    """Namespaces of these names only."""
    for line in call("ip", "netns", "list").splitlines():
        name = line.split()[0] if line.split() else ""
        if name in (BRIDGE, "reprise-try") or (name.startswith(PREFIX)
                                               and name[len(PREFIX):].isdigit()):
            call("ip", "netns", "del", name)
            print(f"removed {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["replay", "program", "clean"])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--data", help="folder of data sets, for program")
    parser.add_argument("--ranks", type=int, nargs="+")
    parser.add_argument("--delays", type=float, nargs="+", default=[0, 2])
    parser.add_argument("--rates", type=int, nargs="+", default=[0, 1000, 100])
    parser.add_argument("--models", nargs="+", default=["mnistnet"],
                        choices=cost_model.REPLAYED)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--links", choices=["auto", "kernel", "switch"], default="auto")
    parser.add_argument("--priority", choices=["rt", "nice", "none"], default="rt")
    parser.add_argument("--congestion", help="TCP's congestion control, say reno, between hosts")
    parser.add_argument("--tools", default=root / "bazel-bin/tests/scaling", type=pathlib.Path)
    parser.add_argument("--programs", default=root / "bazel-bin/launch", type=pathlib.Path)
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="of the program")
    args = parser.parse_args()
    if args.command == "clean":
        return clean()
    if args.out is None:
        parser.error("--out is needed")
    if os.geteuid() != 0:
        parser.error("namespaces need root")
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where ip and tc are; a test has not got these
    args.out = args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    # So that hosts are removed: an exception unwinds, the default ends at once.
    for number in SIGNALS[1:]:
        signal.signal(number, lambda *_: sys.exit(1))
    if args.command == "replay":
        args.ranks = args.ranks or [1, 2, 4, 8]
        replay(args)
    else:
        if not args.data:
            parser.error("program needs --data")
        args.ranks = args.ranks or [1, 2]
        program(args)


if __name__ == "__main__":
    main()
