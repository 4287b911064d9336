"""The settings: everything that can be configured, as declarations.

A new table is a class with its fields, and a field of `Settings`. The names of its variables, its error messages and
its part of the reference follow from these.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field

from embeddable_host.config.limits import RELAY_LIMIT
from embeddable_host.config.parameters import Value, merge
from embeddable_host.config.values import (
    Address,
    AddressOrNone,
    Color,
    Count,
    Embedders,
    Folder,
    HeaderName,
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

CURRENT = "current"  # widget.release: the one that `releases use` chose last
CDN = "cdn"  # widget.release: no hosted release


class Section(BaseModel):
    """A table of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Widget(Section):
    source: Address = Field(
        CDN_SOURCE,
        description="where `pull` downloads releases, and where pages load the widget if none is hosted",
    )
    release: ReleaseId = Field(CURRENT, description="`current`, the id of a release, or `cdn` to host none")
    embedders: Embedders = Field(["*"], description="origins of the pages that may frame the widget; `*` is every page")
    page_sign_in: Switch = Field(
        False, description="let the pages in `widget.embedders` sign their users in themselves, with a code or a JWT"
    )


class Redirect(Section):
    origins: Origins = Field([], description="further origins that may receive the callback")
    title: str = Field("", description="title of the redirect page; unless set, a built-in text in the user's language")
    text: str = Field("", description="text of the redirect page during a sign-in; unless set, a built-in one")
    language: Language = Field("", description="language tag of the redirect page; unless set, the browser's language")
    logo: Logo = Field(None, description="image file on the redirect page (SVG, PNG, JPEG or WebP, at most 64 KiB)")
    color: Color = Field("", description="text colour of the redirect page, as in CSS")
    background: Color = Field("", description="background colour, as in CSS")
    dark_logo: Logo = Field(None, description="logo in dark mode; unless set, `redirect.logo`")
    dark_color: Color = Field("", description="text colour in dark mode; unless set, the light colours are used")
    dark_background: Color = Field("", description="background colour in dark mode")


class Setup(Section):
    enabled: Switch = Field(True, description="serve the setup page, the sign-in test and the graduation tracker")


class Relay(Section):
    enabled: Switch = Field(
        True, description="let sign-ins come back through the host if the browser allows no other way"
    )
    dir: PathOrNone = Field(None, description="folder for sealed messages; unless set, `relay` in `data_dir`")
    limit: Count = Field(
        RELAY_LIMIT,
        description="how many messages may wait in the folder, and how many apps may wait for one in each worker",
    )
    client_address_header: HeaderName = Field(
        "",
        description="header in which your proxy sends the client's address, such as `X-Real-IP`; one address then gets "
        "at most a quarter of `relay.limit`. Set it only if the proxy replaces what clients send",
    )


class Profile(Section):
    params: Parameters = Field({}, description="parameters of this profile; they override `[params]`")


class Settings(Section):
    """Everything that can be configured; `load` makes one."""

    public_url: AddressOrNone = Field(
        "",
        description="the host's public address; unless set, the address that a page loads the script from",
    )
    data_dir: Path = Field(Path("var"), description="folder for releases and caches")
    public_dir: Folder = Field(None, description="folder with your own pages, which replace the built-in ones")
    allow_public_secrets: Switch = Field(False, description="publish credentials in parameters (not recommended)")
    widget: Widget = Field(default_factory=Widget)
    redirect: Redirect = Field(default_factory=Redirect)
    setup: Setup = Field(default_factory=Setup)
    relay: Relay = Field(default_factory=Relay)
    params: Parameters = Field(
        {}, description="any [parameter](#parameters) of the widget", examples=[{"clientId": "your-client-id"}]
    )
    profiles: dict[ProfileName, Profile] = Field(
        {},
        description="more sets of parameters, each served under its own name",
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
        """Every origin that the CDN's widget can run on."""
        return (*CDN_ORIGINS, origin_of(self.widget.source))

    def without_relay(self) -> "Settings":
        """The same settings for a site that cannot receive messages: an export."""
        return self.model_copy(update={"relay": self.relay.model_copy(update={"enabled": False})})

    def with_public_url(self, url: str) -> "Settings":
        """The same settings for a host at `url`."""
        return self.model_copy(update={"public_url": url})

    def parameters(self, profile: str | None) -> dict[str, Value]:
        """The parameters of a profile with those it inherits; of the default profile for None."""
        return merge(self.params, self.profiles[profile].params) if profile else dict(self.params)


def _section(annotation: Any) -> type[Section] | None:
    """The type of a field that is a table or a collection of tables; None for any other setting."""
    kind = (get_args(annotation) or (annotation,))[-1]
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


SECTIONS: Mapping[str, type[Section]] = {
    name: section for name, field in Settings.model_fields.items() if (section := _section(field.annotation))
}
COLLECTIONS = frozenset(name for name in SECTIONS if get_args(Settings.model_fields[name].annotation))  # by name
