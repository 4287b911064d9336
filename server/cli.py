"""The command `embeddable-host`. Results go to stdout, progress and diagnostics to stderr."""

import contextlib
import json
import logging
import logging.config
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from server import release as releases_
from server.app import create_app
from server.check import as_table, is_configured
from server.check import check as check_address
from server.export import ExportError
from server.export import export as export_site
from server.nginx import Front
from server.nginx import http as nginx_http
from server.nginx import location as nginx_location
from server.nginx import site as nginx_site
from server.probe import read_target
from server.pull import pull as pull_release
from server.release import ReleaseError
from server.serve import ListenError, announcement, listening, log_config, run
from server.settings import FILE_NAME, Settings, SettingsError, load, warnings
from server.systemd import is_hidden, units
from server.template import ConfigurationError, write_new

CHECK_FAILED = 1
BAD_USAGE = 2

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
    except (SettingsError, ReleaseError, ExportError, ConfigurationError, ListenError, OSError) as error:
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
@config_option
@click.pass_obj
def list_releases(group_config: Path | None, config: Path | None = None) -> None:
    """List the releases, oldest first; a star marks the current one."""
    with _explained():
        folder = _settings(config or group_config).releases
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
@config_option
@click.pass_obj
def use(group_config: Path | None, id: str, config: Path | None) -> None:
    """Host the release ID from now on; a running server picks it up."""
    with _explained():
        releases_.use(_settings(config or group_config).releases, id)
    click.echo(id)


@releases.command(epilog="Example: embeddable-host releases remove 2.3.0-0123456789ab")
@click.argument("id")
@config_option
@click.pass_obj
def remove(group_config: Path | None, id: str, config: Path | None) -> None:
    """Remove the release ID, which must not be the current one."""
    with _explained():
        releases_.remove(_settings(config or group_config).releases, id)
    click.echo(id)


@main.command(epilog="Example: embeddable-host check https://phone.example.com/")
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--address-only", is_flag=True, help="Check what can be known without a configuration.")
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT:ADDRESS:PORT",
    help="Connect to this address for that host, such as one replica behind a balancer. May be given again.",
)
@config_option
def check(url: str | None, as_json: bool, address_only: bool, connect_to: tuple[str, ...], config: Path | None) -> None:
    """Check what is deployed at URL, which is public_url unless given: does it answer as this configuration says?

    Exit code 0 says that nothing was found wrong, 1 that something was.
    """
    with _explained():
        settings = None if address_only else _settings(config)
        if not (url := url or (settings.public_url if settings else "")):
            raise click.UsageError("Give the address to check, or set public_url.")
        try:
            target = read_target(url, connect_to)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        bar = Bar()
        try:
            report = check_address(target, settings if settings and is_configured(settings, config) else None, bar)
        finally:
            bar.close()
    width = shutil.get_terminal_size().columns
    click.echo(json.dumps(asdict(report), indent=2) if as_json else as_table(report, width))
    sys.exit(CHECK_FAILED if report.findings else 0)


@main.command(epilog="Example: embeddable-host export public_html")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--prefix", default="/", show_default=True, help="The path that FOLDER will be served below.")
@config_option
def export(folder: Path, prefix: str, config: Path | None) -> None:
    """Write the whole site to FOLDER as files, for a CDN, a bucket or a plain nginx. An earlier export is replaced."""
    with _explained():
        bar = Bar()
        try:
            export_site(_settings(config), folder, prefix, bar)
        finally:
            bar.close()
    click.echo(folder)


@main.command(epilog="Example: embeddable-host nginx --server-name phone.example.com > /etc/nginx/conf.d/phone.conf")
@click.option("--server-name", required=True, help="The host's public name.")
@click.option(
    "--upstream",
    multiple=True,
    default=Front.upstream,
    show_default=True,
    help="Where the host listens, or unix:/path of its socket. Give it again for each replica.",
)
@click.option("--prefix", metavar="/PATH/", help="Print a location for a server block that is there already.")
@click.option("--http", is_flag=True, help="With --prefix: print what the location needs in the http block.")
@click.option("--tls-cert", help="The certificate with its chain; Let's Encrypt's place unless given.")
@click.option("--tls-key", help="Its key; likewise.")
@click.option("--listen", multiple=True, default=Front.listen, show_default=True, help="Where to listen for TLS.")
@click.option(
    "--listen-http", multiple=True, default=Front.listen_http, show_default=True, help="What to redirect there."
)
@click.option("--name", default=Front.name, show_default=True, help="Another name for each host in one nginx.")
@click.option("--log-dir", default=Front.log_dir, show_default=True, help="Folder of the logs.")
@click.option("--cache-dir", default=Front.cache_dir, show_default=True, help="Folder that the cache is made in.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file, which must not be there yet.")
def nginx(out: Path | None, http: bool, **values: Any) -> None:
    """Print a configuration for nginx in front of the host, ready for sites-available."""
    if http and not values["prefix"]:
        raise click.UsageError("--http goes with --prefix: a whole site has that part in it.")
    with _explained():
        front = Front(**values)
        text = nginx_http(front) if http else nginx_location(front) if front.prefix else nginx_site(front)
        _hand_out(text, out)


@main.command(epilog="Example: embeddable-host systemd --out /etc/systemd/system")
@click.option("--command", default=str(Path(sys.executable).with_name("embeddable-host")), help="The command's path.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the units to this folder, beside none of theirs.")
def systemd(command: str, out: Path | None) -> None:
    """Print systemd's units: the server, and a daily pull of the latest release."""
    with _explained():
        if is_hidden(command):
            click.echo(f"Warning: the units cannot see {command}. Install it in /opt, or use --command.", err=True)
        for name, text in units(command).items():
            _hand_out(text if out else f"# {name}\n{text}\n", out and out / name)


def _hand_out(text: str, file: Path | None) -> None:
    """Prints a configuration, or writes it to a file that is not there yet."""
    if file is None:
        return click.echo(text, nl=False)
    try:
        write_new(file, text)
    except FileExistsError:
        raise ConfigurationError(f"{file} is there already, and is left as it is. Remove it first.") from None
    click.echo(file)


@main.command(epilog="Example: embeddable-host serve --host 0.0.0.0 --port 8000 --workers 2")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this Unix socket instead.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--reload", is_flag=True, help="Serve changed settings and pages without being asked to.")
@config_option
def serve(host: str, port: int, uds: Path | None, workers: int, reload: bool, config: Path | None) -> None:
    """Serve the host. SIGHUP reloads the settings; a new current release is picked up by itself."""
    logging.config.dictConfig(log_config())
    with _explained():
        settings = _settings(config)
        app = create_app(settings, config, reload)
        with listening(host, port, uds) as listener:
            click.echo(announcement(settings, app.site.release, listener), err=True)
            run(app, listener, workers, config, reload)


if __name__ == "__main__":
    main()
