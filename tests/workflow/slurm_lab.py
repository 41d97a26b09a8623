"""A real Slurm for tests: one controller and two nodes on the loopback, in a folder of their own.

Nothing of the machine is changed: key, sockets, state and configuration lie in the lab's folder; nothing in
`/etc` is written. The executor's job steps drop `SLURM_CONF` from their environment, so the lab's own `bin`
comes first on the path: for each command a script that sets it and calls the real one.
"""

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from orthanc_server import find_ports

SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun", "sacct", "sacctmgr", "sshare")
PARTITION = "radiomics"
START_SECONDS = 60.0
SAVE_SECONDS = 6.0
"""slurmctld writes its state within 5 s of a change; killed before, it gives numbers of jobs out again."""
NODE_TIMEOUT_SECONDS = 6

CONFIGURATION = """\
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=5,bf_interval=5
PropagateResourceLimits=NONE
ReturnToService=2
SlurmdTimeout={node_timeout}
SlurmctldTimeout={node_timeout}
KillWait=2
MinJobAge={min_job_age}
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=3 RealMemory=64000\n"
PARTITIONS = "PartitionName={partition} Nodes=ALL Default=YES MaxTime=2-00:00:00 State=UP\n"


def list_missing() -> list[str]:
    """What of Slurm and munge is not on this machine."""
    programs = (*DAEMONS, *COMMANDS)
    return [name for name in programs if shutil.which(name, path=SYSTEM_PATH) is None]


@dataclass
class Lab:
    """A running Slurm: its folder, its nodes with their ports, and the processes that were started for it."""

    folder: Path
    nodes: Mapping[str, int]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of somebody who is logged in on this cluster."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("SLURM", "SBATCH_"))}
        path = f"{self.folder / 'bin'}:{SYSTEM_PATH}"
        return kept | {"PATH": path, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def ask(self, *command: str) -> str:
        """What a command of Slurm says; it must succeed."""
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)
        assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground of a session of its own, its words in the lab's log folder."""
        program = shutil.which(command[0], path=SYSTEM_PATH)
        assert program is not None
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )

    def start_controller(self) -> None:
        """Start slurmctld and wait until it answers."""
        self.start("slurmctld", "slurmctld", "-D")
        self.await_that("slurmctld answers", lambda: "UP" in self.ask("scontrol", "ping"))

    def start_node(self, name: str) -> None:
        """Start the slurmd of one node and wait until the controller counts it in."""
        self.start(name, "slurmd", "-D", "-N", name)
        self.await_that(f"{name} is up", lambda: self.state_of(name) in ("idle", "mixed", "allocated"))

    def state_of(self, name: str) -> str:
        """The state of a node, as sinfo calls it, without the star of a node that does not answer."""
        return self.ask("sinfo", "-h", "-N", "-n", name, "-o", "%T").strip().rstrip("*")

    def await_saved(self) -> None:
        """Wait until the controller has written what it knows at this moment."""
        now = time.time()
        state = self.folder / "state" / "job_state"
        while time.time() < now + SAVE_SECONDS and not (state.is_file() and state.stat().st_mtime > now):
            time.sleep(0.1)

    def kill(self, name: str) -> None:
        """Kill a daemon as a power cut would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def kill_node(self, name: str) -> None:
        """Kill a node: its slurmd, and the job steps and jobs that run on it."""
        self.kill(name)
        for process in list_processes_of_node(name):
            kill_process(process)

    def list_jobs(self) -> dict[str, dict[str, str]]:
        """Everything that Slurm knows of each job, by its number; finished jobs too."""
        jobs: dict[str, dict[str, str]] = {}
        for line in self.ask("scontrol", "--oneliner", "show", "job").splitlines():
            words = [word.partition("=") for word in line.split(" ") if "=" in word]
            fields = {name: text for name, _, text in words}
            if "JobId" in fields:
                jobs[fields["JobId"]] = fields | {"everything": line}
        return jobs

    def await_that(
        self, what: str, is_so: Callable[[], bool], seconds: float = START_SECONDS, pause: float = 0.2
    ) -> None:
        """Wait until something is so; fail with the ends of the lab's logs where it does not come to be."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if is_so():
                    return
            except AssertionError:
                if time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
        logs = [
            f"{p.name}:\n{p.read_text(errors='replace')[-1500:]}" for p in (self.folder / "log").iterdir()
        ]
        raise AssertionError("\n".join([f"not within {seconds:.0f} s: {what}", *logs]))

    def stop(self) -> None:
        """End what was started, by its process number; what runs on the nodes first."""
        for name in self.nodes:
            for process in list_processes_of_node(name):
                kill_process(process)
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def kill_process(number: int) -> None:
    """Kill one process; it may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def list_processes_of_node(name: str) -> list[int]:
    """Processes of jobs on a node of ours, by the node's name in their environment, and their slurmstepd's.

    A lab's nodes have names of its own, so no other Slurm's processes are among them.
    """
    mark, found = f"SLURMD_NODENAME={name}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return [*{p for n in found if (p := _parent_step(n)) is not None}, *found]


def _parent_step(number: int) -> int | None:
    """The slurmstepd that is the parent of a process, or None."""
    try:
        status = Path(f"/proc/{number}/status").read_text(encoding="utf-8")
        parent = int(status.partition("PPid:")[2].split()[0])
        name = Path(f"/proc/{parent}/comm").read_text(encoding="utf-8").strip()
    except (OSError, IndexError):
        return None
    return parent if name == "slurmstepd" else None


@contextmanager
def run_lab(*, min_job_age: int = 3600) -> Iterator[Lab]:
    """Run a Slurm with two nodes while this lasts. Its folder has a short path, for the sake of sockets."""
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        controller_port, *ports = find_ports(3)
        token = secrets.token_hex(3)
        lab = Lab(folder, {f"node-{token}-{n}": port for n, port in enumerate(ports, start=1)})
        write_lab(lab, controller_port, min_job_age)
        try:
            start_munge(lab)
            lab.start_controller()
            for node in lab.nodes:
                lab.start_node(node)
            yield lab
        finally:
            lab.stop()


def write_lab(lab: Lab, controller_port: int, min_job_age: int) -> None:
    """Write the configuration, the key, and the commands that know the configuration."""
    for part in ("munge", "state", "log", "bin", *lab.nodes):
        (lab.folder / part).mkdir(mode=0o755)
    key = lab.folder / "munge" / "key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    host = socket.gethostname().partition(".")[0]
    text = CONFIGURATION.format(
        host=host,
        controller_port=controller_port,
        user=getpass.getuser(),
        folder=lab.folder,
        node_timeout=NODE_TIMEOUT_SECONDS,
        min_job_age=min_job_age,
    )
    text += "".join(NODE.format(name=name, host=host, port=port) for name, port in lab.nodes.items())
    (lab.folder / "slurm.conf").write_text(text + PARTITIONS.format(partition=PARTITION), encoding="utf-8")
    for command in COMMANDS:
        program = lab.folder / "bin" / command
        real = shutil.which(command, path=SYSTEM_PATH)
        program.write_text(
            f'#!/bin/sh\nSLURM_CONF={lab.folder}/slurm.conf exec {real} "$@"\n', encoding="utf-8"
        )
        program.chmod(0o755)


def start_munge(lab: Lab) -> None:
    """Start munged with the lab's own key and socket, and wait until it gives credentials."""
    own = lab.folder / "munge"
    files = [f"--{what}-file={own / what}" for what in ("key", "pid", "log", "seed")]
    lab.start("munged", "munged", "--foreground", f"--socket={own / 'socket'}", *files)
    lab.await_that("munged answers", lambda: bool(lab.ask("munge", "-n", "-S", str(own / "socket"))))
