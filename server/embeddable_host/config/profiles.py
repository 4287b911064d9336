"""What a profile is: its address, its parameters with those it inherits, and the app that is registered for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from embeddable_host.config.parameters import encode
from embeddable_host.config.settings import Settings
from embeddable_host.config.values import origin_of
from embeddable_host.contract import PRODUCTION, SANDBOX

REDIRECT_PAGE = "redirect.html"


@dataclass(frozen=True)
class ProfileConfig:
    """One profile of `settings`; `name` is None for the default one."""

    settings: Settings
    name: str | None

    @property
    def folder(self) -> str:
        """The path of the profile's folder, from the top of the host."""
        return f"/{self.name}/" if self.name else "/"

    @property
    def url(self) -> str:
        """The full address of the folder; empty where only browsers know it (no `public_url`)."""
        url = self.settings.public_url
        return f"{url}{self.name}/" if url and self.name else url

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The profile's parameters as the widget reads them."""
        return encode(self.settings.parameters(self.name))

    @property
    def client_id(self) -> str:
        """The client id of the registered app, under either of its names; empty where there is none."""
        return self.parameters.get("clientId") or self.parameters.get("appKey", "")

    @property
    def server(self) -> str:
        """The API server that the widget uses for this profile."""
        return api_server(self.parameters.get("appServer", ""))

    @property
    def servers(self) -> tuple[str, ...]:
        """The origins of the API servers: production, the sandbox, and the profile's own if it is another."""
        own = origin_of(self.server)
        return tuple(dict.fromkeys([PRODUCTION, SANDBOX, *([own] if own else [])]))

    @property
    def is_in_sandbox(self) -> bool:
        """Whether the app is still in RingCentral's sandbox."""
        return self.server == SANDBOX

    @property
    def redirect_uri(self) -> str:
        """The configured redirect URI; empty where only browsers know it."""
        return self.parameters.get("redirectUri", self.url and f"{self.url}{REDIRECT_PAGE}")


def api_server(address: str) -> str:
    """The server for the parameter `appServer`, without a user, who would be a credential, or a slash at the end.

    The widget ignores what it does not accept and uses production (`docs/widget.md`, Parameters).
    """
    if not address.startswith("https://") or "?" in address or "javascript" in address:
        return PRODUCTION
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(":443")
    return f"https://{host}{parts.path}".rstrip("/")


def profiles_of(settings: Settings) -> tuple[ProfileConfig, ...]:
    """The default profile, then every other."""
    return tuple(ProfileConfig(settings, name) for name in (None, *settings.profiles))
