"""The site as files: that they are all there and always the same, and that a plain nginx answers with them as we do.

The nginx that serves them is set against us wherever one may be: it compresses, has charsets, types and headers of its
own, and logs whole requests.
"""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from world.host import (
    COMMAND,
    ENVIRONMENT,
    PATIENCE,
    Answer,
    Headers,
    Quiet,
    add_release,
    ask,
    configured,
    run,
    serving,
)
from world.hosts import CLIENT_ID, SETTINGS
from world.internet import EXPORT, SAME_SITE, Internet, free_ports, is_listening, nginx, wait_until
from world.platform import TokenRequest
from world.user import Phone
from world.weather import PLAIN, STORAGE_DENIED, OpenBrowser, Weather

from server.answer.asset import Asset
from server.config.load import load
from server.deploy.export import FIRST_TIME, TIMES, export
from server.site.site import build_site

PROFILES = """
[redirect]
title = "Signing in to the phone"
text = "A moment."
[params]
clientId = "client"
enableSMSTemplate = true
[profiles.sandbox.params]
clientId = "other"
prefix = "rc-sandbox"
[profiles.alpha.params]
prefix = "rc-alpha"
"""
THE_SAME_IN_ANOTHER_ORDER = """
[profiles.alpha.params]
prefix = "rc-alpha"
[profiles.sandbox.params]
prefix = "rc-sandbox"
clientId = "other"
[params]
enableSMSTemplate = true
clientId = "client"
[redirect]
text = "A moment."
title = "Signing in to the phone"
"""
ODD = ("a b.svg", "quotes\"'.svg", "$uri;{}.svg", "back\\slash.svg", "télé.svg", "50%.svg", "star*.svg", "#.svg")
CODINGS = ("identity", "gzip", "br")

# An export that is killed when it calls a function once more than so many times.
KILLED = """
import os, signal, sys
from operator import attrgetter
from pytest import MonkeyPatch
from server.deploy import export
from server.cli.main import main

function, calls, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real = attrgetter(function)(export)

def deadly(*arguments, **options):
    global calls
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    calls -= 1
    return real(*arguments, **options)

MonkeyPatch().setattr(f"server.deploy.export.{function}", deadly)
main(["export", folder])
"""

HOSTILE = """
daemon off;
user root;  # matters to root alone, whose folders nobody else may read
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ application/x-wrong html js css svg json; }}
  default_type application/x-wrong;
  charset koi8-r;
  charset_types *;
  gzip on;
  gzip_types *;
  gzip_min_length 0;
  add_header X-Frame-Options DENY always;
  add_header Cross-Origin-Opener-Policy same-origin always;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    include {root}/nginx.conf;
  }}
}}
"""


@contextlib.contextmanager
def plain_nginx(folder: Path, root: Path, port: int = 0) -> Iterator[int]:
    """nginx over the export in `root`; its port."""
    folder.mkdir(exist_ok=True)
    port = port or free_ports(1)[0]
    (folder / "hostile.conf").write_text(HOSTILE.format(folder=folder, root=root, port=port))
    command = [nginx(), "-p", folder, "-e", folder / "error.log", "-c", folder / "hostile.conf"]
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: is_listening(port) or process.poll() is not None, "nginx listens", PATIENCE)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str, headers: Headers | None = None, method: str = "GET") -> Answer:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        return ask(connection, path, headers, method)


def addresses(host: Path) -> dict[str, Asset]:
    return dict(build_site(load(host / "embeddable.toml").without_relay()).assets)


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below `folder`: its bytes and its time."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def exported(host: Path, name: str = "out", *options: str) -> Path:
    done = run(host, "export", name, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{name}\n"
    return host / name


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder with two releases, profiles and files of the team's own, and its export in `out`."""
    settings = f'public_dir = "own"\n{PROFILES}[relay]\nenabled = false\n'  # as an export has none
    host = configured(tmp_path_factory.mktemp("export") / "host", settings)
    (host / "own").mkdir()
    for name in ODD:
        (host / "own" / name).write_text(f"{name}\n" * 500)
    for name in ("first", "second"):
        add_release(host, name)
    exported(host)
    return host


@pytest.fixture(scope="module")
def port(host: Path) -> Iterator[int]:
    with plain_nginx(host / "nginx", host / "out") as port:
        yield port


# As the server answers

OURS = (  # the headers that say something of the answer; the others are of the connection, or validators
    "content-type",
    "content-encoding",
    "content-length",
    "vary",
    "cache-control",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "access-control-allow-origin",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "link",
    "last-modified",
)


def told(answer: Answer) -> Mapping[str, str]:
    return {name: answer.headers[name] for name in OURS if name in answer.headers}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_every_address_is_answered_as_the_server_does(host: Path, port: int, coding: str | None, method: str) -> None:
    """Status, headers and the very bytes, compressed as they are on the wire."""
    headers = {"Accept-Encoding": coding} if coding else {}
    with serving(host) as server:
        for address in addresses(host):
            path = quote(address)
            ours, theirs = server.ask(path, headers, method), get(port, path, headers, method)
            assert (theirs.status, told(theirs)) == (ours.status, told(ours)), address
            assert theirs.body == ours.body, address


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/404.html",
        "/_headers",
        "/nginx.conf",
        "/redirect.html.br",
        "/redirect.html.gz",
        "/redirect.html/",
        "/index.html",
        "/sandbox",
        "/widget/",
        "/widget/nothing/app.js",
        "/.git/config",
    ],
)
@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_no_address_is_missing_as_it_is_on_the_server(host: Path, port: int, path: str, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    with serving(host) as server:
        ours, theirs = server.ask(path, headers), get(port, path, headers)
    assert theirs.status == ours.status == 404
    assert (told(theirs), theirs.body) == (told(ours), ours.body)
    assert "etag" not in theirs.headers


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br", "br"),
        ("BR", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip,br;q=1.0", "br"),
        ("gzip, br ; q=0.001", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip", "gzip"),
        ("gzip", "gzip"),
        ("gzip;q=0", None),
        ("brotli", None),
        ("x-br", None),
        ("identity", None),
        ("", None),
    ],
)
def test_nginx_without_modules_sends_what_the_client_takes(port: int, accepted: str, coding: str | None) -> None:
    answer = get(port, "/adapter.js", {"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == coding


def test_a_client_behind_a_proxy_gets_compressed_bytes_too(port: int) -> None:
    answer = get(port, "/adapter.js", {"Accept-Encoding": "gzip", "Via": "1.0 proxy"})
    assert answer.headers.get("content-encoding") == "gzip"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_client_that_has_the_bytes_is_told_so(port: int, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    tag = get(port, "/adapter.js", headers).headers["etag"]
    again = get(port, "/adapter.js", {**headers, "If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_a_part_of_a_large_file_can_be_asked_for(host: Path, port: int) -> None:
    [address, *_] = [address for address in addresses(host) if address.endswith("/large.txt")]
    answer = get(port, address, {"Range": "bytes=8-15"})
    assert (answer.status, answer.body) == (206, b"0000001\n")


@pytest.mark.parametrize("prefix", ["/", "/phone/"])
def test_a_check_finds_nothing_wrong(tmp_path: Path, prefix: str) -> None:
    host = configured(tmp_path / "host", PROFILES)
    add_release(host)
    with plain_nginx(tmp_path, exported(host, "out", "--prefix", prefix)) as port:
        done = run(host, "check", f"http://127.0.0.1:{port}{prefix}")
    assert done.returncode == 0, done.stdout
    assert "no relay" in done.stdout


def test_an_export_has_no_relay_and_it_is_said(tmp_path: Path) -> None:
    host = configured(tmp_path / "host", PROFILES)
    add_release(host)
    done = run(host, "export", "out")

    assert "this export has no relay" in done.stderr
    assert not list((host / "out").rglob("start.html"))
    assert b'"relay": false' in (host / "out" / "redirect.html").read_bytes()


def test_headers_of_the_operators_own_are_added_once(host: Path, tmp_path: Path) -> None:
    (tmp_path / "embeddable-host.d").mkdir()
    (tmp_path / "embeddable-host.d" / "hsts.conf").write_text(
        'add_header Strict-Transport-Security "max-age=63072000" always;\n'
    )
    with plain_nginx(tmp_path, host / "out") as port:
        for path in ("/redirect.html", "/adapter.js", "/nothing"):
            answer = get(port, path)
            assert answer.headers["strict-transport-security"] == "max-age=63072000"
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_below_a_path_everything_is_where_the_prefix_says(host: Path, tmp_path: Path) -> None:
    root = exported(host, "below", "--prefix", "/phone/")
    with plain_nginx(tmp_path, root) as port, serving(host) as server:
        for address in addresses(host):
            path = quote(address)
            ours, theirs = server.ask(path), get(port, f"/phone{path}")
            assert (theirs.status, told(theirs), theirs.body) == (ours.status, told(ours), ours.body), address
        assert get(port, "/phone/nothing").body == server.ask("/nothing").body
        assert get(port, "/adapter.js").status == 404
    assert set(rules(root)) == {f"/phone{address}" for address in (*addresses(host), "/404.html")}


# Always the same


def test_the_same_site_makes_the_same_files(host: Path) -> None:
    """Their times as well: rsync copies by them, and nginx's entity tags are made of them."""
    assert tree(exported(host, "again")) == tree(host / "out")


def test_the_order_of_settings_makes_no_difference(tmp_path: Path) -> None:
    one, other = configured(tmp_path / "one", PROFILES), configured(tmp_path / "other", THE_SAME_IN_ANOTHER_ORDER)
    for folder in (one, other):
        add_release(folder)
    assert tree(exported(one)) == tree(exported(other))


def test_the_best_encodings_are_exported_though_nothing_had_made_them(tmp_path: Path) -> None:
    host = configured(tmp_path, PROFILES)
    out = exported(host)
    site = build_site(load(host / "embeddable.toml"))
    assert site.rough == ()
    assert (out / "redirect.html.br").read_bytes() in [body.content for body in site["/redirect.html"].bodies]


def test_another_content_of_the_same_size_has_another_entity_tag(tmp_path: Path) -> None:
    tags = set()
    for title in ("one", "two"):
        out = exported(configured(tmp_path, f'[redirect]\ntitle = "{title}"'))
        with plain_nginx(tmp_path / "nginx", out) as port:
            answer = get(port, "/redirect.html", {"Accept-Encoding": "identity"})
        tags.add((answer.headers["content-length"], answer.headers["etag"]))
    assert len({size for size, _ in tags}) == 1
    assert len(tags) == 2


def test_no_file_is_of_the_future(host: Path) -> None:
    times = [time for _, time in tree(host / "out").values()]
    assert all(FIRST_TIME <= time / 1e9 < FIRST_TIME + TIMES for time in times)
    assert max(times) < (host / "embeddable.toml").stat().st_mtime_ns


# What static hosts read


def rules(out: Path) -> dict[str, list[tuple[str, str]]]:
    """The rules in `_headers` by the path they are for, read as Netlify and Cloudflare do."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (out / "_headers").read_text(encoding="ascii").splitlines():
        if line.startswith("/"):
            assert line not in found
            found[path := unquote(line)] = []
        elif not line.startswith("#"):
            name, colon, value = line.strip().partition(": ")
            assert (line[:2], colon) == ("  ", ": "), line
            found[path].append((name, value))
    return found


def test_the_rules_name_every_address_with_its_headers(host: Path) -> None:
    site = build_site(load(host / "embeddable.toml"))
    expected = {
        path: [("Content-Type", asset.media_type), *asset.headers]
        for path, asset in {**site.assets, "/404.html": site.missing}.items()
    }
    assert {f"/{name}" for name in ODD} < set(expected)
    assert rules(host / "out") == expected


def test_the_rules_hold_nothing_that_a_pattern_or_a_long_line_would_spoil(host: Path) -> None:
    """`*` and `:` are wildcards in a path; Cloudflare reads 2,000 characters of a line."""
    lines = (host / "out" / "_headers").read_text(encoding="ascii").splitlines()
    assert [line for line in lines if line.startswith("/") and re.search(r"[*:\s]", line)] == []
    assert max(len(line) for line in lines) <= 2000


def test_of_too_many_rules_those_of_release_files_come_last_and_it_is_said(tmp_path: Path) -> None:
    host = configured(tmp_path, PROFILES)
    add_release(host, **{f"{number}.js": b"// %d" % number for number in range(120)})
    done = run(host, "export", "out")
    assert done.returncode == 0
    assert re.search(r"_headers has \d{3} rules, and Cloudflare reads the first 100", done.stderr)
    read = list(rules(host / "out").items())[:100]
    mutable = {
        path for path, asset in addresses(host).items() if "immutable" not in dict(asset.headers)["Cache-Control"]
    }
    assert mutable <= {path for path, _ in read}


# Whole or not at all


def test_an_export_replaces_the_one_before(host: Path) -> None:
    out = exported(host, "replaced")
    (out / "left-over.txt").write_text("of a release that is gone")
    assert tree(exported(host, "replaced")) == tree(host / "out")


def test_an_empty_folder_is_filled(host: Path) -> None:
    (host / "empty").mkdir()
    assert tree(exported(host, "empty")) == tree(host / "out")


def test_folders_on_the_way_are_made(host: Path) -> None:
    assert tree(exported(host, "on/the/way")) == tree(host / "out")


def test_a_link_to_an_export_stays_a_link(host: Path) -> None:
    (host / "link").symlink_to(exported(host, "target"))
    exported(host, "link")
    assert (host / "link").is_symlink()
    assert tree(host / "target") == tree(host / "out")


@pytest.mark.parametrize("name", ["_headers", "index.html", "thesis.txt"])
def test_a_folder_that_is_no_export_is_refused_and_left_as_it_is(host: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("years of work")
    before = tree(tmp_path)
    done = run(host, "export", str(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path} is there already and no export" in done.stderr
    assert tree(tmp_path) == before


def test_a_file_is_refused(host: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("years of work")
    done = run(host, "export", str(tmp_path / "file"))
    assert done.returncode == 2
    assert (tmp_path / "file").read_text() == "years of work"


@pytest.mark.parametrize("prefix", ["phone", "/phone", "phone/", "/a b/", "/a;b/", "/../", "//"])
def test_a_prefix_that_is_none_is_refused(host: Path, prefix: str) -> None:
    done = run(host, "export", "nowhere", "--prefix", prefix)
    assert done.returncode == 2
    assert "--prefix" in done.stderr
    assert not (host / "nowhere").exists()


@pytest.mark.parametrize("name", ["logo.svg.br", "logo.svg.gz"])
def test_a_file_of_the_teams_own_in_the_place_of_one_of_ours_is_told(tmp_path: Path, name: str) -> None:
    host = configured(tmp_path, 'public_dir = "own"')
    (host / "own").mkdir()
    (host / "own" / "logo.svg").write_text("<svg/>" * 1000)
    (host / "own" / name).write_text("the team's")
    done = run(host, "export", "out")
    assert done.returncode == 2
    assert f"Two addresses would be the file {name}" in done.stderr
    assert {entry.name for entry in host.iterdir()} == {"embeddable.toml", "own", "var"}


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    host = configured(tmp_path)
    (host / "var").mkdir()
    (host / "var" / "cache").write_text("in the way")
    done = run(host, "export", "out")
    assert done.returncode == 2
    assert "Make the folder writable" in done.stderr
    assert not (host / "out").exists()


@pytest.mark.parametrize(
    ("function", "calls", "is_new"),
    [
        ("_put_file", 0, False),
        ("_put_file", 1, False),
        ("_put_file", 100, False),
        ("_put", 0, False),
        ("shutil.rmtree", 1, True),  # of the one before, after the exchange
    ],
)
def test_an_export_that_is_killed_leaves_a_whole_one(host: Path, function: str, calls: int, is_new: bool) -> None:
    """The one before until the exchange, the new one from then on; what else is left the next one clears away."""
    name = f"killed-{function}-{calls}"
    out = exported(host, name)
    (out / "mark.txt").write_text("the one before")
    before = tree(out)
    command = [sys.executable, "-c", KILLED, function, str(calls), name]
    assert subprocess.run(command, cwd=host, env=ENVIRONMENT, timeout=PATIENCE).returncode == -signal.SIGKILL
    assert tree(out) == (tree(host / "out") if is_new else before)
    exported(host, name)
    assert tree(out) == tree(host / "out")
    assert not (host / f".{name}.embeddable-host-export").exists()


def test_there_is_an_export_at_every_moment_of_an_exchange(host: Path) -> None:
    out = exported(host, "exchanged")
    settings = load(host / "embeddable.toml")
    done = threading.Event()
    gone: list[str] = []

    def watch() -> None:
        while not done.is_set():
            try:
                os.stat(out / "redirect.html")
            except FileNotFoundError:
                gone.append("redirect.html")

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        export(settings, out, "/", Quiet())
    done.set()
    watcher.join()
    assert gone == []


def test_where_folders_cannot_be_exchanged_the_new_one_is_renamed_into_place(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = exported(host, "renamed")
    (out / "left-over.txt").write_text("of the one before")
    entries = set(host.iterdir())
    monkeypatch.setattr("server.deploy.export._exchange", lambda one, other: False)
    export(load(host / "embeddable.toml"), out, "/", Quiet())
    assert tree(out) == tree(host / "out")
    assert set(host.iterdir()) == entries


def test_two_exports_at_once_are_one_after_the_other(host: Path) -> None:
    command = [COMMAND, "export", "at-once"]
    both = [subprocess.Popen(command, cwd=host, env=ENVIRONMENT, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(PATIENCE) for process in both] == [0, 0]
    assert tree(host / "at-once") == tree(host / "out")


# Signing in


@pytest.fixture(scope="module")
def signed_in_by(tmp_path_factory: pytest.TempPathFactory, world: Internet) -> Path:
    host = configured(tmp_path_factory.mktemp("signing-in") / "host", SETTINGS)
    done = run(host, "pull", "--from", str(world.release))
    assert done.returncode == 0, done.stderr
    return host


@pytest.mark.parametrize("prefix", ["/", "/phone/"])
@pytest.mark.parametrize(
    ("weather", "severed"),
    [(PLAIN, False), (PLAIN, True), (STORAGE_DENIED, False)],
    ids=["plain", "opener severed", "storage denied"],
)
def test_a_user_signs_in_with_no_server_of_ours_and_no_log_has_the_code(
    signed_in_by: Path,
    internet: Internet,
    open_browser: OpenBrowser,
    tmp_path: Path,
    prefix: str,
    weather: Weather,
    severed: bool,
) -> None:
    internet.platform.severs_openers = severed
    root = exported(signed_in_by, "out", "--prefix", prefix)
    base = f"https://{EXPORT}{prefix}"
    with plain_nginx(tmp_path, root, internet.export_port):
        page = open_browser(weather).new_page()
        page.goto(internet.page(SAME_SITE, f'<!doctype html><body><script src="{base}adapter.js"></script>'))
        phone = Phone(page)
        login = phone.open_login()
        phone.see("Signed in")
        phone.settle(login)

    [code] = internet.platform.codes
    [token] = internet.platform.tokens
    assert token == TokenRequest(token.server, CLIENT_ID, f"{base}redirect.html", code, granted=True)
    logs = b"".join(file.read_bytes() for file in tmp_path.rglob("*.log"))
    assert code.encode() not in logs


def test_a_file_that_cannot_be_read_puts_no_code_into_the_error_log(host: Path, tmp_path: Path) -> None:
    out = exported(host, "unreadable")
    (out / "redirect.html").unlink()
    (out / "redirect.html").symlink_to("redirect.html")
    with plain_nginx(tmp_path, out) as port:
        assert get(port, "/redirect.html?code=tell-nobody").status == 404
    logs = b"".join(file.read_bytes() for file in tmp_path.rglob("*.log"))
    assert b"tell-nobody" not in logs
