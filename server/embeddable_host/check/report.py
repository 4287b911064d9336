"""The report of a check: findings, as a table for people and as JSON for programs."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import click

from embeddable_host.check.registration import Registration, symptoms
from embeddable_host.faults.faults import FAULTS, Symptom
from embeddable_host.text import printable

CONFIGURATION, ADDRESS = "configuration", "address"
AGAINST = {
    CONFIGURATION: "against this configuration",
    ADDRESS: "without a configuration, so bytes and profiles were not compared",
}
NOT_REQUESTED = "Registration: not checked. --registration asks RingCentral whether it knows each profile's app."
MAX_ADDRESSES = 3  # of a finding, in the table


@dataclass(frozen=True)
class Finding:
    """One fault, and the addresses that show it; `expected` and `actual` are of the first of them."""

    name: str
    addresses: tuple[str, ...]
    expected: str
    actual: str
    why: str
    fix: str


@dataclass(frozen=True)
class Report:
    """What was checked and found.

    `against`: "configuration" or "address". `release`, `relay`: what the host reports of itself; None if unknown.
    `days_left`: how long the certificate is still valid. `registration`: RingCentral's response about each profile's
    app; None if it was not asked.
    """

    address: str
    against: str
    release: str | None
    relay: bool | None
    checked: int
    days_left: int | None
    findings: tuple[Finding, ...]
    registration: tuple[Registration, ...] | None = None

    def with_registration(self, registrations: tuple[Registration, ...]) -> "Report":
        findings = (*self.findings, *findings_of(symptoms(registrations)))
        return replace(self, findings=findings, registration=registrations)


def findings_of(symptoms: Iterable[tuple[str, Symptom]]) -> tuple[Finding, ...]:
    """One finding for each fault in symptoms by path; a fault's consequences are part of its finding."""
    by_fault: dict[str, list[tuple[str, Symptom]]] = {}
    for path, symptom in symptoms:
        by_fault.setdefault(symptom.fault, []).append((path, symptom))
    for name, fault in FAULTS.items():
        if name in by_fault:
            for consequence in fault.explains:
                by_fault[name] += by_fault.pop(consequence, [])
    return tuple(_finding(name, shown) for name, shown in by_fault.items())


def _finding(name: str, shown: Sequence[tuple[str, Symptom]]) -> Finding:
    fault, first = FAULTS[name], shown[0][1]
    addresses = tuple(dict.fromkeys(path for path, _ in shown))
    return Finding(name, addresses, printable(first.expected), printable(first.actual), fault.why, fault.fix)


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), indent=2)


def as_table(report: Report, width: int) -> str:
    """The report for people, in lines of at most `width` columns where its words allow."""
    summary = _wrap(_summary(report), width)
    return "\n".join([*summary, *_registrations(report.registration, width), *_findings(report.findings, width)])


def _summary(report: Report) -> str:
    parts = [f"{report.checked} addresses checked {AGAINST[report.against]}"]
    parts += [f"release {report.release}"] if report.release else []
    parts += ["no relay"] if report.relay is False else []
    parts += [f"certificate valid for {report.days_left} days"] if report.days_left is not None else []
    count = len(report.findings)
    parts.append(f"{count} finding{'s' * (count != 1)}" if count else "no findings")
    return f"{report.address}: {'; '.join(parts)}."


def _registrations(registrations: Sequence[Registration] | None, width: int) -> Iterator[str]:
    if registrations is None:
        yield from _wrap(NOT_REQUESTED, width)
        return
    yield from ("", "Registration at RingCentral:")
    names = [one.profile or "(default)" for one in registrations]
    longest = max(map(len, names))
    for name, one in zip(names, registrations, strict=True):
        yield from _wrap(_registration(one), width, f"  {name:<{longest}} ")


def _registration(one: Registration) -> str:
    if one.client_id is None:
        return "no client id, so not checked"
    return f"{one.result}: client id {one.client_id} at {one.server}, redirect URI {one.redirect_uri}. {one.response}"


def _findings(findings: Sequence[Finding], width: int) -> Iterator[str]:
    for finding in findings:
        yield from ("", click.style(finding.name, fg="red", bold=True))
        others = len(finding.addresses) - MAX_ADDRESSES
        rows = {
            "at": ", ".join(finding.addresses[:MAX_ADDRESSES]) + (f" and {others} more" if others > 0 else ""),
            "expected": finding.expected,
            "actual": finding.actual,
            "why": finding.why,
            "fix": finding.fix,
        }
        for label, text in rows.items():
            yield from _wrap(text, width, f"  {label:<10}")


def _wrap(text: str, width: int, label: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
