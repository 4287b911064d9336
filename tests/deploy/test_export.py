"""The site as files: complete or not there, and always the same."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from embeddable_host.config.load import load
from embeddable_host.deploy.export import FIRST_TIME, TIMES, export
from embeddable_host.site.site import build_site
from world.exported import PROFILES, exported
from world.host import COMMAND, ENVIRONMENT, Quiet, add_release, call, configured, run
from world.timeouts import TIMEOUT

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

# An export that is killed when it calls a function once more than so many times.
KILLED = """
import os, signal, sys
from operator import attrgetter
from pytest import MonkeyPatch
from embeddable_host.deploy import export
from embeddable_host.cli.main import main

function, calls, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real = attrgetter(function)(export)

def deadly(*arguments, **options):
    global calls
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    calls -= 1
    return real(*arguments, **options)

MonkeyPatch().setattr(f"embeddable_host.deploy.export.{function}", deadly)
main(["export", folder])
"""


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below `folder`: its bytes and its time."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_the_same_site_makes_the_same_files(host: Path) -> None:
    """Their times as well: rsync copies by them, and nginx's entity tags are made of them."""
    assert tree(exported(host, "again")) == tree(host / "out")


def test_the_order_of_settings_makes_no_difference(tmp_path: Path) -> None:
    one, other = configured(tmp_path / "one", PROFILES), configured(tmp_path / "other", THE_SAME_IN_ANOTHER_ORDER)
    for folder in (one, other):
        add_release(folder)
    assert tree(exported(one)) == tree(exported(other))


def test_an_export_has_no_relay_and_reports_it(tmp_path: Path) -> None:
    host = configured(tmp_path / "host", PROFILES)
    add_release(host)
    done = run(host, "export", "out")

    assert "an export has no relay" in done.stderr
    assert b'"relay": null' in (host / "out" / "redirect.html").read_bytes()


def test_the_best_encodings_are_exported_though_nothing_had_made_them(tmp_path: Path) -> None:
    host = configured(tmp_path, PROFILES)
    out = exported(host)
    site = build_site(load(host / "embeddable.toml"))
    assert site.pending == ()
    assert (out / "redirect.html.br").read_bytes() in [body.content for body in site["/redirect.html"].bodies]


def test_no_file_is_of_the_future(host: Path) -> None:
    times = [time for _, time in tree(host / "out").values()]
    assert all(FIRST_TIME <= time / 1e9 < FIRST_TIME + TIMES for time in times)
    assert max(times) < (host / "embeddable.toml").stat().st_mtime_ns


# Complete or not there


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
    done = call(host, "export", str(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path} exists already and is not an export" in done.stderr
    assert tree(tmp_path) == before


def test_a_file_is_refused(host: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("years of work")
    done = call(host, "export", str(tmp_path / "file"))
    assert done.returncode == 2
    assert (tmp_path / "file").read_text() == "years of work"


@pytest.mark.parametrize("prefix", ["phone", "/phone", "phone/", "/a b/", "/a;b/", "/../", "//"])
def test_a_prefix_that_is_none_is_refused(host: Path, prefix: str) -> None:
    done = call(host, "export", "nowhere", "--prefix", prefix)
    assert done.returncode == 2
    assert "--prefix" in done.stderr
    assert not (host / "nowhere").exists()


@pytest.mark.parametrize("name", ["logo.svg.br", "logo.svg.gz"])
def test_a_file_of_the_teams_own_with_the_name_of_one_of_ours_is_an_error(tmp_path: Path, name: str) -> None:
    host = configured(tmp_path, 'public_dir = "own"')
    (host / "own").mkdir()
    (host / "own" / "logo.svg").write_text("<svg/>" * 1000)
    (host / "own" / name).write_text("the team's")
    done = call(host, "export", "out")
    assert done.returncode == 2
    assert f"Two addresses would become the file {name}" in done.stderr
    assert {entry.name for entry in host.iterdir()} == {"embeddable.toml", "own", "var"}


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    host = configured(tmp_path)
    (host / "var").mkdir()
    (host / "var" / "cache").write_text("in the way")
    done = call(host, "export", "out")
    assert done.returncode == 2
    assert "Make the folder writable" in done.stderr
    assert not (host / "out").exists()


@pytest.mark.parametrize(
    ("function", "calls", "is_new"),
    [
        ("_write_body", 0, False),
        ("_write_body", 1, False),
        ("_write_body", 100, False),
        ("_publish", 0, False),
        ("shutil.rmtree", 1, True),  # of the one before, after the exchange
    ],
)
def test_an_export_that_is_killed_leaves_a_complete_one(host: Path, function: str, calls: int, is_new: bool) -> None:
    """The one before until the exchange, the new one from then on; what else is left the next one clears away."""
    name = f"killed-{function}-{calls}"
    out = exported(host, name)
    (out / "mark.txt").write_text("the one before")
    before = tree(out)
    command = [sys.executable, "-c", KILLED, function, str(calls), name]
    assert subprocess.run(command, cwd=host, env=ENVIRONMENT, timeout=TIMEOUT).returncode == -signal.SIGKILL
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
    monkeypatch.setattr("embeddable_host.deploy.export._exchange", lambda one, other: False)
    export(load(host / "embeddable.toml"), out, "/", Quiet())
    assert tree(out) == tree(host / "out")
    assert set(host.iterdir()) == entries


def test_two_exports_at_once_are_one_after_the_other(host: Path) -> None:
    command = [COMMAND, "export", "at-once"]
    both = [subprocess.Popen(command, cwd=host, env=ENVIRONMENT, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(TIMEOUT) for process in both] == [0, 0]
    assert tree(host / "at-once") == tree(host / "out")
