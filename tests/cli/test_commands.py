"""The commands: each has help with an example, and wrong usage does nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.config.load import load
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


def test_help_and_version_do_not_need_valid_settings(tmp_path: Path) -> None:
    configured(tmp_path, BAD)
    for option, part in (("--help", "Example: "), ("--version", "embeddable-host")):
        done = run(tmp_path, option)
        assert (done.returncode, part in done.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [["--version"], ["nginx", "--server-name", "phone.example.com"], ["systemd"]])
def test_a_command_without_settings_does_not_import_them(tmp_path: Path, arguments: list[str]) -> None:
    """They are slow to import."""
    program = (
        "import sys; from embeddable_host.cli.main import main; "
        "main(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "click" in loaded
    assert not {"asyncio", "pydantic", "starlette", "httpx2"} & set(loaded)


@pytest.mark.parametrize(
    "arguments", [["srve"], ["serve", "--prt", "1"], ["serve", "--workers", "0"], ["releases", "use"]]
)
def test_bad_usage_ends_with_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    done = call(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


def test_init_writes_a_file_that_works_as_it_is_and_uncommented(tmp_path: Path) -> None:
    assert call(tmp_path, "init").stdout == "embeddable.toml\n"
    file = tmp_path / "embeddable.toml"
    assert load(file).params == {}
    settings = re.sub(r"^# (?=\S+ = |\[)", "", file.read_text(), flags=re.MULTILINE)
    file.write_text(settings)
    assert load(file).params == {"clientId": "your-client-id"}
    assert list(load(file).profiles) == ["sandbox"]


def test_init_does_not_overwrite_a_file(tmp_path: Path) -> None:
    configured(tmp_path, BAD)
    done = call(tmp_path, "init")
    assert (done.returncode, done.stdout) == (2, "")
    assert "already exists and was not changed" in " ".join(done.stderr.split())
    assert (tmp_path / "embeddable.toml").read_text() == BAD
