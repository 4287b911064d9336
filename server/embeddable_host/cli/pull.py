"""`embeddable-host pull`: get a release of the widget."""

from pathlib import Path

import click

from embeddable_host.cli.common import Bar, explained
from embeddable_host.cli.configured import config_option, settings_of
from embeddable_host.config.settings import Settings
from embeddable_host.releases.pull import pull as pull_release
from embeddable_host.releases.release import Release


@click.command(epilog="Example: embeddable-host pull 2.3.1")
@click.argument("version", required=False)
@click.option("--from", "origin", metavar="URL|FOLDER|ARCHIVE", help="Take the release from here, not the CDN.")
@config_option
def pull(version: str | None, origin: str | None, config: Path | None) -> None:
    """Get a release of the widget and host it. VERSION is "latest" unless given."""
    with explained():
        release = pull_shown(settings_of(config), version, origin)
    click.echo(release.id)


def pull_shown(settings: Settings, version: str | None, origin: str | None) -> Release:
    """Pulls, with the progress on stderr. Raises ReleaseError."""
    bar = Bar()
    try:
        return pull_release(settings, version, origin, bar)
    finally:
        bar.close()
