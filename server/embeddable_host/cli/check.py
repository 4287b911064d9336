"""`embeddable-host check`: does a deployed address answer as it must?"""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click

from embeddable_host.check.check import as_table, is_configured
from embeddable_host.check.check import check as check_address
from embeddable_host.check.client import read_target
from embeddable_host.cli.common import Bar, explained
from embeddable_host.cli.configured import config_option, settings_of

CHECK_FAILED = 1
NO_APPS = (
    "--registration asks about the apps in your settings, and this check has no settings. "
    "Run it where they are, or name them with --config, and leave --no-config out."
)


@click.command(epilog="Example: embeddable-host check --registration https://phone.example.com/")
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--no-config", is_flag=True, help="Check what can be known without a configuration.")
@click.option("--registration", is_flag=True, help="Ask RingCentral as well, whether it knows each profile's app.")
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT:ADDRESS:PORT",
    help="Connect to this address for that host, such as one replica behind a balancer. May be given again.",
)
@config_option
def check(
    url: str | None,
    as_json: bool,
    no_config: bool,
    registration: bool,
    connect_to: tuple[str, ...],
    config: Path | None,
) -> None:
    """Check what is deployed at URL, which is public_url unless given: does it answer as this configuration says?

    With --registration, client id and redirect URI of each profile go to its RingCentral server, by HTTPS_PROXY if that
    is set. Nobody is signed in.

    Exit code 0 says that nothing was found wrong, 1 that something was. If RingCentral's answer tells nothing, that is
    1 as well.
    """
    with explained():
        settings = None if no_config else settings_of(config)
        if not (url := url or (settings.public_url if settings else "")):
            raise click.UsageError("Give the address to check, or set public_url.")
        try:
            target = read_target(url, connect_to)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if settings and not is_configured(settings, config):
            settings = None
        if registration and not settings:
            raise click.UsageError(NO_APPS)
        bar = Bar()
        try:
            report = check_address(target, settings, bar, registration)
        finally:
            bar.close()
    width = shutil.get_terminal_size().columns
    click.echo(json.dumps(asdict(report), indent=2) if as_json else as_table(report, width))
    sys.exit(CHECK_FAILED if report.findings else 0)
