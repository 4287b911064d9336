"""The redirect page: what comes back from RingCentral, and is handed over to the app."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from server.answer.policy import NO_STORE, PagePolicy
from server.config.mistakes import SettingsError
from server.config.values import LOGO_TYPES
from server.site.contract import DEFAULT_PREFIX, cdn_origins
from server.site.part import REDIRECT_PAGE, Basis, Draft, Home

HAND_OFF = "redirect.js"
SENTENCES = "sentences.json"
FALLBACK_LANGUAGE = "en"
POLICY = PagePolicy(NO_STORE, images="'self' data:", framed="embedders")
COMMENT = re.compile(r"<!--.*?(-->|$)", re.DOTALL)


@dataclass(frozen=True)
class Sentences:
    """What the page says, in one language."""

    title: str
    text: str
    done: str
    back: str
    late: str
    nothing: str
    gone: str
    failed: str


@dataclass(frozen=True)
class Look:
    """Colours as in CSS, and the logo as a data URL; empty for the browser's own."""

    color: str
    background: str
    logo: str


@dataclass(frozen=True)
class Values:
    """What `redirect.js` is given."""

    origins: list[str]
    prefix: str
    title: str
    text: str
    language: str
    light: Look
    dark: Look
    sentences: Mapping[str, Sentences]


_SENTENCES = TypeAdapter(dict[str, Sentences])


def drafts(basis: Basis) -> Iterator[Draft]:
    if f'<script src="{HAND_OFF}"></script>' not in COMMENT.sub("", basis.files[REDIRECT_PAGE]):
        raise SettingsError(
            [
                f"{basis.settings.public_dir}/{REDIRECT_PAGE}: the page does not hand the sign-in over. "
                f'Put <script src="{HAND_OFF}"></script> before </body>.'
            ]
        )
    yield from map(redirect_page, basis.homes)


def redirect_page(home: Home) -> Draft:
    return home.page(REDIRECT_PAGE, POLICY, {HAND_OFF: _values(home)})


def _values(home: Home) -> Values:
    settings = home.basis.settings
    redirect = settings.redirect
    on_cdn = cdn_origins(settings) if home.basis.runs_on_cdn else ()
    return Values(
        origins=list(dict.fromkeys([*on_cdn, *redirect.origins])),
        prefix=home.parameters.get("prefix", DEFAULT_PREFIX),
        title=redirect.title,
        text=redirect.text,
        language=redirect.language,
        light=_look(redirect.color, redirect.background, redirect.logo),
        dark=_look(redirect.dark_color, redirect.dark_background, redirect.dark_logo),
        sentences=_sentences(home.basis.files),
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
