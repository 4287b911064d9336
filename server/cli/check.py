"""`embeddable-host check`: does a deployed address answer as it must?"""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click

from server.check.check import as_table, is_configured
from server.check.check import check as check_address
from server.check.probe import read_target
from server.cli.common import Bar, explained
from server.cli.configured import config_option, settings_of

CHECK_FAILED = 1


@click.command(epilog="Example: embeddable-host check https://phone.example.com/")
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--address-only", is_flag=True, help="Check what can be known without a configuration.")
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT:ADDRESS:PORT",
    help="Connect to this address for that host, such as one replica behind a balancer. May be given again.",
)
@config_option
def check(url: str | None, as_json: bool, address_only: bool, connect_to: tuple[str, ...], config: Path | None) -> None:
    """Check what is deployed at URL, which is public_url unless given: does it answer as this configuration says?

    Exit code 0 says that nothing was found wrong, 1 that something was.
    """
    with explained():
        settings = None if address_only else settings_of(config)
        if not (url := url or (settings.public_url if settings else "")):
            raise click.UsageError("Give the address to check, or set public_url.")
        try:
            target = read_target(url, connect_to)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        bar = Bar()
        try:
            report = check_address(target, settings if settings and is_configured(settings, config) else None, bar)
        finally:
            bar.close()
    width = shutil.get_terminal_size().columns
    click.echo(json.dumps(asdict(report), indent=2) if as_json else as_table(report, width))
    sys.exit(CHECK_FAILED if report.findings else 0)
