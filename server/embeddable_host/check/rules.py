"""Judging one answer: what is wrong with it, from what is expected and what came.

The checks are small functions that stand in stages. The first stage that finds something is the last one for an answer:
what a later one would find is its consequence.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from embeddable_host.check.client import Answer, status_line
from embeddable_host.faults.faults import Symptom
from embeddable_host.responses.asset import Asset
from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.headers import NO_STORE

REDIRECTIONS, CLIENT_ERRORS = range(300, 400), range(400, 500)
STATUSES = {
    401: "login-wall",
    403: "login-wall",
    407: "login-wall",
    511: "login-wall",  # Network Authentication Required
    404: "missing",
    410: "missing",
    502: "host-down",
    503: "host-down",
    504: "host-down",
}

CSP = "Content-Security-Policy"
OPENER_POLICY = "Cross-Origin-Opener-Policy"
NO_FRAMES = "frame-ancestors 'none'"
# Headers that must be what they are, and the faults if not. A list may say the same twice, a single value may not.
LISTS = {"Referrer-Policy": "referrer-policy", "X-Content-Type-Options": "nosniff"}
SINGLES = {"Access-Control-Allow-Origin": "cors", "Cross-Origin-Resource-Policy": "resource-policy"}

LOGIN = re.compile(r"log-?in|sign-?in|auth|sso|saml", re.IGNORECASE)
PAGE_START = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
WORD = re.compile(rb"[^<>\s]+")
SAME_PAGE = 1 / 2  # share of a page's words from which on another is a version of it
MICROPHONE = re.compile(r"\bmicrophone[\s=]+(\([^)]*\)|[^,;]*)")  # in Permissions-Policy and Feature-Policy
JAVASCRIPT = ("application/javascript", "application/x-javascript")  # other names of text/javascript (RFC 9239 §6)


@dataclass(frozen=True)
class Expected:
    """What the address of `path` must answer.

    `exact`: with these bytes and this policy, else with some of their kind. `refusable`: or with any refusal. `owners`:
    paths by the digest of their bytes, to tell whose an answer's are.
    """

    path: str
    asset: Asset
    exact: bool
    refusable: bool = False
    owners: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return _name(self.path)

    @property
    def is_page(self) -> bool:
        return self.asset.media_type.startswith("text/html")

    def header(self, name: str) -> str:
        return dict(self.asset.headers).get(name, "")

    @property
    def plain(self) -> Body:
        return next(body for body in self.asset.bodies if body.coding == IDENTITY)

    def is_met_by(self, answer: Answer) -> bool:
        """Whether the answer's bytes are the expected ones."""
        return Body.of(answer.body or b"").digest == self.plain.digest


Symptoms = Iterator[Symptom]
Check = Callable[[Expected, Answer], Symptoms]


def judge(expected: Expected, answer: Answer) -> list[Symptom]:
    """What is wrong with an answer."""
    if answer.status != expected.asset.status:
        return list(_status(expected, answer))
    if answer.status == HTTPStatus.OK:
        for stage in STAGES:
            if found := [symptom for check in stage for symptom in check(expected, answer)]:
                return found
    return []


def _status(expected: Expected, answer: Answer) -> Symptoms:
    if answer.status in CLIENT_ERRORS and expected.refusable:
        return
    wanted, actual = status_line(expected.asset.status), status_line(answer.status)
    if answer.status in REDIRECTIONS:
        fault = "login-wall" if _leads_to_login(expected, answer) else "redirects"
        yield Symptom(fault, wanted, f"{actual} to {answer.location}")
    elif answer.status == HTTPStatus.OK and _is_page(answer):
        yield Symptom("page-for-file", f"{wanted} for what is not there", f"{actual}, a page")
    else:
        yield Symptom(STATUSES.get(answer.status, "status"), wanted, actual)


def _leads_to_login(expected: Expected, answer: Answer) -> bool:
    """A login has a telling address, or is one of another host; a site that has moved keeps its files' names."""
    here, there = answer.address, answer.location
    is_elsewhere = there.host.removeprefix("www.") != here.host.removeprefix("www.")
    is_kept = there.path.endswith(expected.name or "/")
    new_part = there.path.removesuffix(here.path)
    is_telling = LOGIN.search(f"{there.host}{new_part}" if is_elsewhere else new_part) is not None
    return is_telling or (is_elsewhere and not is_kept)


def _coding(expected: Expected, answer: Answer) -> Symptoms:
    if _members(answer.coding) - {IDENTITY} - _members(answer.accepted):
        yield Symptom("coding-unasked", f"{answer.accepted} or none", answer.coding)
    elif answer.body is None:
        yield Symptom("undecodable", f"{answer.accepted} or none", f"bytes that are not {answer.coding}")


def _file(expected: Expected, answer: Answer) -> Symptoms:
    if not expected.is_page and _is_page(answer):
        yield Symptom("page-for-file", expected.asset.media_type, f"a page ({answer.header('Content-Type')})")


def _page(expected: Expected, answer: Answer) -> Symptoms:
    """Whether it is this page, or a version of it: rewritten in places, or with other values."""
    if not expected.is_page:
        return
    content = expected.plain.content
    page = content if isinstance(content, bytes) else content.read_bytes()
    words, found = set(WORD.findall(page)), set(WORD.findall(answer.body or b""))
    if len(words & found) < SAME_PAGE * len(words):
        yield Symptom("foreign-page", f"the host's {expected.path}", f"another page ({len(answer.body or b'')} bytes)")


def _body(expected: Expected, answer: Answer) -> Symptoms:
    if not expected.exact or expected.is_met_by(answer):
        return
    sent, body, plain = Body.of(answer.sent), Body.of(answer.body or b""), expected.plain
    owner = expected.owners.get(body.digest)
    if owner and _name(owner) == expected.name:
        yield Symptom("wrong-profile", f"the bytes of {expected.path}", f"those of {owner}")
        return
    # An entity tag of our making that fits the bytes: they are as some host sent them.
    is_hosts = answer.header("ETag").removeprefix("W/").strip('"').partition("-")[0] in (sent.tag, body.tag)
    fault = "other-settings" if is_hosts else "rewritten"
    yield Symptom(fault, *(f"{one.size} bytes, sha384 {one.digest[:16]}…" for one in (plain, body)))


def _media_type(expected: Expected, answer: Answer) -> Symptoms:
    wanted, actual = expected.asset.media_type, answer.header("Content-Type")
    if _canonical_type(actual) != _canonical_type(wanted):
        yield Symptom("media-type", wanted, actual or "none")


def _compression(expected: Expected, answer: Answer) -> Symptoms:
    is_compressible = any(body.coding == "gzip" for body in expected.asset.bodies)  # the least a static host has
    if is_compressible and answer.coding == IDENTITY != answer.accepted:
        yield Symptom("compression-lost", answer.accepted, f"{len(answer.sent)} bytes, not compressed")


def _cache_control(expected: Expected, answer: Answer) -> Symptoms:
    wanted, actual = expected.header("Cache-Control"), answer.header("Cache-Control")
    if _members(actual) == _members(wanted) or (wanted == NO_STORE and NO_STORE in _members(actual)):
        return
    is_ours = expected.name == "redirect.html" and wanted == NO_STORE  # a release has one as well
    fault = "redirect-page-cached" if is_ours else "cache-policy"
    yield Symptom(fault, wanted, actual or "none")


def _policy(expected: Expected, answer: Answer) -> Symptoms:
    """The Content-Security-Policy of a page whose bytes are the expected ones: others have other hashes."""
    if not (expected.exact and expected.is_page and expected.is_met_by(answer)):
        return
    wanted, actual = _policies(expected.header(CSP)), _policies(answer.header(CSP))
    if actual != wanted:
        fault = "csp-added" if all(policy in actual for policy in wanted) else "csp-replaced"
        yield Symptom(fault, ", ".join(wanted) or "none", ", ".join(actual) or "none")


def _fitting_policy(expected: Expected, answer: Answer) -> Symptoms:
    """The Content-Security-Policy of a page whose bytes are not known: does it name the scripts that stand there?"""
    if expected.exact or not expected.is_page:
        return
    scripts = [base64.b64encode(hashlib.sha256(text).digest()) for text in INLINE_SCRIPT.findall(answer.body or b"")]
    hashes = [f"'sha256-{digest.decode()}'" for digest in scripts]
    wanted, actual = expected.header(CSP), _policies(answer.header(CSP))
    if len(actual) > 1 or (actual and not wanted and not actual[0].startswith("frame-ancestors")):
        yield Symptom("csp-added", "the page's own alone" if wanted else "none", ", ".join(actual))
    elif wanted and not all(digest in "".join(actual) for digest in hashes):
        fault = "rewritten" if "'sha256-" in "".join(actual) else "csp-replaced"
        yield Symptom(fault, f"a policy with {' '.join(hashes)}", ", ".join(actual) or "none")


def _opener(expected: Expected, answer: Answer) -> Symptoms:
    actual = answer.header(OPENER_POLICY)
    if expected.is_page and actual not in ("", "unsafe-none", expected.header(OPENER_POLICY)):
        yield Symptom("opener-policy", "unsafe-none, or none", actual)


def _frames(expected: Expected, answer: Answer) -> Symptoms:
    actual = answer.header("X-Frame-Options")
    if actual and expected.is_page and NO_FRAMES not in expected.header(CSP):
        yield Symptom("frame-options", "no X-Frame-Options", actual)


def _microphone(expected: Expected, answer: Answer) -> Symptoms:
    if not expected.is_page:
        return
    for name in ("Permissions-Policy", "Feature-Policy"):
        granted = MICROPHONE.search(actual := answer.header(name))
        if granted and not {"self", "'self'", "*"} & set(granted[1].strip("() ").split()):
            yield Symptom("microphone", f"{name}: microphone=(self), or none", actual)


def _other_headers(expected: Expected, answer: Answer) -> Symptoms:
    for name, fault in {**LISTS, **SINGLES}.items():
        wanted, actual = expected.header(name), answer.header(name)
        is_same = _members(actual) == _members(wanted) if name in LISTS else actual == wanted
        if wanted and not is_same:
            yield Symptom(fault, f"{name}: {wanted}", actual or "none")


STAGES: Sequence[Sequence[Check]] = (
    (_coding,),
    (_file, _page),
    (
        _body,
        _media_type,
        _compression,
        _cache_control,
        _policy,
        _fitting_policy,
        _opener,
        _frames,
        _microphone,
        _other_headers,
    ),
)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_page(answer: Answer) -> bool:
    is_said = answer.header("Content-Type").lower().startswith("text/html")
    return is_said or PAGE_START.match(answer.body or b"") is not None


def _canonical_type(media_type: str) -> str:
    kind, *parameters = (part.strip().lower().replace('"', "") for part in media_type.split(";"))
    return ";".join(["text/javascript" if kind in JAVASCRIPT else kind, *parameters])


def _members(field_value: str) -> set[str]:
    """The members of a list (RFC 9110 §5.6.1), without regard to case, order and repetition."""
    return {member.strip().lower() for member in field_value.split(",")} - {""}


def _policies(field_value: str) -> list[str]:
    """The policies of a Content-Security-Policy (CSP3 §2.2.2)."""
    return [" ".join(policy.split()).rstrip("; ") for policy in field_value.split(",") if policy.strip()]
