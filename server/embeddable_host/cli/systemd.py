"""`embeddable-host systemd`: units for a Debian machine."""

import sys
from pathlib import Path

import click

from embeddable_host.cli.common import errors_reported, write_output
from embeddable_host.deploy.systemd import is_hidden, units


@click.command(epilog="Example: embeddable-host systemd --output /etc/systemd/system")
@click.option(
    "--command",
    default=str(Path(sys.executable).with_name("embeddable-host")),
    help="Path of embeddable-host (default: this one).",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write the units to this folder; existing files are not overwritten.",
)
def systemd(command: str, output: Path | None) -> None:
    """Print systemd units: the server, and a daily pull of the latest release."""
    with errors_reported():
        if is_hidden(command):
            click.echo(
                f"Warning: systemd hides {command} from the units. Install it in /opt, or use --command.", err=True
            )
        for name, text in units(command).items():
            write_output(text if output else f"# {name}\n{text}\n", output and output / name)
