"""What the commands share: error messages, progress, and output files."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from embeddable_host.deploy.template import ConfigurationError
from embeddable_host.error import HostError
from embeddable_host.files import write_new
from embeddable_host.text import without_controls

BAD_USAGE = 2


class Bar:
    """Progress on stderr: a bar for each stage on a terminal, otherwise a line."""

    def __init__(self) -> None:
        self._bar: Any = None

    def begin(self, stage: str) -> None:
        self.close()
        self._bar = click.progressbar(length=1, label=stage, file=sys.stderr)
        self._bar.__enter__()

    def total(self, steps: int) -> None:
        self._bar.length = steps

    def advance(self, steps: int = 1) -> None:
        self._bar.update(steps)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


@contextlib.contextmanager
def errors_reported() -> Iterator[None]:
    """Turns errors that a user can fix into a message and exit code 2."""
    try:
        yield
    except (HostError, OSError) as error:
        for line in str(error).split("\n"):
            click.echo(f"Error: {without_controls(line)}", err=True)
        sys.exit(BAD_USAGE)


def write_output(text: str, file: Path | None) -> None:
    """Prints a configuration, or writes it to a new file."""
    if file is None:
        return click.echo(text, nl=False)
    try:
        write_new(file, text.encode())
    except FileExistsError:
        raise ConfigurationError(f"{file} already exists and was not changed. Remove it first.") from None
    click.echo(file)
