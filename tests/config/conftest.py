"""Writes and loads the settings of a host."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from world.settings import FILE, error_lines


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: empty, and no EMBEDDABLE_ variable in the environment."""
    for name in list(os.environ):
        if name.upper().startswith("EMBEDDABLE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes the settings file and sets variables, named without their prefix."""

    def configure(toml: str = "", **variables: str) -> None:
        (folder / FILE).write_text(toml, encoding="utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(f"EMBEDDABLE_{name}", value)

    return configure


@pytest.fixture
def loaded(configure: Callable[..., None]) -> Callable[..., Settings]:
    def loaded(toml: str = "", **variables: str) -> Settings:
        configure(toml, **variables)
        return load()

    return loaded


@pytest.fixture
def refused(configure: Callable[..., None]) -> Callable[..., list[str]]:
    """The error messages of a command that refuses the settings."""

    def refused(toml: str = "", **variables: str) -> list[str]:
        configure(toml, **variables)
        return error_lines(CliRunner().invoke(main, ["releases"]))

    return refused
