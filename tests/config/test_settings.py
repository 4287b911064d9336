"""Where settings come from, and which ones win."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddable_host.config.errors import SettingsError
from embeddable_host.config.load import load
from embeddable_host.config.settings import Settings
from world.settings import FILE, ORIGIN, WRITTEN, assert_contains, embedders, origins, params


def test_no_file_at_all_is_valid(folder: Path) -> None:
    settings = load()
    assert settings == Settings()
    assert settings.releases.resolve() == folder / "var" / "releases"


def test_an_empty_file_is_valid(loaded: Callable[..., Settings]) -> None:
    assert loaded("").model_dump(exclude={"data_dir"}) == Settings().model_dump(exclude={"data_dir"})


def test_the_option_wins_over_the_variable_and_that_over_the_working_directory(
    folder: Path, configure: Callable[..., None]
) -> None:
    def title_by(name: str) -> str:
        return f'[redirect]\ntitle = "{name}"'

    (folder / "by-option.toml").write_text(title_by("option"))
    (folder / "by-variable.toml").write_text(title_by("variable"))
    configure(title_by("working directory"))
    assert load().redirect.title == "working directory"
    configure(title_by("working directory"), CONFIG="by-variable.toml")
    assert load().redirect.title == "variable"
    assert load(Path("by-option.toml")).redirect.title == "option"


def test_paths_in_the_file_are_relative_to_the_file(folder: Path) -> None:
    (folder / "etc" / "pages").mkdir(parents=True)
    (folder / "etc" / "logo.svg").write_text("<svg/>")
    (folder / "etc" / "dark.svg").write_text("<svg/>")
    file = folder / "etc" / FILE
    file.write_text('data_dir = "data"\npublic_dir = "pages"\n[redirect]\nlogo = "logo.svg"\ndark_logo = "dark.svg"')
    settings = load(file)
    assert settings.data_dir == folder / "etc" / "data"
    assert settings.public_dir == folder / "etc" / "pages"
    assert settings.redirect.logo == folder / "etc" / "logo.svg"
    assert settings.redirect.dark_logo == folder / "etc" / "dark.svg"
    assert settings.relay_dir == folder / "etc" / "data" / "relay"
    file.write_text('[relay]\ndir = "messages"')
    assert load(file).relay_dir == folder / "etc" / "messages"
    assert load(file).data_dir == folder / "etc" / "var"


@pytest.mark.parametrize("line", ['data_dir = "pages/var"', '[relay]\ndir = "pages/messages"'])
def test_data_of_the_host_cannot_be_inside_its_public_folder(
    folder: Path, refused: Callable[..., list[str]], line: str
) -> None:
    (folder / "pages").mkdir()
    [error] = refused(f'public_dir = "pages"\n{line}')
    assert_contains(error, ("public_dir: ", " is inside pages", "separate folder"))


@pytest.mark.parametrize("by", ["file", "environment"])
def test_an_empty_public_dir_does_not_mean_the_folder_of_the_settings(configure: Callable[..., None], by: str) -> None:
    """A variable that is empty in a compose file must not publish the working directory."""
    configure(PUBLIC_DIR="") if by == "environment" else configure('public_dir = ""')
    public_dir = None
    with contextlib.suppress(SettingsError):
        public_dir = load().public_dir
    assert public_dir is None


ENVIRONMENT_WINS: dict[str, tuple[dict[str, str], Callable[[Settings], object], object]] = {
    "text": ({"PUBLIC_URL": "https://b.example.com"}, lambda s: s.public_url, "https://b.example.com/"),
    "path": ({"DATA_DIR": "b"}, lambda s: s.data_dir, Path("b")),
    "nested": ({"WIDGET__RELEASE": "cdn"}, lambda s: s.widget.release, "cdn"),
    "lower case": ({"widget__release": "cdn"}, lambda s: s.widget.release, "cdn"),
    "list": (
        {"WIDGET__EMBEDDERS": "https://b.example.com, https://*.c.example.com"},
        lambda s: s.widget.embedders,
        ["https://b.example.com", "https://*.c.example.com"],
    ),
    "empty list": ({"WIDGET__EMBEDDERS": ""}, lambda s: s.widget.embedders, []),
    "parameter": ({"PARAMS__CLIENTID": "b"}, lambda s: s.params["clientId"], "b"),
    "parameter in mixed case": ({"PARAMS__clientId": "b"}, lambda s: s.params["clientId"], "b"),
    "parameter in lower case": ({"params__clientid": "b"}, lambda s: s.params["clientId"], "b"),
    "switch": ({"PARAMS__ENABLEPOPUP": "false"}, lambda s: s.params["enablePopup"], False),
    "number": ({"PARAMS__ZINDEX": "7"}, lambda s: s.params["zIndex"], 7),
    "count": ({"RELAY__LIMIT": "7"}, lambda s: s.relay.limit, 7),
    "path in a table": ({"RELAY__DIR": "b"}, lambda s: s.relay_dir, Path("b")),
    "empty path": ({"RELAY__DIR": ""}, lambda s: s.relay_dir, Path("a/relay")),
    "profile": ({"PROFILES__A__PARAMS__CLIENTID": "b"}, lambda s: s.profiles["a"].params["clientId"], "b"),
    "new profile": ({"PROFILES__B__PARAMS__CLIENTID": "b"}, lambda s: s.profiles["b"].params["clientId"], "b"),
}


@pytest.mark.parametrize("name", ENVIRONMENT_WINS)
def test_the_environment_wins_over_the_file(loaded: Callable[..., Settings], name: str) -> None:
    variables, read, expected = ENVIRONMENT_WINS[name]
    settings = loaded(WRITTEN, **variables)
    assert read(settings) == expected
    assert type(read(settings)) is type(expected)
    before = loaded(WRITTEN)
    assert settings.redirect == before.redirect
    assert settings.profiles["a"].params["disableCall"] is True


SWITCH_TEXTS = {"true": True, "TRUE": True, "1": True, "false": False, "False": False, "0": False, "": False}


@pytest.mark.parametrize("text", SWITCH_TEXTS)
def test_a_switch_can_be_a_word_or_a_digit(loaded: Callable[..., Settings], text: str) -> None:
    for variable, name in (("DISABLECALL", "disableCall"), ("ENABLEPOPUP", "enablePopup")):
        assert loaded(**{f"PARAMS__{variable}": text}).params[name] is SWITCH_TEXTS[text]


@pytest.mark.parametrize("text", ["12345", "0", "true", "null", '"quoted"', "[1]", "{}", "1e3"])
def test_a_variable_for_a_text_is_always_text(loaded: Callable[..., Settings], text: str) -> None:
    assert loaded(PARAMS__ERRORREPORTPROJECTID=text).params == {"errorReportProjectId": text}


def test_origins_are_stored_as_browsers_write_them(loaded: Callable[..., Settings]) -> None:
    written = ["https://CRM.Example.com:443/", "http://localhost:80", "http://localhost:8080", "https://[::1]:8443"]
    settings = loaded(origins(*written))
    assert settings.redirect.origins == [
        "https://crm.example.com",
        "http://localhost",
        "http://localhost:8080",
        "https://[::1]:8443",
    ]


def test_an_address_gets_a_slash_at_the_end(loaded: Callable[..., Settings]) -> None:
    assert loaded('public_url = "https://example.com/phone"').public_url == "https://example.com/phone/"


def test_listed_pages_may_sign_their_users_in_themselves(loaded: Callable[..., Settings]) -> None:
    settings = loaded(f"{embedders(ORIGIN)}\npage_sign_in = true\n{params('disableLoginPopup = true')}")
    assert settings.widget.page_sign_in
    assert settings.widget.embedders == [ORIGIN]


def test_a_window_that_is_not_left_to_the_page_needs_no_listed_pages(loaded: Callable[..., Settings]) -> None:
    assert loaded(params("disableLoginPopup = false")).params == {"disableLoginPopup": False}
