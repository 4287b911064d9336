"""Credentials are refused, and never printed."""

import contextlib
from collections.abc import Callable, Mapping

import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.config.errors import SettingsError
from embeddable_host.config.load import load
from embeddable_host.config.parameters import encode
from embeddable_host.config.settings import Settings
from embeddable_host.config.warnings import warnings
from world.settings import FILE, SECRET, SECRETS, assert_contains, params

PLACES: dict[str, Callable[[str], tuple[str, dict[str, str], str]]] = {
    "parameters": lambda name: (params(f'{name} = "{SECRET}"'), {}, f"{FILE}: params.{name}: "),
    "profile": lambda name: (
        f'[profiles.a.params]\n{name} = "{SECRET}"',
        {},
        f"{FILE}: profiles.a.params.{name}: ",
    ),
    "environment": lambda name: (
        "",
        {f"PARAMS__{name.upper()}": SECRET},
        f"environment EMBEDDABLE_PARAMS__{name.upper()}: ",
    ),
    "environment's profile": lambda name: (
        "",
        {f"PROFILES__A__PARAMS__{name.upper()}": SECRET},
        f"environment EMBEDDABLE_PROFILES__A__PARAMS__{name.upper()}: ",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SECRETS)
def test_a_credential_is_refused_and_not_printed(refused: Callable[..., list[str]], name: str, place: str) -> None:
    toml, variables, where = PLACES[place](name)
    [line] = refused(toml, **variables)
    assert_contains(
        line, (where, f"{name} is a credential", "everybody can fetch", "PKCE", "allow_public_secrets = true")
    )
    assert SECRET not in line


@pytest.mark.parametrize("name", ["clientsecret", "CLIENTSECRET", "JWT", "client_secret", "appsecret"])
def test_a_credential_with_a_misspelled_name_is_not_published(configure: Callable[..., None], name: str) -> None:
    configure(params(f'{name} = "{SECRET}"'))
    published: dict[str, str] = {}
    with contextlib.suppress(SettingsError):
        published = encode(load().parameters(None))
    assert SECRET not in published.values()
    assert SECRET not in CliRunner().invoke(main, ["releases"]).output


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SECRETS)
def test_an_allowed_credential_is_a_warning_and_not_printed(
    loaded: Callable[..., Settings], name: str, place: str
) -> None:
    toml, variables, _ = PLACES[place](name)
    settings = loaded(f"allow_public_secrets = true\n{toml}", **variables)
    [warning] = warnings(settings)
    assert_contains(warning, (name, "published to everyone"))
    assert SECRET not in warning


def test_an_empty_credential_is_allowed(loaded: Callable[..., Settings]) -> None:
    assert loaded(params('jwt = ""')).parameters(None) == {"jwt": ""}


ERRORS_WITH_SECRETS: Mapping[str, tuple[str, dict[str, str]]] = {
    "a list": (params(f'jwt = ["{SECRET}"]'), {}),
    "a table": (f'[params.jwt]\nvalue = "{SECRET}"', {}),
    "a wrong type": (params("clientSecret = 29"), {}),
    "no TOML": (f'[params]\njwt = "{SECRET}', {}),
    "a key twice": (params(f'jwt = "{SECRET}"\njwt = "{SECRET}"'), {}),
    "a whole table": ("", {"PARAMS": f'{{"jwt": "{SECRET}"}}'}),
    "a variable below it": ("", {"PARAMS__JWT__X": SECRET}),
    "an error elsewhere": ("public_url = 'x'", {"PARAMS__JWT": SECRET}),
}


@pytest.mark.parametrize("name", ERRORS_WITH_SECRETS)
def test_no_error_message_contains_a_credential(refused: Callable[..., list[str]], name: str) -> None:
    toml, variables = ERRORS_WITH_SECRETS[name]
    messages = "\n".join(refused(toml, **variables))
    assert SECRET not in messages
    assert "29" not in messages
