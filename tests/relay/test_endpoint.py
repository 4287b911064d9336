"""The relay: a message is stored once and delivered once, to pages of this origin, and nothing of it is logged."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from world.host import STARTED, Server, configured, serving
from world.relay import (
    MEDIA_TYPE,
    SETTINGS,
    Waiting,
    altered,
    new_id,
    put,
    sharing,
    take,
    waiting_connection,
    with_times,
)
from world.timeouts import TIMEOUT, wait_until

WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]
POLICY = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two hosts that share their messages, like two workers."""
    with sharing(tmp_path_factory.mktemp("pair")) as hosts:
        yield hosts


# Putting and taking


@pytest.mark.parametrize("content", [b"x", bytes(range(256)) * 32], ids=["a byte", "8 KiB"])
def test_a_message_is_delivered_once(server: Server, content: bytes) -> None:
    id = new_id()
    stored = put(server, id, content)
    taken = take(server, id)
    again = take(server, id)

    assert (stored.status, stored.body) == (201, b"")
    assert (taken.status, taken.headers["content-type"], taken.body) == (200, MEDIA_TYPE, content)
    assert (again.status, again.body) == (204, b"")


@pytest.mark.parametrize("options", WORKERS)
def test_a_client_that_waits_gets_the_message_when_it_is_stored(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        ids = [new_id() for _ in range(20)]
        waiting = [Waiting(server, id) for id in ids]
        for number, id in enumerate(ids):
            assert put(server, id, b"%d" % number).status == 201
        assert [client.response.body for client in waiting] == [b"%d" % number for number in range(20)]


def test_a_message_stored_by_one_process_is_delivered_by_another(pair: tuple[Server, Server]) -> None:
    one, other = pair
    stored, awaited = new_id(), new_id()
    waiting = Waiting(other, awaited)
    assert put(one, stored, b"stored").status == 201
    assert put(one, awaited, b"awaited").status == 201

    assert take(other, stored).body == b"stored"
    assert waiting.response.body == b"awaited"


def test_each_profile_has_messages_of_its_own(server: Server) -> None:
    id = new_id()
    assert put(server, id, b"default").status == 201
    assert put(server, id, b"sandbox", folder="/sandbox/").status == 201

    assert take(server, id, folder="/sandbox/").body == b"sandbox"
    assert take(server, id, folder="/sandbox/").status == 204
    assert take(server, id).body == b"default"


def test_a_client_that_has_waited_long_enough_gets_an_empty_response(server: Server) -> None:
    response = take(server, new_id())

    assert (response.status, response.body) == (204, b"")
    assert "content-type" not in response.headers


REPORTS_TAKES = """
from embeddable_host.relay.folder import MessageFolder
def take(self, name, take=MessageFolder.take):
    print("looks for a message", flush=True)
    return take(self, name)
MessageFolder.take = take
"""


def test_a_client_that_disconnects_takes_nothing(folder: Path) -> None:
    with serving(folder, environment=altered(folder, REPORTS_TAKES)) as server:
        id = new_id()
        with waiting_connection(server, id):
            server.wait_until_it_says("looks for a message")
        wait_until(lambda: b'path="/relay/",status="499"' in server.ask("/metrics").body, "the host notices")
        assert put(server, id).status == 201
        assert take(server, id).body == b"sealed"


SLOW_TO_TAKE = """
import time
from embeddable_host.relay.folder import MessageFolder
def take(self, name, take=MessageFolder.take):
    content = take(self, name)
    time.sleep(0.5 if content else 0)
    return content
MessageFolder.take = take
"""


def test_a_message_taken_for_a_client_that_has_just_disconnected_is_put_back(folder: Path) -> None:
    with serving(folder, environment=altered(folder, SLOW_TO_TAKE)) as server:
        id = new_id()
        assert put(server, id).status == 201
        file = folder / "var" / "relay" / id
        with waiting_connection(server, id):
            wait_until(lambda: not file.exists(), "it is taken")
        wait_until(file.exists, "it is put back")
        assert take(server, id).body == b"sealed"
        wait_until(lambda: messages(server)["delivered"] == 1, "it was delivered once")


# Stopping, reloading


@pytest.mark.parametrize("options", WORKERS)
def test_a_stop_ends_every_wait_and_keeps_the_messages(folder: Path, options: tuple[str, ...]) -> None:
    stored = new_id()
    with serving(folder, *options, environment=altered(folder, REPORTS_TAKES)) as server:
        waiting = Waiting(server, new_id())
        assert put(server, stored).status == 201
        server.wait_until_it_says("looks for a message")
        assert server.stop() in (0, -signal.SIGTERM)
        assert waiting.response.status == 204
    with serving(folder) as server:
        assert take(server, stored).body == b"sealed"


def test_a_server_that_is_killed_loses_no_message(folder: Path) -> None:
    id = new_id()
    with serving(folder) as server:
        assert put(server, id).status == 201
        server.process.kill()
        server.process.wait(TIMEOUT)
    with serving(folder) as server:
        assert take(server, id).body == b"sealed"


def test_a_worker_that_is_killed_loses_no_message(folder: Path) -> None:
    with serving(folder, "--workers", "2") as server:
        ids = [new_id() for _ in range(10)]
        assert {put(server, id).status for id in ids} == {201}
        os.kill(int(re.findall(r"Started server process \[(\d+)\]", server.output)[0]), signal.SIGKILL)
        server.wait_until_it_says(STARTED, 3)
        assert {take(server, id).body for id in ids} == {b"sealed"}


def test_a_reload_switches_the_relay_off_and_on_and_changes_its_limit(folder: Path) -> None:
    id = new_id()
    with serving(folder, environment=with_times(folder, WAIT_SECONDS=0.1)) as server:
        assert put(server, id).status == 201
        configured(folder, f"{SETTINGS}[relay]\nenabled = false")
        server.reload()
        assert take(server, id).status == 404
        configured(folder, f"{SETTINGS}[relay]\nlimit = 1")
        server.reload()
        assert put(server, new_id()).status == 503
        assert take(server, id).body == b"sealed"
        assert put(server, new_id()).status == 201


def test_a_relay_that_is_switched_off_has_no_address_and_no_folder(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nenabled = false")
    with serving(folder) as server:
        missing = server.ask("/not-there")
        response = take(server, new_id())
        assert (response.status, response.body) == (404, missing.body)
        assert put(server, new_id()).status == server.ask("/not-there", method="POST").status == 405
    assert not (folder / "var" / "relay").exists()


# Responses, metrics, logs


def test_every_response_is_for_this_origin_and_not_cached(server: Server) -> None:
    id = new_id()
    responses = [put(server, id), put(server, id), take(server, id), take(server, id), put(server, id, b"")]
    responses += [server.ask(f"/relay/{id}", method="PUT"), take(server, id, {"Sec-Fetch-Site": "cross-site"})]

    assert [response.status for response in responses] == [201, 409, 200, 204, 400, 405, 403]
    for response in responses:
        assert response.headers.items() >= POLICY.items()
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_messages_are_counted_by_outcome_and_requests_without_ids(folder: Path) -> None:
    configured(folder, f"{SETTINGS}[relay]\nlimit = 2")
    environment = with_times(folder, WAIT_SECONDS=0.1, EXPIRE_INTERVAL_SECONDS=0.05)
    with serving(folder, environment=environment) as server:
        ids = [new_id() for _ in range(3)]
        assert [put(server, id).status for id in ids] == [201, 201, 503]
        assert put(server, ids[0]).status == 503
        assert take(server, ids[0]).status == 200
        assert take(server, ids[0], folder="/sandbox/").status == 204
        os.utime(folder / "var" / "relay" / ids[1], (0, 0))

        wait_until(lambda: messages(server)["expired"] == 1, "one has expired")
        assert messages(server) == {"stored": 2, "delivered": 1, "expired": 1, "rejected": 2}
        metrics = server.ask("/metrics").body.decode()
        for status, count in ((201, 2), (503, 2), (200, 1), (204, 1)):
            assert f'embeddable_host_requests_total{{path="/relay/",status="{status}"}} {count}.0' in metrics


def messages(server: Server) -> dict[str, float]:
    """The number of messages, by outcome."""
    families = text_string_to_metric_families(server.ask("/metrics").body.decode())
    samples = (sample for family in families for sample in family.samples)
    return {one.labels["outcome"]: one.value for one in samples if one.name == "embeddable_host_relay_messages_total"}


@pytest.mark.parametrize("options", WORKERS)
def test_nothing_of_an_id_or_a_message_is_written_down(folder: Path, options: tuple[str, ...]) -> None:
    id, content = new_id(), b"content-" + new_id().encode()
    strange = [id[1:], id.upper(), f"{id}0", f"{id}/", f"../{id}", f"{id}%3Fcode={id}", f"%2e%2e/{id}"]
    with serving(folder, *options, environment=with_times(folder, WAIT_SECONDS=0.1)) as server:
        for place in ("/", "/sandbox/"):
            assert put(server, id, content, folder=place).status == 201
            assert put(server, id, content, folder=place).status == 409
            assert put(server, id, content, {"Origin": "https://a.example", "Sec-Fetch-Site": "none"}).status == 403
            for odd in strange:
                put(server, odd, content, folder=place)
                take(server, odd, folder=place)
            assert take(server, f"{id}?code={id}", folder=place).body == content
        (folder / "var" / "relay").rmdir()
        (folder / "var" / "relay").touch()
        assert put(server, id, content).status == 503
        assert take(server, id).status == 503
        metrics = server.ask("/metrics").body
        server.wait_until_it_says("GET /metrics")

    server.wait_until_it_says(r'"POST /relay/ HTTP/1\.1" 201')
    server.wait_until_it_says(r'"GET /sandbox/relay/ HTTP/1\.1" 200')
    written = [metrics, *(file.read_bytes() for file in folder.rglob("*") if file.is_file())]
    for secret in (id.encode(), id.upper().encode(), id[1:].encode(), content):
        assert [text for text in written if secret in text] == []
    assert not [file for file in folder.rglob("*") if id in file.name]
