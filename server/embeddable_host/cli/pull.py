"""`embeddable-host pull`: download a release of the widget."""

from pathlib import Path

import click

from embeddable_host.cli.common import Bar, errors_reported
from embeddable_host.cli.configured import config_option, load_settings
from embeddable_host.config.settings import Settings
from embeddable_host.releases.pull import pull as pull_release
from embeddable_host.releases.release import Release


@click.command(epilog="Example: embeddable-host pull 2.3.1")
@click.argument("version", required=False)
@click.option(
    "--from", "origin", metavar="URL|FOLDER|ARCHIVE", help="Where to get the release from instead of the CDN."
)
@config_option
def pull(version: str | None, origin: str | None, config: Path | None) -> None:
    """Download a release of the widget and host it. VERSION is "latest" by default."""
    with errors_reported():
        release = pull_with_progress(load_settings(config), version, origin)
    click.echo(release.id)


def pull_with_progress(settings: Settings, version: str | None, origin: str | None) -> Release:
    """Pulls a release, with progress on stderr. Raises ReleaseError."""
    bar = Bar()
    try:
        return pull_release(settings, version, origin, bar)
    finally:
        bar.close()
