"""A host as an operator runs it: a folder with settings and a small release, and `embeddable-host serve` over it.

Where a process is not the point, `call` runs a command in this one, and `assets` is the site that would be served.
"""

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from embeddable_host.releases.install import install
from embeddable_host.releases.release import Release
from embeddable_host.releases.store import open_release, use
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import IDENTITY
from embeddable_host.responses.cache import Cache
from embeddable_host.responses.compression import BEST
from embeddable_host.site.site import build_site
from world.release import CompressorHere, compress_here, stage
from world.timeouts import TIMEOUT, wait_until

COMMAND = Path(sys.executable).parent / "embeddable-host"
UNWANTED = ("EMBEDDABLE_", "PYTHONDONTWRITEBYTECODE")  # settings; and each process would compile the host anew
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.upper().startswith(UNWANTED)}
Headers = Mapping[str, str | list[str]]

STARTED = "Application startup complete"
RELOADED = "Serving release|Not reloaded"

COMPRESSED_ONCE = {coding: functools.cache(encode) for coding, encode in BEST.items()}
WORKSHOP = tempfile.TemporaryDirectory(prefix="releases-")
LARGE = "large.txt"  # above the size that is held in memory
LARGE_CONTENT = b"".join(b"%07d\n" % number for number in range(40_000))


@dataclass(frozen=True)
class Response:
    """A response as it came over the wire; the names of its headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Quiet:
    """Progress that is not shown."""

    def begin(self, stage: str) -> None: ...

    def total(self, steps: int) -> None: ...

    def advance(self, steps: int = 1) -> None: ...


class Server:
    """A running `serve` with so many workers; `output` is everything it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, workers: int) -> None:
        self.process = process
        self.workers = workers
        self._log = log
        self.port = 0

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def memory(self) -> float:
        """The resident memory of the process, in MiB (VmRSS, proc(5))."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    @property
    def worker_pids(self) -> list[int]:
        """The processes that serve."""
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", self.output)]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def ask(self, path: str, headers: Headers | None = None, method: str = "GET") -> Response:
        """One request on a connection of its own."""
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, path, headers, method)

    def exchange(self, request: bytes) -> Response | None:
        """The response to the bytes of `request`; None where the connection is closed without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as connection:
            connection.sendall(request)
            with contextlib.suppress(http.client.RemoteDisconnected, ConnectionResetError):
                return _read(http.client.HTTPResponse(connection), begun=False)
        return None

    def times_said(self, pattern: str) -> int:
        return len(re.findall(pattern, self.output))

    def wait_until_ready(self) -> None:
        """Waits until it responds, and all workers have started."""
        wait_until(lambda: self.listens() or self.process.poll() is not None, "the host is ready")
        assert self.process.poll() is None, self.output
        self.wait_until_it_says(STARTED, self.workers)

    def wait_until_serving(self, release: str) -> None:
        """Waits until every process serves `release`."""
        self.wait_until_it_says(f"Serving release {release}", self.workers)

    def wait_until_it_says(self, pattern: str, times: int = 1) -> None:
        wait_until(lambda: self.times_said(pattern) >= times, f"it says {pattern}, {times} times")

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def reload(self) -> None:
        """Has every process read the settings, and waits until each serves them or has logged why not."""
        before = self.times_said(RELOADED)
        self.hang_up()
        self.wait_until_it_says(RELOADED, before + self.workers)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(TIMEOUT)

    def listens(self) -> bool:
        """Whether the port that it chose is announced, and the host is ready there."""
        announced = re.search(r"Embeddable Host on http://\S+:(\d+)/", self.output)
        self.port = int(announced[1]) if announced else 0
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(announced) and self.ask("/readyz").status == 200
        return False


def configured(folder: Path, settings: str = "") -> Path:
    """`folder` with `settings` as its embeddable.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / ".embeddable.toml"  # a host that reads the file meanwhile gets the old one or the new one
    new.write_text(settings, encoding="utf-8")
    new.replace(folder / "embeddable.toml")
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
    """A release to copy: to compress one takes longer than most tests. Files of several are compressed once."""
    workshop = Path(WORKSHOP.name)
    staged = stage(workshop / "staged" / str(len(list(workshop.glob("staged/*")))))
    (staged / LARGE).write_bytes(LARGE_CONTENT)
    (staged / "name.txt").write_text(name)
    for file, content in contents:
        (staged / file).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        compress_here(patch, COMPRESSED_ONCE)
        return install(staged, workshop / "releases", f"test {name}", Quiet())


def fill_cache(settings: Settings) -> None:
    """Makes the best encodings of the site, as a running server does in time."""
    Cache(settings.cache).fill(build_site(settings).pending, CompressorHere(BEST))


@contextlib.contextmanager
def started(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None, within: Sequence[str] = ()
) -> Iterator[Server]:
    """`embeddable-host serve` in `folder`, perhaps not ready yet; it is stopped at the end.

    `within`: a command that it is an argument of, and that becomes it.
    """
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*within, COMMAND, "serve", *options],
            cwd=folder,
            env={**ENVIRONMENT, **(environment or {})},
            stdout=output,
            stderr=output,
        )
    workers = int(options[options.index("--workers") + 1]) if "--workers" in options else 1
    try:
        yield Server(process, log, workers)
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def serving(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None, within: Sequence[str] = ()
) -> Iterator[Server]:
    """The same on a free port, ready for requests."""
    with started(folder, "--port", "0", *options, environment=environment, within=within) as server:
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
        timeout=TIMEOUT,
    )


def call(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The same in this process."""
    unset = dict.fromkeys(os.environ.keys() - ENVIRONMENT.keys())
    with contextlib.chdir(folder):
        result = CliRunner(env={**unset, **(environment or {})}).invoke(main, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def assets(folder: Path) -> Mapping[str, Asset]:
    """The site of the host in `folder`, by path."""
    return build_site(load(folder / "embeddable.toml")).assets


def content(asset: Asset) -> bytes:
    """What is sent to a client that accepts no coding."""
    plain = next(body.content for body in asset.bodies if body.coding == IDENTITY)
    return plain if isinstance(plain, bytes) else plain.read_bytes()


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    headers: Headers | None = None,
    method: str = "GET",
    body: bytes = b"",
) -> Response:
    """One request with no headers but Host and those given; a list is sent as that many lines.

    Host is the connection's `name`, if it has one.
    """
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, values in {"Host": getattr(connection, "name", "phone.example.com"), **(headers or {})}.items():
        for value in [values] if isinstance(values, str) else values:
            connection.putheader(name, value.encode("latin-1"))
    connection.endheaders(body or None)
    return _read(connection.getresponse())


def _read(response: http.client.HTTPResponse, begun: bool = True) -> Response:
    if not begun:
        response.begin()
    headers = response.getheaders()
    fields = {name.lower(): value for name, value in headers}
    assert len(fields) == len(headers), f"a header came twice: {headers}"
    return Response(response.status, fields, response.read())
