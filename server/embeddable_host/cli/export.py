"""`embeddable-host export`: the site as files."""

from pathlib import Path

import click

from embeddable_host.cli.common import Bar, errors_reported
from embeddable_host.cli.configured import config_option, load_settings
from embeddable_host.deploy.export import export as export_site

NO_RELAY = (
    "Note: an export has no relay. If a login page severs the sign-in window, users can sign in only on pages of the "
    "same site, and not at all in Safari. `embeddable-host serve` has a relay."
)


@click.command(epilog="Example: embeddable-host export public_html")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--prefix", default="/", show_default=True, help="The path at which FOLDER will be served.")
@config_option
def export(folder: Path, prefix: str, config: Path | None) -> None:
    """Write the whole site to FOLDER as files, for a CDN, a bucket or plain nginx. Replaces an earlier export."""
    with errors_reported():
        settings = load_settings(config)
        bar = Bar()
        try:
            export_site(settings, folder, prefix, bar)
        finally:
            bar.close()
    if settings.relay.enabled:
        click.echo(NO_RELAY, err=True)
    click.echo(folder)
