"""What a setting may be: types that check more than a shape, and say what to write instead."""

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
from embeddable_host.config.parameters import ALIASES, Value, mistake

OLD_NAMES = frozenset({"appKey", "appSecret"})  # of clientId and clientSecret (`widget.md`, Parameters)

LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
LOGO_LIMIT = 64 * 1024  # bytes: the logo travels inside the redirect page

COUNT_LIMIT = 100_000

# First path segments that mean something else than a profile (`design.md`, Addresses).
RESERVED_NAMES = frozenset({"widget", "healthz", "readyz", "metrics", "relay"})
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:[0-9]{1,5})?")
ORIGIN = re.compile(r"https?://[\w.:\[\]-]+(?![^/?#])", re.ASCII)  # at the start of an address
COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20}|(rgb|hsl)a?\([0-9., %/a-z-]+\)")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def _mistake(what: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{what}. {remedy}.", {"what": what, "remedy": remedy})


def _parse(value: str) -> SplitResult | None:
    """The parts of an http(s) address that a browser can parse (WHATWG URL §3.5); None for any other text."""
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
    """`value` as an ASCII-serialized origin (RFC 6454 §6.2): scheme, host, port when it is not the scheme's own."""
    parts = _parse(value.lower())
    if parts is None or parts.path not in ("", "/"):
        raise _mistake(f'"{value}" is not an origin', 'Write scheme and host alone, such as "https://crm.example.com"')
    return _origin_of(parts)


def _origin_of(parts: SplitResult) -> str:
    """The origin as browsers write it: in lower case, without the scheme's own port."""
    default_port = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default_port)}"


def origin_of(address: str) -> str:
    """The origin of an http(s) address, as a Content-Security-Policy can name it; empty where it has none."""
    found = ORIGIN.match(address)
    return found[0] if found else ""


def _embedder(value: str) -> str:
    """An origin, `*`, or an origin whose first label is a `*` (CSP3, host-source)."""
    if value == "*":
        return value
    wildcard = "://*." in value
    origin = _origin(value.replace("://*.", "://", 1))
    return origin.replace("://", "://*.", 1) if wildcard else origin


def _address(value: str) -> str:
    """A full http(s) address of a folder, with its last slash."""
    parts = _parse(value)
    if parts is None or value.endswith(("?", "#")):
        raise _mistake(
            f'"{value}" is not a full address',
            'Write it with https:// and without "?" or "#", such as "https://phone.example.com/"',
        )
    return f"{_origin_of(parts)}{parts.path.rstrip('/')}/"


def _release(value: str) -> str:
    if not RELEASE_ID.fullmatch(value):
        raise _mistake(
            f'"{value}" is not a release',
            'Write "current", "cdn", or an id that `embeddable-host releases` lists',
        )
    return value


def _matching(pattern: re.Pattern[str], what: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise _mistake(f'"{value}" is not {what}', remedy)
        return value

    return AfterValidator(check)


def _logo(value: Path | None) -> Path | None:
    if value is None:
        return None
    if value.suffix.lower() not in LOGO_TYPES:
        raise _mistake(f"{value} is no logo the page can show", f"Use a file that ends in {', '.join(LOGO_TYPES)}")
    if not value.is_file():
        raise _mistake(f"{value} is not there", "Give the path of an image file")
    if value.stat().st_size > LOGO_LIMIT:
        raise _mistake(f"{value} has more than {LOGO_LIMIT} bytes", "The page carries it inside: make it smaller")
    return value


def _folder(value: Path | None) -> Path | None:
    if value is not None and not value.is_dir():
        raise _mistake(f"{value} is not a folder", "Give the path of a folder with your own pages")
    return value


def _parameters(value: Any) -> Any:
    """Checks a table of the widget's parameters; every wrong one is a mistake of its own."""
    if not isinstance(value, dict):
        return value
    errors: list[InitErrorDetails] = []
    for name, given in value.items():
        if not PARAMETER_NAME.fullmatch(name):
            wrong = _mistake("this is not a parameter's name", "Names are letters, digits, and _ . - behind a letter")
        elif not isinstance(given, str | bool | int | float):
            wrong = _mistake("a parameter has one value", "Write a text, a number, true or false")
        elif ALIASES.get(name) in value and name in OLD_NAMES:
            wrong = _mistake(f"{name} is the old name of {ALIASES[name]}, which is given too", "Remove it")
        elif remedy := mistake(name, given):
            shown = "this value" if is_secret(name) else repr(given)
            wrong = _mistake(f"{shown} is not what {name} takes", remedy[0].upper() + remedy[1:])
        else:
            continue
        errors.append(InitErrorDetails(type=wrong, loc=(name,), input=None))
    if errors:
        raise ValidationError.from_exception_data("parameters", errors)
    return value


def _profile_name(value: str) -> str:
    if value in RESERVED_NAMES:
        raise _mistake(f"a profile cannot be called {value}", f"/{value} is an address of the host: choose another")
    if not PROFILE_NAME.fullmatch(value):
        raise _mistake(
            f'"{value}" is not a profile\'s name',
            "It is part of an address: use a-z, 0-9 and - alone, at most 63",
        )
    return value


def _or_none(value: Any) -> Any:
    """An empty path is none, and not the folder that relative paths begin at."""
    return None if value == "" else value


def _listed(value: Any) -> Any:
    """A list may come from the environment, as text with commas or as JSON."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return [item.strip() for item in value.split(",") if item.strip()]


def _switch(value: Any) -> Any:
    """A boolean may come from the environment, as text."""
    return (
        {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
        if isinstance(value, str)
        else value
    )


def _count(value: Any) -> Any:
    """A count may come from the environment, as text."""
    count = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= COUNT_LIMIT:
        raise _mistake(f"{json.dumps(value, default=str)} is not a count", f"Write a number from 1 to {COUNT_LIMIT}")
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
Logo = Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_logo)]
Language = Annotated[str, _matching(LANGUAGE, "a language", 'Write its tag, such as "en" or "pt-BR"')]
