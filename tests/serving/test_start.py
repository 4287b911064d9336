"""Starting the host: what it prints, where it listens, and when it does not start."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from embeddable_host.config.settings import Settings
from embeddable_host.serving.serve import announcement
from world.host import add_release, configured, run, serving, started
from world.places import ROOT
from world.timeouts import TIMEOUT, wait_until

WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host")


def test_the_addresses_to_use_are_announced(folder: Path) -> None:
    with serving(folder) as server:
        base = f"http://127.0.0.1:{server.port}/"
        for line in (f"{base}redirect.html", f'<script src="{base}adapter.js"></script>', "`embeddable-host pull`"):
            assert line in server.output
    configured(folder, 'public_url = "https://phone.example.com/a"')
    release = add_release(folder)
    with serving(folder) as server:
        for line in ("https://phone.example.com/a/redirect.html", f"release {release.id}"):
            assert line in server.output


def test_an_address_of_ipv6_stands_in_brackets(folder: Path) -> None:
    with started(folder, "--host", "::1", "--port", "0") as server:
        wait_until(lambda: "Embeddable Host on" in server.output or server.process.poll() is not None, "it starts")
        assert "http://::1" not in server.output
        assert "http://[::1]:" in server.output or "Cannot listen on ::1 port 0" in server.output


@pytest.mark.parametrize(("public_url", "lines"), [("", 1), ("https://phone.example.com/", 3)])
def test_a_host_that_listens_everywhere_tells_no_address_but_the_public_one(public_url: str, lines: int) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        text = announcement(Settings(public_url=public_url), "2.3.1", listener)
    assert len(text.splitlines()) == lines
    assert text.count("0.0.0.0") == 1


@pytest.mark.parametrize("options", WORKERS)
def test_a_port_in_use_is_reported_and_nothing_starts(folder: Path, options: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(folder, "serve", "--port", str(port), *options)
    assert done.returncode == 2
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_host_that_is_none_is_reported(folder: Path) -> None:
    done = run(folder, "serve", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 2
    assert "Cannot listen on 192.0.2.1 port 0" in done.stderr
    assert "Traceback" not in done.stderr


def ask_socket(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(TIMEOUT)
        connection.connect(str(path))
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        received = b""
        while data := connection.recv(4096):
            received += data
        return received
    return b""


@pytest.mark.parametrize("options", WORKERS)
def test_it_listens_on_a_unix_socket(folder: Path, options: tuple[str, ...]) -> None:
    path = folder / "s"
    for _ in range(2):  # the second finds the socket that the first may have left
        with started(folder, "--uds", str(path), *options) as server:
            wait_until(
                lambda server=server: ask_socket(path).endswith(b"\r\n\r\nok\n") or server.process.poll() is not None,
                "the socket responds",
            )
            assert server.process.poll() is None, server.output
            assert f"Embeddable Host on unix:{path}" in server.output
            assert "adapter.js" not in server.output  # whose address nobody knows


@pytest.mark.parametrize("options", WORKERS)
def test_a_unix_socket_that_cannot_be_made_is_reported(folder: Path, options: tuple[str, ...]) -> None:
    path = folder / "nowhere" / "s"
    done = run(folder, "serve", "--uds", str(path), *options)
    assert done.returncode == 2
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


# What cannot be served


def test_a_damaged_current_release_is_refused_by_name(folder: Path) -> None:
    release = add_release(folder)
    (release.folder / "files" / "495.js").write_text("damaged")
    done = run(folder, "serve", "--port", "0")
    assert done.returncode == 2
    for part in (release.id, "files/495.js", "embeddable-host pull"):
        assert part in done.stderr
    assert "Embeddable Host on" not in done.stderr


def test_a_damaged_release_beside_the_current_one_is_left_out(folder: Path) -> None:
    first = add_release(folder, "first")
    second = add_release(folder, "second")
    (first.folder / "files" / "495.js").write_text("damaged")
    with serving(folder) as server:
        assert server.ask(f"/widget/{first.id}/app.js").status == 404
        assert server.ask(f"/widget/{second.id}/app.js").status == 200
        assert "files/495.js" in server.output


def test_a_release_that_is_not_there_is_refused(folder: Path) -> None:
    configured(folder, '[widget]\nrelease = "2.3.1-000000000000"')
    done = run(folder, "serve", "--port", "0")
    assert done.returncode == 2
    assert "There is no release 2.3.1-000000000000" in done.stderr


def test_a_data_dir_that_cannot_be_written_still_serves(folder: Path) -> None:
    release = add_release(folder)
    (folder / "var" / "cache").write_text("a file where the folder would be")
    (folder / "var").chmod(0o555)
    with serving(folder) as server:
        plain = server.ask("/redirect.html").body
        assert brotli.decompress(server.ask("/redirect.html", {"Accept-Encoding": "br"}).body) == plain
        assert server.ask(f"/widget/{release.id}/name.txt").body == b"first"
        server.wait_until_it_says(r"cannot be (kept|made) in .*cache")
        wait_until(lambda: server.ask("/healthz").status == 200, "it goes on")
        assert "Traceback" not in server.output
    (folder / "var").chmod(0o755)


def test_what_serves_has_nothing_to_ask_another_server_with() -> None:
    """No request waits on the CDN: only `pull` and `check` load a client."""
    show = "import sys, embeddable_host.cli.serve, embeddable_host.serving.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "uvicorn" in loaded
    assert not loaded & {"httpx2", "httpcore2", "requests", "urllib3", "aiohttp"}
