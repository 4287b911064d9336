"""The relay: a letter is left once and taken once, by pages of this origin, and nobody else learns of it."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from world.host import STARTED, Server, configured, serving
from world.relay import MEDIA_TYPE, Waiting, altered, held, hurried, leave, new_id, take
from world.timeouts import TIMEOUT, wait_until

SETTINGS = """
[params]
clientId = "a"
[profiles.sandbox.params]
prefix = "rc-sandbox"
"""
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]
POLICY = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", SETTINGS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host where nobody waits long."""
    folder = configured(tmp_path_factory.mktemp("relay") / "host", SETTINGS)
    with serving(folder, environment=hurried(folder, WAIT_SECONDS=0.3, BODY_SECONDS=0.3)) as server:
        yield server


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two hosts that share their letters, as two workers or replicas do."""
    place = tmp_path_factory.mktemp("pair")
    shared = f'{SETTINGS}[relay]\nfolder = "{place / "shared"}"'
    one, other = (configured(place / name, shared) for name in ("one", "other"))
    with serving(one) as first, serving(other) as second:
        yield first, second


# Leaving and taking


@pytest.mark.parametrize("content", [b"x", bytes(range(256)) * 32], ids=["a byte", "8 KiB"])
def test_a_letter_that_was_left_is_taken_once(server: Server, content: bytes) -> None:
    id = new_id()
    left = leave(server, id, content)
    taken = take(server, id)
    again = take(server, id)

    assert (left.status, left.body) == (201, b"")
    assert (taken.status, taken.headers["content-type"], taken.body) == (200, MEDIA_TYPE, content)
    assert (again.status, again.body) == (204, b"")


@pytest.mark.parametrize("options", WORKERS)
def test_whoever_waits_gets_a_letter_when_it_is_left(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        ids = [new_id() for _ in range(20)]
        waiting = [Waiting(server, id) for id in ids]
        for number, id in enumerate(ids):
            assert leave(server, id, b"%d" % number).status == 201
        assert [one.answer.body for one in waiting] == [b"%d" % number for number in range(20)]


def test_a_letter_left_with_one_process_is_taken_from_another(pair: tuple[Server, Server]) -> None:
    one, other = pair
    lying, awaited = new_id(), new_id()
    waiting = Waiting(other, awaited)
    assert leave(one, lying, b"lying").status == 201
    assert leave(one, awaited, b"awaited").status == 201

    assert take(other, lying).body == b"lying"
    assert waiting.answer.body == b"awaited"


def test_each_profile_has_letters_of_its_own(server: Server) -> None:
    id = new_id()
    assert leave(server, id, b"default").status == 201
    assert leave(server, id, b"sandbox", folder="/sandbox/").status == 201

    assert take(server, id, folder="/sandbox/").body == b"sandbox"
    assert take(server, id, folder="/sandbox/").status == 204
    assert take(server, id).body == b"default"


def test_whoever_waits_too_long_is_told_to_ask_again(server: Server) -> None:
    answer = take(server, new_id())

    assert (answer.status, answer.body) == (204, b"")
    assert "content-type" not in answer.headers


LOOKS = """
from embeddable_host.relay.store import MessageStore
def take(self, name, take=MessageStore.take):
    print("looks for a letter", flush=True)
    return take(self, name)
MessageStore.take = take
"""


def test_whoever_hangs_up_takes_nothing(folder: Path) -> None:
    with serving(folder, environment=altered(folder, LOOKS)) as server:
        id = new_id()
        with held(server, id):
            server.wait_until_it_says("looks for a letter")
        wait_until(lambda: b'path="/relay/",status="499"' in server.ask("/metrics").body, "the host sees it")
        assert leave(server, id).status == 201
        assert take(server, id).body == b"sealed"


SLOW_TO_TAKE = """
import time
from embeddable_host.relay.store import MessageStore
def take(self, name, take=MessageStore.take):
    content = take(self, name)
    time.sleep(0.5 if content else 0)
    return content
MessageStore.take = take
"""


def test_a_letter_taken_for_somebody_who_has_just_hung_up_is_put_back(folder: Path) -> None:
    with serving(folder, environment=altered(folder, SLOW_TO_TAKE)) as server:
        id = new_id()
        assert leave(server, id).status == 201
        letter = folder / "var" / "relay" / id
        with held(server, id):
            wait_until(lambda: not letter.exists(), "it is taken")
        wait_until(letter.exists, "it is put back")
        assert take(server, id).body == b"sealed"
        wait_until(lambda: letters(server)["taken"] == 1, "it was taken once")


# Stopping, reloading


@pytest.mark.parametrize("options", WORKERS)
def test_a_stop_lets_those_go_who_wait_and_keeps_the_letters(folder: Path, options: tuple[str, ...]) -> None:
    lying = new_id()
    with serving(folder, *options, environment=altered(folder, LOOKS)) as server:
        waiting = Waiting(server, new_id())
        assert leave(server, lying).status == 201
        server.wait_until_it_says("looks for a letter")
        assert server.stop() in (0, -signal.SIGTERM)
        assert waiting.answer.status == 204
    with serving(folder) as server:
        assert take(server, lying).body == b"sealed"


def test_a_server_that_is_killed_loses_no_letter(folder: Path) -> None:
    id = new_id()
    with serving(folder) as server:
        assert leave(server, id).status == 201
        server.process.kill()
        server.process.wait(TIMEOUT)
    with serving(folder) as server:
        assert take(server, id).body == b"sealed"


def test_a_worker_that_is_killed_loses_no_letter(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        ids = [new_id() for _ in range(10)]
        assert {leave(server, id).status for id in ids} == {201}
        os.kill(int(re.findall(r"Started server process \[(\d+)\]", server.output)[0]), signal.SIGKILL)
        server.wait_until_it_says(STARTED, 3)
        assert {take(server, id).body for id in ids} == {b"sealed"}


def test_a_reload_switches_the_relay_off_and_on_and_changes_its_limits(folder: Path) -> None:
    id = new_id()
    with serving(folder, environment=hurried(folder, WAIT_SECONDS=0.1)) as server:
        assert leave(server, id).status == 201
        configured(folder, f"{SETTINGS}[relay]\nenabled = false")
        server.reload()
        assert take(server, id).status == 404
        configured(folder, f"{SETTINGS}[relay]\nletters = 1")
        server.reload()
        assert leave(server, new_id()).status == 503
        assert take(server, id).body == b"sealed"
        assert leave(server, new_id()).status == 201


def test_a_relay_that_is_switched_off_is_no_address_and_makes_no_folder(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nenabled = false")
    with serving(folder) as server:
        missing = server.ask("/not-there")
        answer = take(server, new_id())
        assert (answer.status, answer.body) == (404, missing.body)
        assert leave(server, new_id()).status == server.ask("/not-there", method="POST").status == 405
    assert not (folder / "var" / "relay").exists()


# What is told


def test_every_answer_is_for_this_origin_and_kept_by_nobody(server: Server) -> None:
    id = new_id()
    answers = [leave(server, id), leave(server, id), take(server, id), take(server, id), leave(server, id, b"")]
    answers += [server.ask(f"/relay/{id}", method="PUT"), take(server, id, {"Sec-Fetch-Site": "cross-site"})]

    assert [answer.status for answer in answers] == [201, 409, 200, 204, 400, 405, 403]
    for answer in answers:
        assert answer.headers.items() >= POLICY.items()
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_letters_are_counted_by_what_became_of_them_and_requests_without_ids(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nletters = 2")
    environment = hurried(folder, WAIT_SECONDS=0.1, SWEEP_SECONDS=0.05)
    with serving(folder, environment=environment) as server:
        ids = [new_id() for _ in range(3)]
        assert [leave(server, id).status for id in ids] == [201, 201, 503]
        assert leave(server, ids[0]).status == 503
        assert take(server, ids[0]).status == 200
        assert take(server, ids[0], folder="/sandbox/").status == 204
        os.utime(folder / "var" / "relay" / ids[1], (0, 0))

        wait_until(lambda: letters(server)["expired"] == 1, "one has expired")
        assert letters(server) == {"left": 2, "taken": 1, "expired": 1, "refused": 2}
        told = server.ask("/metrics").body.decode()
        for status, count in ((201, 2), (503, 2), (200, 1), (204, 1)):
            assert f'embeddable_host_requests_total{{path="/relay/",status="{status}"}} {count}.0' in told


def letters(server: Server) -> dict[str, float]:
    """What became of the letters, by outcome."""
    families = text_string_to_metric_families(server.ask("/metrics").body.decode())
    samples = (sample for family in families for sample in family.samples)
    return {one.labels["outcome"]: one.value for one in samples if one.name == "embeddable_host_relay_messages_total"}


@pytest.mark.parametrize("options", WORKERS)
def test_nothing_of_an_id_or_a_letter_is_written_down(folder: Path, options: tuple[str, ...]) -> None:
    id, content = new_id(), b"content-" + new_id().encode()
    strange = [id[1:], id.upper(), f"{id}0", f"{id}/", f"../{id}", f"{id}%3Fcode={id}", f"%2e%2e/{id}"]
    with serving(folder, *options, environment=hurried(folder, WAIT_SECONDS=0.1)) as server:
        for place in ("/", "/sandbox/"):
            assert leave(server, id, content, folder=place).status == 201
            assert leave(server, id, content, folder=place).status == 409
            assert leave(server, id, content, {"Origin": "https://a.example", "Sec-Fetch-Site": "none"}).status == 403
            for odd in strange:
                leave(server, odd, content, folder=place)
                take(server, odd, folder=place)
            assert take(server, f"{id}?code={id}", folder=place).body == content
        (folder / "var" / "relay").rmdir()
        (folder / "var" / "relay").touch()
        assert leave(server, id, content).status == 503
        assert take(server, id).status == 503
        told = server.ask("/metrics").body
        server.wait_until_it_says("GET /metrics")

    assert '"POST /relay/ HTTP/1.1" 201' in server.output
    assert '"GET /sandbox/relay/ HTTP/1.1" 200' in server.output
    written = [told, *(file.read_bytes() for file in folder.rglob("*") if file.is_file())]
    for secret in (id.encode(), id.upper().encode(), id[1:].encode(), content):
        assert [text for text in written if secret in text] == []
    assert not [file for file in folder.rglob("*") if id in file.name]
