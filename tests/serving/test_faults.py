"""Faults: what happens × when × what must hold.

In each test, responses go on, nothing that was stored is lost, memory is bounded, and the host ends soon on SIGTERM.
Elsewhere: the death of the compression process (test_compression), disks that are full or read-only (test_disk),
requests that are malformed or endless (test_connections), the fetched bytes of operator commands (tests/check,
tests/releases), and how a code could be spelled (test_log, deploy/test_nginx_logs).
"""

import contextlib
import fcntl
import os
import re
import resource
import secrets
import selectors
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from embeddable_host.relay.folder import MessageFolder
from embeddable_host.releases.store import remove
from embeddable_host.serving import limits
from world.host import COMMAND, ENVIRONMENT, LARGE, STARTED, Server, add_release, configured, run, serving, started
from world.internet import free_ports
from world.relay import Waiting, altered, new_id, put, take
from world.timeouts import TIMEOUT, wait_until

pytestmark = pytest.mark.extra

SOON = 20  # seconds that a stop may take when no response is open, also on a busy machine
GROWTH = 40  # MiB
PAGE = "/redirect.html"
HEAD = b"GET /redirect.html HTTP/1.1\r\nHost: a\r\n"
STOPPED = (0, -signal.SIGTERM)
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host")


def with_limits(folder: Path, *lines: str, **values: float) -> dict[str, str]:
    """The environment of a host with other limits, that runs these lines of Python first."""
    changed = [f"limits.{name} = {value}" for name, value in values.items()]
    return dict(altered(folder, "from embeddable_host.serving import limits", *changed, *lines))


def goes_on(server: Server, requests: int = 20) -> None:
    for _ in range(requests):
        assert server.ask(PAGE).status == 200


def ends(server: Server, seconds: float = SOON) -> float:
    """Stops the host, and returns how long that took."""
    begun = time.monotonic()
    server.process.terminate()
    assert server.process.wait(seconds) in STOPPED
    return time.monotonic() - begun


# The log


def log_never_read(read: int, write: int) -> None:
    """A pipe that nobody reads."""


def log_closed(read: int, write: int) -> None:
    os.close(read)


def log_not_blocking(read: int, write: int) -> None:
    """Another process that has the pipe has made it so (fcntl(2))."""
    os.set_blocking(write, False)


LOGS: dict[str, tuple[str, Callable[[int, int], None]]] = {
    "never read": ("", log_never_read),
    "closed": ("", log_closed),
    "never read and not blocking": ("", log_not_blocking),
    "a full disk": (">/dev/full 2>&1", log_never_read),
    "closed at the start": (">&- 2>&-", log_never_read),
    "closed at the start with stdin": ("<&- >&- 2>&-", log_never_read),
}


@contextlib.contextmanager
def logging_into(folder: Path, redirection: str, *options: str) -> Iterator[tuple[Server, int, int]]:
    """A host whose log goes into a small pipe, and the ends of the pipe."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    [port] = free_ports(1)
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", str(COMMAND), "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=write, stderr=write)
    server = Server(process, folder / "nothing", workers=1)
    server.port = port
    try:
        wait_until(lambda: responds(server) or process.poll() is not None, "the host is ready")
        yield server, read, write
    finally:
        process.kill()
        process.wait()
        for end in (read, write):
            with contextlib.suppress(OSError):
                os.close(end)


def responds(server: Server) -> bool:
    with contextlib.suppress(OSError):
        return server.ask("/readyz").status == 200
    return False


@pytest.mark.parametrize("options", WORKERS)
@pytest.mark.parametrize("log", LOGS)
def test_no_response_waits_for_the_log(folder: Path, log: str, options: tuple[str, ...]) -> None:
    redirection, spoil = LOGS[log]
    with logging_into(folder, redirection, *options) as (server, read, write):
        spoil(read, write)
        before = server.memory
        goes_on(server, 500)
        server.hang_up()
        goes_on(server)
        assert server.memory < before + GROWTH
        ends(server)


def test_what_is_missing_in_a_log_is_counted_there(folder: Path) -> None:
    with logging_into(folder, "") as (server, read, _):
        goes_on(server, limits.MAX_LOG_LINES + 500)
        text = ""
        while not (found := re.search(r"WARNING:  (\d+) lines are missing here", text)):
            text += os.read(read, 65536).decode()
        assert 0 < int(found[1]) <= 600
        wait_until(lambda: server.ask("/nothing-more").status == 404, "it goes on")
        while "/nothing-more" not in text:
            text += os.read(read, 65536).decode()


def test_the_log_is_complete_when_the_host_has_ended(folder: Path) -> None:
    with serving(folder) as server:
        goes_on(server, 100)
        ends(server)
        assert server.times_said(f"GET {PAGE} ") == 100
        assert server.times_said("Finished server process") == 1


# The event loop

# Prints whatever uses a file, starts a process or sleeps on the thread of a running event loop, and from where: but not
# what is imported there, which happens once, and what the server does before it is ready.
WATCH = """
import asyncio, os, sys, time
AUDITED = ("open", "os", "shutil", "fcntl", "subprocess", "tempfile", "glob", "mmap", "pty")
ONCE = {"_find_and_load", "_serve"}
print_line = os.write

def report(what):
    if asyncio._get_running_loop() is None:
        return
    names, frame = [], sys._getframe(2)
    while frame:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    if not ONCE.intersection(names):
        print_line(2, f"BLOCKS: {what} in {' < '.join(names[:8])}\\n".encode())

def hook(event, arguments):
    if event.partition(".")[0] in AUDITED and event not in ("os.kill", "os.putenv", "os.unsetenv"):
        report(event)

def watch(module, name):
    function = getattr(module, name)
    def watched(*arguments, **options):
        report(f"{module.__name__}.{name}")
        return function(*arguments, **options)
    setattr(module, name, watched)

for name in ("stat", "lstat", "write", "read", "fsync", "utime", "open", "access", "readlink", "unlink", "rename"):
    watch(os, name)
watch(time, "sleep")
sys.addaudithook(hook)
"""


@pytest.mark.parametrize("options", WORKERS)
def test_nothing_on_the_event_loop_waits_for_a_disk_or_a_pipe(folder: Path, options: tuple[str, ...]) -> None:
    first = add_release(folder, "first")
    second = add_release(folder, "second")
    with serving(folder, *options, environment=altered(folder, WATCH)) as server:
        paths = (PAGE, "/", "/adapter.js", "/healthz", "/readyz", "/metrics", "/nothing", f"/widget/{first.id}/{LARGE}")
        for path in paths:
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                server.ask(path, {"Accept-Encoding": "br", "Content-Length": "0"}, method)
            server.ask(path, {"Range": "bytes=5-9"})
        waiting = Waiting(server, id := new_id())
        assert put(server, id).status == 201
        assert waiting.response.body == b"sealed"
        server.exchange(b"GET / HTTP/x\r\n\r\n")
        configured(folder, '[redirect]\ntitle = "after"')
        server.reload()
        remove(folder / "var" / "releases", first.id)
        server.ask(f"/widget/{first.id}/{LARGE}")
        server.ask(f"/widget/{second.id}/{LARGE}")
        server.wait_until_it_says(f"GET /widget/{second.id}")
        ends(server)
        assert [line for line in server.output.splitlines() if "BLOCKS" in line] == []


def test_what_waits_on_the_event_loop_is_found(folder: Path) -> None:
    lines = (
        WATCH,
        "from embeddable_host.serving.metrics import Metrics",
        "Metrics.count = lambda *_: open('/dev/null').close()",
    )
    with serving(folder, environment=altered(folder, *lines)) as server:
        server.ask(PAGE)
        server.wait_until_it_says("BLOCKS: open")


# Clients that do not finish


def connected(server: Server, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)
    connection.sendall(sent)
    return connection


def received(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            data += more
    return data


LARGE_POST = b"POST /redirect.html HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n"
UNFINISHED = {
    "nothing": (b"", b""),
    "half a request line": (b"GET /", b"HTTP/1.1 408"),
    "half a head": (HEAD, b"HTTP/1.1 408"),
    "a request and half of another": (HEAD + b"\r\n" + HEAD, b"HTTP/1.1 200"),
    "a request and nothing more": (HEAD + b"\r\n", b"HTTP/1.1 200"),
    "a body that does not come": (LARGE_POST, b"HTTP/1.1 405"),
    "empty lines": (b"\r\n\r\n", b""),
}


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host that waits for no client for long."""
    folder = configured(tmp_path_factory.mktemp("hurried") / "host")
    add_release(folder, **{"huge.bin": bytes(16 * 1024 * 1024)})
    short = {"HEAD_SECONDS": 1, "KEEP_ALIVE_SECONDS": 1, "SEND_SECONDS": 1, "CLOSE_SECONDS": 0.5}
    with serving(folder, environment=with_limits(folder, **short)) as server:
        yield server


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_client_that_does_not_finish_is_disconnected(hurried: Server, name: str) -> None:
    sent, beginning = UNFINISHED[name]
    with connected(hurried, sent) as connection:
        begun = time.monotonic()
        response = received(connection)
        assert response.startswith(beginning)
        assert (response == b"") == (beginning == b"")
        assert time.monotonic() - begun < SOON
    if name == "a request and half of another":
        assert b"HTTP/1.1 408 Request Timeout" in response


@pytest.mark.parametrize("piece", [b"X: y\r\n", b"a"], ids=["a header at a time", "a byte at a time"])
def test_a_client_that_sends_a_little_at_a_time_is_disconnected_all_the_same(hurried: Server, piece: bytes) -> None:
    sent = {b"X: y\r\n": HEAD, b"a": LARGE_POST}[piece]
    with connected(hurried, sent) as connection:
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < SOON:
                connection.sendall(piece)
                time.sleep(0.1)
        assert time.monotonic() - begun < SOON


def test_a_client_that_does_not_read_is_disconnected(hurried: Server) -> None:
    release = re.search(r"release (\S+)\)", hurried.output)
    assert release
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with connection:
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", hurried.port))
        connection.sendall(f"GET /widget/{release[1]}/huge.bin HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        wait_until(lambda: open_files(hurried, "huge.bin") == 1, "it is sent")
        wait_until(lambda: open_files(hurried, "huge.bin") == 0, "it is given up", SOON)


def open_files(server: Server, name: str = "socket:") -> int:
    found = 0
    for file in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found += name in os.readlink(file)
    return found


def few_files(number: int) -> tuple[str, ...]:
    return ("sh", "-c", f'ulimit -n {number}; exec "$@"', "sh")


@pytest.mark.parametrize("sent", [b"", b"GET /", HEAD], ids=["nothing", "half a line", "half a head"])
def test_descriptors_that_are_used_up_keep_nobody_out(folder: Path, sent: bytes) -> None:
    with serving(folder, within=few_files(256)) as server, contextlib.ExitStack() as stack:
        for _ in range(3):
            for _ in range(100):
                stack.enter_context(connected(server, sent))
            goes_on(server)
        assert open_files(server) < 256
        assert "Traceback" not in server.output
        configured(folder, '[redirect]\ntitle = "after"')
        server.reload()
        assert "after" in server.ask(PAGE).body.decode()
        ends(server)


def test_a_client_for_whom_there_is_no_room_is_told_so(folder: Path) -> None:
    with serving(folder, environment=with_limits(folder, MAX_CONNECTIONS=8)) as server, contextlib.ExitStack() as stack:
        get = b"GET /relay/%s HTTP/1.1\r\nHost: a\r\n\r\n"
        for _ in range(8):
            stack.enter_context(connected(server, get % new_id().encode()))
        wait_until(lambda: open_files(server) > 8, "all are there")
        wait_until(lambda: server.ask(PAGE).status == 503, "there is no room")
        response = server.ask(PAGE)
        assert (response.status, response.headers["retry-after"], response.headers["connection"]) == (503, "2", "close")
        stack.close()
        wait_until(lambda: server.ask(PAGE).status == 200, "there is room again")


@pytest.mark.extra
def test_ten_thousand_slow_clients_keep_nobody_out(
    folder: Path, record_property: Callable[[str, object], None]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 12_000), max(hard, 12_000)))
    seconds: list[float] = []
    with serving(folder, "--workers", "1") as server, selectors.DefaultSelector(), contextlib.ExitStack() as stack:
        before = server.memory
        for number in range(10_000):
            stack.enter_context(connected(server, HEAD[: 5 + number % 30]))
            if number % 100 == 0:
                begun = time.monotonic()
                assert server.ask(PAGE).status == 200
                seconds.append(time.monotonic() - begun)
        assert server.memory < before + 200
        assert open_files(server) <= limits.MAX_CONNECTIONS + limits.SPARE_CONNECTIONS + 20
        record_property(
            "10,000 slow clients", f"{max(seconds):.3f} s for a page, {server.memory - before:.0f} MiB more"
        )
        assert sorted(seconds)[-5] < 1
        took = ends(server)
        record_property("stop with them", f"{took:.1f} s")


HOSTS = {
    "none": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "none, in HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", 200),
    "an empty one": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200),
    "one": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "an IPv6 address": (b"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", 200),
    "two": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "the same twice": (b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
    "two, in HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    "a list": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a user": (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "a port that is none": (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_request_has_one_host(hurried: Server, name: str) -> None:
    """RFC 9112 §3.2."""
    sent, status = HOSTS[name]
    response = hurried.exchange(sent)
    assert response
    assert response.status == status


def test_a_bad_request_does_not_cut_into_the_response_before_it(hurried: Server) -> None:
    with connected(hurried, (HEAD + b"\r\n") * 3 + b"GET / HTTP/1.1\r\n\r\n") as connection:
        response = received(connection)
    assert re.findall(rb"HTTP/1.1 (\d+)", response) == [b"200"] * 3 + [b"400"]
    assert response.count(b"</html>") == 3


# A disk that hangs

# A use of the folder hangs for as long as there is a file `hangs` in the host's folder.
HANGING = """
import os, time
from embeddable_host.relay import folder as relay_folder
relay_folder.DISK_TIMEOUT_SECONDS = 0.5
def hanging(name):
    use = getattr(relay_folder.MessageFolder, name)
    def replacement(*arguments):
        result = use(*arguments) if name == "take" else None
        while os.path.exists("hangs"):
            time.sleep(0.02)
        return result if name == "take" else use(*arguments)
    setattr(relay_folder.MessageFolder, name, replacement)
for name in ("put", "take", "names", "expire"):
    hanging(name)
"""


def test_a_disk_of_the_relay_that_hangs_blocks_only_the_relay(folder: Path) -> None:
    with serving(folder, environment=altered(folder, HANGING)) as server:
        assert put(server, kept := new_id()).status == 201
        (folder / "hangs").touch()
        for _ in range(8):  # more than there are threads
            assert put(server, new_id()).status == 503
        begun = time.monotonic()
        refused = put(server, new_id())
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        assert time.monotonic() - begun < 0.4  # at once
        goes_on(server)
        assert [server.ask(path).status for path in ("/metrics", "/readyz")] == [200, 200]
        configured(folder, '[redirect]\ntitle = "after"')
        server.reload()
        assert server.times_said("its disk has not responded") == 1

        (folder / "hangs").unlink()
        wait_until(lambda: put(server, new_id()).status == 201, "the disk is back")
        assert take(server, kept).body == b"sealed"


def test_a_message_that_is_taken_too_late_is_put_back(folder: Path) -> None:
    with serving(folder, environment=altered(folder, HANGING)) as server:
        id = new_id()
        assert put(server, id).status == 201
        (folder / "hangs").touch()
        assert take(server, id).status == 503
        assert not (folder / "var" / "relay" / id).exists()
        (folder / "hangs").unlink()
        assert take(server, id).body == b"sealed"


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_disk_that_hangs_delays_no_stop(folder: Path, by: signal.Signals) -> None:
    with serving(folder, environment=altered(folder, HANGING)) as server:
        (folder / "hangs").touch()
        for _ in range(5):
            assert put(server, new_id()).status == 503
        server.process.send_signal(by)
        assert server.process.wait(SOON) in (0, -by)


SLOW_FILES = """
import os, time
from embeddable_host.responses import asset
asset.DISK_TIMEOUT_SECONDS = 0.5
opened = asset.aiofiles.open
def slow(file, *arguments, **options):
    return opened("fifo" if os.path.exists("hangs") else file, *arguments, **options)
asset.aiofiles.open = slow
"""


def test_a_disk_of_the_releases_that_hangs_blocks_only_large_files(folder: Path) -> None:
    release = add_release(folder)
    os.mkfifo(folder / "fifo")  # opening it waits for somebody who writes
    with serving(folder, environment=altered(folder, SLOW_FILES)) as server:
        (folder / "hangs").touch()
        for _ in range(10):  # more than there are threads
            assert server.ask(f"/widget/{release.id}/{LARGE}").status == 503
        goes_on(server)
        assert [server.ask(path).status for path in ("/metrics", "/readyz")] == [200, 200]
        assert put(server, new_id()).status == 201
        ends(server)


# Stopping


def slow_reader(server: Server, path: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(TIMEOUT)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    connection.recv(100)
    return connection


@pytest.mark.parametrize("signals", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
@pytest.mark.parametrize("options", WORKERS)
def test_a_second_signal_ends_the_host_at_once(
    folder: Path, options: tuple[str, ...], signals: Sequence[signal.Signals]
) -> None:
    release = add_release(folder, **{"huge.bin": bytes(16 * 1024 * 1024)})
    with serving(folder, *options) as server, slow_reader(server, f"/widget/{release.id}/huge.bin"):
        server.process.send_signal(signals[0])
        server.wait_until_it_says("Waiting for connections to close")
        server.process.send_signal(signals[1])
        assert server.process.wait(SOON) in STOPPED


@pytest.mark.parametrize("options", WORKERS)
def test_a_signal_to_the_whole_group_lets_responses_finish(folder: Path, options: tuple[str, ...]) -> None:
    """As systemd and terminals send it: the workers get one more from their parent."""
    content = secrets.token_bytes(16 * 1024 * 1024)
    release = add_release(folder, **{"huge.bin": content})
    with (
        serving(folder, *options, within=("setsid",)) as server,
        slow_reader(server, f"/widget/{release.id}/huge.bin") as connection,
    ):
        os.killpg(server.process.pid, signal.SIGTERM)
        server.wait_until_it_says("Waiting for connections to close")
        time.sleep(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        assert received(connection).endswith(content[-1000:])
        assert server.process.wait(SOON) in STOPPED


def test_a_stop_takes_no_longer_than_it_may(folder: Path) -> None:
    release = add_release(folder, **{"huge.bin": bytes(16 * 1024 * 1024)})
    environment = with_limits(folder, DRAIN_SECONDS=2)
    with serving(folder, environment=environment) as server, slow_reader(server, f"/widget/{release.id}/huge.bin"):
        assert ends(server) > 1.5
        server.wait_until_it_says(r"Cancel 1 running task\(s\), timeout graceful shutdown exceeded")


STUCK = """
import time
from embeddable_host.serving.app import App
async def stuck(*arguments):
    while True:
        time.sleep(1)
run = App.__call__
async def call(self, scope, receive, send):
    return await (stuck() if scope.get("path") == "/stuck" else run(self, scope, receive, send))
App.__call__ = call
"""


def test_an_event_loop_that_is_stuck_ends_nevertheless(folder: Path) -> None:
    environment = with_limits(folder, STUCK, STOP_SECONDS=2)
    with (
        serving(folder, environment=environment) as server,
        connected(server, b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n"),
    ):
        time.sleep(0.5)
        server.process.terminate()
        assert server.process.wait(SOON) == 1
        assert server.times_said(r"Not stopped within 2 seconds: something hangs") == 1


def test_a_worker_that_hangs_is_killed_in_the_end(folder: Path) -> None:
    with serving(folder, "--workers", "2", environment=with_limits(folder, KILL_SECONDS=2)) as server:
        hanging = server.worker_pids[0]
        os.kill(hanging, signal.SIGSTOP)
        server.process.terminate()
        assert server.process.wait(SOON + 5) in STOPPED
        wait_until(lambda: not Path(f"/proc/{hanging}").exists(), "it is gone", SOON)


@pytest.mark.parametrize("milliseconds", [0, 300, 700])
def test_a_signal_while_workers_start_ends_all_of_them(folder: Path, milliseconds: int) -> None:
    with started(folder, "--port", "0", "--workers", "3") as server:
        server.wait_until_it_says("Started parent process")
        time.sleep(milliseconds / 1000)
        ends(server)


@pytest.mark.parametrize("milliseconds", [0, 300, 700])
def test_a_reload_while_workers_start_ends_nothing(folder: Path, milliseconds: int) -> None:
    """A worker that cannot handle the signal yet is replaced."""
    with started(folder, "--port", "0", "--workers", "2") as server:
        server.wait_until_it_says("Started parent process")
        time.sleep(milliseconds / 1000)
        server.hang_up()
        server.wait_until_ready()
        server.reload()
        goes_on(server)
        ends(server)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_is_killed_loses_nothing_that_was_stored(folder: Path, number: signal.Signals) -> None:
    """As the system does when memory runs out."""
    with serving(folder, "--workers", "2") as server:
        ids = [new_id() for _ in range(20)]
        assert {put(server, id).status for id in ids} == {201}
        os.kill(server.worker_pids[0], number)
        server.wait_until_it_says(STARTED, 3)
        goes_on(server)
        assert [take(server, id).body for id in ids] == [b"sealed"] * 20
        ends(server)


def test_workers_end_with_their_parent(folder: Path) -> None:
    """Or they would hold the port, and nothing could start there."""
    with serving(folder, "--workers", "2") as server:
        workers = server.worker_pids
        server.kill()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "they have ended", SOON)


def test_a_reload_during_a_start_does_not_end_the_host(folder: Path) -> None:
    slow = (
        "from embeddable_host.serving import app",
        "import time",
        "build = app.build_site",
        "def slow(*arguments):",
        "    print('building', flush=True)",
        "    time.sleep(2)",
        "    return build(*arguments)",
        "app.build_site = slow",
    )
    with started(folder, "--port", "0", environment=altered(folder, *slow)) as server:
        server.wait_until_it_says("building")
        server.hang_up()
        server.wait_until_ready()
        server.wait_until_it_says("Serving release")


# The clock

CLOCK = """
import signal, time
real, ahead = time.time, [0]
time.time = lambda: real() + ahead[0]
def jump(number, frame):
    ahead[0] += 86400 if number == signal.SIGUSR1 else -2 * 86400
signal.signal(signal.SIGUSR1, jump)
signal.signal(signal.SIGUSR2, jump)
"""


@pytest.mark.parametrize("jump", [signal.SIGUSR1, signal.SIGUSR2], ids=["a day ahead", "two days back"])
def test_a_clock_that_jumps_stops_nothing(folder: Path, jump: signal.Signals) -> None:
    with serving(folder, environment=altered(folder, CLOCK)) as server:
        goes_on(server)
        server.process.send_signal(jump)
        goes_on(server)
        assert put(server, new_id()).status == 201  # test_store: it expires early, and never late
        configured(folder, '[redirect]\ntitle = "after"')
        server.reload()
        assert "after" in server.ask(PAGE).body.decode()
        ends(server)


# Small


def test_a_folder_of_the_relay_that_is_open_to_others_is_closed(folder: Path) -> None:
    relay = folder / "var" / "relay"
    relay.mkdir(parents=True)
    relay.chmod(0o777)
    with serving(folder) as server:
        wait_until(lambda: stat.S_IMODE(relay.stat().st_mode) == 0o700, "it is closed at the start")
        server.wait_until_it_says("was open to other users and is closed to them now")
        assert put(server, id := new_id()).status == 201
        assert take(server, id).body == b"sealed"


def test_a_folder_of_another_user_that_is_open_to_all_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(OSError, match="it belongs to another user, and everybody may use it"):
        MessageFolder(tmp_path).put("a" * 64, b"sealed")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "mode"), [((), 0o666), (("--uds-mode", "660"), 0o660)])
def test_the_file_of_a_unix_socket_has_its_mode_from_the_beginning(
    folder: Path, options: tuple[str, ...], mode: int
) -> None:
    path = folder / "s"
    with started(folder, "--uds", str(path), *options) as server:
        wait_until(lambda: path.exists() or server.process.poll() is not None, "the file is there")
        assert stat.S_IMODE(path.stat().st_mode) == mode
        server.wait_until_it_says(STARTED)
        ends(server)
        assert not path.exists()


@pytest.mark.parametrize("mode", ["999", "66", "rw"])
def test_a_mode_that_is_none_is_refused(folder: Path, mode: str) -> None:
    done = run(folder, "serve", "--uds", "s", "--uds-mode", mode)
    assert done.returncode == 2
    assert "is not an octal mode such as 660" in done.stderr


def test_health_checks_may_ask_for_options(hurried: Server) -> None:
    for path in ("/healthz", "/readyz"):
        response = hurried.ask(path, method="OPTIONS")
        assert (response.status, response.headers["allow"], response.body) == (204, "GET, HEAD, OPTIONS", b"")
        assert hurried.ask(path, method="DELETE").headers["allow"] == "GET, HEAD, OPTIONS"
    assert hurried.ask(PAGE, method="OPTIONS").status == 405


def test_a_terminal_gets_no_colours_with_no_color(folder: Path) -> None:
    """https://no-color.org"""
    for value, has_colours in (("", True), ("1", False)):
        master, slave = os.openpty()
        [port] = free_ports(1)
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port)],
            cwd=folder,
            env={**ENVIRONMENT, "NO_COLOR": value, "TERM": "xterm"},
            stdout=slave,
            stderr=slave,
        )
        text = b""
        while b"startup complete" not in text:
            text += os.read(master, 4096)
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
        assert (b"\x1b[" in text) == has_colours
