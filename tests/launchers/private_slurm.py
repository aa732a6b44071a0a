"""A Slurm of its own on this machine: munged, slurmctld and slurmds in a folder, all on loopback.

Needs root, and Debian's slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins and munge; their
own services and files are neither used nor touched. Each node is a slurmd with a host name and
a /dev/shm of its own (unshare), on the same cores and the same network."""
import os
import pathlib
import socket
import subprocess
import time

CONF = """\
ClusterName=reprise
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
TmpFS={folder}/%n
ReturnToService=2
KillWait=5
MailProg=/bin/true
"""
NODE = """\
NodeName={name} NodeHostname={name} NodeAddr=127.0.0.1 Port={port} CPUs={cores} \
CoresPerSocket={cores} ThreadsPerCore=1 RealMemory=1024
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    """A context. `folder`: of a short path (it holds sockets); all may come to read it."""

    def __init__(self, folder, nodes=2, extra_conf=""):
        self.folder = pathlib.Path(folder)
        self.nodes = [f"node-{i + 1}" for i in range(nodes)]
        self.extra_conf = extra_conf
        self.daemons = []
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith(("SLURM_", "OMPI_", "PMIX_", "PRTE_"))}
        self.environment["SLURM_CONF"] = str(self.folder / "slurm.conf")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if len(self.daemons) > 1:
            self.end_jobs()
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def end_jobs(self):
        """Those of tests that have failed."""
        if not self.run("squeue", "-h", check=False).stdout:
            return
        self.run("scancel", "--user=root", "--signal=KILL", "--full", check=False)
        self.wait(lambda: not self.run("squeue", "-h", check=False).stdout, 8)

    def run(self, *command, check=True, **more):
        return subprocess.run([str(word) for word in command], env=self.environment,
                              capture_output=True, text=True, check=check, timeout=600, **more)

    def wait(self, condition, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.1)
        return False

    def logs(self):
        """The last lines of each daemon, for a message."""
        return "\n".join(f"--- {path.name}\n" + "".join(
            path.read_text(errors="replace").splitlines(True)[-15:])
            for path in sorted(self.folder.glob("*.log")))

    def _daemon(self, *command):
        with open(self.folder / f"daemon-{len(self.daemons)}.log", "w") as log:
            self.daemons.append(subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self.environment))

    def _start(self):
        folder = self.folder
        folder.chmod(0o755)  # munged asks for it
        (folder / "state").mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        ports = free_ports(1 + len(self.nodes))
        cores = len(os.sched_getaffinity(0))
        conf = CONF.format(host=socket.gethostname(), folder=folder, ports=ports) + self.extra_conf
        for name, port in zip(self.nodes, ports[1:]):
            conf += NODE.format(name=name, port=port, cores=cores)
            (folder / name).mkdir()
        conf += f"PartitionName=all Nodes={','.join(self.nodes)} Default=YES State=UP\n"
        (folder / "slurm.conf").write_text(conf)
        self._daemon("munged", "-F", f"--socket={folder}/munge.socket", f"--key-file={key}",
                     f"--log-file={folder}/munged.log", f"--pid-file={folder}/munged.pid",
                     f"--seed-file={folder}/munged.seed")
        if not self.wait((folder / "munge.socket").exists, 10):
            raise RuntimeError("munged did not start\n" + self.logs())
        self._daemon("slurmctld", "-D", "-f", folder / "slurm.conf")
        for name in self.nodes:
            self._daemon("unshare", "--uts", "--mount", "sh", "-c", 'hostname "$1" && mount -t tmpfs'
                         ' none /dev/shm && exec slurmd -D -N "$1"', "sh", name)
        idle = ["idle"] * len(self.nodes)
        if not self.wait(lambda: self.run("sinfo", "-hN", "-o", "%t", check=False).stdout.split()
                         == idle, 60):
            raise RuntimeError("the nodes did not become idle\n" + self.logs())
