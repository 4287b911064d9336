"""`embeddable-host export`: the site as files."""

from pathlib import Path

import click

from embeddable_host.cli.common import Bar, explained
from embeddable_host.cli.configured import config_option, settings_of
from embeddable_host.deploy.export import export as export_site

NO_RELAY = (
    "Note: files cannot take anything, so this export has no relay. If a login page severs the sign-in window, users "
    "sign in only on pages of the same site, and in Safari not at all. `embeddable-host serve` has one."
)


@click.command(epilog="Example: embeddable-host export public_html")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--prefix", default="/", show_default=True, help="The path that FOLDER will be served below.")
@config_option
def export(folder: Path, prefix: str, config: Path | None) -> None:
    """Write the whole site to FOLDER as files, for a CDN, a bucket or a plain nginx. An earlier export is replaced."""
    with explained():
        settings = settings_of(config)
        bar = Bar()
        try:
            export_site(settings, folder, prefix, bar)
        finally:
            bar.close()
    if settings.relay.enabled:
        click.echo(NO_RELAY, err=True)
    click.echo(folder)
