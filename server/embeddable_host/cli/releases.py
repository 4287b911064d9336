"""`embeddable-host releases`: list, choose and remove releases."""

from pathlib import Path

import click

from embeddable_host.cli.common import errors_reported
from embeddable_host.cli.configured import config_option, load_settings
from embeddable_host.releases import store
from embeddable_host.releases.error import ReleaseError
from embeddable_host.text import without_controls


@click.group(invoke_without_command=True, epilog="Example: embeddable-host releases use 2.3.1-0123456789ab")
@config_option
@click.pass_context
def releases(context: click.Context, config: Path | None) -> None:
    """List, choose and remove releases."""
    context.obj = config
    if context.invoked_subcommand is None:
        context.invoke(list_releases)


@releases.command("list", epilog="Example: embeddable-host releases list")
@config_option
@click.pass_obj
def list_releases(group_config: Path | None, config: Path | None = None) -> None:
    """List the installed releases, oldest first. A star marks the current one."""
    with errors_reported():
        folder = load_settings(config or group_config).releases
        installed, current = store.installed(folder), store.current(folder)
    for id in installed:
        try:
            release = store.open_release(folder, id)
            about = without_controls(f"{release.time}  {release.source}")
        except ReleaseError as error:
            about = f"damaged: {error}"
        click.echo(f"{'*' if id == current else ' '} {id}  {about}")
    if not installed:
        click.echo(f"There is no release in {folder}. Run `embeddable-host pull` to download one.", err=True)


@releases.command(epilog="Example: embeddable-host releases use 2.3.1-0123456789ab")
@click.argument("id")
@config_option
@click.pass_obj
def use(group_config: Path | None, id: str, config: Path | None) -> None:
    """Make ID the current release. A running server switches to it."""
    with errors_reported():
        store.use(load_settings(config or group_config).releases, id)
    click.echo(id)


@releases.command(epilog="Example: embeddable-host releases remove 2.3.0-0123456789ab")
@click.argument("id")
@config_option
@click.pass_obj
def remove(group_config: Path | None, id: str, config: Path | None) -> None:
    """Remove the release ID, unless it is the current one."""
    with errors_reported():
        store.remove(load_settings(config or group_config).releases, id)
    click.echo(id)
