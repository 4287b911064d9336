"""Profiles: their apps, and warnings about those that sign each other out (`docs/widget.md`, Signing in, #472)."""

from collections.abc import Callable

import pytest

from embeddable_host.config.profiles import api_server, profiles_of
from embeddable_host.config.settings import Settings
from embeddable_host.config.warnings import warnings
from world.settings import assert_contains

SHARED: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "another client id": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nclientId = 'b'",
        ("profile b", "the default profile", "rc-widget"),
    ),
    "another client id under the old name": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nappKey = 'b'",
        ("profile b", "the default profile"),
    ),
    "another server": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nappServer = 'https://platform.devtest.ringcentral.com'",
        ("profile b", "the default profile"),
    ),
    "the widget's own prefix written out": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nclientId = 'b'\nprefix = 'rc-widget'",
        ("rc-widget",),
    ),
    "two profiles with one prefix": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nclientId = 'b'\nprefix = 'p'\n"
        "[profiles.c.params]\nclientId = 'c'\nprefix = 'p'",
        ("profile c", "profile b", "(p)"),
    ),
    "a prefix of its own": ("[params]\nclientId = 'a'\n[profiles.b.params]\nclientId = 'b'\nprefix = 'p'", None),
    "the same app": ("[params]\nclientId = 'a'\n[profiles.b.params]\ndisableCall = true", None),
    "the same app under the old name": ("[params]\nclientId = 'a'\n[profiles.b.params]\nappKey = 'a'", None),
    "the default server written out": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nappServer = 'https://platform.ringcentral.com'",
        None,
    ),
    "the default server in another spelling": (
        "[params]\nclientId = 'a'\n[profiles.b.params]\nappServer = 'https://Platform.RingCentral.com:443/'",
        None,
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_profiles_that_sign_each_other_out_cause_a_warning(loaded: Callable[..., Settings], name: str) -> None:
    toml, parts = SHARED[name]
    messages = warnings(loaded(toml))
    if parts is None:
        assert messages == []
    else:
        [warning] = messages
        assert_contains(warning, (*parts, "signs the user out", "prefix of its own"))


PRODUCTION = "https://platform.ringcentral.com"
SERVERS = {
    "": PRODUCTION,
    "https://platform.devtest.ringcentral.com/": "https://platform.devtest.ringcentral.com",
    "https://Platform.Example.com:443": "https://platform.example.com",
    "https://platform.example.com:8443/api/": "https://platform.example.com:8443/api",
    "https://user:secret@platform.example.com/#top": "https://platform.example.com",
    "http://platform.example.com": PRODUCTION,
    "https://platform.example.com/?x=1": PRODUCTION,
    "https://platform.example.com/javascript": PRODUCTION,
}


@pytest.mark.parametrize("address", SERVERS)
def test_the_server_is_the_one_that_the_widget_uses(address: str) -> None:
    assert api_server(address) == SERVERS[address]


@pytest.mark.parametrize(
    ("server", "is_in_sandbox"),
    [
        ("https://platform.devtest.ringcentral.com", True),
        ("https://PLATFORM.devtest.ringcentral.com/", True),
        ("", False),
    ],
)
def test_a_profile_is_in_the_sandbox_by_its_server(
    loaded: Callable[..., Settings], server: str, is_in_sandbox: bool
) -> None:
    [profile] = profiles_of(loaded(f'[params]\nclientId = "a"\nappServer = "{server}"'))
    assert profile.is_in_sandbox is is_in_sandbox
