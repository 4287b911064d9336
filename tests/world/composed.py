"""`compose up`, by podman-compose: containers with a network of their own, which is none of this machine's.

The network, its names and its mounts are those of a process that does nothing else. What asks the containers something
runs in there too.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from world.container import MOUNT, RUNTIME, Engine, printed
from world.host import COMMAND
from world.timeouts import TIMEOUT

PODMAN_COMPOSE = Path(sys.executable).parent / "podman-compose"
# podman then gives containers the names of the services.
NETAVARK = '[network]\nnetwork_backend = "netavark"\n'
# podman as podman-compose calls it, with the options that this machine needs.
PODMAN = """#!/bin/sh
command=$1
shift
case $command in create | run) set -- {runtime} "$@" ;; esac
CONTAINERS_CONF={folder}/containers.conf exec {within} {podman} --network-config-dir {folder}/networks "$command" "$@"
"""
GATEWAY = "host.containers.internal"  # the containers' name for the machine


class Composition:
    """The services of the compose.yaml in `folder`."""

    def __init__(self, engine: Engine, folder: Path, holder: int) -> None:
        self.folder = folder
        self._inside = ("nsenter", "--target", str(holder), "--net", "--mount")
        self._podman = folder / "podman"
        (folder / "containers.conf").write_text(NETAVARK)
        values = {"within": " ".join(self._inside), "podman": " ".join(engine.podman_alone), "folder": folder}
        self._podman.write_text(PODMAN.format(runtime=" ".join(RUNTIME), **values))
        self._podman.chmod(0o755)

    def compose(self, *arguments: str) -> str:
        """The output of `podman-compose`."""
        options = ("--podman-path", str(self._podman), "--file", str(self.folder / "compose.yaml"), "--in-pod", "0")
        return printed([str(PODMAN_COMPOSE), *options, *arguments])

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `embeddable-host` where the services' ports are."""
        settings = [f"{name}={value}" for name, value in environment.items()]
        command = [*self._inside, f"--wd={self.folder}", "env", *settings, COMMAND, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    def log(self, service: str) -> str:
        """What a service has written to stdout and stderr."""
        command = [self._podman, "logs", self._name(service)]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def within(self, service: str, *command: str) -> str:
        """The output of a command in a service's container."""
        return printed([str(self._podman), "exec", self._name(service), *command])

    def _name(self, service: str) -> str:
        return f"{self.folder.name}_{service}_1"

    @contextlib.contextmanager
    def publishing(self, folder: Path, port: int) -> Iterator[None]:
        """Serves a folder to the containers, at GATEWAY."""
        command = [*self._inside, sys.executable, "-m", "http.server", str(port), "--directory", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """The services, started and perhaps not ready yet."""
        try:
            self.compose("up", "--detach", "--no-build")
            yield
        finally:
            self.compose("down", "--volumes", "--timeout", "5")


@contextlib.contextmanager
def composition(engine: Engine, folder: Path) -> Iterator[Composition]:
    script = f"{MOUNT} && ip link set lo up && echo held && exec sleep infinity"
    holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    try:
        assert holder.stdout.readline() == "held\n"
        yield Composition(engine, folder, holder.pid)
    finally:
        holder.kill()
        holder.communicate()
