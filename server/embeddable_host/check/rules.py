"""What is wrong with a response, compared with what is expected.

The rules are small functions in stages. The first stage that finds something is the last for a response: what later
ones would find is a consequence.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus

from embeddable_host.check.client import Response, status_line
from embeddable_host.check.expected import Expected, file_name
from embeddable_host.config.profiles import REDIRECT_PAGE
from embeddable_host.faults.faults import STATUSES, Symptom
from embeddable_host.responses.body import IDENTITY, Body
from embeddable_host.responses.headers import NO_STORE

REDIRECTS, CLIENT_ERRORS = range(300, 400), range(400, 500)
OTHER_STATUS = "status"  # the fault of a status that the table of faults does not name

CSP = "Content-Security-Policy"
OPENER_POLICY = "Cross-Origin-Opener-Policy"
NO_FRAMES = "frame-ancestors 'none'"
# Headers that must be as expected, and their faults. A list may repeat a member, a single value may not.
LISTS = {"Referrer-Policy": "referrer-policy", "X-Content-Type-Options": "nosniff"}
SINGLES = {"Access-Control-Allow-Origin": "cors", "Cross-Origin-Resource-Policy": "resource-policy"}

LOGIN = re.compile(r"log-?in|sign-?in|auth|sso|saml", re.IGNORECASE)
PAGE_START = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
INLINE_SCRIPT = re.compile(rb"<script>(.*?)(?:</script>|\Z)", re.DOTALL)
WORD = re.compile(rb"[^<>\s]+")
SAME_PAGE = 1 / 2  # share of a page's words that another version of the page has
MICROPHONE = re.compile(r"\bmicrophone[\s=]+(\([^)]*+\)?|[^,;]*)")  # in Permissions-Policy and Feature-Policy
JAVASCRIPT = ("application/javascript", "application/x-javascript")  # other names of text/javascript (RFC 9239 §6)


Symptoms = Iterator[Symptom]
Rule = Callable[[Expected, Response], Symptoms]


def examine(expected: Expected, response: Response) -> list[Symptom]:
    """What is wrong with a response."""
    if response.status != expected.asset.status:
        return list(_status(expected, response))
    if response.status == HTTPStatus.OK:
        for stage in STAGES:
            if found := [symptom for rule in stage for symptom in rule(expected, response)]:
                return found
    return []


def _status(expected: Expected, response: Response) -> Symptoms:
    if response.status in CLIENT_ERRORS and expected.refusable:
        return
    right, actual = status_line(expected.asset.status), status_line(response.status)
    if response.status in REDIRECTS:
        fault = "login-wall" if _leads_to_login(expected, response) else "redirects"
        yield Symptom(fault, right, f"{actual} to {response.location}")
    elif response.status == HTTPStatus.OK and _is_page(response):
        yield Symptom("page-for-file", f"{right} for a missing file", f"{actual}, a page")
    else:
        yield Symptom(STATUSES.get(response.status, OTHER_STATUS), right, actual)


def _leads_to_login(expected: Expected, response: Response) -> bool:
    """A login page is on another host, or its address names a login; a site that has moved keeps its file names."""
    here, there = response.url, response.location
    is_elsewhere = there.host.removeprefix("www.") != here.host.removeprefix("www.")
    is_kept = there.path.endswith(expected.name or "/")
    new_part = there.path.removesuffix(here.path)
    names_login = LOGIN.search(f"{there.host}{new_part}" if is_elsewhere else new_part) is not None
    return names_login or (is_elsewhere and not is_kept)


def _encoding(expected: Expected, response: Response) -> Symptoms:
    if _members(response.encoding) - {IDENTITY} - _members(response.accepted):
        yield Symptom("encoding-not-accepted", f"{response.accepted} or none", response.encoding)
    elif response.body is None:
        yield Symptom("undecodable", f"{response.accepted} or none", f"bytes that are not {response.encoding}")


def _file(expected: Expected, response: Response) -> Symptoms:
    if not expected.is_page and _is_page(response):
        yield Symptom("page-for-file", expected.asset.media_type, f"a page ({response.header('Content-Type')})")


def _page(expected: Expected, response: Response) -> Symptoms:
    """Whether it is this page or a version of it: rewritten in places, or with other values."""
    if not expected.is_page:
        return
    words = set(WORD.findall(expected.content))
    common = {word[0] for word in WORD.finditer(response.body or b"") if word[0] in words}
    if len(common) < SAME_PAGE * len(words):
        size = len(response.body or b"")
        yield Symptom("foreign-page", f"the host's {expected.path}", f"another page ({size} bytes)")


def _body(expected: Expected, response: Response) -> Symptoms:
    if not expected.exact or _has_expected_bytes(expected, response):
        return
    sent, body = Body.of(response.sent), Body.of(response.body or b"")
    owner = expected.owners.get(body.digest)
    if owner and file_name(owner) == expected.name:
        yield Symptom("wrong-profile", f"the bytes of {expected.path}", f"those of {owner}")
        return
    # An entity tag of this host's kind that matches the bytes: a host sent them as they are.
    is_hosts = response.header("ETag").removeprefix("W/").strip('"').partition("-")[0] in (sent.tag, body.tag)
    fault = "other-settings" if is_hosts else "rewritten"
    yield Symptom(fault, *(f"{one.size} bytes, sha384 {one.digest[:16]}…" for one in (expected.body, body)))


def _media_type(expected: Expected, response: Response) -> Symptoms:
    right, actual = expected.asset.media_type, response.header("Content-Type")
    if _canonical_type(actual) != _canonical_type(right):
        yield Symptom("media-type", right, actual or "none")


def _compression(expected: Expected, response: Response) -> Symptoms:
    is_compressible = any(body.coding == "gzip" for body in expected.asset.bodies)  # which every static host supports
    if is_compressible and response.encoding == IDENTITY != response.accepted:
        yield Symptom("compression-lost", response.accepted, f"{len(response.sent)} bytes, not compressed")


def _cache_control(expected: Expected, response: Response) -> Symptoms:
    right, actual = expected.header("Cache-Control"), response.header("Cache-Control")
    if _members(actual) == _members(right) or (right == NO_STORE and NO_STORE in _members(actual)):
        return
    is_redirect_page = expected.name == REDIRECT_PAGE and right == NO_STORE  # a release has one with another policy
    yield Symptom("redirect-page-cached" if is_redirect_page else "cache-policy", right, actual or "none")


def _policy(expected: Expected, response: Response) -> Symptoms:
    """The Content-Security-Policy of a page with the expected bytes: other bytes have other hashes."""
    if not (expected.exact and expected.is_page and _has_expected_bytes(expected, response)):
        return
    right, actual = _policies(expected.header(CSP)), _policies(response.header(CSP))
    if actual != right:
        fault = "csp-added" if all(policy in actual for policy in right) else "csp-replaced"
        yield Symptom(fault, ", ".join(right) or "none", ", ".join(actual) or "none")


def _matching_policy(expected: Expected, response: Response) -> Symptoms:
    """The Content-Security-Policy of a page whose bytes are unknown: does it allow the page's own scripts?"""
    if expected.exact or not expected.is_page:
        return
    digests = [hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(response.body or b"")]
    hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    right, actual = expected.header(CSP), _policies(response.header(CSP))
    if len(actual) > 1 or (actual and not right and not actual[0].startswith("frame-ancestors")):
        yield Symptom("csp-added", "only the page's own" if right else "none", ", ".join(actual))
    elif right and not all(digest in "".join(actual) for digest in hashes):
        fault = "rewritten" if "'sha256-" in "".join(actual) else "csp-replaced"
        yield Symptom(fault, f"a policy with {' '.join(hashes)}", ", ".join(actual) or "none")


def _opener(expected: Expected, response: Response) -> Symptoms:
    actual = response.header(OPENER_POLICY)
    if expected.is_page and actual not in ("", "unsafe-none", expected.header(OPENER_POLICY)):
        yield Symptom("opener-policy", "unsafe-none, or none", actual)


def _frames(expected: Expected, response: Response) -> Symptoms:
    actual = response.header("X-Frame-Options")
    if actual and expected.is_page and NO_FRAMES not in expected.header(CSP):
        yield Symptom("frame-options", "no X-Frame-Options", actual)


def _microphone(expected: Expected, response: Response) -> Symptoms:
    if not expected.is_page:
        return
    for name in ("Permissions-Policy", "Feature-Policy"):
        allowed = MICROPHONE.search(actual := response.header(name))
        if allowed and not {"self", "'self'", "*"} & set(allowed[1].strip("() ").split()):
            yield Symptom("microphone", f"{name}: microphone=(self), or none", actual)


def _other_headers(expected: Expected, response: Response) -> Symptoms:
    for name, fault in {**LISTS, **SINGLES}.items():
        right, actual = expected.header(name), response.header(name)
        is_same = _members(actual) == _members(right) if name in LISTS else actual == right
        if right and not is_same:
            yield Symptom(fault, f"{name}: {right}", actual or "none")


STAGES: Sequence[Sequence[Rule]] = (
    (_encoding,),
    (_file, _page),
    (
        _body,
        _media_type,
        _compression,
        _cache_control,
        _policy,
        _matching_policy,
        _opener,
        _frames,
        _microphone,
        _other_headers,
    ),
)


def _has_expected_bytes(expected: Expected, response: Response) -> bool:
    return Body.of(response.body or b"").digest == expected.body.digest


def _is_page(response: Response) -> bool:
    has_type = response.header("Content-Type").lower().startswith("text/html")
    return has_type or PAGE_START.match(response.body or b"") is not None


def _canonical_type(media_type: str) -> str:
    kind, *parameters = (part.strip().lower().replace('"', "") for part in media_type.split(";"))
    return ";".join(["text/javascript" if kind in JAVASCRIPT else kind, *parameters])


def _members(field_value: str) -> set[str]:
    """The members of a list (RFC 9110 §5.6.1), regardless of case, order and repetition."""
    return {member.strip().lower() for member in field_value.split(",")} - {""}


def _policies(field_value: str) -> list[str]:
    """The policies of a Content-Security-Policy (CSP3 §2.2.2)."""
    return [" ".join(policy.split()).rstrip("; ") for policy in field_value.split(",") if policy.strip()]
