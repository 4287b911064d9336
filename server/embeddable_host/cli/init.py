"""`embeddable-host init`: a settings file to start from."""

from pathlib import Path

import click

from embeddable_host.config.settings import FILE_NAME

STARTER = """\
# The settings of Embeddable Host. All of them are optional; docs/settings.md describes them.

# The host's public address. Without it, pages use the address that they load the script from.
# public_url = "https://phone.example.com/"

[widget]
# The origins of the pages that may frame the widget. The default is every page.
# embedders = ["https://crm.example.com"]

[params]
# The client id of the app that you registered at developers.ringcentral.com.
# clientId = "your-client-id"

# Another set of parameters, served at /sandbox/.
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
        raise click.UsageError(f"{file} already exists and was not changed. Name another file.") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(file)
