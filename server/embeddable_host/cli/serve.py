"""`embeddable-host serve`: run the host."""

import contextlib
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from embeddable_host.cli.common import errors_reported
from embeddable_host.cli.configured import config_option, load_settings
from embeddable_host.config.environment import SERVE_VARIABLES
from embeddable_host.config.settings import Settings
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.store import current
from embeddable_host.serving.app import create_app
from embeddable_host.serving.log import print_line
from embeddable_host.serving.serve import announcement, listening, run, set_up_process


class Mode(click.ParamType[int]):
    """The mode of a file in octal, such as 660."""

    name = "mode"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, str) and re.fullmatch("[0-7]{3}", value):
            return int(value, 8)
        self.fail(f"{value!r} is not an octal mode such as 660.", param, ctx)


def from_variable(option: str) -> dict[str, Any]:
    """Lets a variable set an option."""
    return {"envvar": SERVE_VARIABLES[option], "show_envvar": True}


@click.command(epilog="Example: embeddable-host serve --host 0.0.0.0 --port 8000 --workers 2")
@click.option("--host", default="127.0.0.1", show_default=True, **from_variable("host"), help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    **from_variable("port"),
    help="Port to listen on.",
)
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this Unix socket instead.")
@click.option("--uds-mode", default="666", show_default=True, type=Mode(), help="Who may connect to it, as for chmod.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Number of worker processes.")
@click.option(
    "--pull",
    "version",
    metavar="VERSION",
    **from_variable("pull"),
    help='If no release is installed, first download this one: "latest" or a version.',
)
@click.option("--reload", is_flag=True, help="Reload automatically when settings or pages change.")
@config_option
def serve(
    host: str,
    port: int,
    uds: Path | None,
    uds_mode: int,
    workers: int,
    version: str | None,
    reload: bool,
    config: Path | None,
) -> None:
    """Run the server. SIGHUP reloads the settings; a new current release is loaded automatically."""
    set_up_process()
    with errors_reported():
        settings = load_settings(config)
        if version:
            pull_if_none(settings, version)
        app = create_app(settings, config, reload)
        with listening(host, port, uds, uds_mode) as listener:
            print_line(announcement(settings, app.site.release, listener))
            run(app, listener, workers, config, reload)


def pull_if_none(settings: Settings, version: str) -> None:
    """Pulls a release if there is no current one. Raises ReleaseError, so that --pull never serves the CDN's widget."""
    if current(settings.releases):
        return
    from embeddable_host.cli.pull import pull_with_progress  # slow to import, and most starts do not need it

    try:
        with sigterm_as_interrupt():
            pull_with_progress(settings, version, None)
    except ReleaseError as error:
        remedy = "Without --pull, the server starts with the CDN's widget."
        raise ReleaseError(f"{error}\nNot started: there is no release, and --pull requires one. {remedy}") from None


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Makes SIGTERM work like Ctrl-C: the first process of a container ignores it otherwise (pid_namespaces(7))."""
    interrupts = {
        signal.SIGINT: signal.default_int_handler,  # it may be ignored, and asyncio replaces it
        signal.SIGTERM: lambda *_: signal.raise_signal(signal.SIGINT),
    }
    before = {number: signal.signal(number, handler) for number, handler in interrupts.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
