"""`embeddable-host init`: a settings file to start from."""

from pathlib import Path

import click

from embeddable_host.config.settings import FILE_NAME

STARTER = """\
# The settings of Embeddable Host. All of them have defaults; docs/settings.md lists them.

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


@click.command(epilog="Example: embeddable-host init && $EDITOR embeddable.toml")
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
