"""One client address cannot use up what the relay has for everybody."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddable_host.relay.endpoint import client_of
from embeddable_host.relay.protocol import CLIENT_SHARE
from world.host import Server, configured, serving
from world.relay import Waiting, new_id, post, take
from world.timeouts import wait_until

LIMIT = 40
SHARE = LIMIT // CLIENT_SHARE
SETTINGS = f'relay.limit = {LIMIT}\nrelay.client_address_header = "X-Real-IP"\n'
ONE, OTHER = {"X-Real-IP": "192.0.2.1"}, {"X-Real-IP": "192.0.2.2"}


@pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "workers"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with serving(configured(tmp_path / "host", SETTINGS), *request.param) as server:
        yield server


def statuses(server: Server, client: dict[str, str], count: int) -> list[int]:
    """The statuses of so many messages from one client."""
    return [post(server, f"/relay/{new_id()}", b"x", client).status for _ in range(count)]


def test_one_client_floods_and_another_signs_in(server: Server) -> None:
    assert statuses(server, ONE, LIMIT) == [201] * SHARE + [429] * (LIMIT - SHARE)

    id = new_id()
    assert post(server, f"/relay/{id}", b"sealed", OTHER).status == 201
    assert take(server, id, OTHER).body == b"sealed"


def test_a_client_gets_room_again_when_its_messages_are_delivered(server: Server) -> None:
    ids = [new_id() for _ in range(SHARE)]
    assert [post(server, f"/relay/{id}", b"x", ONE).status for id in ids] == [201] * SHARE
    assert statuses(server, ONE, 1) == [429]

    assert take(server, ids[0], OTHER).status == 200
    assert statuses(server, ONE, 2) == [201, 429]


def test_the_same_message_again_is_a_conflict_and_costs_no_room(server: Server) -> None:
    id = new_id()
    assert [post(server, f"/relay/{id}", b"x", ONE).status for _ in range(3)] == [201, 409, 409]
    assert [post(server, f"/relay/{id}", b"x", OTHER).status for _ in range(2)] == [409, 409]
    assert statuses(server, ONE, SHARE) == [201] * (SHARE - 1) + [429]
    assert statuses(server, OTHER, SHARE) == [201] * SHARE


def test_one_client_waits_for_its_share_of_messages_and_another_still_may(tmp_path: Path) -> None:
    with serving(configured(tmp_path / "host", SETTINGS)) as server:
        waiting = [Waiting(server, new_id(), ONE) for _ in range(SHARE + 3)]
        wait_until(lambda: sum(not one.is_alive() for one in waiting) == 3, "as many wait as may", seconds=20)

        id = new_id()
        assert post(server, f"/relay/{id}", b"sealed", OTHER).status == 201
        assert take(server, id, OTHER).status == 200
        assert sum(one.is_alive() for one in waiting) == SHARE


def test_no_address_is_kept(server: Server, tmp_path: Path) -> None:
    statuses(server, ONE, 2)
    folder = tmp_path / "host" / "var" / "relay"
    names = [file.name for file in folder.iterdir()]
    assert sum("~" in name for name in names) == 2
    assert "192.0.2" not in "".join(names)
    assert all(b"192.0.2" not in file.read_bytes() for file in folder.iterdir())


def test_without_the_setting_the_header_means_nothing(tmp_path: Path) -> None:
    with serving(configured(tmp_path / "host", f"relay.limit = {LIMIT}\n")) as server:
        assert statuses(server, ONE, LIMIT + 1) == [201] * LIMIT + [503]


@pytest.mark.parametrize(
    ("fields", "client"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["203.0.113.9, 192.0.2.1"], "192.0.2.1"),  # a proxy appends; what stands before is the client's word
        (["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
        (["2001:db8::1"], "2001:db8::/64"),
        (["2001:db8:0:0:ffff::9"], "2001:db8::/64"),
        (["[2001:db8:0:1::1]"], "2001:db8:0:1::/64"),
        (["::ffff:192.0.2.1"], "192.0.2.1"),
        (["unknown"], ""),
        (["192.0.2.1:1234"], ""),
        ([""], ""),
        ([], ""),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(fields: list[str], client: str) -> None:
    assert client_of(fields) == client


def test_messages_that_expire_make_room(tmp_path: Path) -> None:
    folder = configured(tmp_path / "host", SETTINGS)
    with serving(folder) as server:
        assert statuses(server, ONE, SHARE + 1) == [201] * SHARE + [429]
        old = time.time() - 1000
        for file in (folder / "var" / "relay").iterdir():
            os.utime(file, (old, old))
        wait_until(lambda: statuses(server, ONE, 1) == [201], "they have expired")
