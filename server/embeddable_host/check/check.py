"""Checks a deployed address: does it respond as this configuration says, and if not, what broke it?

`expected` lists what is requested and what each response must be, `rules` finds what is wrong with a response, and
`report` makes one finding of what one cause did to many addresses. `faults` explains each fault and its fix.
"""

import asyncio
from collections.abc import Iterable, Sequence

from embeddable_host.check import host_info
from embeddable_host.check.client import ANY_ENCODING, Client, NoResponse, Target, connect
from embeddable_host.check.connection import examine_connection, examine_plain_http
from embeddable_host.check.expected import OTHER_ENCODINGS, SETUP_PAGE, Expected, of_any_host, of_configuration
from embeddable_host.check.host_info import HostInfo, read_host_info
from embeddable_host.check.registration import request_registrations
from embeddable_host.check.relay import examine_relay
from embeddable_host.check.report import ADDRESS, CONFIGURATION, Report, findings_of
from embeddable_host.check.rules import examine
from embeddable_host.config.settings import CDN, Settings, Widget
from embeddable_host.faults.faults import Symptom
from embeddable_host.progress import Progress
from embeddable_host.relay.protocol import RELAY_PATH
from embeddable_host.site.site import Site, build_site

Found = list[tuple[str, Symptom]]  # symptoms by path


def check(target: Target, settings: Settings | None, progress: Progress, registration: bool = False) -> Report:
    """Requests everything that `target` must have according to `settings`; without them, what every host has.

    `registration`: also ask RingCentral whether it knows the apps of the settings.
    Raises SettingsError, ReleaseError or OSError if the settings cannot be served at all.
    """
    return asyncio.run(_check(target, settings, progress, registration))


async def _check(target: Target, settings: Settings | None, progress: Progress, registration: bool) -> Report:
    report = await _check_host(target, settings, progress)
    if registration and settings:
        return report.with_registration(await request_registrations(settings, str(target.base), progress))
    return report


async def _check_host(target: Target, settings: Settings | None, progress: Progress) -> Report:
    progress.begin(f"Checking {target.base}")
    address, against = str(target.base), CONFIGURATION if settings else ADDRESS
    site = build_site(settings or _defaults())
    try:
        days_left = await connect(target)
        async with Client(target) as client:
            host = await read_host_info(client)
            if settings and settings.relay.enabled and host.relay is False:  # an export: all else must be right
                site = build_site(settings.without_relay(), site)
            expected = list(of_configuration(site) if settings else of_any_host(site, host.release))
            found = _at(SETUP_PAGE, [*examine_connection(target, days_left), *await examine_plain_http(client)])
            found += _examine_release(host, site) if settings else []
            responses, relay = await asyncio.gather(
                _examine_all(client, expected, progress), _examine_relay(client, host)
            )
    except NoResponse as error:  # to the first request: others would fail as well
        return Report(address, against, None, None, 0, None, findings_of(_at(SETUP_PAGE, [error.symptom])))
    checked = len(expected) + bool(host.relay)
    findings = findings_of(found + responses + relay)
    return Report(address, against, host.release, host.relay, checked, days_left, findings)


def _defaults() -> Settings:
    """The default settings, whatever the environment contains."""
    return Settings.model_construct(widget=Widget.model_construct(release=CDN))


def _at(path: str, symptoms: Iterable[Symptom]) -> Found:
    return [(path, symptom) for symptom in symptoms]


def _examine_release(host: HostInfo, site: Site) -> Found:
    if host.release is None or host.release == site.release:
        return []
    return _at(host_info.PATH, [Symptom("wrong-release", site.release, host.release)])


async def _examine_relay(client: Client, host: HostInfo) -> Found:
    return _at(RELAY_PATH, await examine_relay(client)) if host.relay else []


async def _examine_all(client: Client, expected: Sequence[Expected], progress: Progress) -> Found:
    """What is wrong with the responses, in the order of `expected`; some are requested in several encodings."""
    requests = [(one, ANY_ENCODING) for one in expected]
    requests += [(one, encoding) for one in expected for encoding in OTHER_ENCODINGS.get(one.path, ())]
    progress.total(len(requests))

    async def request(one: Expected, encoding: str) -> Found:
        try:
            return _at(one.path, examine(one, await client.get(one.path, encoding, one.limit)))
        except NoResponse as error:
            return _at(one.path, [error.symptom])
        finally:
            progress.advance()

    return [one for found in await asyncio.gather(*(request(*one) for one in requests)) for one in found]
