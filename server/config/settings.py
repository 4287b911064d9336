"""The configuration: `embeddable.toml` and `EMBEDDABLE_…` variables, checked as a whole before anything starts.

The file gives the values, the environment overrides them, pydantic checks the shape, and the functions here check what
a shape cannot say (origins, addresses, the widget's parameters). A mistake never stops the check: all of them are told
at once, each with where it stands, what is wrong and what to write instead.
"""

import contextlib
import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import EnvSettingsSource, NoDecode

from server.config.parameters import (
    PARAMETERS,
    SWITCHES,
    TWINS,
    Kind,
    Value,
    canonical,
    merge,
    mistake,
    nearest,
)

FILE_NAME = "embeddable.toml"
ENVIRONMENT_PREFIX = "EMBEDDABLE_"
LEVEL_DELIMITER = "__"
CONFIG_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"

CURRENT = "current"  # widget.release: what `releases use` chose last
CDN = "cdn"  # widget.release: no release of our own

SECRETS = frozenset(name for name, parameter in PARAMETERS.items() if parameter.secret)
OLD_NAMES = frozenset({"appKey", "appSecret"})  # of clientId and clientSecret (`widget.md`, Parameters)

LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
LOGO_LIMIT = 64 * 1024  # bytes: the logo travels inside the redirect page

# First path segments that mean something else than a profile (`design.md`, Addresses).
RESERVED_NAMES = frozenset({"widget", "healthz", "readyz", "metrics"})
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:[0-9]{1,5})?")
COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20}|(rgb|hsl)a?\([0-9., %/a-z-]+\)")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class SettingsError(Exception):
    """The configuration cannot be used; the message lists every mistake, one a line."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


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
        elif TWINS.get(name) in value and name in OLD_NAMES:
            wrong = _mistake(f"{name} is the old name of {TWINS[name]}, which is given too", "Remove it")
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


Origin = Annotated[str, AfterValidator(_origin)]
Embedder = Annotated[str, AfterValidator(_embedder)]
Address = Annotated[str, AfterValidator(_address)]
Parameters = Annotated[dict[str, Value], BeforeValidator(_parameters)]
Color = Annotated[str, _matching(COLOR, "a colour", 'Write it as in CSS, such as "#0684bd"')]
Logo = Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_logo)]
Language = Annotated[str, _matching(LANGUAGE, "a language", 'Write its tag, such as "en" or "pt-BR"')]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Widget(Section):
    source: Address = Field(
        "https://apps.ringcentral.com/integration/ringcentral-embeddable/",
        description="where `pull` finds releases, and where the widget comes from when none is hosted",
    )
    release: Annotated[str, AfterValidator(_release)] = Field(
        CURRENT, description="`current`, the id of a release, or `cdn` to host none"
    )
    embedders: Annotated[list[Embedder], NoDecode, BeforeValidator(_listed)] = Field(
        ["*"], description="origins of the pages that may frame the widget; `*` is every page"
    )


class Redirect(Section):
    origins: Annotated[list[Origin], NoDecode, BeforeValidator(_listed)] = Field(
        [], description="further origins that may receive the callback"
    )
    title: str = Field("", description="the redirect page's title; a sentence in the user's language unless set")
    text: str = Field("", description="what it says while it works; likewise")
    language: Language = Field("", description="language tag of the page; the browser's language unless set")
    logo: Logo = Field(None, description="an image file (SVG, PNG, JPEG, WebP; 64 KiB), sent inside the page")
    color: Color = Field("", description="colour of its text, as in CSS")
    background: Color = Field("", description="colour behind it, as in CSS")
    dark_logo: Logo = Field(None, description="the logo where the user prefers dark; `redirect.logo` unless set")
    dark_color: Color = Field("", description="colour of its text there; without one, the light colours hold")
    dark_background: Color = Field("", description="colour behind it there")


class Setup(Section):
    enabled: Annotated[bool, BeforeValidator(_switch)] = Field(
        True, strict=True, description="serve the setup page and the rehearsal; `false` leaves the files alone"
    )


class Profile(Section):
    params: Parameters = Field({}, description="parameters of this profile, over those of `[params]`")


class Settings(Section):
    """Everything that can be configured; `load` makes one."""

    public_url: Annotated[str, AfterValidator(lambda value: value and _address(value))] = Field(
        "",
        description="the host's public address; pins what is injected, else it is the address a page loads it from",
    )
    data_dir: Path = Field(Path("var"), description="folder for releases and caches")
    public_dir: Annotated[Path | None, BeforeValidator(_or_none), AfterValidator(_folder)] = Field(
        None, description="folder with pages of your own, laid over the built-in ones"
    )
    allow_public_secrets: Annotated[bool, BeforeValidator(_switch)] = Field(
        False, strict=True, description="publish credentials found in parameters (do not)"
    )
    widget: Widget = Field(default_factory=Widget)
    redirect: Redirect = Field(default_factory=Redirect)
    setup: Setup = Field(default_factory=Setup)
    params: Parameters = Field({}, description="any parameter of the widget")
    profiles: dict[Annotated[str, AfterValidator(_profile_name)], Profile] = Field(
        {}, description="further sets of parameters, each served under its own name"
    )

    @property
    def releases(self) -> Path:
        return self.data_dir / "releases"

    @property
    def cache(self) -> Path:
        return self.data_dir / "cache"

    def parameters(self, profile: str | None) -> dict[str, Value]:
        """The parameters of a profile with what it inherits; of the default one for None."""
        return merge(self.params, self.profiles[profile].params) if profile else dict(self.params)


class Environment(EnvSettingsSource):
    """`EMBEDDABLE_…` variables as a table of settings.

    A variable is text and has no case: the parameters' names and types are restored.
    """

    def __init__(self) -> None:
        super().__init__(
            Settings,  # type: ignore[arg-type]  # of which it reads the fields alone
            case_sensitive=False,
            env_prefix=ENVIRONMENT_PREFIX,
            env_nested_delimiter=LEVEL_DELIMITER,
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        told = {name.lower() for name, path in _variables().items() if _misnamed(path)}
        return {name: text for name, text in super()._load_env_vars().items() if name not in told}

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        for table in (found, *_dicts(found.get("profiles"))):
            if isinstance(params := table.get("params"), dict):
                table["params"] = {canonical(name): _typed(canonical(name), text) for name, text in params.items()}
        return found


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value.values() if isinstance(item, dict)) if isinstance(value, dict) else ()


def _typed(name: str, text: Any) -> Any:
    """A variable's text as the type its parameter has; left as it is where it cannot be that."""
    kind = PARAMETERS[name].kind if name in PARAMETERS else Kind.TEXT
    if kind in SWITCHES:
        return {"true": True, "1": True, "false": False, "0": False, "": False}.get(str(text).lower(), text)
    if kind is Kind.NUMBER:
        try:
            return float(text) if "." in str(text) else int(text)
        except ValueError:
            return text
    return text


SECTIONS: Mapping[str, type[BaseModel]] = {"widget": Widget, "redirect": Redirect, "setup": Setup, "profiles": Profile}


def find(config: Path | None) -> Path | None:
    """The file to read: the one named, else `EMBEDDABLE_CONFIG`, else the working directory's, else none."""
    if config is None and os.environ.get(CONFIG_VARIABLE):
        config = Path(os.environ[CONFIG_VARIABLE])
    if config is None and Path(FILE_NAME).is_file():
        config = Path(FILE_NAME)
    return config


def load(config: Path | None = None) -> Settings:
    """The settings from `config` (see `find`) and the environment.

    Paths in the file are relative to the file. Raises SettingsError with every mistake there is.
    """
    file = find(config)
    mistakes = [
        f"environment {variable}: {wrong}" for variable, path in _variables().items() if (wrong := _misnamed(path))
    ]
    values = _lay_over(_read(file), Environment()())
    if values.get("allow_public_secrets") not in (True, "true", "1"):
        mistakes += [_refuse_secret(where, name, file) for where, name in _secrets(values)]
    try:
        settings = Settings(**values)
        if settings.public_dir and settings.data_dir.resolve().is_relative_to(settings.public_dir.resolve()):
            where = _where(("public_dir",), file)
            mistakes.append(f"{where}: data_dir lies in {settings.public_dir}. Give your pages a folder of their own.")
    except ValidationError as error:
        mistakes += [_explain(details, file) for details in error.errors(include_url=False)]
    if mistakes:
        raise SettingsError(list(dict.fromkeys(mistakes)))
    return settings


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The tables of `above` over those of `below`, level by level."""
    laid = dict(below)
    for name, value in above.items():
        under = below.get(name)
        if not (isinstance(value, dict) and isinstance(under, dict)):
            laid[name] = value
        else:
            laid[name] = merge(under, value) if name == "params" else _lay_over(under, value)
    return laid


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = f"Give the path of a settings file to --config or {CONFIG_VARIABLE}, or leave it out: none is needed."
        raise SettingsError([f"{file}: there is no such file. {remedy}"]) from None
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror}. Make it readable for this user."]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f'{file}: this is not TOML: {error}. Texts stand in quotes: name = "value".']) from None
    redirect = values.get("redirect")
    paths = ((values, "data_dir"), (values, "public_dir"), (redirect, "logo"), (redirect, "dark_logo"))
    for table, key in paths:
        if isinstance(table, dict) and isinstance(table.get(key), str) and table[key]:
            table[key] = str(file.parent / table[key])
    values.setdefault("data_dir", str(file.parent / "var"))
    return values


def _variables() -> dict[str, tuple[str, ...]]:
    """Each `EMBEDDABLE_…` variable with the path of keys it stands for."""
    return {
        name: tuple(name[len(ENVIRONMENT_PREFIX) :].lower().split(LEVEL_DELIMITER))
        for name in os.environ
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name.upper() != CONFIG_VARIABLE
    }


# A variable for each table, to say how one is written; it is as deep as all of its table are.
VARIABLES = {
    "widget": ("widget", "release"),
    "redirect": ("redirect", "title"),
    "setup": ("setup", "enabled"),
    "params": ("params", "clientid"),
    "profiles": ("profiles", "sandbox", "params", "clientid"),
}


def _misnamed(path: tuple[str, ...]) -> str | None:
    """What is wrong with a variable's name, None where it stands for a setting."""
    top = path[0]
    if top not in Settings.model_fields:
        return _unknown(top, list(Settings.model_fields))
    levels = {"profiles": 2}.get(top, 1)  # of which the names at the next are fixed, but those of parameters
    if top in SECTIONS and len(path) > levels and path[levels] not in SECTIONS[top].model_fields:
        return _unknown(path[levels], list(SECTIONS[top].model_fields))
    example = VARIABLES.get(top, (top,))
    if len(path) < len(example):
        variable = ENVIRONMENT_PREFIX + LEVEL_DELIMITER.join(example).upper()
        return f"{'.'.join(path)} is a table. Set its keys one by one, as in {variable}."
    return _unknown(path[len(example)], []) if len(path) > len(example) else None


def _unknown(name: str, known: list[str]) -> str:
    meant = nearest(name, known)
    remedy = f"Did you mean {meant}?" if meant else f"Known here: {', '.join(known) or 'nothing'}."
    return f"there is no setting {name}. {remedy}"


def _explain(details: Mapping[str, Any], file: Path | None) -> str:
    """One mistake as a sentence: where it stands, what is wrong, what to write."""
    location = tuple(details["loc"])
    if location and location[-1] == "[key]":
        location = location[:-1]
    where = _where(location, file)
    if details["type"] == "extra_forbidden":
        model = SECTIONS.get(str(location[0]), Settings) if len(location) > 1 else Settings
        fields = list(model.model_fields)
        return f"{where}: {_unknown(str(location[-1]), fields)}"
    if details["type"] == "setting":
        return f"{where}: {details['msg']}"
    return f"{where}: {details['msg'][0].lower()}{details['msg'][1:]}. Write a {_expected(details['type'])}."


def _expected(error_type: str) -> str:
    names = {
        "bool": "plain true or false",
        "string": "text in quotes",
        "list": 'list, such as ["…"]',
        "path": "path in quotes",
    }
    table = "table of its own, such as [widget]"
    return next((text for name, text in names.items() if error_type.startswith(name)), table)


def _where(location: tuple[str | int, ...], file: Path | None) -> str:
    """The place of a setting: the variable it came from, else the file and its key."""
    keys = [str(part).lower() for part in location if not isinstance(part, int)]
    for variable, path in _variables().items():
        if list(path[: len(keys)]) == keys[: len(path)]:
            return f"environment {variable}"
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{file or FILE_NAME}: {key}"


def is_secret(name: str) -> bool:
    """Whether `name` is a credential's, however it is spelled: a wrong spelling would be published all the same."""
    return canonical(re.sub("[_.-]", "", name)) in SECRETS


def _secrets(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each credential among the values, with the place of its table."""
    tables: list[tuple[tuple[str, ...], Any]] = [(("params",), values.get("params"))]
    profiles = values.get("profiles")
    for profile, table in profiles.items() if isinstance(profiles, dict) else ():
        tables.append((("profiles", profile, "params"), table.get("params") if isinstance(table, dict) else None))
    for where, params in tables:
        for name, value in params.items() if isinstance(params, dict) else ():
            if is_secret(str(name)) and value != "":
                yield where, name


def _refuse_secret(where: tuple[str, ...], name: str, file: Path | None) -> str:
    return (
        f"{_where((*where, name), file)}: {name} is a credential, and everybody can fetch what is configured here. "
        "Remove it: a client-side web app signs in with PKCE, which needs none. "
        "(allow_public_secrets = true publishes it all the same.)"
    )


def warnings(settings: Settings) -> list[str]:
    """What is allowed but most likely not meant, one sentence each."""
    told = [
        f"{'.'.join((*where, name))} is published to everyone who can reach this host (allow_public_secrets is on)."
        for where, name in _secrets(settings.model_dump())
    ]
    tables = {"params": settings.params} | {
        f"profiles.{name}.params": own.params for name, own in settings.profiles.items()
    }
    for where, table in tables.items():
        for name in table.keys() - PARAMETERS.keys():
            meant = nearest(name)
            hint = f"did you mean {meant}? " if meant else ""
            told.append(f"{where}.{name} is not a parameter known here: {hint}It is passed on as it is.")
    return told + list(_shared_prefixes(settings))


def _shared_prefixes(settings: Settings) -> Iterator[str]:
    """Profiles of one origin with one prefix share storage, so they sign each other's users out (`widget.md`, #472)."""
    seen: dict[Value, tuple[str, tuple[Value, Value]]] = {}
    for profile in (None, *settings.profiles):
        params = settings.parameters(profile)
        prefix = params.get("prefix") or "rc-widget"
        app = (
            params.get("clientId") or params.get("appKey") or "",
            params.get("appServer") or "https://platform.ringcentral.com",
        )
        name = f"profile {profile}" if profile else "the default profile"
        other, other_app = seen.setdefault(prefix, (name, app))
        if other_app != app:
            yield (
                f"{name} and {other} have different client ids or servers but one prefix ({prefix}): whoever uses "
                f"both is signed out of one by the other. Give {name} a prefix of its own."
            )


def reference() -> str:
    """Every setting as Markdown, for the README, from the declarations above."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for table, model in (("", Settings), ("widget", Widget), ("redirect", Redirect), ("setup", Setup)):
        for name, field in model.model_fields.items():
            if field.description:
                key = f"[{name}]" if name in ("params", "profiles") else f"{table}.{name}".lstrip(".")
                key = "[profiles.NAME.params]" if name == "profiles" else key
                rows.append(f"| `{key}` | {_shown(field.default)} | {field.description} |")
    return "\n".join(rows)


def _shown(default: Any) -> str:
    if default in ("", None, {}):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return "`[" + ", ".join(f'"{item}"' for item in default) + "]`"
    return f'`"{default}"`'
