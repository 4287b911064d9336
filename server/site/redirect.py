"""The window of a sign-in: the page where it begins, and the redirect page, which hands what comes back to the app."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from server.answer.policy import NO_STORE, PagePolicy
from server.config.mistakes import SettingsError
from server.config.values import LOGO_TYPES
from server.site.contract import DEFAULT_PREFIX, cdn_origins
from server.site.part import HAND_OFF, REDIRECT_PAGE, Basis, Draft, Home

START_PAGE = "start.html"
SENTENCES = "sentences.json"
FALLBACK_LANGUAGE = "en"
POLICY = PagePolicy(NO_STORE, images="'self' data:", framed="embedders")
RELAYING_POLICY = replace(POLICY, asks=True)  # it leaves the answer with the host
START_POLICY = replace(POLICY, framed="nobody")
COMMENT = re.compile(r"<!--.*?(-->|$)", re.DOTALL)


@dataclass(frozen=True)
class Sentences:
    """What the page says, in one language. `errors`: what a user can do, by the `error` of an answer.

    A team's own file may have other errors, or none: then the page says what RingCentral says.
    """

    title: str
    text: str
    done: str
    back: str
    late: str
    nothing: str
    gone: str
    failed: str
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """Colours as in CSS, and the logo as a data URL; empty for the browser's own."""

    color: str
    background: str
    logo: str


@dataclass(frozen=True)
class Dress:
    """How the window looks and speaks; `start.js` is given this alone. Empty texts are the user's language's."""

    title: str
    text: str
    language: str
    light: Look
    dark: Look
    sentences: Mapping[str, Sentences]


@dataclass(frozen=True)
class Values(Dress):
    """What `redirect.js` is given. `relay`: whether the host takes an answer."""

    origins: list[str]
    prefix: str
    relay: bool


_SENTENCES = TypeAdapter(dict[str, Sentences])


def drafts(basis: Basis) -> Iterator[Draft]:
    if f'<script src="{HAND_OFF}"></script>' not in COMMENT.sub("", basis.files[REDIRECT_PAGE]):
        raise SettingsError(
            [
                f"{basis.settings.public_dir}/{REDIRECT_PAGE}: the page does not hand the sign-in over. "
                f'Put <script src="{HAND_OFF}"></script> before </body>.'
            ]
        )
    for home in basis.homes:
        yield redirect_page(home)
        if basis.has_relay:
            yield start_page(home)


def start_page(home: Home) -> Draft:
    return home.page(START_PAGE, START_POLICY, {"start.js": _dress(home.basis)})


def redirect_page(home: Home) -> Draft:
    policy = RELAYING_POLICY if home.basis.has_relay else POLICY
    return home.page(REDIRECT_PAGE, policy, {HAND_OFF: _values(home)})


def _values(home: Home) -> Values:
    settings = home.basis.settings
    on_cdn = cdn_origins(settings) if home.basis.runs_on_cdn else ()
    return Values(
        **vars(_dress(home.basis)),
        origins=list(dict.fromkeys([*on_cdn, *settings.redirect.origins])),
        prefix=home.parameters.get("prefix", DEFAULT_PREFIX),
        relay=home.basis.has_relay,
    )


def _dress(basis: Basis) -> Dress:
    redirect = basis.settings.redirect
    return Dress(
        title=redirect.title,
        text=redirect.text,
        language=redirect.language,
        light=_look(redirect.color, redirect.background, redirect.logo),
        dark=_look(redirect.dark_color, redirect.dark_background, redirect.dark_logo),
        sentences=_sentences(basis.files),
    )


def _sentences(files: Mapping[str, str]) -> Mapping[str, Sentences]:
    """The page's sentences by language. Raises ValueError, which begins with the file's name."""
    try:
        sentences = _SENTENCES.validate_json(files[SENTENCES])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{SENTENCES} {where}: {first['msg']}. Write a table of sentences for each language") from None
    if FALLBACK_LANGUAGE not in sentences:
        raise ValueError(f'{SENTENCES} has no "{FALLBACK_LANGUAGE}", which stands for every language that it lacks')
    return sentences


def _look(color: str, background: str, logo: Path | None) -> Look:
    return Look(color, background, _data_url(logo) if logo else "")


def _data_url(logo: Path) -> str:
    return f"data:{LOGO_TYPES[logo.suffix.lower()]};base64,{base64.b64encode(logo.read_bytes()).decode()}"
