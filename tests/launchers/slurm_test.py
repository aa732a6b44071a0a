"""The program as a Slurm job: started by srun, by its own launcher in a batch script, and ended.

On a Slurm of this machine alone (private_slurm.py) with two nodes; as root: python3 slurm_test.py
PROGRAM, with Debian's slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins, libpmix-dev (whose
libpmix.so Slurm's plugin loads) and munge. Prints the seconds that ends of jobs take."""
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import private_slurm

program = pathlib.Path(sys.argv.pop()).absolute()
QUICK = ("--quick", "--threads=1")
LONG = ("--epochs=1000", "--threads=1", "--no-evaluate")
# Of summary.json: what differs from run to run.
TIMES = {"run", "seconds", "training_seconds", "sink_seconds", "overlap_share", "images_per_second"}
TIMES |= {"phase_seconds"}
INTERRUPTED = (r"reprise: signal (\d+) \(\w+\) ended the run in task 1, epoch 1, step \d+(, \w+)?;"
               r" results so far: ")
# Nodes share cores, so on two of them ranks run on any.
TWO_NODES = ("-N2", "--cpu-bind=none")


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value


class Slurm(unittest.TestCase):
    slurm = folder = None  # of the main program, which also ends when it is told to

    def tearDown(self):
        self.slurm.end_jobs()

    def run_command(self, *command, code=0):
        done = self.slurm.run(*command, check=False, cwd=self.folder)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, f"{command}: {said}\n{self.slurm.logs()}")
        return said

    def srun(self, options, *flags, code=0):
        return self.run_command("srun", *options, program, *flags, code=code)

    def batch(self, script, *options):
        """What a batch job on two nodes, of one task each, says."""
        path, output = self.folder / "script", self.folder / "script.out"
        path.write_text("#!/bin/bash\n" + script)
        self.run_command("sbatch", "--wait", "-N2", "--ntasks-per-node=1", f"--output={output}",
                         *options, path)
        return output.read_text()

    def result(self, name, file):
        return (self.folder / "results" / name / file).read_bytes()

    def report(self, name):
        return json.loads(self.result(name, "run.json"))

    def assert_same_run(self, one, other):
        self.assertEqual(self.result(one, "weights.safetensors"),
                         self.result(other, "weights.safetensors"), (one, other))
        summaries = [without_times(json.loads(self.result(name, "summary.json")))
                     for name in (one, other)]
        self.assertEqual(*summaries)

    def test_ranks_of_srun_train_as_those_of_the_launcher(self):
        for ranks in 1, 2:
            self.run_command(program, *QUICK, f"--ranks={ranks}", f"--save-dir=own-{ranks}")
            self.srun(("--mpi=pmix", "-N1", f"-n{ranks}"), *QUICK, f"--save-dir=srun-{ranks}")
            self.assert_same_run(f"own-{ranks}", f"srun-{ranks}")
            self.assertEqual(self.report(f"srun-{ranks}")["world_size"], ranks)
        said = self.srun(("--mpi=pmix", *TWO_NODES, "-n2"), *QUICK, "--save-dir=nodes")
        self.assert_same_run("own-2", "nodes")
        self.assertEqual(self.report("nodes")["hosts"], ["node-1", "node-2"])
        self.assertIn("host node-2: rank 1", said)

    def test_tasks_that_do_not_know_of_each_other_are_refused_once(self):
        said = self.srun(("--mpi=none", "-N2", "-n2"), *QUICK, code=2)
        self.assertEqual(said.count("error: srun started 2 tasks that do not know of each other;"
                                    " use srun --mpi=pmix\n"), 1, said)

    def test_ranks_compute_with_the_cores_that_srun_gives_them(self):
        cores = len(os.sched_getaffinity(0))
        trials = {"one": (("-N1", "-n1", f"-c{cores}"), [cores])}
        if cores > 1:
            trials["own"] = (("-N1", "-n2", f"-c{cores // 2}"), [cores // 2] * 2)
            trials["part"] = (("-N1", "-n1", "-c1"), [1])
            trials["any"] = (("-N1", "-n2", f"-c{cores // 2}", "--cpu-bind=none"),
                             [cores // 2] * 2)
        for name, (options, threads) in trials.items():
            self.srun(("--mpi=pmix", *options), "--quick", f"--save-dir=threads-{name}")
            run = self.report(f"threads-{name}")
            self.assertEqual(run["threads"], threads, (name, run["cores"]))
            self.assertEqual(run["bound"], [False] * len(threads))
        if cores > 1:
            own, shared = self.report("threads-own")["cores"], self.report("threads-any")["cores"]
            self.assertNotEqual(own[0], own[1])
            self.assertEqual(shared[0], shared[1])

    def start(self, name, options):
        """A step that trains for long, once it has trained a little, and its file of output."""
        output = open(self.folder / f"{name}.out", "w+")
        self.addCleanup(output.close)
        step = subprocess.Popen(
            ["srun", "--mpi=pmix", f"--job-name={name}", "-n2", *options, program, *LONG,
             f"--save-dir={name}"], stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
            env=self.slurm.environment)
        self.addCleanup(step.wait)
        self.addCleanup(step.kill)
        self.wait_for_steps(name)
        return step, output

    def wait_for_steps(self, name):
        metrics = self.folder / "results" / name / "metrics.jsonl"
        self.assertTrue(self.slurm.wait(
            lambda: metrics.exists() and metrics.read_text().count('"step"') >= 3, 120),
            self.slurm.logs())

    @staticmethod
    def ranks(name, variable):
        """Process by rank."""
        found = collections.defaultdict(list)
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\x1f", b"\0").split(b"\0")
                variables = (folder / "environ").read_bytes()
                witness = (folder / "comm").read_text() == "reprise-witness\n"
            except OSError:
                continue
            rank = re.search(rb"(?:^|\0)%s=(\d+)" % variable.encode(), variables)
            # Not those that only start it: srun, mpirun.
            is_program = os.path.basename(words[0]) == program.name.encode()
            if is_program and rank and not witness and f"--save-dir={name}".encode() in words:
                found[int(rank[1])].append(int(folder.name))
        return found

    def finish(self, what, name, step, begin, limit):
        """Its exit code, once no rank is left."""
        code = step.wait(60)
        self.assertTrue(self.slurm.wait(lambda: not self.ranks(name, "PMIX_RANK"), 10))
        seconds = time.monotonic() - begin
        print(f"{what}: srun ended with {code}, no rank was left after {seconds:.1f} s",
              flush=True)
        self.assertLess(seconds, limit)
        return code

    def test_a_killed_rank_ends_the_step(self):
        for name, options in ("killed-one", ("-N1",)), ("killed-two", TWO_NODES):
            # Without it, ranks of Open MPI 4.1 on another node wait for ever.
            step, _ = self.start(name, ("--kill-on-bad-exit=1", *options))
            begin = time.monotonic()
            os.kill(self.ranks(name, "PMIX_RANK")[1][0], signal.SIGKILL)
            self.assertNotEqual(self.finish(name, name, step, begin, 10), 0)

    def test_a_signal_ends_the_step_with_one_line(self):
        for name, options, command, number in (
                ("scancel", ("-N1",), (), signal.SIGTERM),
                ("scancel-nodes", TWO_NODES, (), signal.SIGTERM),
                ("scancel-int", ("-N1",), ("--signal=INT",), signal.SIGINT)):
            step, output = self.start(name, options)
            begin = time.monotonic()
            self.run_command("scancel", *command, f"--name={name}")
            code = self.finish(name, name, step, begin, 10)
            self.assertEqual(code, 128 + number)
            output.seek(0)
            said = output.read()
            self.assertEqual(re.findall(INTERRUPTED, said), [str(int(number))], said)

    def test_within_a_batch_job(self):
        said = self.batch("set -e\n"
                          f'flags="{" ".join(QUICK)}"\n'
                          'srun --mpi=pmix "$PROGRAM" $flags --save-dir=batch-srun\n'
                          # No rank, though there are variables of Slurm's.
                          '"$PROGRAM" $flags --save-dir=batch-alone\n'
                          '"$PROGRAM" $flags --ranks=2 --save-dir=batch-ranks\n'
                          'hosts=$(scontrol show hostnames | paste -sd,)\n'
                          '"$PROGRAM" $flags --hosts=$hosts --save-dir=batch-hosts\n'
                          'srun -n1 --mpi=none "$PROGRAM" $flags --ranks=2 --save-dir=batch-task\n')
        both = ["node-1", "node-2"]
        for name, hosts in {"srun": both, "alone": both[:1], "ranks": both[:1] * 2, "hosts": both,
                            "task": both[:1] * 2}.items():
            run = self.report("batch-" + name)
            self.assertEqual(run["hosts"], hosts, name + said)
            self.assertEqual(run["communicator"].startswith("mpi: "), len(hosts) > 1)
        for name in "ranks", "hosts", "task":
            self.assert_same_run("batch-srun", "batch-" + name)

    def test_a_killed_rank_of_a_launcher_in_a_batch_job_is_named(self):
        output = self.folder / "batch-killed.out"
        path = self.folder / "killed-script"
        path.write_text("#!/bin/bash\n"
                        f'"$PROGRAM" {" ".join(LONG)} --hosts=node-1,node-2'
                        " --save-dir=batch-killed\necho code $?\n")
        self.run_command("sbatch", "-N2", "--ntasks-per-node=1", f"--output={output}", path)
        self.wait_for_steps("batch-killed")
        pid = self.ranks("batch-killed", "OMPI_COMM_WORLD_RANK")[1][0]
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(self.slurm.wait(
            lambda: re.search(r"^code \d+$", output.read_text(), re.MULTILINE), 10))
        said = output.read_text()
        self.assertRegex(said, rf"reprise: rank 1 \(host node-2, pid {pid}\) (was killed by signal 9"
                               # Where rank 0 has noticed and ended the job before mpirun did.
                               r" \(Killed\)|ended, or its connection to another host did),"
                               r" last seen in task 1, epoch 1, step \d+(, \w+)?;")
        self.assertIn("code 4\n", said)


def stop(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where the daemons are; a test has not got these
    signal.signal(signal.SIGTERM, stop)
    # Sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="reprise-", dir="/tmp") as name, \
            private_slurm.Slurm(name, nodes=2) as Slurm.slurm:
        Slurm.folder = pathlib.Path(name) / "runs"
        Slurm.folder.mkdir()
        Slurm.slurm.environment.pop("REPRISE_DATASETS", None)  # the generated ones
        Slurm.slurm.environment.update(HOME=str(Slurm.folder), PROGRAM=str(program))
        result = unittest.main(verbosity=2, exit=False).result
    raise SystemExit(not result.wasSuccessful())
