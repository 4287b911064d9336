"""Credentials are refused, and never shown."""

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
from world.settings import FILE, SECRETS, VALUE, params, shown

PLACES: dict[str, Callable[[str], tuple[str, dict[str, str], str]]] = {
    "parameters": lambda name: (params(f'{name} = "{VALUE}"'), {}, f"{FILE}: params.{name}: "),
    "profile": lambda name: (
        f'[profiles.a.params]\n{name} = "{VALUE}"',
        {},
        f"{FILE}: profiles.a.params.{name}: ",
    ),
    "environment": lambda name: (
        "",
        {f"PARAMS__{name.upper()}": VALUE},
        f"environment EMBEDDABLE_PARAMS__{name.upper()}: ",
    ),
    "environment's profile": lambda name: (
        "",
        {f"PROFILES__A__PARAMS__{name.upper()}": VALUE},
        f"environment EMBEDDABLE_PROFILES__A__PARAMS__{name.upper()}: ",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SECRETS)
def test_a_credential_is_refused_without_being_shown(refused: Callable[..., list[str]], name: str, place: str) -> None:
    toml, variables, where = PLACES[place](name)
    [line] = refused(toml, **variables)
    shown(line, (where, f"{name} is a credential", "everybody can fetch", "PKCE", "allow_public_secrets = true"))
    assert VALUE not in line


@pytest.mark.parametrize("name", ["clientsecret", "CLIENTSECRET", "JWT", "client_secret", "appsecret"])
def test_a_credential_under_a_misspelled_name_is_not_published_either(
    configure: Callable[..., None], name: str
) -> None:
    configure(params(f'{name} = "{VALUE}"'))
    published: dict[str, str] = {}
    with contextlib.suppress(SettingsError):
        published = encode(load().parameters(None))
    assert VALUE not in published.values()
    assert VALUE not in CliRunner().invoke(main, ["releases"]).output


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SECRETS)
def test_a_credential_that_is_allowed_is_warned_of_without_being_shown(
    loaded: Callable[..., Settings], name: str, place: str
) -> None:
    toml, variables, _ = PLACES[place](name)
    settings = loaded(f"allow_public_secrets = true\n{toml}", **variables)
    [warning] = warnings(settings)
    shown(warning, (name, "published to everyone"))
    assert VALUE not in warning


def test_an_empty_credential_is_none(loaded: Callable[..., Settings]) -> None:
    assert loaded(params('jwt = ""')).parameters(None) == {"jwt": ""}


SECRET_MISTAKES: Mapping[str, tuple[str, dict[str, str]]] = {
    "a list": (params(f'jwt = ["{VALUE}"]'), {}),
    "a table": (f'[params.jwt]\nvalue = "{VALUE}"', {}),
    "a wrong type": (params("clientSecret = 29"), {}),
    "no TOML": (f'[params]\njwt = "{VALUE}', {}),
    "a key twice": (params(f'jwt = "{VALUE}"\njwt = "{VALUE}"'), {}),
    "a whole table": ("", {"PARAMS": f'{{"jwt": "{VALUE}"}}'}),
    "a variable below it": ("", {"PARAMS__JWT__X": VALUE}),
    "a mistake elsewhere": ("public_url = 'x'", {"PARAMS__JWT": VALUE}),
}


@pytest.mark.parametrize("name", SECRET_MISTAKES)
def test_no_mistake_shows_a_credential(refused: Callable[..., list[str]], name: str) -> None:
    toml, variables = SECRET_MISTAKES[name]
    told = "\n".join(refused(toml, **variables))
    assert VALUE not in told
    assert "29" not in told
