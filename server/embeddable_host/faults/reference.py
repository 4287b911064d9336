"""What goes wrong with a sign-in as Markdown, by what a person sees of it: from the table of faults."""

from collections.abc import Iterable, Mapping

from embeddable_host.faults.faults import FAULTS

# Faults that `check` finds, by what a user sees; one can show in several ways.
SEEN: Mapping[str, tuple[str, ...]] = {
    "other answers": ("client-of-the-other-server", "registration-refused", "registration-unclear"),
    "no page": (
        *("dns", "unreachable", "no-answer", "host-down"),
        *("tls", "certificate-expired", "certificate-chain", "certificate-name"),
    ),
    "another page": ("redirects", "login-wall", "missing", "foreign-page", "status", "http-elsewhere"),
    "an open window": ("csp-added", "csp-replaced", "rewritten", "undecodable"),
    "a closed window": (
        *("opener-policy", "wrong-profile", "other-settings"),
        *(name for name in FAULTS if name.startswith("relay-")),
    ),
    "no phone": ("page-for-file", "frame-options", "media-type", "wrong-release", "no-tls"),
}


def found(seen: str) -> str:
    """What `check` finds where this is actual."""
    rows = ((f"`{name}`", FAULTS[name].why, FAULTS[name].fix) for name in SEEN[seen])
    return _table(("`check` says", "why", "what to change"), rows)


def codes() -> str:
    """RingCentral's codes."""
    rows = ((f"“{fault.words}” ({fault.code})", fault.why, fault.fix) for fault in FAULTS.values() if fault.code)
    return _table(("RingCentral says", "why", "what to change"), rows)


def refusals() -> str:
    """What RingCentral answers to the widget, or to the trial, instead of a token."""
    known = (fault for fault in FAULTS.values() if fault.errors and not fault.text)
    rows = ((", ".join(f"`{error}`" for error in fault.errors), fault.why, fault.fix) for fault in known)
    return _table(("RingCentral answers", "why", "what to change"), rows)


def sentences(texts: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """The redirect page's sentences that tell a user of a fault: `texts` by name, and those by an answer's error."""
    said = {name: f"“{text}”" for name, text in texts.items()}
    said |= {error: f"“{text}” (`{error}`)" for error, text in errors.items()}
    rows = ((said[fault.text], fault.why, fault.fix) for fault in FAULTS.values() if fault.text)
    return _table(("the window says", "why", "what to change"), rows)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in (heads, *rows))
    head, *rest = (f"| {line} |" for line in lines)
    return "\n".join([head, f"|{'---|' * len(heads)}", *rest])
