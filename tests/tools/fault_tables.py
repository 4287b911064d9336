"""The tables of `docs/when-a-sign-in-fails.md`, by what a person sees: from the table of faults."""

import json
from collections.abc import Mapping

from embeddable_host.faults.faults import FAULTS
from tools.markdown import table
from world.places import PUBLIC

# Faults that `check` finds, by what a user sees; one can have several effects.
SEEN: Mapping[str, tuple[str, ...]] = {
    "other responses": ("client-on-other-server", "registration-refused", "registration-unclear"),
    "no page": (
        *("dns", "unreachable", "no-response", "host-down"),
        *("tls", "certificate-expired", "certificate-chain", "certificate-name"),
    ),
    "another page": ("redirects", "login-wall", "missing", "foreign-page", "status", "http-elsewhere"),
    "an open window": ("csp-added", "csp-replaced", "rewritten", "undecodable"),
    "a closed window": (
        *("opener-policy", "wrong-profile", "other-settings"),
        *(name for name in FAULTS if name.startswith("relay-")),
    ),
    "no phone": ("page-for-file", "too-large", "frame-options", "media-type", "wrong-release", "no-tls"),
}
WHY_AND_FIX = ("why", "what to change")


def found(seen: str) -> str:
    """What `check` reports if a user sees this."""
    rows = ((f"`{name}`", FAULTS[name].why, FAULTS[name].fix) for name in SEEN[seen])
    return table(("`check` reports", *WHY_AND_FIX), rows)


def codes() -> str:
    """RingCentral's codes."""
    rows = ((f"“{fault.words}” ({fault.code})", fault.why, fault.fix) for fault in FAULTS.values() if fault.code)
    return table(("RingCentral's error", *WHY_AND_FIX), rows)


def refusals() -> str:
    """The errors that the widget or the live sign-in test gets instead of a token."""
    faults = (fault for fault in FAULTS.values() if fault.errors and not fault.text)
    rows = ((", ".join(f"`{error}`" for error in fault.errors), fault.why, fault.fix) for fault in faults)
    return table(("RingCentral's error", *WHY_AND_FIX), rows)


def texts() -> str:
    """The redirect page's English texts for faults; those for an OAuth error with its name."""
    english = json.loads(PUBLIC["texts.json"].read_text(encoding="utf-8"))["en"]
    errors = english.pop("errors")
    shown = {name: f"“{text}”" for name, text in english.items()}
    shown |= {error: f"“{text}” (`{error}`)" for error, text in errors.items()}
    rows = ((shown[fault.text], fault.why, fault.fix) for fault in FAULTS.values() if fault.text)
    return table(("the window shows", *WHY_AND_FIX), rows)
