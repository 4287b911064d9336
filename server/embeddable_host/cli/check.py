"""`embeddable-host check`: does a deployed address respond as it must?"""

import os
import shutil
import sys
from pathlib import Path

import click

from embeddable_host.check.check import check as check_address
from embeddable_host.check.client import read_target
from embeddable_host.check.report import as_json, as_table
from embeddable_host.cli.common import Bar, errors_reported
from embeddable_host.cli.configured import config_option, load_settings
from embeddable_host.config.environment import CONFIG_VARIABLE, ENVIRONMENT_PREFIX
from embeddable_host.config.load import find
from embeddable_host.config.settings import Settings
from embeddable_host.releases.store import current

CHECK_FAILED = 1
NO_SETTINGS = (
    "--registration checks the apps in your settings, but there are no settings here. "
    "Run it in the folder with the settings, or name the file with --config, and do not use --no-config."
)


@click.command(epilog="Example: embeddable-host check --registration https://phone.example.com/")
@click.argument("url", required=False)
@click.option("--json", "json", is_flag=True, help="Print the report as JSON.")
@click.option("--no-config", is_flag=True, help="Ignore the settings; check only what every host has.")
@click.option("--registration", is_flag=True, help="Also ask RingCentral whether it knows each profile's app.")
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT:ADDRESS:PORT",
    help="Connect to ADDRESS:PORT for HOST:PORT, such as one replica behind a load balancer. Can be repeated.",
)
@config_option
def check(
    url: str | None,
    json: bool,
    no_config: bool,
    registration: bool,
    connect_to: tuple[str, ...],
    config: Path | None,
) -> None:
    """Check that the host at URL responds as configured. URL is public_url by default.

    --registration sends each profile's client id and redirect URI to its RingCentral server, through HTTPS_PROXY if
    that is set. It signs nobody in.

    The exit code is 0 if there are no findings, and 1 if there are any or if RingCentral's response is unclear.
    """
    with errors_reported():
        settings = None if no_config else load_settings(config)
        if not (url := url or (settings.public_url if settings else "")):
            raise click.UsageError("Give the address to check, or set public_url.")
        try:
            target = read_target(url, connect_to)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if settings and not is_configured(settings, config):
            settings = None
        if registration and not settings:
            raise click.UsageError(NO_SETTINGS)
        bar = Bar()
        try:
            report = check_address(target, settings, bar, registration)
        finally:
            bar.close()
    click.echo(as_json(report) if json else as_table(report, shutil.get_terminal_size().columns))
    sys.exit(CHECK_FAILED if report.findings else 0)


def is_configured(settings: Settings, config: Path | None) -> bool:
    """Whether there is anything to compare the address with: a settings file, a variable or a release."""
    variables = (name.upper() for name in os.environ)
    is_set = any(name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_VARIABLE for name in variables)
    return is_set or find(config) is not None or current(settings.releases) is not None
