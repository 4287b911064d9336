"""Reads `faults.toml`: what each fault of a deployed address means for a sign-in, and how to fix it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """`why` it matters to a sign-in or a call, and how to `fix` it.

    `statuses`, `relay_statuses`: the HTTP statuses that mean it, of a page or file and of the relay's addresses.
    `explains`: faults that are its consequence if both are found. `seen_by_browsers`: whether the simulated sign-in
    test can find it. `seen_by_live_test`: whether the live sign-in test can end with it; `errors`: the OAuth errors
    that mean it there (RFC 6749 §4.1.2.1, §5.2). `code` and `words`: RingCentral's own error for it
    (`docs/widget.md`, When RingCentral refuses). `text`: the name of the redirect page's text for it.
    """

    why: str
    fix: str
    statuses: tuple[int, ...] = ()
    relay_statuses: tuple[int, ...] = ()
    explains: tuple[str, ...] = ()
    seen_by_browsers: bool = False
    seen_by_live_test: bool = False
    errors: tuple[str, ...] = ()
    code: str = ""
    words: str = ""
    text: str = ""


@dataclass(frozen=True)
class Symptom:
    """A fault, by its name in `FAULTS`, as one response shows it."""

    fault: str
    expected: str
    actual: str


def _read() -> Mapping[str, Fault]:
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: Fault(**table) for name, table in tables.items()}


FAULTS = _read()
STATUSES: Mapping[int, str] = {status: name for name, fault in FAULTS.items() for status in fault.statuses}
RELAY_STATUSES: Mapping[int, str] = {status: name for name, fault in FAULTS.items() for status in fault.relay_statuses}
