"""What a request asks for: a content coding (RFC 9110 §12.5.3), conditions (§13), a part (§14)."""

import re
from collections.abc import Mapping
from functools import lru_cache

from starlette.types import Scope

from embeddable_host.responses.body import IDENTITY

FIELDS = {name.encode(): name for name in ("accept-encoding", "if-match", "if-none-match", "if-range", "range")}

_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')  # §8.8.3
_BYTE_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*")  # a single range; §14.1.2
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")


def fields_of(scope: Scope) -> dict[str, str]:
    """The request's headers that matter here; a field sent in several lines is one list (§5.3)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        if (name := FIELDS.get(raw_name)) is not None:
            value = raw_value.decode("latin-1")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def weights(accept_encoding: str) -> Mapping[str, float]:
    """The q-value of each coding in an Accept-Encoding field; members that cannot be read are left out."""
    found = {}
    for member in accept_encoding.split(","):
        if match := _CODING.fullmatch(member):
            coding = match[1].lower()
            found["gzip" if coding == "x-gzip" else coding] = float(match[2] or 1)
    return found


def weight(coding: str, accepted: Mapping[str, float]) -> float:
    """The q-value of `coding`. Identity is acceptable, as the last choice, unless refused by name or by `*`."""
    if coding in accepted:
        return accepted[coding]
    if "*" in accepted:
        return accepted["*"]
    return 0.0005 if coding == IDENTITY else 0.0


@lru_cache(maxsize=256)
def choose(codings: tuple[str, ...], accept_encoding: str | None) -> str | None:
    """The one of `codings` with the highest weight, the first among equals; None where the client accepts none.

    Without the field every coding is acceptable, but clients that do not send it seldom decode: identity.
    """
    if accept_encoding is None:
        return IDENTITY
    accepted = weights(accept_encoding)
    best = max(codings, key=lambda coding: weight(coding, accepted))
    return best if weight(best, accepted) > 0 else None


def matches(field_value: str, etag: str) -> bool:
    """Whether an If-None-Match list has `etag`, by weak comparison (§13.1.2): a proxy may have weakened it."""
    return field_value.strip() == "*" or any(tag == etag for _, tag in _ENTITY_TAG.findall(field_value))


def matches_strongly(field_value: str, etag: str) -> bool:
    """Whether an If-Match list has `etag`, by strong comparison (§13.1.1)."""
    return field_value.strip() == "*" or any(tag == etag for weak, tag in _ENTITY_TAG.findall(field_value) if not weak)


def byte_range(field_value: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a Range with one range; None where the full body is to be sent (§14.2).

    Several ranges, other units and what cannot be read are ignored, as a server may. Raises ValueError where the
    range begins after the end (416).
    """
    match = _BYTE_RANGE.fullmatch(field_value)
    if not match or match[1] == match[2] == "":
        return None
    # A number of more than 18 digits is cut: it lies behind every end all the same.
    first, last = (int(digits.lstrip("0")[:18] or 0) if digits else None for digits in match.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), size - 1
    elif last is not None and last < first:
        return None
    if first >= size:
        raise ValueError(field_value)
    return first, size - 1 if last is None else min(last, size - 1)
