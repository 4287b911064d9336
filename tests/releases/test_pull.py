"""Pulling from a server that may do anything; what was served stays as it was."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from embeddable_host.config.settings import Settings
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.fetch import CONCURRENT_DOWNLOADS
from embeddable_host.releases.install import staging
from embeddable_host.releases.pull import pull
from embeddable_host.releases.references import KNOWN, chunk_names
from embeddable_host.releases.release import Release
from embeddable_host.releases.store import installed, open_release
from world import cdn
from world.cdn import Cdn, Fault
from world.small_release import FILES, PROSE, Steps, a_release, contents
from world.timeouts import TIMEOUT

LATEST = "/latest/"


def test_a_pull_finds_every_file_that_the_release_names(settings: Settings) -> None:
    assert contents(pull(settings, None, None, Steps())) == FILES


def test_the_release_pulled_is_the_current_one(settings: Settings, served: Release) -> None:
    pulled = pull(settings, None, None, Steps())
    assert open_release(settings.releases) == pulled
    assert sorted(installed(settings.releases)) == sorted([served.id, pulled.id])


def test_the_manifest_says_where_it_came_from(settings: Settings, network: Cdn) -> None:
    assert pull(settings, None, None, Steps()).source == f"{network.url}latest/"


def test_a_version_is_pulled_from_its_own_folder(settings: Settings, network: Cdn, tmp_path: Path) -> None:
    a_release(tmp_path / "www" / "2.3.1", **{"redirect.js": b"of 2.3.1"})
    pulled = pull(settings, "2.3.1", None, Steps())
    assert pulled.source == f"{network.url}2.3.1/"
    assert pulled.read("redirect.js") == b"of 2.3.1"


@pytest.mark.parametrize(("path", "version"), [("latest", None), ("latest/", None), ("", "latest")])
def test_an_address_may_be_given(settings: Settings, network: Cdn, path: str, version: str | None) -> None:
    pulled = pull(settings, version, network.url + path, Steps())
    assert pulled.source == f"{network.url}latest/"
    assert contents(pulled) == FILES


def test_a_password_and_a_query_are_not_kept(settings: Settings, network: Cdn) -> None:
    origin = network.url.replace("//", "//user:password@") + "latest/?signature=1"
    assert pull(settings, None, origin, Steps()).source == f"{network.url}latest/"


def test_the_same_release_again_has_the_same_id(settings: Settings) -> None:
    first = pull(settings, None, None, Steps())
    assert pull(settings, None, None, Steps()) == first
    assert installed(settings.releases) == [first.id]


def test_a_folder_holding_the_same_files_makes_the_same_release(settings: Settings, published: Path) -> None:
    assert pull(settings, None, None, Steps()).id == pull(settings, None, str(published), Steps()).id


def test_every_stage_of_a_pull_is_followed_to_its_end(settings: Settings, network: Cdn) -> None:
    steps = Steps()
    pull(settings, None, None, steps)
    assert steps.stages == [f"Fetching {network.url}latest/", "Copying", "Compressing"]
    assert steps.done == steps.totals


def test_each_file_is_asked_for_once(settings: Settings, network: Cdn) -> None:
    pull(settings, None, None, Steps())
    assert len(network.requests) == len(set(network.requests))


def test_some_files_are_fetched_at_a_time(settings: Settings, network: Cdn) -> None:
    crowd = cdn.Crowd(CONCURRENT_DOWNLOADS)
    network.faults |= {f"{LATEST}{name}": crowd for name in KNOWN}
    assert contents(pull(settings, None, None, Steps())) == FILES
    assert crowd.largest == CONCURRENT_DOWNLOADS


def test_a_slow_server_is_waited_for(settings: Settings, network: Cdn) -> None:
    network.faults[f"{LATEST}app.js"] = cdn.in_pieces(FILES["app.js"], 20)
    assert pull(settings, None, None, Steps()).read("app.js") == FILES["app.js"]


def test_a_server_without_a_response_is_given_up(
    refused: Callable[..., str], network: Cdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddable_host.releases.fetch.TIMEOUT", httpx2.Timeout(0.1))
    gate = cdn.Gate()
    network.faults["/release.zip"] = gate  # the only file that is requested, so that no other can be late
    message = refused(f"{network.url}release.zip")
    gate.opened.set()
    assert f"{network.url}release.zip timed out" in message


@pytest.mark.parametrize("fault", [cdn.status(500), cdn.status(503), cdn.status(429), cdn.truncated])
def test_a_fault_that_passes_is_tried_over(settings: Settings, network: Cdn, fault: Fault) -> None:
    network.faults[f"{LATEST}app.js"] = cdn.times(3, fault)
    assert contents(pull(settings, None, None, Steps())) == FILES
    assert network.requests.count(f"{LATEST}app.js") == 4


def test_a_fault_that_stays_ends_the_pull(refused: Callable[..., str], network: Cdn) -> None:
    network.faults[f"{LATEST}app.js"] = cdn.status(500)
    assert f"{network.url}latest/app.js returned 500" in refused()
    assert network.requests.count(f"{LATEST}app.js") == 4


def test_a_fault_that_does_not_pass_is_not_tried_over(refused: Callable[..., str], network: Cdn) -> None:
    network.faults[f"{LATEST}app.js"] = cdn.status(401)
    assert f"{network.url}latest/app.js returned 401" in refused()
    assert network.requests.count(f"{LATEST}app.js") == 1


def test_a_file_that_is_cut_off_is_refused(refused: Callable[..., str], network: Cdn) -> None:
    network.faults[f"{LATEST}495.js"] = cdn.truncated
    assert f"{network.url}latest/495.js broke off its response" in refused()


def test_a_file_that_could_be_cut_off_unseen_is_refused(refused: Callable[..., str], network: Cdn) -> None:
    network.faults[f"{LATEST}495.js"] = cdn.of_unknown_length
    assert "has no length" in refused()


@pytest.mark.parametrize("name", ["app.js", "adapter.min.js", "app.css", "images/icon.svg"])
@pytest.mark.parametrize("fault", [cdn.page, cdn.untyped_page])
def test_a_page_in_place_of_another_file_is_refused(
    refused: Callable[..., str], network: Cdn, name: str, fault: Fault
) -> None:
    network.faults[LATEST + name] = fault
    assert f"the server sent a page instead of {name}" in refused()


def test_a_redirect_to_another_host_is_refused_and_not_followed(
    refused: Callable[..., str], network: Cdn, tmp_path: Path
) -> None:
    with cdn.serve(tmp_path / "www") as other:
        network.faults[f"{LATEST}app.js"] = cdn.redirect(f"{other.url}latest/app.js?code=1")
        message = refused()
        assert other.requests == []
    assert f"redirects to another host, {other.url}latest/app.js. " in message


def test_a_redirect_on_the_same_host_is_followed(settings: Settings, network: Cdn, published: Path) -> None:
    published.rename(published.parent / "2.3.1")
    for name in FILES:
        network.faults[LATEST + name] = cdn.redirect(f"../2.3.1/{name}" if "/" not in name else f"/2.3.1/{name}")
    assert contents(pull(settings, None, None, Steps())) == FILES


def test_redirects_without_end_are_refused(refused: Callable[..., str], network: Cdn) -> None:
    network.faults[f"{LATEST}app.js"] = cdn.redirect("app.js")
    assert "redirects more than 5 times" in refused()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("app.css", b"a{background:url(../secret.svg)}"),
        ("app.css", b"a{background:url(images/%2e%2e/../secret.svg)}"),
        ("app.html", b'<script src="app.js"></script><img src="..%2Fsecret.svg">'),
        ("adapter.js", b'"/assets/../../secret.svg"'),
        ("redirect.js", b'n.p+"images/../../secret.svg"'),
    ],
)
def test_a_name_that_leads_out_of_the_release_is_refused(
    refused: Callable[..., str], network: Cdn, published: Path, name: str, content: bytes
) -> None:
    (published / name).write_bytes(content)
    message = refused()
    assert f"{network.url}latest/{name} refers to " in message
    assert "which leads outside the release" in message
    assert not any("secret" in path for path in network.requests)


@pytest.mark.parametrize(
    "name",
    [
        "adapter.js",
        "app.html",
        "app.js",
        "app.css",
        "495.js",
        "ja-JP.js",
        "redirect.js",
        "fonts/lato.woff2",
        "images/icon.svg",
        "audio/incoming.ogg",
        "worklets/meter.worklet.js",
        "assets/images/favicon.ico",
    ],
)
def test_a_required_file_that_is_absent_ends_the_pull(
    refused: Callable[..., str], network: Cdn, published: Path, name: str
) -> None:
    (published / name).unlink()
    assert f"{network.url}latest/{name} returned 404" in refused()


@pytest.mark.parametrize("status", [403, 404, 410])
@pytest.mark.parametrize("name", ["adapter.att.js", "assets/rc/logo.svg", "popup.html"])
def test_another_file_may_be_absent(settings: Settings, network: Cdn, name: str, status: int) -> None:
    network.faults[LATEST + name] = cdn.status(status)
    assert pull(settings, None, None, Steps()).files.keys() == FILES.keys() - {name}


def test_a_release_without_chunks_is_pulled(settings: Settings, published: Path) -> None:
    (published / "app.js").write_bytes(b"x.e(1),y" + PROSE)
    assert "1.js" not in pull(settings, None, None, Steps()).files


def test_chunks_whose_names_cannot_be_read_are_not_left_out_in_silence(
    refused: Callable[..., str], published: Path
) -> None:
    (published / "app.js").write_bytes(b"n.e(495).then(f);n.u=e=>names.get(e)")
    assert "chunks whose names cannot be read" in refused()


@pytest.mark.parametrize(
    "runtime",
    [
        'i.u=function(e){return({27:"ja-JP",650:"es-419"}[e]||e)+".js"}',
        'i.u=e=>({27:"ja-JP",650:"es-419"}[e]||e)+".js"',
        'src=n.p+""+({27:"ja-JP",650:"es-419"}[e]||e)+".js"',
        'return "" + ({"27": "ja-JP", "650": "es-419"}[chunkId] || chunkId) + ".js"',
    ],
)
def test_the_map_of_chunks_is_read_as_bundlers_write_it(runtime: str) -> None:
    assert chunk_names(runtime) == {"27": "ja-JP", "650": "es-419"}


def test_halves_of_two_versions_are_refused(refused: Callable[..., str], published: Path) -> None:
    (published / "app.js").write_bytes(FILES["app.js"].replace(b"2.3.1", b"2.3.2"))
    assert "adapter.js of 2.3.1 and app.js of 2.3.2" in refused()


def test_more_bytes_than_a_release_has_are_refused(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddable_host.releases.fetch.MAX_RELEASE_BYTES", 2000)
    assert "has more than 2000 bytes" in refused()


def test_more_files_than_a_release_has_are_refused(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddable_host.releases.fetch.MAX_FILES", 20)
    assert "names more than 20 files" in refused()


def test_a_server_that_dies_halfway_is_reported(refused: Callable[..., str], network: Cdn) -> None:
    def die(handler: cdn.Handler) -> None:
        network.die()
        cdn.truncated(handler)

    network.faults[f"{LATEST}ja-JP.js"] = die
    message = refused()
    assert message.startswith(f"{network.url}latest/")
    # Of the files that were requested at once, one finds no server and another is cut off: the message has the first.
    assert "cannot be reached" in message or "broke off its response" in message
    assert message.endswith("Try again later")


def test_a_server_that_is_not_there_is_reported(refused: Callable[..., str], network: Cdn) -> None:
    network.die()
    assert "cannot be reached" in refused()


def pull_elsewhere(settings: Settings, progress: str) -> subprocess.Popen[bytes]:
    """Starts a process that pulls `latest`; `progress` is the class of what hears of it."""
    program = f"""
import os, signal
from embeddable_host.releases.pull import pull
from embeddable_host.config.settings import Settings
from world.timeouts import TIMEOUT
from world.small_release import Steps

class Dies(Steps):
    def begin(self, stage):
        super().begin(stage)
        if stage == "Compressing":
            os.kill(os.getpid(), signal.SIGKILL)

settings = Settings(data_dir={str(settings.data_dir)!r}, widget={{"source": {settings.widget.source!r}}})
pull(settings, None, None, {progress}())
"""
    path = os.pathsep.join([*sys.path])
    return subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path})


def test_a_pull_that_is_killed_while_it_installs_leaves_what_was_served(settings: Settings, served: Release) -> None:
    assert pull_elsewhere(settings, "Dies").wait(TIMEOUT) == -signal.SIGKILL
    assert len(list(settings.releases.glob(".staging-*"))) == 2  # what it fetched, and what it made of it
    assert installed(settings.releases) == [served.id]
    assert open_release(settings.releases) == served

    assert contents(pull(settings, None, None, Steps())) == FILES
    assert not list(settings.releases.glob(".staging-*"))


def test_a_pull_that_is_killed_while_it_fetches_leaves_what_was_served(
    settings: Settings, network: Cdn, served: Release
) -> None:
    gate = cdn.Gate()
    network.faults[f"{LATEST}495.js"] = gate
    puller = pull_elsewhere(settings, "Steps")
    try:
        assert gate.reached.wait(TIMEOUT)
        with pytest.raises(ReleaseError, match="Another pull is running"):
            pull(settings, None, None, Steps())
    finally:
        puller.kill()
    assert puller.wait() == -signal.SIGKILL
    gate.opened.set()

    assert len(list(settings.releases.glob(".staging-*"))) == 1  # it was killed halfway indeed
    assert open_release(settings.releases) == served

    assert contents(pull(settings, None, None, Steps())) == FILES
    assert not list(settings.releases.glob(".staging-*"))


def test_a_second_pull_is_refused_while_one_is_running(settings: Settings, served: Release) -> None:
    with staging(settings.releases), pytest.raises(ReleaseError, match="Another pull is running"):
        pull(settings, None, None, Steps())
    assert open_release(settings.releases) == served
