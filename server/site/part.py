"""What a site is computed from, and what its parts make of it.

A part is a module with a function `drafts`: it owns some pages and scripts of `public/`, says which values they are
given (a dataclass each, whose fields are named as the script reads them), and which addresses they become.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from server.answer.body import Body
from server.answer.policy import Headers, Origins, PagePolicy, origin_of, page_headers
from server.config.parameters import PRODUCTION, SANDBOX, encode
from server.config.settings import Settings
from server.releases.release import Release
from server.site.contract import APP_PAGE, CDN_VERSION, cdn_origins, has_manual_init
from server.site.page import make_page

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

INDEX = "index.html"  # the page of a folder's own address
REDIRECT_PAGE = "redirect.html"
HAND_OFF = "redirect.js"  # the script that hands the sign-in over


@dataclass(frozen=True)
class Draft:
    """An address of the site before its content is compressed; `name` says of which type the content is.

    `content`: the bytes, or the bodies there are already.
    """

    path: str
    name: str
    content: bytes | Sequence[Body]
    headers: Headers


@dataclass(frozen=True)
class Basis:
    """What a site is computed from, and nothing else.

    `releases`: the hosted ones, the selected first; none where the widget is the CDN's. `files`: the texts of
    `public/`, with the team's own laid over them, by name.
    """

    settings: Settings
    releases: tuple[Release, ...]
    files: Mapping[str, str]

    @property
    def release(self) -> Release | None:
        """The release that adapters and apps come from; None where they are the CDN's."""
        return self.releases[0] if self.releases else None

    @cached_property
    def runs_on_cdn(self) -> bool:
        """Whether apps run on the CDN: without a release, or with one whose adapter knows no other address."""
        return self.release is None or not has_manual_init(self.release, "adapter.js")

    @property
    def has_relay(self) -> bool:
        """Whether an answer can come back by the host, sealed: to an app that runs here, from a page that knows how."""
        is_able = "values.relay" in self.files[HAND_OFF]  # a team's own may be older
        return self.settings.relay.enabled and self.release is not None and is_able

    @property
    def homes(self) -> tuple["Home", ...]:
        """The default profile's and every other's. Not kept: each holds this, and a circle is freed late."""
        return tuple(Home(self, profile) for profile in (None, *self.settings.profiles))


@dataclass(frozen=True)
class Home:
    """Where one profile lives, and what its pages want to know of it. `profile` is None for the default one."""

    basis: Basis
    profile: str | None

    @property
    def folder(self) -> str:
        return f"/{self.profile}/" if self.profile else "/"

    @property
    def top(self) -> str:
        """The way from a page to the top of the site."""
        return "../" if self.profile else ""

    @property
    def address(self) -> str:
        """The full address of the folder; empty where it is for the browser to find out."""
        url = self.basis.settings.public_url
        return f"{url}{self.profile}/" if url and self.profile else url

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The profile's parameters as the widget reads them."""
        return encode(self.basis.settings.parameters(self.profile))

    @property
    def client_id(self) -> str:
        """The client id of the profile's app, under either of its names; empty where it has none."""
        return self.parameters.get("clientId") or self.parameters.get("appKey", "")

    @property
    def redirect_uri(self) -> str:
        """The configured redirect URI; empty where it is for the browser to find out."""
        return self.parameters.get("redirectUri", self.address and f"{self.address}{REDIRECT_PAGE}")

    @property
    def servers(self) -> tuple[str, ...]:
        """The origins of RingCentral's API servers: production, the sandbox, and the profile's own if it is another."""
        own = origin_of(self.parameters.get("appServer", ""))
        return tuple(dict.fromkeys([PRODUCTION, SANDBOX, *([own] if own else [])]))

    @property
    def source(self) -> str:
        """The origin that the widget comes from, if that is not this host."""
        return "" if self.basis.release else origin_of(self.basis.settings.widget.source)

    @property
    def is_in_sandbox(self) -> bool:
        """Whether the profile's app is still used in RingCentral's sandbox."""
        return self.parameters.get("appServer", "").rstrip("/") == SANDBOX

    def in_app_folder(self, name: str = APP_PAGE) -> str:
        """The address of a file beside the app: seen from this folder, or at the CDN."""
        release = self.basis.release
        if release:
            return f"{self.top}widget/{release.id}/{name}"
        return f"{self.basis.settings.widget.source}{CDN_VERSION}/{name}"

    def page(self, name: str, policy: PagePolicy, values: Mapping[str, "DataclassInstance"] | None = None) -> Draft:
        """The page called `name`; `values` are those of itself and of its scripts, by the file's name.

        Raises ValueError as `make_page` does.
        """
        given = {file: asdict(instance) for file, instance in (values or {}).items()}
        page = make_page(name, self.basis.files, given, self.top)
        origins = Origins(
            embedders=self.basis.settings.widget.embedders,
            cdn=() if self.basis.release else cdn_origins(self.basis.settings),
            servers=self.servers,
            redirect=self.redirect_uri,
        )
        headers = page_headers(policy, page.scripts, page.styles, origins)
        return Draft(self.folder + ("" if name == INDEX else name), name, page.content, headers)


class Part(Protocol):
    """A part of the site."""

    def drafts(self, basis: Basis) -> Iterator[Draft]:
        """Every address that the part makes. Raises ValueError for a file of the team's own that cannot be served."""
