"""The folder of letters: what lies there and for how long, and what becomes of a sign-in where it cannot be used."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from world.disk import closing, mounted
from world.host import Server, configured, serving
from world.relay import hurried, leave, new_id, take
from world.timeouts import wait_until

LIFE = 120  # seconds
TROUBLE = "The relay cannot use its folder"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A host's folder, for a host of the test's own."""
    return configured(tmp_path / "host")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `server`."""
    return configured(tmp_path_factory.mktemp("letters") / "host")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    """A host where nobody waits long, and what has expired is gone at once."""
    with serving(home, environment=hurried(home, WAIT_SECONDS=0.1, SWEEP_SECONDS=0.05)) as server:
        yield server


@pytest.fixture
def letters(home: Path) -> Path:
    """Where the letters of `server` lie: nothing does at first."""
    relay = home / "var" / "relay"
    shutil.rmtree(relay, ignore_errors=True)
    relay.mkdir(parents=True)
    return relay


def letters_of(folder: Path) -> Path:
    return folder / "var" / "relay"


def trouble_told(server: Server) -> list[str]:
    return [line for line in server.output.splitlines() if TROUBLE in line]


# What lies there


def test_a_letter_is_a_file_for_its_owner_alone_whatever_is_usual(folder: Path) -> None:
    usual = os.umask(0)
    try:
        with serving(folder) as server:
            id = new_id()
            assert leave(server, id, b"content").status == 201
    finally:
        os.umask(usual)

    [letter] = letters_of(folder).iterdir()
    assert (letter.name, letter.read_bytes()) == (id, b"content")
    assert stat.S_IMODE(letter.stat().st_mode) == 0o600
    assert stat.S_IMODE(letter.parent.stat().st_mode) == 0o700
    assert letter.stat().st_nlink == 1


def test_a_letter_that_was_taken_leaves_nothing_behind(server: Server, letters: Path) -> None:
    id = new_id()
    leave(server, id)
    assert take(server, id).status == 200
    assert list(letters.iterdir()) == []


def test_letters_and_what_was_left_unfinished_expire_and_other_files_do_not(server: Server, letters: Path) -> None:
    id, unfinished = new_id(), f".{new_id()[:32]}"
    assert leave(server, id).status == 201
    others = ["notes.txt", new_id()[1:], f"{new_id()}.Sandbox", ".hidden"]
    for name in (unfinished, *others):
        (letters / name).write_bytes(b"x")
    for file in letters.iterdir():
        age(file, LIFE + 1)

    wait_until(lambda: not (letters / id).exists(), "the letter has expired")
    wait_until(lambda: not (letters / unfinished).exists(), "so has what was never finished")
    assert sorted(file.name for file in letters.iterdir()) == sorted(others)


def test_letters_that_lie_there_when_a_server_starts_expire(folder: Path) -> None:
    letter = letters_of(folder) / new_id()
    letter.parent.mkdir(parents=True)
    letter.write_bytes(b"x")
    age(letter, LIFE + 1)
    with serving(folder):
        wait_until(lambda: not letter.exists(), "it has expired")


def test_letters_in_a_folder_that_is_not_used_any_more_expire(folder: Path) -> None:
    with serving(folder, environment=hurried(folder, SWEEP_SECONDS=0.05)) as server:
        id = new_id()
        assert leave(server, id).status == 201
        configured(folder, '[relay]\nfolder = "elsewhere"')
        server.reload()
        elsewhere = new_id()
        assert leave(server, elsewhere).status == 201
        assert (folder / "elsewhere" / elsewhere).is_file()
        age(letters_of(folder) / id, LIFE + 1)

        wait_until(lambda: not (letters_of(folder) / id).exists(), "it has expired")


# Clock jumps: the time of a letter is as far away as it would be after one.


def age(file: Path, seconds: float) -> None:
    """Makes a file older by so many seconds."""
    written = file.lstat().st_mtime - seconds
    os.utime(file, (written, written), follow_symlinks=False)


@pytest.mark.parametrize("seconds", [LIFE - 60, 60 - LIFE], ids=["forward", "back"])
def test_a_letter_outlives_a_clock_that_is_set_by_less_than_its_life(
    server: Server, letters: Path, seconds: float
) -> None:
    id = new_id()
    leave(server, id)
    age(letters / id, seconds)
    assert take(server, id).status == 200


@pytest.mark.parametrize("seconds", [LIFE + 1, -LIFE - 60], ids=["forward", "back"])
def test_a_letter_does_not_outlive_a_clock_that_is_set_by_more(folder: Path, seconds: float) -> None:
    """Even if nobody has seen yet that it expired."""
    with serving(folder, environment=hurried(folder, WAIT_SECONDS=0.1)) as server:
        id = new_id()
        leave(server, id, b"old")
        age(letters_of(folder) / id, seconds)

        assert take(server, id).status == 204
        assert leave(server, id, b"new").status == 201
        assert take(server, id).body == b"new"


# A folder that cannot be used


def test_a_full_disk_refuses_letters_and_is_told_once_until_there_is_room(folder: Path) -> None:
    within = mounted(letters_of(folder), "size=64k")
    with serving(folder, environment=hurried(folder, WAIT_SECONDS=0.1), within=within) as server:
        left = []
        while leave(server, id := new_id(), b"x" * 8192).status == 201:
            left.append(id)
        answers = [leave(server, id, b"x" * 8192) for _ in range(3)]

        assert left
        assert {answer.status for answer in answers} == {507}
        assert len(trouble_told(server)) == 1
        assert f"{letters_of(folder)}: No space left on device" in server.output
        assert take(server, id).status == 204
        for id in left:
            assert take(server, id).body == b"x" * 8192
        assert leave(server, left[0]).status == 201
        while leave(server, new_id(), b"x" * 8192).status == 201:
            pass
        assert len(trouble_told(server)) == 2


def test_a_disk_without_room_for_a_name_refuses_letters(folder: Path) -> None:
    with serving(folder, within=mounted(letters_of(folder), "nr_inodes=1")) as server:
        assert leave(server, new_id()).status == 507


def test_a_folder_that_cannot_be_written_to_refuses_letters_and_is_told_once(folder: Path) -> None:
    id, letters = new_id(), letters_of(folder)
    within = mounted(letters, "size=64k", f"echo sealed >{letters / id} && {closing(letters)}")
    with serving(folder, environment=hurried(folder, WAIT_SECONDS=0.1), within=within) as server:
        answers = [leave(server, new_id()), leave(server, new_id()), take(server, id)]

        assert [(answer.status, answer.headers["retry-after"]) for answer in answers] == 3 * [(503, "2")]
        assert take(server, new_id()).status == 204
        [told] = trouble_told(server)
        assert f"{letters}: Read-only file system" in told
        assert id not in server.output
        assert server.ask("/redirect.html").status == 200


def test_a_folder_that_is_gone_is_made_again(server: Server, letters: Path) -> None:
    for _ in range(2):
        shutil.rmtree(letters)
        id = new_id()
        assert take(server, id).status == 204
        assert leave(server, id).status == 201
        assert take(server, id).status == 200
    assert trouble_told(server) == []


def test_a_folder_that_cannot_be_made_refuses_letters_and_is_told_once(folder: Path) -> None:
    configured(folder, '[relay]\nfolder = "embeddable.toml/relay"')
    with serving(folder) as server:
        for _ in range(3):
            answer = leave(server, new_id())
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert take(server, new_id()).status == 503
        [told] = trouble_told(server)
        assert "embeddable.toml/relay: Not a directory" in told
        assert "relay.dir" in told


# Planted in the folder


@pytest.mark.parametrize(
    "target", ["secret.txt", "nothing.txt", ".", "itself"], ids=["file", "nothing", "folder", "itself"]
)
def test_a_link_is_not_followed(server: Server, letters: Path, folder: Path, target: str) -> None:
    (folder / "secret.txt").write_text("secret")
    id = new_id()
    (letters / id).symlink_to(id if target == "itself" else folder / target)

    assert (take(server, id).status, leave(server, id).status) == (204, 409)
    assert (folder / "secret.txt").read_text() == "secret"
    assert not (folder / "nothing.txt").exists()
    age(letters / id, LIFE + 1)
    wait_until(lambda: not (letters / id).is_symlink(), "the link has expired")
    assert leave(server, id).status == 201
    assert (folder / "secret.txt").read_text() == "secret"


def test_a_folder_or_a_pipe_is_no_letter(server: Server, letters: Path) -> None:
    pipe, inner = new_id(), new_id()
    (letters / inner).mkdir()
    os.mkfifo(letters / pipe)
    for id in (pipe, inner):
        assert (take(server, id).status, leave(server, id).status) == (204, 409)
    age(letters / inner, LIFE + 1)
    age(letters / pipe, LIFE + 1)
    wait_until(lambda: not (letters / pipe).exists(), "the pipe has expired")
    assert (letters / inner).is_dir()
    assert trouble_told(server) == []


@pytest.mark.parametrize("size", [0, 8193])
def test_a_letter_that_was_cut_or_has_grown_in_its_place_is_none(server: Server, letters: Path, size: int) -> None:
    id = new_id()
    leave(server, id)
    (letters / id).write_bytes(b"x" * size)
    assert take(server, id).status == 204
