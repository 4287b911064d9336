"""Checking a deployed address: does it answer what this configuration says, and if not, what broke it?

The mapping says what each address must answer. Each is asked for once, a few again in other encodings; `judge` tells
the symptoms of every answer. What one cause did to many addresses becomes one finding; `faults` says why it matters and
what to change.

Without a configuration the mapping of the defaults stands in for it. What settings decide (profiles, bytes, hashes) is
then left out, or checked against the answer itself.
"""

import asyncio
import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

import click

from embeddable_host.check.client import ANY_CODING, Client, NoResponse, Target, printable, reach, status_line
from embeddable_host.check.registration import Registration, ask_registrations, symptoms
from embeddable_host.check.relay import try_relay
from embeddable_host.check.rules import REDIRECTIONS, Expected, Symptoms, judge
from embeddable_host.config.environment import CONFIG_VARIABLE, ENVIRONMENT_PREFIX
from embeddable_host.config.load import find
from embeddable_host.config.settings import CDN, Settings, Widget
from embeddable_host.faults.faults import FAULTS, Symptom
from embeddable_host.progress import Progress
from embeddable_host.releases.store import current
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.headers import IMMUTABLE, MINUTES, widget_headers
from embeddable_host.responses.media_types import media_type
from embeddable_host.site.site import Site, build_site
from embeddable_host.site.widget import BEFORE_APP

EXPIRES_SOON = 21  # days
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")  # trustworthy without TLS (W3C Secure Contexts §3.1)
HOME = "/"
REDIRECT_PAGE = "/redirect.html"
START_PAGE = "/start.html"
APP_PAGE = "/app.html"
USUAL = (REDIRECT_PAGE, HOME, APP_PAGE, "/popup.html", "/adapter.js", "/adapter.min.js")  # what every host has
NOWHERE = "/widget/none/app.js"  # what no host has
OPERATORS = ("/healthz", "/readyz")  # what a proxy may keep to itself
IN_OTHER_CODINGS = (REDIRECT_PAGE, "/adapter.js")
OTHER_CODINGS = ("gzip", IDENTITY)

# The app that app.html goes on to, as `site` puts it in.
APP = re.compile(rb'"app": "(?:\.\./)?(?:widget/([A-Za-z0-9][\w.-]*)/|https?://[^"]+/)app\.html"')

# What the redirect page is told of the relay, likewise.
RELAY = re.compile(rb'"relay": (true|false)')

SHOWN = 300  # characters of what came from outside
NAMED = 3  # addresses of a finding that the table names
LABELS = ("at", "expected", "actual", "why", "fix")
NOT_ASKED = "Registration: not asked. With --registration, RingCentral is asked whether it knows each profile's app."


@dataclass(frozen=True)
class Finding:
    """One fault with the addresses that show it; `expected` and `actual` are of the first."""

    name: str
    addresses: tuple[str, ...]
    expected: str
    actual: str
    why: str
    fix: str


@dataclass(frozen=True)
class Report:
    """What was checked and found. `against`: "configuration" or "address"; `days_left`: of the certificate.

    `relay`: whether severed sign-ins come back by the host there; None where that is not known. `registration`: what
    RingCentral says of each profile's app; None where it was not asked.
    """

    address: str
    against: str
    release: str | None
    relay: bool | None
    checked: int
    days_left: int | None
    findings: tuple[Finding, ...]
    registration: tuple[Registration, ...] | None = None


def is_configured(settings: Settings, config: Path | None) -> bool:
    """Whether anything here says what an address must answer: a file, a variable or a release."""
    variables = (name.upper() for name in os.environ)
    is_set = any(name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_VARIABLE for name in variables)
    return is_set or find(config) is not None or current(settings.releases) is not None


def check(target: Target, settings: Settings | None, progress: Progress, registration: bool = False) -> Report:
    """Asks `target` for all that `settings` say it has; without them, for what every host has.

    `registration`: asks RingCentral as well, whether it knows the apps of the settings.
    Raises SettingsError, ReleaseError or OSError where the settings cannot be served at all.
    """
    return asyncio.run(_check_all(target, settings, progress, registration))


def _defaults() -> Settings:
    """The settings of those who set nothing, whatever this environment says."""
    return Settings.model_construct(widget=Widget.model_construct(release=CDN))


async def _check_all(target: Target, settings: Settings | None, progress: Progress, registration: bool) -> Report:
    report = await _check(target, settings or _defaults(), settings is not None, progress)
    if not (registration and settings):
        return report
    registrations = await ask_registrations(settings, str(target.base), progress)
    findings = report.findings + _findings(list(symptoms(registrations)))
    return replace(report, findings=findings, registration=registrations)


async def _check(target: Target, settings: Settings, exact: bool, progress: Progress) -> Report:
    progress.begin(f"Checking {target.base}")
    address, against = str(target.base), "configuration" if exact else "address"
    site = build_site(settings)
    try:
        days_left = await reach(target)
        async with Client(target) as client:
            release = await _release(client)
            has_relay = await _has_relay(client)
            if START_PAGE in site.assets and has_relay is False:  # an export, say: the rest of it must be right
                site = build_site(settings.without_relay())
            expected = list(_configured(site) if exact else _usual(site, release))
            found = [(HOME, symptom) for symptom in [*_connection(target, days_left), *await _plain_http(client)]]
            if exact and release and release != site.release:
                found.append((APP_PAGE, Symptom("wrong-release", site.release, release)))
            relay = [try_relay(client)] if has_relay else []
            for more in await asyncio.gather(_ask_all(client, expected, progress), *relay):
                found += more
    except NoResponse as nothing:  # of the connection, or of the first request: the others would fare no better
        return Report(address, against, None, None, 0, None, _findings([(HOME, nothing.symptom)]))
    checked = len(expected) + bool(has_relay)
    return Report(address, against, release, has_relay, checked, days_left, _findings(found))


# What is asked for


def _configured(site: Site) -> Iterator[Expected]:
    """Every address of the mapping but those of releases beside the selected one; redirect pages first."""
    ours = {path: asset for path, asset in site.assets.items() if not path.startswith("/widget/")}
    owners = {body.digest: path for path, asset in ours.items() for body in asset.bodies if body.coding == IDENTITY}
    for path in sorted(ours, key=lambda path: not path.endswith(REDIRECT_PAGE)):
        yield Expected(path, ours[path], exact=True, refusable=path in OPERATORS, owners=owners)
    for path, asset in site.assets.items():
        if path.startswith(f"/widget/{site.release}/"):
            yield Expected(path, asset, exact=True)
    yield Expected(NOWHERE, site.missing, exact=True, refusable=True)


def _usual(site: Site, release: str | None) -> Iterator[Expected]:
    """What every host has; of a release, the two files that start it."""
    for path in USUAL:
        # The setup page can be switched off (`setup.enabled`).
        yield Expected(path, site.assets[path], exact=False, refusable=path == HOME)
    if release not in (None, CDN):
        # All that is known of their bytes: the page loads the stand-in, and the script is compressed.
        page, script = [Body.of(f'src="{BEFORE_APP}"'.encode())], [Body.of(b""), Body.of(b"", "gzip")]
        for name, bodies, cache in (("app.html", page, MINUTES), ("app.js", script, IMMUTABLE)):
            asset = Asset(media_type(name), bodies, widget_headers(name, ["*"], cache))
            yield Expected(f"/widget/{release}/{name}", asset, exact=False)
    yield Expected(NOWHERE, site.missing, exact=False, refusable=True)


async def _release(client: Client) -> str | None:
    """The release that users get, or "cdn"; None where the app's page does not say."""
    answer = await client.ask(client.target.at(APP_PAGE))
    app = APP.search(answer.body or b"")
    if app is None:
        return None
    return app[1].decode("ascii") if app[1] else CDN


async def _has_relay(client: Client) -> bool | None:
    """Whether severed sign-ins come back by the host there; None where the redirect page does not say."""
    answer = await client.ask(client.target.at(REDIRECT_PAGE))
    told = RELAY.search(answer.body or b"")
    return told[1] == b"true" if told else None


async def _ask_all(client: Client, expected: Sequence[Expected], progress: Progress) -> list[tuple[str, Symptom]]:
    """What is wrong with the answers, by path, in the order of `expected`."""
    asked = [(one, ANY_CODING) for one in expected]
    asked += [(one, coding) for one in expected if one.path in IN_OTHER_CODINGS for coding in OTHER_CODINGS]
    progress.total(len(asked))

    async def ask(one: Expected, accept_encoding: str) -> list[tuple[str, Symptom]]:
        try:
            answer = await client.ask(client.target.at(one.path), accept_encoding)
            return [(one.path, symptom) for symptom in judge(one, answer)]
        except NoResponse as nothing:
            return [(one.path, nothing.symptom)]
        finally:
            progress.advance()

    judged = await asyncio.gather(*(ask(one, coding) for one, coding in asked))
    return [found for one in judged for found in one]


# The connection


def _connection(target: Target, days_left: int | None) -> Symptoms:
    if days_left is not None and days_left < EXPIRES_SOON:
        yield Symptom("certificate-expires-soon", f"{EXPIRES_SOON} days or more", f"{days_left} days left")
    if target.base.scheme == "http" and not LOOPBACK.fullmatch(target.base.host):
        yield Symptom("no-tls", "https", "http")


async def _plain_http(client: Client) -> list[Symptom]:
    """What port 80 does beside 443. It may be closed."""
    target = client.target
    if target.base.scheme != "https" or target.base.port is not None:
        return []
    try:
        answer = await client.ask(target.at(REDIRECT_PAGE, scheme="http"))
    except NoResponse:
        return []
    wanted = f"a redirect to {target.at(REDIRECT_PAGE)}"
    if answer.status in REDIRECTIONS:
        is_right = answer.location == target.at(REDIRECT_PAGE)
        return [] if is_right else [Symptom("http-elsewhere", wanted, f"one to {answer.location}")]
    return [Symptom("http-open", wanted, status_line(answer.status))] if answer.status == HTTPStatus.OK else []


# What is told


def _findings(found: Sequence[tuple[str, Symptom]]) -> tuple[Finding, ...]:
    """One finding a fault, each with all its addresses, those of what it explains among them."""
    by_fault: dict[str, list[tuple[str, Symptom]]] = {}
    for path, symptom in found:
        by_fault.setdefault(symptom.fault, []).append((path, symptom))
    for name, fault in FAULTS.items():
        if name in by_fault:
            for consequence in fault.explains:
                by_fault[name] += by_fault.pop(consequence, [])
    return tuple(_finding(fault, shown) for fault, shown in by_fault.items())


def _finding(fault: str, shown: Sequence[tuple[str, Symptom]]) -> Finding:
    first = shown[0][1]
    addresses = tuple(dict.fromkeys(path for path, _ in shown))
    about = FAULTS[fault]
    return Finding(fault, addresses, _printable(first.expected), _printable(first.actual), about.why, about.fix)


def _printable(text: str) -> str:
    """Text from outside as a finding tells it."""
    shown = printable(text)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"


def as_table(report: Report, width: int) -> str:
    """The report for people, in lines of at most `width` columns where words allow."""
    summary, registrations = _wrapped(_summary(report), width), _registrations(report.registration, width)
    return "\n".join([*summary, *registrations, *_rows(report.findings, width)])


def _summary(report: Report) -> str:
    against = {
        "configuration": "as this configuration has them",
        "address": "without a configuration, so its bytes and profiles are not known",
    }
    told = [f"{report.checked} addresses checked {against[report.against]}"]
    told += [f"release {report.release}"] if report.release else []
    told += ["no relay"] if report.relay is False else []
    told += [f"certificate good for {report.days_left} days"] if report.days_left is not None else []
    count = len(report.findings)
    told.append(f"{count} finding{'s' * (count != 1)}" if count else "nothing found wrong")
    return f"{report.address}: {'; '.join(told)}."


def _registrations(registrations: Sequence[Registration] | None, width: int) -> Iterator[str]:
    if registrations is None:
        yield from _wrapped(NOT_ASKED, width)
        return
    yield from ("", "Registration, as RingCentral tells it:")
    names = [one.profile or "(default)" for one in registrations]
    longest = max(map(len, names))
    for name, one in zip(names, registrations, strict=True):
        yield from _wrapped(_registration(one), width, f"  {name:<{longest}} ")


def _registration(one: Registration) -> str:
    if one.client_id is None:
        return "no client id, so nothing was asked"
    return f"{one.result}: client id {one.client_id} at {one.server}, redirect URI {one.redirect_uri}. {one.response}"


def _rows(findings: Sequence[Finding], width: int) -> Iterator[str]:
    for finding in findings:
        yield from ("", click.style(finding.name, fg="red", bold=True))
        others = len(finding.addresses) - NAMED
        at = ", ".join(finding.addresses[:NAMED]) + (f" and {others} more" if others > 0 else "")
        for label, text in zip(LABELS, (at, finding.expected, finding.actual, finding.why, finding.fix), strict=True):
            yield from _wrapped(text, width, f"  {label:<10}")


def _wrapped(text: str, width: int, label: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
