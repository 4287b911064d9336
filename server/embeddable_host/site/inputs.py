"""What a site is computed from, and where each profile is on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from embeddable_host.config.profiles import ProfileConfig, profiles_of
from embeddable_host.config.settings import Settings
from embeddable_host.config.values import origin_of
from embeddable_host.contract import ADAPTER, APP_PAGE, CDN_VERSION
from embeddable_host.releases.release import Release
from embeddable_host.responses.headers import Origins, PagePolicy, page_headers
from embeddable_host.site.page import capabilities, make_page
from embeddable_host.site.part import Draft

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

INDEX = "index.html"  # the page of a folder's own address
HAND_OFF = "redirect.js"  # the script that hands a callback to the app
RELAY_VERSION = 2  # of the exchange between redirect.js and before-app.js


@dataclass(frozen=True)
class Inputs:
    """What a site is computed from, and nothing else.

    `releases`: the hosted ones, the selected one first; none where the widget is the CDN's. `files`: the texts of
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
        return self.release is None or not self.release.has_manual_init(ADAPTER)

    @property
    def has_relay(self) -> bool:
        """Whether the relay can carry a callback: to an app that runs here, from a redirect.js that can use it."""
        is_able = capabilities(self.files[HAND_OFF]).get("relay") == RELAY_VERSION  # a team's own may be older
        return self.settings.relay.enabled and self.release is not None and is_able

    @property
    def profiles(self) -> tuple["ProfileSite", ...]:
        """The default profile's site, then every other's. Not kept: each holds this, and a circle is freed late."""
        return tuple(ProfileSite(self, config) for config in profiles_of(self.settings))


@dataclass(frozen=True)
class ProfileSite:
    """Where one profile is on the site, and what its pages are made from."""

    inputs: Inputs
    config: ProfileConfig

    @property
    def folder(self) -> str:
        return self.config.folder

    @property
    def top(self) -> str:
        """The relative path from a page of the profile to the top of the site."""
        return "../" if self.config.name else ""

    @property
    def source(self) -> str:
        """The origin that the widget comes from, if that is not this host."""
        return "" if self.inputs.release else origin_of(self.inputs.settings.widget.source)

    def in_app_folder(self, name: str = APP_PAGE) -> str:
        """The address of a file beside the app: relative to this profile's folder, or at the CDN."""
        release = self.inputs.release
        if release:
            return f"{self.top}widget/{release.id}/{name}"
        return f"{self.inputs.settings.widget.source}{CDN_VERSION}/{name}"

    def page(self, name: str, policy: PagePolicy, values: Mapping[str, "DataclassInstance"] | None = None) -> Draft:
        """The page called `name`; `values` are those of itself and of its scripts, by the file's name.

        Raises ValueError as `make_page` does.
        """
        given = {file: asdict(instance) for file, instance in (values or {}).items()}
        page = make_page(name, self.inputs.files, given, self.top)
        origins = Origins(
            embedders=self.inputs.settings.widget.embedders,
            cdn=() if self.inputs.release else self.inputs.settings.cdn_origins,
            servers=self.config.servers,
            redirect=self.config.redirect_uri,
        )
        headers = page_headers(policy, page.scripts, page.styles, origins)
        return Draft(self.folder + ("" if name == INDEX else name), name, page.content, headers)
