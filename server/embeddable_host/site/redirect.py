"""The redirect page: hands the callback of a sign-in to the app."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.profiles import REDIRECT_PAGE
from embeddable_host.config.values import LOGO_TYPES
from embeddable_host.contract import DEFAULT_PREFIX
from embeddable_host.relay.protocol import RelayLimits
from embeddable_host.responses.headers import NO_STORE, PagePolicy
from embeddable_host.site.inputs import HAND_OFF, Inputs, ProfileSite
from embeddable_host.site.part import Draft

TEXTS = "texts.json"
FALLBACK_LANGUAGE = "en"
POLICY = PagePolicy(NO_STORE, images="'self' data:", framed="embedders")
RELAYING_POLICY = replace(POLICY, connects=True)  # it sends the callback to the host
COMMENT = re.compile(r"<!--.*?(-->|$)", re.DOTALL)


@dataclass(frozen=True)
class Texts:
    """What the page says, in one language. `errors`: what a user can do, by the callback's `error`.

    A team's own file may have other errors, or none: then the page quotes RingCentral.
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
class Theme:
    """Colours as in CSS, and the logo as a data URL; empty for the browser's own."""

    color: str
    background: str
    logo: str


@dataclass(frozen=True)
class Appearance:
    """How the window looks and what it says; an empty text stands for the one in the user's language."""

    title: str
    text: str
    language: str
    light: Theme
    dark: Theme
    texts: Mapping[str, Texts]


@dataclass(frozen=True)
class Values(Appearance):
    """What `redirect.js` is given. `relay`: the relay's limits; None where there is no relay."""

    origins: list[str]
    prefix: str
    relay: RelayLimits | None


_TEXTS = TypeAdapter(dict[str, Texts])


def drafts(inputs: Inputs) -> Iterator[Draft]:
    if f'<script src="{HAND_OFF}"></script>' not in COMMENT.sub("", inputs.files[REDIRECT_PAGE]):
        raise SettingsError(
            [
                f"{inputs.settings.public_dir}/{REDIRECT_PAGE}: the page does not hand the callback over. "
                f'Put <script src="{HAND_OFF}"></script> before </body>.'
            ]
        )
    for profile in inputs.profiles:
        yield redirect_page(profile)


def redirect_page(profile: ProfileSite) -> Draft:
    policy = RELAYING_POLICY if profile.inputs.has_relay else POLICY
    return profile.page(REDIRECT_PAGE, policy, {HAND_OFF: _values(profile)})


def _values(profile: ProfileSite) -> Values:
    settings = profile.inputs.settings
    on_cdn = settings.cdn_origins if profile.inputs.runs_on_cdn else ()
    return Values(
        **vars(_appearance(profile.inputs)),
        origins=list(dict.fromkeys([*on_cdn, *settings.redirect.origins])),
        prefix=profile.config.parameters.get("prefix", DEFAULT_PREFIX),
        relay=RelayLimits() if profile.inputs.has_relay else None,
    )


def _appearance(inputs: Inputs) -> Appearance:
    redirect = inputs.settings.redirect
    return Appearance(
        title=redirect.title,
        text=redirect.text,
        language=redirect.language,
        light=_theme(redirect.color, redirect.background, redirect.logo),
        dark=_theme(redirect.dark_color, redirect.dark_background, redirect.dark_logo),
        texts=_texts(inputs.files),
    )


def _texts(files: Mapping[str, str]) -> Mapping[str, Texts]:
    """The page's texts by language. Raises ValueError, which begins with the file's name."""
    try:
        texts = _TEXTS.validate_json(files[TEXTS])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{TEXTS} {where}: {first['msg']}. Write a table of texts for each language") from None
    if FALLBACK_LANGUAGE not in texts:
        raise ValueError(f'{TEXTS} has no "{FALLBACK_LANGUAGE}", which stands for every language that it lacks')
    return texts


def _theme(color: str, background: str, logo: Path | None) -> Theme:
    return Theme(color, background, _data_url(logo) if logo else "")


def _data_url(logo: Path) -> str:
    return f"data:{LOGO_TYPES[logo.suffix.lower()]};base64,{base64.b64encode(logo.read_bytes()).decode()}"
