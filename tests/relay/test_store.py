"""The relay's folder: what is stored there and for how long, and what happens where the folder cannot be used."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from world.disk import closing, mounted
from world.host import Server, configured, serving
from world.relay import new_id, put, take, with_times
from world.timeouts import wait_until

LIFETIME_SECONDS = 120
ERROR = "The relay cannot use its folder"
NO_CLIENT = b"-" * 16  # the beginning of a message's file where no client address is known


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A host's folder, for a host of the test's own."""
    return configured(tmp_path / "host")


@pytest.fixture(scope="module")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host's folder of `server`."""
    return configured(tmp_path_factory.mktemp("relay") / "host")


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[Server]:
    """A host where nobody waits long, and expired messages are removed at once."""
    with serving(
        server_folder, environment=with_times(server_folder, WAIT_SECONDS=0.1, EXPIRE_INTERVAL_SECONDS=0.05)
    ) as server:
        yield server


@pytest.fixture
def messages(server_folder: Path) -> Path:
    """The relay's folder of `server`, empty at first."""
    relay = relay_dir(server_folder)
    shutil.rmtree(relay, ignore_errors=True)
    relay.mkdir(parents=True)
    return relay


def relay_dir(folder: Path) -> Path:
    return folder / "var" / "relay"


def errors_logged(server: Server) -> list[str]:
    return [line for line in server.output.splitlines() if ERROR in line]


# What is stored


def test_a_message_is_a_file_that_only_its_owner_can_read_whatever_the_umask(folder: Path) -> None:
    umask = os.umask(0)
    try:
        with serving(folder) as server:
            id = new_id()
            assert put(server, id, b"content").status == 201
    finally:
        os.umask(umask)

    [message] = relay_dir(folder).iterdir()
    assert (message.name, message.read_bytes()) == (id, NO_CLIENT + b"content")
    assert stat.S_IMODE(message.stat().st_mode) == 0o600
    assert stat.S_IMODE(message.parent.stat().st_mode) == 0o700
    assert message.stat().st_nlink == 1


def test_a_delivered_message_leaves_nothing_behind(server: Server, messages: Path) -> None:
    id = new_id()
    put(server, id)
    assert take(server, id).status == 200
    assert list(messages.iterdir()) == []


def test_messages_and_unfinished_files_expire_and_other_files_do_not(server: Server, messages: Path) -> None:
    id, unfinished = new_id(), f".{new_id()[:32]}"
    assert put(server, id).status == 201
    others = ["notes.txt", new_id()[1:], f"{new_id()}.Sandbox", ".hidden"]
    for name in (unfinished, *others):
        (messages / name).write_bytes(b"x")
    for file in messages.iterdir():
        age(file, LIFETIME_SECONDS + 1)

    wait_until(lambda: not (messages / id).exists(), "the message has expired")
    wait_until(lambda: not (messages / unfinished).exists(), "the unfinished file has expired")
    assert sorted(file.name for file in messages.iterdir()) == sorted(others)


def test_messages_that_are_there_when_a_server_starts_expire(folder: Path) -> None:
    message = relay_dir(folder) / new_id()
    message.parent.mkdir(parents=True)
    message.write_bytes(NO_CLIENT + b"x")
    age(message, LIFETIME_SECONDS + 1)
    with serving(folder):
        wait_until(lambda: not message.exists(), "it has expired")


def test_messages_in_a_folder_that_is_no_longer_used_expire(folder: Path) -> None:
    with serving(folder, environment=with_times(folder, EXPIRE_INTERVAL_SECONDS=0.05)) as server:
        id = new_id()
        assert put(server, id).status == 201
        configured(folder, '[relay]\ndir = "elsewhere"')
        server.reload()
        elsewhere = new_id()
        assert put(server, elsewhere).status == 201
        assert (folder / "elsewhere" / elsewhere).is_file()
        age(relay_dir(folder) / id, LIFETIME_SECONDS + 1)

        wait_until(lambda: not (relay_dir(folder) / id).exists(), "it has expired")


# Clock jumps: the time of a message is as far away as it would be after one.


def age(file: Path, seconds: float) -> None:
    """Makes a file older by this many seconds."""
    written = file.lstat().st_mtime - seconds
    os.utime(file, (written, written), follow_symlinks=False)


@pytest.mark.parametrize("seconds", [LIFETIME_SECONDS - 60, 60 - LIFETIME_SECONDS], ids=["forward", "back"])
def test_a_message_survives_a_clock_that_is_set_by_less_than_its_lifetime(
    server: Server, messages: Path, seconds: float
) -> None:
    id = new_id()
    put(server, id)
    age(messages / id, seconds)
    assert take(server, id).status == 200


@pytest.mark.parametrize("seconds", [LIFETIME_SECONDS + 1, -LIFETIME_SECONDS - 60], ids=["forward", "back"])
def test_a_message_does_not_survive_a_clock_that_is_set_by_more(folder: Path, seconds: float) -> None:
    """Even before it is removed."""
    with serving(folder, environment=with_times(folder, WAIT_SECONDS=0.1)) as server:
        id = new_id()
        put(server, id, b"old")
        age(relay_dir(folder) / id, seconds)

        assert take(server, id).status == 204
        assert put(server, id, b"new").status == 201
        assert take(server, id).body == b"new"


# A folder that cannot be used


def test_a_full_disk_rejects_messages_and_is_logged_once_until_there_is_room(folder: Path) -> None:
    within = mounted(relay_dir(folder), "size=64k")
    with serving(folder, environment=with_times(folder, WAIT_SECONDS=0.1), within=within) as server:
        stored = []
        while put(server, id := new_id(), b"x" * 8192).status == 201:
            stored.append(id)
        responses = [put(server, id, b"x" * 8192) for _ in range(3)]

        assert stored
        assert {response.status for response in responses} == {507}
        wait_until(lambda: len(errors_logged(server)) == 1, "it is logged")
        assert f"{relay_dir(folder)}. Make the folder writable" in server.output
        assert "(relay.dir): No space left on device" in server.output
        assert take(server, id).status == 204
        for id in stored:
            assert take(server, id).body == b"x" * 8192
        assert put(server, stored[0]).status == 201
        while put(server, new_id(), b"x" * 8192).status == 201:
            pass
        wait_until(lambda: len(errors_logged(server)) == 2, "it is logged again")


def test_a_disk_without_room_for_a_file_name_rejects_messages(folder: Path) -> None:
    with serving(folder, within=mounted(relay_dir(folder), "nr_inodes=1")) as server:
        assert put(server, new_id()).status == 507


def test_a_folder_that_cannot_be_written_to_rejects_messages_and_is_logged_once(folder: Path) -> None:
    id, messages = new_id(), relay_dir(folder)
    within = mounted(messages, "size=64k", f"echo {NO_CLIENT.decode()}sealed >{messages / id} && {closing(messages)}")
    with serving(folder, environment=with_times(folder, WAIT_SECONDS=0.1), within=within) as server:
        responses = [put(server, new_id()), put(server, new_id()), take(server, id)]

        assert [(response.status, response.headers["retry-after"]) for response in responses] == 3 * [(503, "2")]
        assert take(server, new_id()).status == 204
        [line] = errors_logged(server)
        assert f"{messages}. Make the folder writable" in line
        assert "(relay.dir): Read-only file system" in line
        assert id not in server.output
        assert server.ask("/redirect.html").status == 200


def test_a_folder_that_was_deleted_is_created_again(server: Server, messages: Path) -> None:
    for _ in range(2):
        shutil.rmtree(messages)
        id = new_id()
        assert take(server, id).status == 204
        assert put(server, id).status == 201
        assert take(server, id).status == 200
    assert errors_logged(server) == []


def test_a_folder_that_cannot_be_created_rejects_messages_and_is_logged_once(folder: Path) -> None:
    configured(folder, '[relay]\ndir = "embeddable.toml/relay"')
    with serving(folder) as server:
        for _ in range(3):
            response = put(server, new_id())
            assert (response.status, response.headers["retry-after"]) == (503, "2")
        assert take(server, new_id()).status == 503
        [line] = errors_logged(server)
        assert "embeddable.toml/relay. Make the folder writable" in line
        assert "(relay.dir): Not a directory" in line


# Planted files


@pytest.mark.parametrize(
    "target", ["secret.txt", "nothing.txt", ".", "itself"], ids=["file", "nothing", "folder", "itself"]
)
def test_a_link_is_not_followed(server: Server, messages: Path, folder: Path, target: str) -> None:
    (folder / "secret.txt").write_text("secret")
    id = new_id()
    (messages / id).symlink_to(id if target == "itself" else folder / target)

    assert (take(server, id).status, put(server, id).status) == (204, 409)
    assert (folder / "secret.txt").read_text() == "secret"
    assert not (folder / "nothing.txt").exists()
    age(messages / id, LIFETIME_SECONDS + 1)
    wait_until(lambda: not (messages / id).is_symlink(), "the link has expired")
    assert put(server, id).status == 201
    assert (folder / "secret.txt").read_text() == "secret"


def test_a_folder_or_a_pipe_is_no_message(server: Server, messages: Path) -> None:
    pipe, inner = new_id(), new_id()
    (messages / inner).mkdir()
    os.mkfifo(messages / pipe)
    for id in (pipe, inner):
        assert (take(server, id).status, put(server, id).status) == (204, 409)
    age(messages / inner, LIFETIME_SECONDS + 1)
    age(messages / pipe, LIFETIME_SECONDS + 1)
    wait_until(lambda: not (messages / pipe).exists(), "the pipe has expired")
    assert (messages / inner).is_dir()
    assert errors_logged(server) == []


@pytest.mark.parametrize("size", [0, 8193])
def test_a_file_that_is_too_small_or_too_large_is_no_message(server: Server, messages: Path, size: int) -> None:
    id = new_id()
    put(server, id)
    (messages / id).write_bytes(NO_CLIENT + b"x" * size)
    assert take(server, id).status == 204
