"""`embeddable-host serve`: run the host."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from embeddable_host.cli.common import explained
from embeddable_host.cli.configured import config_option, settings_of
from embeddable_host.config.environment import SERVE_VARIABLES
from embeddable_host.config.settings import Settings
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.store import current
from embeddable_host.serving.app import create_app
from embeddable_host.serving.serve import announcement, listening, run, set_up_process


def by_variable(option: str) -> dict[str, Any]:
    """What lets a variable give an option's value."""
    return {"envvar": SERVE_VARIABLES[option], "show_envvar": True}


@click.command(epilog="Example: embeddable-host serve --host 0.0.0.0 --port 8000 --workers 2")
@click.option("--host", default="127.0.0.1", show_default=True, **by_variable("host"), help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    **by_variable("port"),
    help="Port to listen on.",
)
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this Unix socket instead.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option(
    "--pull",
    "version",
    metavar="VERSION",
    **by_variable("pull"),
    help='If no release is here yet, first get this one: "latest", or a version.',
)
@click.option("--reload", is_flag=True, help="Serve changed settings and pages without being asked to.")
@config_option
def serve(
    host: str, port: int, uds: Path | None, workers: int, version: str | None, reload: bool, config: Path | None
) -> None:
    """Serve the host. SIGHUP reloads the settings; a new current release is picked up by itself."""
    set_up_process()
    with explained():
        settings = settings_of(config)
        if version:
            pull_first(settings, version)
        app = create_app(settings, config, reload)
        with listening(host, port, uds) as listener:
            click.echo(announcement(settings, app.site.release, listener), err=True)
            run(app, listener, workers, config, reload)


def pull_first(settings: Settings, version: str) -> None:
    """Gets a release where there is no current one. Raises ReleaseError: whoever asks for one is not served less."""
    if current(settings.releases):
        return
    from embeddable_host.cli.pull import pull_shown  # what it needs takes a while to load, and most starts do without

    try:
        with stoppable():
            pull_shown(settings, version, None)
    except ReleaseError as error:
        remedy = "Leave --pull out to serve the CDN's widget."
        raise ReleaseError(f"{error}\nNo release is here, and --pull asks for one: not started. {remedy}") from None


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Lets SIGTERM do what Ctrl-C does: the first process of a container would not hear it (pid_namespaces(7))."""
    interrupts = {
        signal.SIGINT: signal.default_int_handler,  # which may be ignored, and asyncio's is put in its place
        signal.SIGTERM: lambda *_: signal.raise_signal(signal.SIGINT),
    }
    before = {number: signal.signal(number, handler) for number, handler in interrupts.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
