"""The settings: everything that can be configured, as declarations.

A further table is a class with its fields and a field of `Settings`: how its variables are called, what the reference
says and what a mistake in it is told as follow from these.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field

from embeddable_host.config.parameters import Value, merge
from embeddable_host.config.values import (
    Address,
    AddressOrNone,
    Color,
    Count,
    Embedders,
    Folder,
    Language,
    Logo,
    Origins,
    Parameters,
    PathOrNone,
    ProfileName,
    ReleaseId,
    Switch,
    origin_of,
)
from embeddable_host.contract import CDN_ORIGINS, CDN_SOURCE

FILE_NAME = "embeddable.toml"

CURRENT = "current"  # widget.release: what `releases use` chose last
CDN = "cdn"  # widget.release: no release of our own


class Section(BaseModel):
    """A table of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Widget(Section):
    source: Address = Field(
        CDN_SOURCE,
        description="where `pull` finds releases, and where the widget comes from when none is hosted",
    )
    release: ReleaseId = Field(CURRENT, description="`current`, the id of a release, or `cdn` to host none")
    embedders: Embedders = Field(["*"], description="origins of the pages that may frame the widget; `*` is every page")
    page_sign_in: Switch = Field(
        False, description="let the pages in `widget.embedders` sign their users in themselves, with a code or a JWT"
    )


class Redirect(Section):
    origins: Origins = Field([], description="further origins that may receive the callback")
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
    enabled: Switch = Field(True, description="serve the setup page and the rehearsal; `false` leaves the files alone")


class Relay(Section):
    enabled: Switch = Field(
        True, description="let a sign-in come back through the host where the browser leaves no other way"
    )
    dir: PathOrNone = Field(None, description="folder for the sealed messages; `relay` in `data_dir` unless set")
    limit: Count = Field(
        1000, description="how many messages may wait in the folder, and how many apps for theirs in each worker"
    )


class Profile(Section):
    params: Parameters = Field({}, description="parameters of this profile, over those of `[params]`")


class Settings(Section):
    """Everything that can be configured; `load` makes one."""

    public_url: AddressOrNone = Field(
        "",
        description="the host's public address; pins what is injected, else it is the address a page loads it from",
    )
    data_dir: Path = Field(Path("var"), description="folder for releases and caches")
    public_dir: Folder = Field(None, description="folder with pages of your own, laid over the built-in ones")
    allow_public_secrets: Switch = Field(False, description="publish credentials found in parameters (do not)")
    widget: Widget = Field(default_factory=Widget)
    redirect: Redirect = Field(default_factory=Redirect)
    setup: Setup = Field(default_factory=Setup)
    relay: Relay = Field(default_factory=Relay)
    params: Parameters = Field({}, description="any parameter of the widget", examples=[{"clientId": "your-client-id"}])
    profiles: dict[ProfileName, Profile] = Field(
        {},
        description="further sets of parameters, each served under its own name",
        examples=[{"sandbox": {"params": {"clientId": "your-client-id"}}}],
    )

    @property
    def releases(self) -> Path:
        return self.data_dir / "releases"

    @property
    def cache(self) -> Path:
        return self.data_dir / "cache"

    @property
    def relay_dir(self) -> Path:
        return self.relay.dir or self.data_dir / "relay"

    @property
    def cdn_origins(self) -> tuple[str, ...]:
        """Every origin that the CDN's widget may run on."""
        return (*CDN_ORIGINS, origin_of(self.widget.source))

    def without_relay(self) -> "Settings":
        """The same, for a site that cannot take answers: an export."""
        return self.model_copy(update={"relay": self.relay.model_copy(update={"enabled": False})})

    def parameters(self, profile: str | None) -> dict[str, Value]:
        """The parameters of a profile with what it inherits; of the default one for None."""
        return merge(self.params, self.profiles[profile].params) if profile else dict(self.params)


def _section(annotation: Any) -> type[Section] | None:
    """The table that a field is, or that each entry of it is; None for any other setting."""
    kind = (get_args(annotation) or (annotation,))[-1]
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


SECTIONS: Mapping[str, type[Section]] = {
    name: section for name, field in Settings.model_fields.items() if (section := _section(field.annotation))
}
NAMED = frozenset(name for name in SECTIONS if get_args(Settings.model_fields[name].annotation))  # with many entries
