"""Stopping the host, and the death of a process that responses."""

import fcntl
import os
import signal
import socket
from pathlib import Path

import pytest

from world.host import STARTED, Server, add_release, configured, serving
from world.timeouts import TIMEOUT

HUGE = bytes(range(256)) * 65536  # more than socket buffers, so that a slow reader keeps its response open
SOON = 25  # seconds: less than open responses are waited for
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host")


def slow_reader(server: Server, path: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    connection.settimeout(TIMEOUT)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("options", WORKERS)
def test_a_stop_finishes_open_responses(folder: Path, options: tuple[str, ...]) -> None:
    release = add_release(folder, **{"huge.bin": HUGE})
    with serving(folder, *options) as server, slow_reader(server, f"/widget/{release.id}/huge.bin") as connection:
        received = bytearray(connection.recv(1000))
        server.process.terminate()
        server.wait_until_it_says("Waiting for connections to close")
        while data := connection.recv(1 << 20):
            received += data
        assert bytes(received).partition(b"\r\n\r\n")[2] == HUGE
        assert server.process.wait(TIMEOUT) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.output


@pytest.mark.parametrize("options", WORKERS)
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_soon_even_while_compressing(
    folder: Path, options: tuple[str, ...], by: signal.Signals
) -> None:
    """Another process may be compressing for long: it holds the lock of the cache."""
    (folder / "var" / "cache").mkdir(parents=True)
    with (folder / "var" / "cache" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with serving(folder, *options) as server:
            server.process.send_signal(by)
            assert server.process.wait(SOON) in (0, -by, 128 + by)
            assert "Traceback" not in server.output


def test_a_worker_that_dies_is_replaced(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        os.kill(server.worker_pids[0], signal.SIGKILL)
        server.wait_until_it_says(STARTED, 3)
        assert [server.ask("/redirect.html").status for _ in range(20)] == [200] * 20


def test_a_worker_that_dies_while_the_settings_are_bad_does_not_stop_the_others(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        configured(folder, 'public_url = "phone"')
        os.kill(server.worker_pids[0], signal.SIGKILL)
        server.wait_until_it_says("public_url")
        assert [server.ask("/redirect.html").status for _ in range(20)] == [200] * 20
        configured(folder)
        server.wait_until_it_says(STARTED, 3)
        assert [server.ask("/redirect.html").status for _ in range(20)] == [200] * 20
