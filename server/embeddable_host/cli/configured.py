"""What the commands share that need the settings; the others start without reading what these are."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from embeddable_host.config.load import load
from embeddable_host.config.settings import FILE_NAME, Settings
from embeddable_host.config.warnings import warnings

F = TypeVar("F", bound=Callable[..., None])


def settings_of(config: Path | None) -> Settings:
    """The settings, with their warnings told."""
    settings = load(config)
    for warning in warnings(settings):
        click.echo(f"Warning: {warning}", err=True)
    return settings


def config_option(command: F) -> F:
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help=f"The settings file; {FILE_NAME} in the working directory unless given, and none is fine.",
    )(command)
