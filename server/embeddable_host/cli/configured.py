"""What commands with settings share. The others do not import it, so they start faster."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from embeddable_host.config.load import load
from embeddable_host.config.settings import FILE_NAME, Settings
from embeddable_host.config.warnings import warnings

F = TypeVar("F", bound=Callable[..., None])


def load_settings(config: Path | None) -> Settings:
    """The settings; prints their warnings."""
    settings = load(config)
    for warning in warnings(settings):
        click.echo(f"Warning: {warning}", err=True)
    return settings


def config_option(command: F) -> F:
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help=f"The settings file (default: {FILE_NAME} in the working directory, if it exists).",
    )(command)
