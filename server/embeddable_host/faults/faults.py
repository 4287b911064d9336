"""Reads `faults.toml`: what each fault of a deployed address means for a sign-in, and the line to change."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """`why` it matters to a sign-in or a call, and what to `fix`.

    `seen_by_browsers`: whether a page can see it. `explains`: faults that are its consequence where both are found.
    `code` and `words`: those in which RingCentral tells it (`widget.md`); empty for a fault of the host's own half.
    `text`: the name of the redirect page's sentence that tells a user of it, if one does.
    `seen_by_live_test`: whether a real sign-in can end with it; `errors`: the OAuth errors by which it is known there
    (RFC 6749 §4.1.2.1, §5.2).
    """

    why: str
    fix: str
    seen_by_browsers: bool = False
    explains: tuple[str, ...] = ()
    code: str = ""
    words: str = ""
    text: str = ""
    seen_by_live_test: bool = False
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Symptom:
    """A fault, by its name in `FAULTS`, as one answer shows it."""

    fault: str
    expected: str
    actual: str


def _read() -> Mapping[str, Fault]:
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: Fault(**table) for name, table in tables.items()}


FAULTS = _read()
