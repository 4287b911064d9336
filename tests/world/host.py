"""A host as an operator runs it: a folder with settings and a small release, and `embeddable-host serve` over it."""

import contextlib
import functools
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.releases.install import install
from server.releases.release import Release
from server.releases.shelf import open_release, use
from world.internet import wait_until
from world.release import stage

COMMAND = Path(sys.executable).parent / "embeddable-host"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.upper().startswith("EMBEDDABLE_")}
Headers = Mapping[str, str | list[str]]

WORKSHOP = tempfile.TemporaryDirectory(prefix="releases-")
PATIENCE = 30  # seconds that anything on a busy machine may take
LARGE = "large.txt"  # above the size that is held in memory
LARGE_CONTENT = b"".join(b"%07d\n" % number for number in range(40_000))


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire; the names of its headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Quiet:
    """Progress that nobody watches."""

    def say(self, stage: str) -> None: ...

    def total(self, steps: int) -> None: ...

    def advance(self, steps: int = 1) -> None: ...


class Server:
    """A running `serve`; `output` is all it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.port = 0

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, path: str, headers: Headers | None = None, method: str = "GET") -> Answer:
        """One request on a connection of its own."""
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, path, headers, method)

    def exchange(self, request: bytes) -> Answer | None:
        """The answer to the bytes of `request`; None where the connection is closed without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(request)
            with contextlib.suppress(http.client.RemoteDisconnected, ConnectionResetError):
                return _read(http.client.HTTPResponse(connection), begun=False)
        return None

    def has_said(self, pattern: str) -> bool:
        return re.search(pattern, self.output) is not None

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.listens() or self.process.poll() is not None, "the host is ready", PATIENCE)
        assert self.process.poll() is None, self.output

    def wait_until_serving(self, release: str) -> None:
        wait_until(lambda: release in self.ask("/readyz").body.decode(), f"{release} is served", PATIENCE)

    def wait_until_it_says(self, pattern: str) -> None:
        wait_until(lambda: self.has_said(pattern), f"it says {pattern}", PATIENCE)

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def listens(self) -> bool:
        """Whether the port it chose is announced, and answers."""
        announced = re.search(r"Embeddable Host on http://\S+:(\d+)/", self.output)
        self.port = int(announced[1]) if announced else 0
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(announced) and self.ask("/readyz").status == 200
        return False


def configured(folder: Path, settings: str = "") -> Path:
    """`folder` with `settings` as its embeddable.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "embeddable.toml").write_text(settings, encoding="utf-8")
    return folder


def add_release(folder: Path, name: str = "first", **contents: bytes) -> Release:
    """Installs a small release for the host in `folder` and chooses it; another `name` makes it another release.

    `contents` are further files, by name.
    """
    made = _release(name, frozenset(contents.items()))
    releases = folder / "var" / "releases"
    place = releases / made.id
    if not place.exists():
        unfinished = shutil.copytree(made.folder, releases / f".{made.id}")
        os.utime(unfinished)
        unfinished.rename(place)
    use(releases, made.id)
    return open_release(releases, made.id)


@functools.cache
def _release(name: str, contents: frozenset[tuple[str, bytes]]) -> Release:
    """A release to copy from: to compress it takes longer than most tests."""
    workshop = Path(WORKSHOP.name)
    staged = stage(workshop / "staged" / str(len(list(workshop.glob("staged/*")))))
    (staged / LARGE).write_bytes(LARGE_CONTENT)
    (staged / "name.txt").write_text(name)
    for file, content in contents:
        (staged / file).write_bytes(content)
    return install(staged, workshop / "releases", f"test {name}", Quiet())


@contextlib.contextmanager
def started(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`embeddable-host serve` in `folder`, perhaps not ready yet; it is stopped in the end."""
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [COMMAND, "serve", *options],
            cwd=folder,
            env={**ENVIRONMENT, **(environment or {})},
            stdout=output,
            stderr=output,
        )
    try:
        yield Server(process, log)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def serving(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The same on a port of its own choice, ready to answer."""
    with started(folder, "--port", "0", *options, environment=environment) as server:
        server.wait_until_ready()
        yield server


def run(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `embeddable-host` with `arguments` in `folder` to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def ask(
    connection: http.client.HTTPConnection, path: str, headers: Headers | None = None, method: str = "GET"
) -> Answer:
    """One request with no headers but Host and those given; a list is sent as that many lines."""
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, values in {"Host": "phone.example.com", **(headers or {})}.items():
        for value in [values] if isinstance(values, str) else values:
            connection.putheader(name, value.encode("latin-1"))
    connection.endheaders()
    return _read(connection.getresponse())


def _read(response: http.client.HTTPResponse, begun: bool = True) -> Answer:
    if not begun:
        response.begin()
    headers = response.getheaders()
    told = {name.lower(): value for name, value in headers}
    assert len(told) == len(headers), f"a header came twice: {headers}"
    return Answer(response.status, told, response.read())
