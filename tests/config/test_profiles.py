"""Profiles that sign each other out (`widget.md`, #472)."""

from collections.abc import Callable

import pytest

from embeddable_host.config.settings import Settings
from embeddable_host.config.warnings import warnings
from world.settings import shown

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
}


@pytest.mark.parametrize("name", SHARED)
def test_profiles_that_sign_each_other_out_are_warned_of(loaded: Callable[..., Settings], name: str) -> None:
    toml, parts = SHARED[name]
    told = warnings(loaded(toml))
    if parts is None:
        assert told == []
    else:
        [warning] = told
        shown(warning, (*parts, "signed out", "prefix of its own"))
