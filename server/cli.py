"""The command `embeddable-host`. Results go to stdout, progress and diagnostics to stderr."""

import contextlib
import copy
import functools
import logging
import logging.config
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import uvicorn
from uvicorn.config import LOGGING_CONFIG
from uvicorn.supervisors import Multiprocess

from server import release as releases_
from server.app import create_app
from server.pull import pull as pull_release
from server.release import ReleaseError
from server.settings import FILE_NAME, Settings, SettingsError, load, warnings

BAD_USAGE = 2
DRAIN_SECONDS = 30  # how long a stop waits for what is in flight

F = TypeVar("F", bound=Callable[..., None])

STARTER = """\
# The settings of Embeddable Host. All of them have defaults: see the reference in the README.

# The host's public address. Leave it out, and pages use the address they load the script from.
# public_url = "https://phone.example.com/"

[widget]
# Who may frame the widget: origins of your pages.
# embedders = ["https://crm.example.com"]

[params]
# The client id of the app that you registered with RingCentral.
# clientId = "your-client-id"

# A further set of parameters, served under /sandbox/.
# [profiles.sandbox.params]
# clientId = "your-sandbox-client-id"
# appServer = "https://platform.devtest.ringcentral.com"
# prefix = "rc-sandbox"
"""


class WithoutQuery(logging.Filter):
    """Cuts the query off the address in an access log line: it may hold a code."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, version, status = record.args
            path = re.split(r"\?|%3F", str(address), maxsplit=1, flags=re.IGNORECASE)[0]
            record.args = (client, method, path, version, status)
        return True


def log_config() -> dict[str, Any]:
    """uvicorn's own logging with our logger beside it, and no query in any line."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"without_query": {"()": WithoutQuery}}
    config["handlers"]["access"]["filters"] = ["without_query"]
    config["loggers"]["server"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config


class Bar:
    """A pull's progress on stderr: a bar for each stage on a terminal, a line elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None

    def say(self, stage: str) -> None:
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
def _explained() -> Iterator[None]:
    """Turns what a user can mend into a message and exit code 2."""
    try:
        yield
    except (SettingsError, ReleaseError, OSError) as error:
        for line in str(error).splitlines():
            click.echo(f"Error: {line}", err=True)
        sys.exit(BAD_USAGE)


def _settings(config: Path | None) -> Settings:
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


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: embeddable-host pull && embeddable-host serve",
)
@click.version_option(package_name="embeddable-host")
def main() -> None:
    """A home of your own for RingCentral Embeddable: redirect page, adapter with your settings, and the widget."""


@main.command(epilog="Example: embeddable-host init && $EDITOR embeddable.toml")
@click.argument("file", type=click.Path(path_type=Path), default=Path(FILE_NAME))
def init(file: Path) -> None:
    """Write a settings file to start from."""
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(STARTER)
    except FileExistsError:
        raise click.UsageError(f"{file} is there already; it is left as it is. Name another file.") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(file)


@main.command(epilog="Example: embeddable-host pull 2.3.1")
@click.argument("version", required=False)
@click.option("--from", "origin", metavar="URL|FOLDER|ARCHIVE", help="Take the release from here, not the CDN.")
@config_option
def pull(version: str | None, origin: str | None, config: Path | None) -> None:
    """Get a release of the widget and host it. VERSION is "latest" unless given."""
    with _explained():
        bar = Bar()
        try:
            release = pull_release(_settings(config), version, origin, bar)
        finally:
            bar.close()
    click.echo(release.id)


@main.group(invoke_without_command=True, epilog="Example: embeddable-host releases use 2.3.1-0123456789ab")
@config_option
@click.pass_context
def releases(context: click.Context, config: Path | None) -> None:
    """List the releases that are here, choose one, remove one."""
    context.obj = config
    if context.invoked_subcommand is None:
        context.invoke(list_releases)


@releases.command("list", epilog="Example: embeddable-host releases list")
@click.pass_obj
def list_releases(config: Path | None) -> None:
    """List the releases, oldest first; a star marks the current one."""
    with _explained():
        folder = _settings(config).releases
        here, chosen = releases_.installed(folder), releases_.current(folder)
    for id in here:
        try:
            opened = releases_.open_release(folder, id)
            about = f"{opened.time}  {opened.source}"
        except ReleaseError as error:
            about = f"damaged: {error}"
        click.echo(f"{'*' if id == chosen else ' '} {id}  {about}")
    if not here:
        click.echo(f"There is no release in {folder}. `embeddable-host pull` gets one.", err=True)


@releases.command(epilog="Example: embeddable-host releases use 2.3.1-0123456789ab")
@click.argument("id")
@click.pass_obj
def use(config: Path | None, id: str) -> None:
    """Host the release ID from now on; a running server picks it up."""
    with _explained():
        releases_.use(_settings(config).releases, id)
    click.echo(id)


@releases.command(epilog="Example: embeddable-host releases remove 2.3.0-0123456789ab")
@click.argument("id")
@click.pass_obj
def remove(config: Path | None, id: str) -> None:
    """Remove the release ID, which must not be the current one."""
    with _explained():
        releases_.remove(_settings(config).releases, id)
    click.echo(id)


@main.command(epilog="Example: embeddable-host serve --host 0.0.0.0 --port 8000 --workers 2")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--uds", type=click.Path(), help="Listen on this Unix socket instead.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--reload", is_flag=True, help="Serve changed settings and pages without being asked to.")
@config_option
def serve(host: str, port: int, uds: str | None, workers: int, reload: bool, config: Path | None) -> None:
    """Serve the host. SIGHUP reloads the settings; a new current release is picked up by itself."""
    logging.config.dictConfig(log_config())
    with _explained():
        settings = _settings(config)
        app = create_app(settings, config, reload)
        listener = None if uds else _listen(host, port)
    address = f"unix:{uds}" if uds or not listener else f"http://{host}:{listener.getsockname()[1]}/"
    _announce(settings, app.site.release, address)  # type: ignore[attr-defined]
    many = workers > 1
    server_config = uvicorn.Config(
        functools.partial(_worker, config, reload) if many else app,
        factory=many,
        uds=uds,
        workers=workers,
        lifespan="on",
        log_config=log_config(),
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    sockets = [listener] if listener else [server_config.bind_socket()] if many else None
    if many:
        Multiprocess(server_config, sockets=sockets or []).run()
    else:
        uvicorn.Server(server_config).run(sockets=sockets)


def _worker(config: Path | None, reload: bool) -> Any:
    """The application of one worker, which reads the settings itself: after SIGHUP they are other ones."""
    try:
        return create_app(load(config), config, reload)
    except (SettingsError, ReleaseError) as error:
        logging.getLogger("server").error("Not started:\n%s", error)
        sys.exit(3)  # uvicorn's exit code for an application that cannot start; running workers stay


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise click.UsageError(
            f"{host} port {port} cannot be listened on: {error.strerror}. Choose another with --port."
        ) from None
    listener.set_inheritable(True)
    return listener


def _announce(settings: Settings, release: str, address: str) -> None:
    home = settings.public_url or address
    hosted = (
        f"release {release}"
        if release != "cdn"
        else "no release yet, so the widget comes from the CDN: `embeddable-host pull`"
    )
    click.echo(f"Embeddable Host on {address} ({hosted})", err=True)
    if home.startswith("http"):
        click.echo(f"Redirect URI to register: {home}redirect.html", err=True)
        click.echo(f'Script for your pages:    <script src="{home}adapter.js"></script>', err=True)


if __name__ == "__main__":
    main()
