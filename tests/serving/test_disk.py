"""A disk that is full or read-only: the host goes on serving, and logs what cannot be written."""

import subprocess
from pathlib import Path

import pytest

from embeddable_host.releases.store import installed
from world.disk import closing, mounted
from world.host import COMMAND, ENVIRONMENT, LARGE, LARGE_CONTENT, configured, serving
from world.release import media
from world.small_release import a_release
from world.timeouts import TIMEOUT

WRITTEN = 3_000_000  # bytes of a release that has no room


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", '[redirect]\ntitle = "before"')


def ran(folder: Path, within: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `embeddable-host` in `folder`, and appends what is in `var/releases` then to its stderr."""
    shell = ("sh", "-c", '"$@"; code=$?; echo "left: $(ls -A var/releases | tr "\\n" " ")" >&2; exit $code', "sh")
    command = [*within, *shell, COMMAND, *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=TIMEOUT)


DISKS = {"full": ("size=2m", "No space left on device"), "read-only": ("size=9m", "Read-only file system")}


@pytest.mark.parametrize("disk", DISKS)
def test_a_pull_that_the_disk_refuses_reports_it_and_leaves_what_was_served(folder: Path, disk: str) -> None:
    options, reason = DISKS[disk]
    before = a_release(folder / "before")
    large = a_release(folder / "large", **{"audio/long.ogg": media(b"OggS", WRITTEN)})
    then = f'{COMMAND} pull --from {before} && echo "served: $(ls var/releases)"'
    if disk == "read-only":
        then += f" && {closing(folder / 'var')}"
    done = ran(folder, mounted(folder / "var", options, then), "pull", "--from", str(large))

    assert done.returncode == 2
    assert reason in done.stderr
    assert "Check the free space and the permissions there; what was served is untouched" in done.stderr
    assert "Traceback" not in done.stderr
    served = done.stdout.split("served: ")[1].split()
    left = done.stderr.split("left: ")[1].split()
    assert sorted(left) == sorted([*served, ".lock"])
    assert "current" in left


@pytest.mark.parametrize("disk", DISKS)
def test_a_host_starts_and_reloads_where_nothing_can_be_kept(folder: Path, disk: str) -> None:
    options = {"full": "size=4k", "read-only": "size=1m"}[disk]
    then = {"full": "true", "read-only": closing(folder / "var")}[disk]
    with serving(folder, within=mounted(folder / "var", options, then)) as server:
        server.wait_until_it_says(r"cannot be (kept|made) in .*cache")
        configured(folder, '[redirect]\ntitle = "after"')
        server.reload()
        assert '"after"' in server.ask("/redirect.html").body.decode()
        assert server.ask("/adapter.js").status == 200
        assert server.times_said("cannot be (kept|made)") < 5
        assert "Traceback" not in server.output


def test_a_disk_that_fills_while_the_host_runs_changes_nothing_of_what_is_served(folder: Path) -> None:
    then = f"{COMMAND} pull --from {a_release(folder / 'built', **{LARGE: LARGE_CONTENT})} >&2"
    with serving(folder, within=mounted(folder / "var", "size=4m", then)) as server:
        var = Path(f"/proc/{server.process.pid}/root{folder}/var")  # as the host sees it
        [release] = installed(var / "releases")
        with pytest.raises(OSError, match="No space left"):
            (var / "filler").write_bytes(bytes(8_000_000))
        configured(folder, '[redirect]\ntitle = "after"')
        server.reload()

        assert '"after"' in server.ask("/redirect.html").body.decode()
        assert server.ask(f"/widget/{release}/{LARGE}").body == LARGE_CONTENT
        assert "Traceback" not in server.output
