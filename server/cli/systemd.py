"""`embeddable-host systemd`: units for a Debian machine."""

import sys
from pathlib import Path

import click

from server.cli.common import explained, hand_out
from server.deploy.systemd import is_hidden, units


@click.command(epilog="Example: embeddable-host systemd --out /etc/systemd/system")
@click.option("--command", default=str(Path(sys.executable).with_name("embeddable-host")), help="The command's path.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the units to this folder, beside none of theirs.")
def systemd(command: str, out: Path | None) -> None:
    """Print systemd's units: the server, and a daily pull of the latest release."""
    with explained():
        if is_hidden(command):
            click.echo(f"Warning: the units cannot see {command}. Install it in /opt, or use --command.", err=True)
        for name, text in units(command).items():
            hand_out(text if out else f"# {name}\n{text}\n", out and out / name)
