"""The commands: each explains itself, and one that is misused does nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from world.host import call, configured, run

BAD = 'public_url = "phone"'


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


def test_the_command_answers_without_any_settings(tmp_path: Path) -> None:
    configured(tmp_path, BAD)
    for option, part in (("--help", "Example: "), ("--version", "embeddable-host")):
        done = run(tmp_path, option)
        assert (done.returncode, part in done.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [["--version"], ["nginx", "--server-name", "phone.example.com"], ["systemd"]])
def test_a_command_that_needs_no_settings_starts_without_what_they_need(tmp_path: Path, arguments: list[str]) -> None:
    """These are what takes long to import."""
    program = "import sys; from embeddable_host.cli.main import main; main(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "click" in loaded
    assert not {"asyncio", "pydantic", "starlette", "httpx2"} & set(loaded)


@pytest.mark.parametrize(
    "arguments", [["srve"], ["serve", "--prt", "1"], ["serve", "--workers", "0"], ["releases", "use"]]
)
def test_bad_usage_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    done = call(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr
