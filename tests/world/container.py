"""The image as an administrator has it: built by buildah, run by podman. Both keep everything in one folder.

No service and no registry is needed: buildah works in a chroot, podman without control groups and in the network of
this machine. Both need root, and mounts.
"""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from world.host import Server
from world.internet import free_ports
from world.places import ROOT
from world.timeouts import TIMEOUT

BASE = "localhost/debian-python"
IMAGE = "localhost/embeddable-host"
RECIPE = ROOT / "tests" / "tools" / "debian-base"
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "embeddable-host"
ARCHIVE = KEPT / f"debian-{hashlib.sha256(RECIPE.read_bytes()).hexdigest()[:12]}.tar"  # another recipe makes another
# pip's configuration and certificates on this machine apply to the build as well.
OF_THIS_MACHINE = [path for path in ("/etc/pip.conf", "/etc/ssl/certs") if Path(path).exists()]
# podman's runtime requires version 2 of control groups, even where it is to use none.
MOUNT = "mount -t cgroup2 none /sys/fs/cgroup"
IN_A_NAMESPACE = ("unshare", "--mount", "sh", "-c", f'{MOUNT} && exec "$@"', "sh")
# A machine that is a container itself may not raise limits.
RUNTIME = ("--cgroups=disabled", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
WHERE_IT_RUNS = ("--network=host", *RUNTIME)
NEEDED = "An image can be built and run only by root, on a machine that lets root mount"


class Engine:
    """buildah and podman over the images, containers and volumes in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        storage = ("--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--storage-driver", "vfs")
        self._buildah = ("buildah", *storage)
        files = ("--cgroup-manager", "cgroupfs", "--events-backend", "file", "--tmpdir", f"{folder}/tmp")
        self.podman_alone = ("podman", *storage, *files)
        self._podman = (*IN_A_NAMESPACE, *self.podman_alone)

    def make_base(self) -> None:
        """Makes the image that stands for the one a build fetches elsewhere."""
        subprocess.run([RECIPE, ARCHIVE], check=True)
        container = self.buildah("from", "scratch").strip()
        self.buildah("add", container, str(ARCHIVE), "/")
        self.buildah("commit", "--rm", container, BASE)

    def build(self, context: Path, *options: str) -> None:
        mounts = [f"--volume={path}:{path}:ro" for path in OF_THIS_MACHINE]
        self.buildah(
            "build", "--isolation=chroot", "--format=docker", "--layers=false", *mounts, *options, str(context)
        )

    def buildah(self, *arguments: str) -> str:
        """The output of buildah."""
        return printed([*self._buildah, *arguments])

    def podman(self, *arguments: str) -> str:
        """The output of podman."""
        return printed([*self._podman, *arguments])

    def run(self, *arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Runs a container of the image to its end."""
        command = [*self._podman, "run", "--rm", *WHERE_IT_RUNS, *options, IMAGE, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    @contextlib.contextmanager
    def started(self, name: str, *options: str) -> Iterator[Server]:
        """A container of the image that serves, perhaps not ready yet; signals to its process go to the server."""
        [port] = free_ports(1)
        log = self.folder / f"{name}.log"
        where = ("--env=EMBEDDABLE_HOST=127.0.0.1", f"--env=EMBEDDABLE_PORT={port}")
        with log.open("wb") as output:
            command = [*self._podman, "run", "--rm", "--name", name, *WHERE_IT_RUNS, *where, *options, IMAGE]
            process = subprocess.Popen(command, stdout=output, stderr=output)
        server = Server(process, log, workers=1)
        server.port = port
        try:
            yield server
        finally:
            if process.poll() is None:
                subprocess.run([*self._podman, "rm", "--force", "--time", "1", name], capture_output=True)
            process.wait(TIMEOUT)

    @contextlib.contextmanager
    def serving(self, name: str, *options: str) -> Iterator[Server]:
        """The same, ready for requests."""
        with self.started(name, *options) as server:
            server.wait_until_ready()
            yield server

    def within(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in a running container."""
        return subprocess.run([*self._podman, "exec", name, *command], capture_output=True, text=True, timeout=TIMEOUT)


def printed(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}\n{NEEDED}."
    return done.stdout
