"""The types of settings: they validate more than pydantic's own, and their errors include what to write instead."""

import contextlib
import ipaddress
import json
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import NoDecode

from embeddable_host.config.credentials import is_secret
from embeddable_host.config.parameters import ALIASES, Value, parameter_error

OLD_NAMES = frozenset({"appKey", "appSecret"})  # of clientId and clientSecret (`docs/widget.md`, Parameters)

LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
MAX_LOGO_BYTES = 64 * 1024  # the logo is part of the redirect page

MAX_COUNT = 100_000

# First path segments that are not profiles.
RESERVED_NAMES = frozenset({"widget", "healthz", "readyz", "metrics", "relay"})
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:[0-9]{1,5})?")
ORIGIN = re.compile(r"https?://[\w.:\[\]-]+(?![^/?#])", re.ASCII)  # at the beginning of an address
COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20}|(rgb|hsl)a?\([0-9., %/a-z-]+\)")
HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def _error(what: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{what}. {remedy}.", {"what": what, "remedy": remedy})


def _parse(value: str) -> SplitResult | None:
    """The parts of an http(s) address that browsers can parse (WHATWG URL §3.5); None for any other text."""
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
        if host.rpartition(".")[2].isdigit() or ":" in host:
            ipaddress.ip_address(host)
    except ValueError:
        return None
    plain = parts.scheme in ("https", "http") and HOST_AND_PORT.fullmatch(parts.netloc.lower()) and port != 0
    return parts if plain and not parts.query and not parts.fragment else None


def _origin(value: str) -> str:
    """`value` as an ASCII-serialized origin (RFC 6454 §6.2): scheme, host, and port if it is not the default."""
    parts = _parse(value.lower())
    if parts is None or parts.path not in ("", "/"):
        raise _error(f'"{value}" is not an origin', 'Write only scheme and host, such as "https://crm.example.com"')
    return _origin_of(parts)


def _origin_of(parts: SplitResult) -> str:
    """The origin as browsers write it: in lower case, without the default port."""
    default_port = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default_port)}"


def origin_of(address: str) -> str:
    """The origin of an http(s) address as used in a Content-Security-Policy; empty if it has none."""
    found = ORIGIN.match(address)
    return found[0] if found else ""


def _embedder(value: str) -> str:
    """An origin, `*`, or an origin whose first label is `*` (CSP3, host-source)."""
    if value == "*":
        return value
    wildcard = "://*." in value
    origin = _origin(value.replace("://*.", "://", 1))
    return origin.replace("://", "://*.", 1) if wildcard else origin


def _address(value: str) -> str:
    """A full http(s) address of a folder, with a slash at the end."""
    parts = _parse(value)
    if parts is None or value.endswith(("?", "#")):
        raise _error(
            f'"{value}" is not a full address',
            'Write it with https:// and without "?" or "#", such as "https://phone.example.com/"',
        )
    return f"{_origin_of(parts)}{parts.path.rstrip('/')}/"


def _release(value: str) -> str:
    if not RELEASE_ID.fullmatch(value):
        raise _error(
            f'"{value}" is not a release',
            'Write "current", "cdn", or an id from `embeddable-host releases`',
        )
    return value


def _matching(pattern: re.Pattern[str], what: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise _error(f'"{value}" is not {what}', remedy)
        return value

    return AfterValidator(check)


def _logo(value: Path | None) -> Path | None:
    if value is None:
        return None
    if value.suffix.lower() not in LOGO_TYPES:
        raise _error(f"{value} is not an image that the page can show", f"Use one of {', '.join(LOGO_TYPES)}")
    if not value.is_file():
        raise _error(f"{value} does not exist", "Write the path of an image file")
    if value.stat().st_size > MAX_LOGO_BYTES:
        raise _error(f"{value} has more than {MAX_LOGO_BYTES} bytes", "It is part of the page: make it smaller")
    return value


def _folder(value: Path | None) -> Path | None:
    if value is not None and not value.is_dir():
        raise _error(f"{value} is not a folder", "Write the path of a folder with your own pages")
    return value


def _parameters(value: Any) -> Any:
    """Validates a table of the widget's parameters; each wrong one is a separate error."""
    if not isinstance(value, dict):
        return value
    errors: list[InitErrorDetails] = []
    for name, one in value.items():
        if not PARAMETER_NAME.fullmatch(name):
            error = _error("this is not a parameter name", "Names have a-z, A-Z, 0-9, and later _ . -")
        elif not isinstance(one, str | bool | int | float):
            error = _error("a parameter has one value", "Write a text, a number, true or false")
        elif ALIASES.get(name) in value and name in OLD_NAMES:
            error = _error(f"{name} is the old name of {ALIASES[name]}, which is set as well", "Remove it")
        elif remedy := parameter_error(name, one):
            shown = "this value" if is_secret(name) else repr(one)
            error = _error(f"{shown} is not valid for {name}", remedy[0].upper() + remedy[1:])
        else:
            continue
        errors.append(InitErrorDetails(type=error, loc=(name,), input=None))
    if errors:
        raise ValidationError.from_exception_data("parameters", errors)
    return value


def _profile_name(value: str) -> str:
    if value in RESERVED_NAMES:
        raise _error(f"a profile cannot be called {value}", f"/{value} is an address of the host: choose another name")
    if not PROFILE_NAME.fullmatch(value):
        raise _error(
            f'"{value}" is not a profile name',
            "It is part of an address: use only a-z, 0-9 and -, at most 63 characters",
        )
    return value


def _or_none(value: Any) -> Any:
    """An empty path is none, not the folder that relative paths start from."""
    return None if value == "" else value


def _listed(value: Any) -> Any:
    """A list from the environment is text: separated by commas, or JSON."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return [item.strip() for item in value.split(",") if item.strip()]


def _switch(value: Any) -> Any:
    """A boolean from the environment is text."""
    return (
        {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
        if isinstance(value, str)
        else value
    )


def _count(value: Any) -> Any:
    """A count from the environment is text."""
    count = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_COUNT:
        raise _error(f"{json.dumps(value, default=str)} is not a count", f"Write a number from 1 to {MAX_COUNT}")
    return count


Address = Annotated[str, AfterValidator(_address)]
AddressOrNone = Annotated[str, AfterValidator(lambda value: value and _address(value))]
Origins = Annotated[list[Annotated[str, AfterValidator(_origin)]], NoDecode, BeforeValidator(_listed)]
Embedders = Annotated[list[Annotated[str, AfterValidator(_embedder)]], NoDecode, BeforeValidator(_listed)]
ReleaseId = Annotated[str, AfterValidator(_release)]
Folder = Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_folder)]
PathOrNone = Annotated[Path | None, BeforeValidator(_or_none)]
Count = Annotated[int, BeforeValidator(_count)]
Switch = Annotated[bool, BeforeValidator(_switch), Field(strict=True)]
Parameters = Annotated[dict[str, Value], BeforeValidator(_parameters)]
ProfileName = Annotated[str, AfterValidator(_profile_name)]
Color = Annotated[str, _matching(COLOR, "a colour", 'Write it as in CSS, such as "#0684bd"')]
HeaderName = Annotated[str, _matching(HEADER_NAME, "the name of a header", 'Write one such as "X-Real-IP"')]
Logo = Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_logo)]
Language = Annotated[str, _matching(LANGUAGE, "a language", 'Write its tag, such as "en" or "pt-BR"')]
