"""Running the host: what it picks up while it serves, how it stops, what it logs, and when it refuses to start."""

import asyncio
import base64
import contextlib
import fcntl
import gzip
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import brotli
import click
import pytest
from click.testing import CliRunner
from world.host import PATIENCE, Server, add_release, configured, run, serving, started
from world.internet import wait_until
from world.places import PUBLIC, ROOT

from server.answer.coding import LARGE, Cache
from server.cli.main import main
from server.config.load import load
from server.config.settings import Settings
from server.serving.app import Host
from server.site.site import Site, build_site

HUGE = bytes(range(256)) * 65536  # more than sockets hold, so that a slow reader keeps its answer in flight
BUILT_IN_REDIRECT = PUBLIC["redirect.html"].read_text(encoding="utf-8")
HAND_OFF = '<script src="redirect.js"></script>'
BAD = 'public_url = "phone"'
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


def titled(title: str) -> str:
    return f'[redirect]\ntitle = "{title}"'


def page(server: Server, address: str = "/redirect.html") -> str:
    return server.ask(address).body.decode()


def wait_until_all_say(server: Server, text: str) -> None:
    """Waits until every process answers with `text`: so many answers in a row do not come from one of two.

    A worker that ends closes the connections that have not sent a request yet.
    """

    def all_say() -> bool:
        with contextlib.suppress(ConnectionError, http.client.RemoteDisconnected):
            return all(text in page(server) for _ in range(20))
        return False

    wait_until(all_say, f"every process says {text}", PATIENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", titled("before"))


# A new release


@pytest.mark.parametrize("options", WORKERS)
def test_a_new_current_release_is_picked_up_by_itself(folder: Path, options: tuple[str, ...]) -> None:
    first = add_release(folder, "first")
    with serving(folder, *options) as server:
        server.wait_until_serving(first.id)
        second = add_release(folder, "second")
        for _ in range(20):
            server.wait_until_serving(second.id)
        assert f"widget/{second.id}/app.html" in page(server, "/adapter.js")


def test_the_first_release_is_picked_up_by_itself(folder: Path) -> None:
    with serving(folder) as server:
        server.wait_until_serving("cdn")
        server.wait_until_serving(add_release(folder).id)


def test_a_tab_of_the_release_before_still_finds_its_files(folder: Path) -> None:
    first = add_release(folder, "first")
    with serving(folder) as server:
        second = add_release(folder, "second")
        server.wait_until_serving(second.id)
        assert server.ask(f"/widget/{first.id}/name.txt").body == b"first"
        assert server.ask(f"/widget/{second.id}/name.txt").body == b"second"


def test_a_release_that_the_settings_name_stays_when_another_is_chosen(folder: Path) -> None:
    first = add_release(folder, "first")
    configured(folder, f'[widget]\nrelease = "{first.id}"')
    with serving(folder) as server:
        second = add_release(folder, "second")
        wait_until(
            lambda: server.ask(f"/widget/{second.id}/name.txt").status == 200, "the new one is there too", PATIENCE
        )
        server.wait_until_serving(first.id)
        assert f"widget/{first.id}/app.html" in page(server, "/adapter.js")


def test_a_current_that_is_broken_is_told_and_its_repair_is_picked_up(folder: Path) -> None:
    first = add_release(folder, "first")
    with serving(folder) as server:
        current = folder / "var" / "releases" / "current"
        current.unlink()
        current.mkdir()
        server.hang_up()
        server.wait_until_it_says(r"current is not a link")
        server.wait_until_serving(first.id)
        current.rmdir()
        server.wait_until_serving(add_release(folder, "second").id)


@pytest.mark.parametrize("known", [True, False], ids=["one that was there", "a new one"])
def test_a_damaged_release_that_is_chosen_leaves_the_one_before(folder: Path, known: bool) -> None:
    releases = folder / "var" / "releases"
    damaged = add_release(folder if known else folder / "elsewhere", "damaged")
    whole = add_release(folder, "whole")
    with serving(folder) as server:
        server.wait_until_serving(whole.id)
        (damaged.folder / "files" / "app.js").write_text("damaged")
        if not known:
            damaged.folder.rename(releases / damaged.id)
        (releases / "new").symlink_to(damaged.id)
        (releases / "new").rename(releases / "current")
        wait_until(
            lambda: "Not reloaded" in server.output or damaged.id in page(server, "/readyz"), "it is noticed", PATIENCE
        )
        assert whole.id in page(server, "/readyz")
        assert "files/app.js" in server.output


@contextlib.contextmanager
def failures_under_load(server: Server, paths: list[str]) -> Iterator[list[str]]:
    """What goes wrong while some clients ask for `paths` over and over, each time on a connection of its own."""
    failures: list[str] = []
    done = threading.Event()

    def load_on() -> None:
        while not done.is_set():
            for path in paths:
                try:
                    status = server.ask(path).status
                except (OSError, http.client.HTTPException) as error:
                    failures.append(f"{path}: {error!r}")
                else:
                    failures.extend([f"{path}: {status}"] if status != 200 else [])

    clients = [threading.Thread(target=load_on) for _ in range(6)]
    for client in clients:
        client.start()
    try:
        yield failures
    finally:
        done.set()
        for client in clients:
            client.join(PATIENCE)


@pytest.mark.parametrize("options", WORKERS)
def test_a_release_swapped_under_load_fails_no_request(folder: Path, options: tuple[str, ...]) -> None:
    releases = [add_release(folder, name) for name in ("first", "second")]
    large = [f"/widget/{release.id}/large.txt" for release in releases]
    with serving(folder, *options) as server:
        with failures_under_load(server, ["/redirect.html", "/adapter.js", *large]) as failures:
            for name in ("third", "fourth"):
                server.wait_until_serving(add_release(folder, name).id)
        assert failures == []


@pytest.mark.parametrize("options", WORKERS)
def test_a_reload_under_load_fails_no_request(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        with failures_under_load(server, ["/redirect.html", "/adapter.js"]) as failures:
            for title in ("second", "third", "fourth"):
                configured(folder, titled(title))
                server.hang_up()
                wait_until_all_say(server, title)
        assert failures == []


# Changed settings


@pytest.mark.parametrize("options", WORKERS)
def test_sighup_serves_changed_settings(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        assert "before" in page(server)
        configured(folder, titled("afterwards"))
        server.hang_up()
        wait_until_all_say(server, "afterwards")


@pytest.mark.parametrize("options", WORKERS)
def test_sighup_with_a_bad_file_goes_on_with_the_old_site_and_says_why(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        wait_for_workers(server, 2 if options else 1)
        configured(folder, BAD)
        server.hang_up()
        server.wait_until_it_says(r'embeddable\.toml: public_url: "phone" is not a full address')
        for _ in range(20):
            assert "before" in page(server)
        configured(folder, titled("afterwards"))
        server.hang_up()
        wait_until_all_say(server, "afterwards")


OVERLAY_FAULTS: dict[str, tuple[str, bytes]] = {
    "no hand-off": ("redirect.html", BUILT_IN_REDIRECT.replace(HAND_OFF, "").encode()),
    "hand-off in a comment": ("redirect.html", BUILT_IN_REDIRECT.replace(HAND_OFF, f"<!-- {HAND_OFF} -->").encode()),
    "not in UTF-8": ("redirect.html", BUILT_IN_REDIRECT.replace("…", "ü").encode("latin-1")),
    "script without a place for values": ("redirect.js", b"/* my own */"),
}


@pytest.mark.parametrize("fault", OVERLAY_FAULTS)
def test_an_overlay_that_cannot_sign_in_goes_on_with_the_old_site_and_says_why(folder: Path, fault: str) -> None:
    name, content = OVERLAY_FAULTS[fault]
    pages = folder / "pages"
    pages.mkdir()
    configured(folder, f'public_dir = "pages"\n{titled("before")}')
    with serving(folder) as server:
        (pages / name).write_bytes(content)
        server.hang_up()
        server.wait_until_it_says(rf"Not reloaded[\s\S]*{re.escape(name)}")
        assert "before" in page(server)
        (pages / name).unlink()
        configured(folder, f'public_dir = "pages"\n{titled("afterwards")}')
        server.hang_up()
        wait_until_all_say(server, "afterwards")


def test_reload_serves_a_changed_file_without_being_asked_to(folder: Path) -> None:
    (folder / "pages").mkdir()
    configured(folder, f'public_dir = "pages"\n{titled("before")}')
    with serving(folder, "--reload") as server:
        configured(folder, f'public_dir = "pages"\n{titled("afterwards")}')
        wait_until_all_say(server, "afterwards")
        (folder / "pages" / "redirect.html").write_text(BUILT_IN_REDIRECT.replace("<main>", "<main>our own page"))
        wait_until_all_say(server, "our own page")
        configured(folder, BAD)
        server.wait_until_it_says("public_url")
        assert "our own page" in page(server)
        configured(folder, titled("at last"))
        wait_until_all_say(server, "at last")


def test_a_warning_of_changed_settings_is_told(folder: Path) -> None:
    with serving(folder) as server:
        configured(folder, "[params]\nclientid = 'a'")
        server.hang_up()
        server.wait_until_it_says("did you mean clientId")


def test_slow_compression_does_not_hold_up_a_reload(folder: Path) -> None:
    """Another process may be compressing for long: it holds the lock of the cache."""
    (folder / "var" / "cache").mkdir(parents=True)
    with (folder / "var" / "cache" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with serving(folder) as server:
            for title in ("second", "third"):
                configured(folder, titled(title))
                server.hang_up()
                wait_until(lambda title=title: title in page(server), f"{title} is served", 15)


def test_a_slow_compression_ends_with_the_newest_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that changed while the site was built again for its better encodings are not undone."""
    built, go_on = threading.Event(), threading.Event()
    host = Host(load(folder / "embeddable.toml"), folder / "embeddable.toml")

    def slow_for_the_old_one(settings: Settings) -> Site:
        site = build_site(settings)
        if settings.redirect.title == "before":
            built.set()
            go_on.wait(PATIENCE)
        return site

    async def both() -> None:
        host._swapped.set()
        refining = asyncio.create_task(host._refine())
        await asyncio.to_thread(built.wait, PATIENCE)
        configured(folder, titled("afterwards"))
        await host._rebuild()
        go_on.set()
        while host.site.rough:
            await asyncio.sleep(0.05)
        refining.cancel()

    monkeypatch.setattr("server.serving.app.build_site", slow_for_the_old_one)
    assert host.site.rough
    asyncio.run(both())
    assert host.settings.redirect.title == "afterwards"
    [body] = [body for body in host.site["/redirect.html"].bodies if body.coding == "identity"]
    assert isinstance(body.content, bytes)
    assert b"afterwards" in body.content


def test_the_best_encodings_are_served_when_they_are_ready(folder: Path) -> None:
    with serving(folder) as server:
        best = brotli.compress(server.ask("/redirect.html").body, quality=11, lgwin=24)
        wait_until(
            lambda: server.ask("/redirect.html", {"Accept-Encoding": "br"}).body == best, "the best is served", PATIENCE
        )
        assert list((folder / "var" / "cache").glob("*.br"))


def test_a_cache_that_was_tampered_with_is_not_believed(folder: Path) -> None:
    with serving(folder) as server:
        wait_until(lambda: len(list((folder / "var" / "cache").glob("*.gzip"))) > 1, "the cache is filled", PATIENCE)
        plain = server.ask("/redirect.html").body
    for file in (folder / "var" / "cache").glob("*.*"):
        file.write_bytes(brotli.compress(b"evil") if file.suffix == ".br" else gzip.compress(b"evil"))
    with serving(folder) as server:
        assert brotli.decompress(server.ask("/redirect.html", {"Accept-Encoding": "br"}).body) == plain
        assert gzip.decompress(server.ask("/redirect.html", {"Accept-Encoding": "gzip"}).body) == plain


def test_what_is_served_from_the_cache_is_not_pruned(folder: Path) -> None:
    """However long it has lain there."""
    settings = Settings(data_dir=folder / "var", params={"userAgent": "x" * 2 * LARGE})
    build_site(settings)
    for file in settings.cache.iterdir():
        os.utime(file, (0, 0))
    site = build_site(settings)
    Cache(settings.cache).prune()
    streamed = [body.content for asset in site.assets.values() for body in asset.bodies if body.size > LARGE]
    assert streamed
    assert all(isinstance(content, bytes) or content.is_file() for content in streamed)


# Stopping


def slow_reader(server: Server, path: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("options", WORKERS)
def test_a_stop_finishes_what_is_in_flight(folder: Path, options: tuple[str, ...]) -> None:
    release = add_release(folder, **{"huge.bin": HUGE})
    with serving(folder, *options) as server, slow_reader(server, f"/widget/{release.id}/huge.bin") as connection:
        received = bytearray(connection.recv(1000))
        server.process.terminate()
        server.wait_until_it_says("Waiting for connections to close")
        while data := connection.recv(1 << 20):
            received += data
        assert bytes(received).partition(b"\r\n\r\n")[2] == HUGE
        assert server.process.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.output


@pytest.mark.parametrize("options", WORKERS)
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_soon_even_while_compressing(
    folder: Path, options: tuple[str, ...], by: signal.Signals
) -> None:
    (folder / "var" / "cache").mkdir(parents=True)
    with (folder / "var" / "cache" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with serving(folder, *options) as server:
            server.process.send_signal(by)
            assert server.process.wait(25) in (0, -by, 128 + by)
            assert "Traceback" not in server.output


def test_a_worker_that_dies_is_replaced(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        wait_for_workers(server, 2)
        os.kill(a_worker(server), signal.SIGKILL)
        wait_for_workers(server, 3)
        wait_until_all_say(server, "before")


def test_a_worker_that_dies_while_the_settings_are_bad_does_not_take_the_others_along(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        wait_for_workers(server, 2)
        configured(folder, BAD)
        os.kill(a_worker(server), signal.SIGKILL)
        server.wait_until_it_says("public_url")
        configured(folder, titled("before"))
        wait_for_workers(server, 3)
        wait_until_all_say(server, "before")


def wait_for_workers(server: Server, count: int) -> None:
    """Waits until so many have started since the beginning."""
    server.wait_until_it_says(rf"(?s)(Application startup complete.*){{{count}}}")


def a_worker(server: Server) -> int:
    """The process id of one."""
    return int(re.findall(r"Started server process \[(\d+)\]", server.output)[0])


# What is logged

SECRET = "tell-nobody-77b1"
HTTP = " HTTP/1.1\r\nHost: a\r\n"
LOGGED: dict[str, str] = {
    "query": f"GET /redirect.html?code={SECRET}{HTTP}\r\n",
    "query of a profile": f"GET /sandbox/redirect.html?state=a-b&code={SECRET}{HTTP}\r\n",
    "query of what is not there": f"GET /nothing?code={SECRET}{HTTP}\r\n",
    "query of another method": f"POST /redirect.html?code={SECRET}{HTTP}Content-Length: 0\r\n\r\n",
    "query of the whole address": f"GET http://phone.example.com/redirect.html?code={SECRET}{HTTP}\r\n",
    "two queries": f"GET /redirect.html??code={SECRET}?code={SECRET}{HTTP}\r\n",
    "encoded query": f"GET /redirect.html%3Fcode={SECRET}{HTTP}\r\n",
    "encoded query in small letters": f"GET /redirect.html%3fcode={SECRET}{HTTP}\r\n",
    "query encoded twice": f"GET /redirect.html%253Fcode={SECRET}{HTTP}\r\n",
    "fragment": f"GET /redirect.html#access_token={SECRET}{HTTP}\r\n",
    "encoded fragment": f"GET /redirect.html%23access_token={SECRET}{HTTP}\r\n",
    "query without its mark": f"GET /redirect.html&code={SECRET}{HTTP}\r\n",
    "encoded everything": f"GET /redirect.html%3Fcode%3D{SECRET}{HTTP}\r\n",
    "web socket": f"GET /redirect.html?code={SECRET}{HTTP}Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "headers": f"GET /redirect.html{HTTP}Referer: https://a/?code={SECRET}\r\nCookie: {SECRET}\r\n"
    f"Range: {SECRET}\r\n\r\n",
    "malformed": f"GET /redirect.html?code={SECRET} HTTP/x\r\n\r\n",
    "method that is none": f"{SECRET.upper()} /redirect.html{HTTP}\r\n",
    "length that is none": f"GET /redirect.html?code={SECRET}{HTTP}Content-Length: {SECRET}\r\n\r\n",
}


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(configured(tmp_path_factory.mktemp("logging"), "[profiles.sandbox.params]\nprefix = 'p'")) as server:
        yield server


@pytest.mark.parametrize("name", LOGGED)
def test_no_code_gets_into_any_log(logging: Server, name: str) -> None:
    before = len(logging.output)
    logging.exchange(LOGGED[name].encode())
    marker = f"/marker-{list(LOGGED).index(name)}-end"
    logging.ask(marker)
    logging.wait_until_it_says(marker)
    assert SECRET.lower() not in logging.output[before:].lower()


def test_the_access_log_says_what_was_asked_and_answered(logging: Server) -> None:
    logging.ask("/redirect.html?code=1")
    logging.ask("/not-there")
    logging.wait_until_it_says(r'"GET /redirect\.html HTTP/1\.1" 200')
    logging.wait_until_it_says(r'"GET /not-there HTTP/1\.1" 404')


# What an operator sees


@pytest.mark.parametrize("options", WORKERS)
def test_health_and_readiness_are_told(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        assert server.ask("/healthz").body == b"ok\n"
        assert json.loads(server.ask("/readyz").body) == {"status": "ready", "release": "cdn"}
        release = add_release(folder)
        ready = {"status": "ready", "release": release.id}
        wait_until(
            lambda: all(json.loads(server.ask("/readyz").body) == ready for _ in range(20)),
            "every process serves the release",
            PATIENCE,
        )


def test_the_addresses_to_use_are_announced(folder: Path) -> None:
    with serving(folder) as server:
        home = f"http://127.0.0.1:{server.port}/"
        for line in (f"{home}redirect.html", f'<script src="{home}adapter.js"></script>', "`embeddable-host pull`"):
            assert line in server.output
    configured(folder, 'public_url = "https://phone.example.com/a"')
    release = add_release(folder)
    with serving(folder) as server:
        for line in ("https://phone.example.com/a/redirect.html", f"release {release.id}"):
            assert line in server.output


def test_an_address_of_ipv6_stands_in_brackets(folder: Path) -> None:
    with started(folder, "--host", "::1", "--port", "0") as server:
        wait_until(
            lambda: "Embeddable Host on" in server.output or server.process.poll() is not None, "it starts", PATIENCE
        )
        assert "http://::1" not in server.output
        assert "http://[::1]:" in server.output or "::1 port 0 cannot be listened on" in server.output


@pytest.mark.parametrize("options", WORKERS)
def test_a_port_in_use_is_told_and_nothing_starts(folder: Path, options: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(folder, "serve", "--port", str(port), *options)
    assert done.returncode == 2
    assert f"127.0.0.1 port {port} cannot be listened on: Address already in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_host_that_is_none_is_told(folder: Path) -> None:
    done = run(folder, "serve", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 2
    assert "192.0.2.1 port 0 cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def ask_socket(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(PATIENCE)
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
                "the socket answers",
                PATIENCE,
            )
            assert server.process.poll() is None, server.output
            assert f"Embeddable Host on unix:{path}" in server.output
            assert "adapter.js" not in server.output  # whose address nobody knows


@pytest.mark.parametrize("options", WORKERS)
def test_a_unix_socket_that_cannot_be_made_is_told(folder: Path, options: tuple[str, ...]) -> None:
    path = folder / "nowhere" / "s"
    done = run(folder, "serve", "--uds", str(path), *options)
    assert done.returncode == 2
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


def commands(command: click.Command | None, name: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield name
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            yield from commands(command.get_command(context, inner), (*name, inner))


@pytest.mark.parametrize("name", list(commands(main)), ids=" ".join)
def test_every_command_has_help_with_an_example(name: tuple[str, ...]) -> None:
    for option in ("--help", "-h"):
        result = CliRunner().invoke(main, [*name, option])
        assert result.exit_code == 0
        assert f"Example: embeddable-host {' '.join(name)}".rstrip() in result.stdout


def test_the_command_answers_without_any_settings(folder: Path) -> None:
    configured(folder, BAD)
    for option, part in (("--help", "Example: "), ("--version", "embeddable-host")):
        done = run(folder, option)
        assert (done.returncode, part in done.stdout) == (0, True)


@pytest.mark.parametrize(
    "arguments", [["srve"], ["serve", "--prt", "1"], ["serve", "--workers", "0"], ["releases", "use"]]
)
def test_bad_usage_ends_with_2(folder: Path, arguments: list[str]) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


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
        server.wait_until_it_says(r"cannot be kept in .*cache")
        wait_until(lambda: server.ask("/healthz").status == 200, "it goes on", PATIENCE)
        assert "Traceback" not in server.output
    (folder / "var").chmod(0o755)


# Pages of one's own


@pytest.fixture
def overlay(folder: Path) -> Path:
    """The overlay folder of a host with a profile."""
    configured(folder, 'public_dir = "pages"\n[profiles.sandbox.params]\nprefix = "p"')
    (folder / "pages").mkdir()
    return folder / "pages"


def test_a_redirect_page_of_one_s_own_is_served_with_the_hand_off_in_it(folder: Path, overlay: Path) -> None:
    own = BUILT_IN_REDIRECT.replace("<main>", "<main>our own page").replace("page.css", "own.css")
    (overlay / "redirect.html").write_text(own)
    (overlay / "own.css").write_text("main { color: teal }")
    with serving(folder) as server:
        for address in ("/redirect.html", "/sandbox/redirect.html"):
            text = page(server, address)
            assert "our own page" in text
            assert "<style>main { color: teal }</style>" in text
            assert HAND_OFF not in text
            assert "oAuthCallback" in text


@pytest.mark.parametrize("fault", OVERLAY_FAULTS)
def test_an_overlay_that_cannot_sign_in_is_refused_by_name(folder: Path, overlay: Path, fault: str) -> None:
    name, content = OVERLAY_FAULTS[fault]
    (overlay / name).write_bytes(content)
    with started(folder, "--port", "0") as server:
        wait_until(
            lambda: server.process.poll() is not None or "Application startup complete" in server.output,
            "it starts or ends",
            PATIENCE,
        )
        assert server.process.poll() == 2
        assert re.search(rf"Error: .*pages/{re.escape(name)}", server.output)
        assert "Traceback" not in server.output


def test_further_files_of_the_overlay_are_served(folder: Path, overlay: Path) -> None:
    (overlay / "images").mkdir()
    (overlay / "brand.png").write_bytes(b"png")
    (overlay / "images" / "a b.svg").write_bytes(b"<svg/>")
    with serving(folder) as server:
        for profile in ("", "sandbox/"):
            answer = server.ask(f"/{profile}brand.png")
            assert (answer.body, answer.headers["content-type"]) == (b"png", "image/png")
            answer = server.ask(f"/{profile}images/a%20b.svg")
            assert (answer.body, answer.headers["content-type"]) == (b"<svg/>", "image/svg+xml; charset=utf-8")


@pytest.mark.parametrize("name", [".env", ".git/config", "images/.env", "images/.git/config"])
def test_hidden_files_of_the_overlay_are_not_served(folder: Path, overlay: Path, name: str) -> None:
    (overlay / name).parent.mkdir(parents=True, exist_ok=True)
    (overlay / name).write_text("hidden")
    with serving(folder) as server:
        for address in (f"/{name}", f"/sandbox/{name}"):
            assert server.ask(address).status == 404


def test_an_overlay_takes_no_address_of_the_host(folder: Path, overlay: Path) -> None:
    release = add_release(folder)
    for name in ("healthz", "readyz", f"widget/{release.id}/app.css.map", f"widget/{release.id}/name.txt"):
        (overlay / name).parent.mkdir(parents=True, exist_ok=True)
        (overlay / name).write_text("overlay")
    with serving(folder) as server:
        for address in ("/healthz", "/readyz", f"/widget/{release.id}/name.txt"):
            assert server.ask(address).body != b"overlay"


@pytest.mark.parametrize("place", [".", ""], ids=["the folder itself", "empty"])
def test_the_settings_and_the_data_are_not_served_whatever_the_overlay(folder: Path, place: str) -> None:
    configured(folder, f'public_dir = "{place}"')
    release = add_release(folder)
    with started(folder, "--port", "0") as server:
        wait_until(lambda: server.listens() or server.process.poll() is not None, "it starts or refuses to", PATIENCE)
        if server.process.poll() is None:
            for address in ("/embeddable.toml", f"/var/releases/{release.id}/manifest.json"):
                assert server.ask(address).status == 404
        else:
            assert server.process.poll() == 2


LOGOS = {"logo.svg": "image/svg+xml", "logo.png": "image/png", "logo.jpg": "image/jpeg", "LOGO.WEBP": "image/webp"}


@pytest.mark.parametrize("name", LOGOS)
def test_the_logo_travels_inside_the_redirect_page(folder: Path, name: str) -> None:
    content = b"<svg/>\0\xff" * 100
    (folder / name).write_bytes(content)
    configured(folder, f'[redirect]\nlogo = "{name}"')
    with serving(folder) as server:
        assert f'"data:{LOGOS[name]};base64,{base64.b64encode(content).decode()}"' in page(server)
        assert server.ask(f"/{name}").status == 404


# The wheel


def test_the_wheel_has_the_pages_in_it_and_builds_a_site_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*build, "-w", tmp_path, ROOT], check=True, capture_output=True)
    [wheel] = tmp_path.glob("embeddable_host-*.whl")
    packed = zipfile.ZipFile(io.BytesIO(wheel.read_bytes()))
    names = set(packed.namelist())
    pages = {f"server/{file.relative_to(ROOT)}" for file in PUBLIC.values()}
    modules = {f"{file.relative_to(ROOT)}" for file in (ROOT / "server").rglob("*.py")}
    assert names >= pages | modules
    assert all(name.startswith(("server/", "embeddable_host-")) for name in names)
    packed.extractall(tmp_path / "site")
    show = (
        "from server.config.load import load; from server.site.page import BUILT_IN; "
        "from server.site.site import build_site; "
    )
    done = subprocess.run(
        [sys.executable, "-c", show + "print(BUILT_IN); print(*build_site(load()).assets)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    folder, assets = done.stdout.splitlines()
    assert folder == str(tmp_path / "site" / "server" / "public")
    assert {"/redirect.html", "/adapter.js"} <= set(assets.split())
