"""`embeddable-host releases`: list, choose and remove what was pulled."""

from pathlib import Path

import click

from embeddable_host.cli.common import explained
from embeddable_host.cli.configured import config_option, settings_of
from embeddable_host.releases import store
from embeddable_host.releases.error import ReleaseError


@click.group(invoke_without_command=True, epilog="Example: embeddable-host releases use 2.3.1-0123456789ab")
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
    with explained():
        folder = settings_of(config or group_config).releases
        here, chosen = store.installed(folder), store.current(folder)
    for id in here:
        try:
            opened = store.open_release(folder, id)
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
    with explained():
        store.use(settings_of(config or group_config).releases, id)
    click.echo(id)


@releases.command(epilog="Example: embeddable-host releases remove 2.3.0-0123456789ab")
@click.argument("id")
@config_option
@click.pass_obj
def remove(group_config: Path | None, id: str, config: Path | None) -> None:
    """Remove the release ID, which must not be the current one."""
    with explained():
        store.remove(settings_of(config or group_config).releases, id)
    click.echo(id)
