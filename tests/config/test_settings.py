"""Settings: what may be written, who wins, and what is said of a mistake, with exit code 2 and nothing started."""

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli.main import main
from server.config.load import load
from server.config.mistakes import SettingsError
from server.config.parameters import PARAMETERS, SWITCHES, encode
from server.config.settings import Settings
from server.config.warnings import warnings

FILE = "embeddable.toml"
SECRETS = ("clientSecret", "appSecret", "jwt", "authorizationCode", "authorizationCodeVerifier")
VALUE = "do-not-tell-2c9a"  # of a credential

# `widget.md`, Parameters: what a switch must be for the widget. Every other one is truthy.
PRESENCE = {
    "disableCall",
    "disableMessages",
    "disableReadText",
    "disableMeeting",
    "disableContacts",
    "disableCallHistory",
}
TRI_STATE = {"disableGlip", "disableConferenceInvite"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: empty, and no variable of ours in the environment."""
    for name in list(os.environ):
        if name.upper().startswith("EMBEDDABLE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes the settings file and sets variables, given without their prefix."""

    def configure(toml: str = "", **variables: str) -> None:
        (folder / FILE).write_text(toml, encoding="utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(f"EMBEDDABLE_{name}", value)

    return configure


@pytest.fixture
def loaded(configure: Callable[..., None]) -> Callable[..., Settings]:
    def loaded(toml: str = "", **variables: str) -> Settings:
        configure(toml, **variables)
        return load()

    return loaded


@pytest.fixture
def refused(configure: Callable[..., None]) -> Callable[..., list[str]]:
    """The mistakes told, one a line, having seen that the command ends with 2 and does nothing."""

    def refused(toml: str = "", **variables: str) -> list[str]:
        configure(toml, **variables)
        return mistakes(CliRunner().invoke(main, ["releases"]))

    return refused


def mistakes(result: Result) -> list[str]:
    assert result.exit_code == 2, f"{result.output}{result.exception!r}"
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert all(line.startswith("Error: ") for line in lines)
    return lines


def shown(text: str, parts: tuple[str, ...]) -> None:
    for part in parts:
        assert part in text


# Mistakes in the file: what is written, and what must be said of it.

FULL = "https://phone.example.com/"
ORIGIN = "https://crm.example.com"


def origins(*values: str) -> str:
    return f"[redirect]\norigins = {list(values)!r}"


def embedders(*values: str) -> str:
    return f"[widget]\nembedders = {list(values)!r}"


def params(line: str) -> str:
    return f"[params]\n{line}"


FILE_MISTAKES: dict[str, tuple[str, tuple[str, ...]]] = {
    "address without scheme": ('public_url = "phone.example.com"', ("public_url: ", '"phone.example.com"', FULL)),
    "address of another scheme": ('public_url = "ftp://phone.example.com/"', ("public_url: ", FULL)),
    "address without host": ('public_url = "https:///phone"', ("public_url: ", FULL)),
    "address with a query": (f'public_url = "{FULL}?a=1"', ("public_url: ", 'without "?"')),
    "address with a fragment": (f'public_url = "{FULL}#a"', ("public_url: ", '"#"')),
    "address with a user": ('public_url = "https://me@phone.example.com/"', ("public_url: ", FULL)),
    "address with a port too high": ('public_url = "https://phone.example.com:99999/"', ("public_url: ", FULL)),
    "address with an open bracket": ('public_url = "https://[::1/"', ("public_url: ", FULL)),
    "address that is a number": ("public_url = 5", ("public_url: ", "text in quotes")),
    "data_dir that is a number": ("data_dir = 5", ("data_dir: ", "path in quotes")),
    "public_dir that is not there": ('public_dir = "nowhere"', ("public_dir: ", "nowhere is not a folder", "folder")),
    "switch that is no switch": ('allow_public_secrets = "maybe"', ("allow_public_secrets: ", "true or false")),
    "switch in quotes": ('allow_public_secrets = "yes"', ("allow_public_secrets: ", "true or false")),
    "value for a table": ("widget = 5", ("widget: ", "table of its own, such as [widget]")),
    "value for parameters": ("params = 5", ("params: ", "table of its own")),
    "value for a profile": ("[profiles]\nsandbox = 5", ("profiles.sandbox: ", "table of its own")),
    "release that is a path": ('[widget]\nrelease = "../x"', ("widget.release: ", '"../x"', "current", "cdn")),
    "source without scheme": ('[widget]\nsource = "cdn.example.com"', ("widget.source: ", '"cdn.example.com"', FULL)),
    "embedder without scheme": (embedders("crm.example.com"), ("widget.embedders[0]: ", '"crm.example.com"', ORIGIN)),
    "embedder with a path": (embedders("*", f"{ORIGIN}/page"), ("widget.embedders[1]: ", ORIGIN)),
    "embedder that is a wildcard alone": (embedders("*.example.com"), ("widget.embedders[0]: ", ORIGIN)),
    "embedder with a wildcard inside": (embedders("https://a.*.example.com"), ("widget.embedders[0]: ", ORIGIN)),
    "embedder with a directive": (embedders(f"{ORIGIN}; script-src *"), ("widget.embedders[0]: ", ORIGIN)),
    "embedders that are a number": ("[widget]\nembedders = 5", ("widget.embedders: ", "list")),
    "any origin": (origins("*"), ("redirect.origins[0]: ", '"*" is not an origin', ORIGIN)),
    "wildcard origin": (origins("https://*.example.com"), ("redirect.origins[0]: ", ORIGIN)),
    "opaque origin": (origins("null"), ("redirect.origins[0]: ", ORIGIN)),
    "origin with a path": (origins(ORIGIN, f"{ORIGIN}/page"), ("redirect.origins[1]: ", ORIGIN)),
    "origin with a user": (origins("https://me@crm.example.com"), ("redirect.origins[0]: ", ORIGIN)),
    # A browser throws for an origin that it cannot parse, and then nothing is handed over.
    "origin with a port too high": (origins(f"{ORIGIN}:99999"), ("redirect.origins[0]: ", ORIGIN)),
    "origin that is no IPv4 address": (origins("https://999.999.999.999"), ("redirect.origins[0]: ", ORIGIN)),
    "origin with an open bracket": (origins("http://[::1"), ("redirect.origins[0]: ", ORIGIN)),
    "title that is a number": ("[redirect]\ntitle = 5", ("redirect.title: ", "text in quotes")),
    "logo of another type": ('[redirect]\nlogo = "logo.gif"', ("redirect.logo: ", "logo.gif", ".svg, .png")),
    "logo that is not there": ('[redirect]\nlogo = "logo.svg"', ("redirect.logo: ", "logo.svg is not there")),
    "colour with more in it": ('[redirect]\ncolor = "red; background: url(x)"', ("redirect.color: ", '"#0684bd"')),
    "background that loads": ('[redirect]\nbackground = "url(x)"', ("redirect.background: ", '"#0684bd"')),
    "dark colour that is none": ('[redirect]\ndark_color = "1px"', ("redirect.dark_color: ", "#0684bd")),
    "setup that is a word": ('[setup]\nenabled = "no"', ("setup.enabled: ",)),
    "setup with another key": ("[setup]\nenable = false", ("setup.enable: ", "Did you mean enabled?")),
    "relay that is a word": ('[relay]\nenabled = "on"', ("relay.enabled: ", "true or false")),
    "relay with another key": ("[relay]\nleters = 5", ("relay.leters: ", "Did you mean letters?")),
    "folder of the relay that is a number": ("[relay]\nfolder = 5", ("relay.folder: ", "path in quotes")),
    "letters without a number": ('[relay]\nletters = "many"', ("relay.letters: ", '"many"', "from 1 to 100000")),
    "no letters at all": ("[relay]\nletters = 0", ("relay.letters: 0 is not a count", "from 1 to 100000")),
    "letters by halves": ("[relay]\nletters = 0.5", ("relay.letters: ", "from 1 to 100000")),
    "as many waiting as come": ("[relay]\nwaiting = true", ("relay.waiting: ", "from 1 to 100000")),
    "language that is a name": ('[redirect]\nlanguage = "en us"', ("redirect.language: ", '"pt-BR"')),
    "text for a switch": (params('disableCall = "false"'), ("params.disableCall: ", "'false'", "disableCall = false")),
    "number for a switch": (params("enablePopup = 1"), ("params.enablePopup: ", "enablePopup = true")),
    "text for a number": (params('zIndex = "999"'), ("params.zIndex: ", "zIndex = 999, without quotes")),
    "switch for a number": (params("zIndex = true"), ("params.zIndex: ", "zIndex = 999")),
    "not a number": (params("zIndex = nan"), ("params.zIndex: ", "zIndex = 999")),
    "number without end": (params("errorReportSampleRate = inf"), ("params.errorReportSampleRate: ", "0.5")),
    "number for a text": (params("clientId = 5"), ("params.clientId: ", "5", 'clientId = "…"')),
    "switch for a choice": (params("mainTab = true"), ("params.mainTab: ", 'one of "true"')),
    "other choice": (params('defaultDirection = "top"'), ("params.defaultDirection: ", '"left", "right"')),
    "server without TLS": (params('appServer = "http://p.example.com"'), ("params.appServer: ", "https:// address")),
    "relative redirect URI": (params('redirectUri = "redirect.html"'), ("params.redirectUri: ", FULL)),
    "address without a host": (params('redirectUri = "https:///back"'), ("params.redirectUri: ", FULL)),
    "address with a broken host": (params('redirectUri = "https://[/back"'), ("params.redirectUri: ", FULL)),
    "address with a blank in its host": (params('stylesUri = "https://a b/c.css"'), ("params.stylesUri: ", FULL)),
    "list for a parameter": (params('prefix = ["a"]'), ("params.prefix: ", "one value", "text, a number")),
    "date for a parameter": (params("appVersion = 2024-01-01"), ("params.appVersion: ", "one value")),
    "name that is none": (params('"a&b" = "c"'), ("params.a&b: ", "not a parameter's name", "letters, digits")),
    "parameter of a profile": ("[profiles.a.params]\nzIndex = 'x'", ("profiles.a.params.zIndex: ", "zIndex = 999")),
    "setting misspelled": ('public_ur = "x"', ("public_ur: ", "no setting public_ur", "Did you mean public_url?")),
    "table misspelled": ("[redirct]", ("redirct: ", "Did you mean redirect?")),
    "setting of a table misspelled": ('[widget]\nrelese = "x"', ("widget.relese: ", "Did you mean release?")),
    "setting of a profile misspelled": ("[profiles.a.parms]", ("profiles.a.parms: ", "Did you mean params?")),
    "setting like no other": ("xyzzy = 1", ("xyzzy: ", "no setting xyzzy", "Known here: public_url, data_dir")),
    "setting with an underscore in front": ('_env_file = "x"', ("_env_file: ", "no setting _env_file")),
}


@pytest.mark.parametrize("name", FILE_MISTAKES)
def test_a_mistake_in_the_file_is_told_with_its_place_and_remedy(refused: Callable[..., list[str]], name: str) -> None:
    toml, parts = FILE_MISTAKES[name]
    [line] = refused(toml)
    assert line.startswith(f"Error: {FILE}: ")
    shown(line, parts)


ENVIRONMENT_MISTAKES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "misspelled": ({"PUBLIC_UR": "x"}, ("EMBEDDABLE_PUBLIC_UR: ", "Did you mean public_url?")),
    "misspelled in a table": ({"WIDGET__RELESE": "x"}, ("EMBEDDABLE_WIDGET__RELESE: ", "Did you mean release?")),
    "misspelled in a profile": (
        {"PROFILES__A__PARMS__CLIENTID": "x"},
        ("EMBEDDABLE_PROFILES__A__PARMS__CLIENTID: ", "Did you mean params?"),
    ),
    "one underscore for two": ({"WIDGET_RELEASE": "x"}, ("EMBEDDABLE_WIDGET_RELEASE: ", "no setting widget_release")),
    "below a text": ({"PUBLIC_URL__X": "x"}, ("EMBEDDABLE_PUBLIC_URL__X: ", "no setting x")),
    "address": ({"PUBLIC_URL": "phone"}, ("EMBEDDABLE_PUBLIC_URL: ", '"phone"', FULL)),
    "switch": ({"ALLOW_PUBLIC_SECRETS": "maybe"}, ("EMBEDDABLE_ALLOW_PUBLIC_SECRETS: ", "true or false")),
    "count": ({"RELAY__WAITING": "-5"}, ("EMBEDDABLE_RELAY__WAITING: ", '"-5" is not a count')),
    "origin": ({"REDIRECT__ORIGINS": f"{ORIGIN},*"}, ("EMBEDDABLE_REDIRECT__ORIGINS: ", '"*"', ORIGIN)),
    "parameter's switch": (
        {"PARAMS__DISABLECALL": "maybe"},
        ("EMBEDDABLE_PARAMS__DISABLECALL: ", "'maybe'", "disableCall = true"),
    ),
    "parameter's number": ({"PARAMS__ZINDEX": "high"}, ("EMBEDDABLE_PARAMS__ZINDEX: ", "'high'", "zIndex = 999")),
    "profile's parameter": (
        {"PROFILES__A__PARAMS__MAINTAB": "no"},
        ("EMBEDDABLE_PROFILES__A__PARAMS__MAINTAB: ", '"true"'),
    ),
    "profile's name": (
        {"PROFILES__WIDGET__PARAMS__CLIENTID": "x"},
        ("EMBEDDABLE_PROFILES__WIDGET__PARAMS__CLIENTID: ", "cannot be called widget"),
    ),
    "table as a whole": ({"WIDGET": "{}"}, ("widget is a table", "EMBEDDABLE_WIDGET__SOURCE")),
    "profile as a whole": ({"PROFILES__A": "{}"}, ("profiles.a is a table", "EMBEDDABLE_PROFILES__SANDBOX__PARAMS__")),
}


@pytest.mark.parametrize("name", ENVIRONMENT_MISTAKES)
def test_a_mistake_in_the_environment_is_told_with_its_variable(refused: Callable[..., list[str]], name: str) -> None:
    variables, parts = ENVIRONMENT_MISTAKES[name]
    [line] = refused(**variables)
    assert line.startswith("Error: environment")
    shown(line, parts)


@pytest.mark.parametrize("name", ["widget", "healthz", "readyz", "metrics", "relay"])
def test_a_profile_cannot_have_the_name_of_an_address(refused: Callable[..., list[str]], name: str) -> None:
    [line] = refused(f"[profiles.{name}.params]")
    shown(line, (f"profiles.{name}: ", f"/{name} is an address of the host", "choose another"))


@pytest.mark.parametrize("name", ["Sales", "a b", "..", "", "redirect.html", "-a", "a/b", "é", "a" * 64])
def test_a_profile_s_name_must_fit_into_an_address(refused: Callable[..., list[str]], name: str) -> None:
    [line] = refused(f'[profiles."{name}".params]')
    shown(line, (f'"{name}" is not a profile\'s name', "a-z, 0-9 and -"))


@pytest.mark.parametrize("name", ["sandbox", "2", "a-b", "a" * 63, "redirect", "adapter"])
def test_a_profile_may_have_any_other_name(loaded: Callable[..., Settings], name: str) -> None:
    assert list(loaded(f"[profiles.{name}.params]").profiles) == [name]


def test_all_mistakes_are_told_at_once(refused: Callable[..., list[str]]) -> None:
    toml = """
        public_url = "phone"
        publc_dir = "x"
        [widget]
        embedders = ["a", "b"]
        [params]
        disableCall = "no"
        zIndex = "high"
        [profiles.Bad.params]
        clientId = 5
    """
    lines = refused(toml, WIDGET__RELESE="x", REDIRECT__COLOR="{}")
    found = [re.sub(r"Error: (embeddable\.toml: |environment )([^:]+):.*", r"\2", line) for line in lines]
    assert sorted(found) == sorted(
        [
            "public_url",
            "publc_dir",
            "widget.embedders[0]",
            "widget.embedders[1]",
            "params.disableCall",
            "params.zIndex",
            "profiles.Bad",
            "profiles.Bad.params.clientId",
            "EMBEDDABLE_WIDGET__RELESE",
            "EMBEDDABLE_REDIRECT__COLOR",
        ]
    )


def test_a_credential_is_told_beside_other_mistakes(refused: Callable[..., list[str]]) -> None:
    lines = refused(f'public_url = "phone"\n[params]\njwt = "{VALUE}"')
    assert len(lines) == 2
    shown("\n".join(lines), ("public_url: ", "params.jwt: "))


def test_a_variable_for_a_whole_table_is_told_beside_other_mistakes(refused: Callable[..., list[str]]) -> None:
    lines = refused('public_url = "phone"', WIDGET="current", PUBLIC_UR="x")
    shown("\n".join(lines), ("public_url: ", "widget is a table", "EMBEDDABLE_PUBLIC_UR: "))


def test_serve_does_not_start_with_a_mistake(configure: Callable[..., None]) -> None:
    configure('public_url = "phone"')
    [line] = mistakes(CliRunner().invoke(main, ["serve", "--port", "0"]))
    assert "public_url" in line


@pytest.mark.parametrize("command", ["serve", "pull", "releases"])
def test_every_command_that_reads_the_settings_refuses_a_bad_file(configure: Callable[..., None], command: str) -> None:
    configure("bad")
    [line] = mistakes(CliRunner().invoke(main, [command]))
    assert FILE in line


# Files that cannot be read

CONTENTS = {
    "no TOML": (b"a = = 1", "line 1"),
    "a text without quotes": (b"public_url = https://phone.example.com/", "quotes"),
    "a key twice": (b"data_dir = 'a'\ndata_dir = 'b'\n", "line 2"),
    "Latin-1": ("[redirect]\ntitle = 'Prüfung'".encode("latin-1"), "TOML"),
    "a null byte": (b"data_dir = 'a\0'", "line 1"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_is_no_toml_is_refused(folder: Path, name: str) -> None:
    content, part = CONTENTS[name]
    (folder / FILE).write_bytes(content)
    [line] = mistakes(CliRunner().invoke(main, ["releases"]))
    shown(line, (f"{FILE}: this is not TOML", part, 'name = "value"'))


def test_a_file_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder / "loop.toml").symlink_to("loop.toml")
    for path in (folder, folder / "loop.toml"):
        [line] = mistakes(CliRunner().invoke(main, ["releases", "--config", str(path)]))
        shown(line, (f"{path}: ", "Make it readable"))


@pytest.mark.parametrize("by", ["--config", "EMBEDDABLE_CONFIG"])
def test_a_file_that_is_named_must_be_there(configure: Callable[..., None], by: str) -> None:
    options = ["--config", "nowhere.toml"] if by == "--config" else []
    configure(**{} if options else {"CONFIG": "nowhere.toml"})
    [line] = mistakes(CliRunner().invoke(main, ["releases", *options]))
    shown(line, ("nowhere.toml: there is no such file", "--config", "EMBEDDABLE_CONFIG"))


# Where the settings come from


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
    assert settings.relay_folder == folder / "etc" / "data" / "relay"
    file.write_text('[relay]\nfolder = "letters"')
    assert load(file).relay_folder == folder / "etc" / "letters"
    assert load(file).data_dir == folder / "etc" / "var"


@pytest.mark.parametrize("line", ['data_dir = "pages/var"', '[relay]\nfolder = "pages/letters"'])
def test_what_the_host_keeps_cannot_lie_among_its_pages(
    folder: Path, refused: Callable[..., list[str]], line: str
) -> None:
    (folder / "pages").mkdir()
    [mistake] = refused(f'public_dir = "pages"\n{line}')
    shown(mistake, ("public_dir: ", " lies in pages", "folder of their own"))


@pytest.mark.parametrize("by", ["file", "environment"])
def test_an_empty_public_dir_does_not_mean_the_folder_of_the_settings(configure: Callable[..., None], by: str) -> None:
    """A variable that a compose file leaves empty must not publish what lies about."""
    configure(PUBLIC_DIR="") if by == "environment" else configure('public_dir = ""')
    public_dir = None
    with contextlib.suppress(SettingsError):
        public_dir = load().public_dir
    assert public_dir is None


ENVIRONMENT_WINS: dict[str, tuple[dict[str, str], Callable[[Settings], object], object]] = {
    "text": ({"PUBLIC_URL": "https://b.example.com"}, lambda s: s.public_url, "https://b.example.com/"),
    "path": ({"DATA_DIR": "b"}, lambda s: s.data_dir, Path("b")),
    "nested": ({"WIDGET__RELEASE": "cdn"}, lambda s: s.widget.release, "cdn"),
    "small letters": ({"widget__release": "cdn"}, lambda s: s.widget.release, "cdn"),
    "list": (
        {"WIDGET__EMBEDDERS": "https://b.example.com, https://*.c.example.com"},
        lambda s: s.widget.embedders,
        ["https://b.example.com", "https://*.c.example.com"],
    ),
    "empty list": ({"WIDGET__EMBEDDERS": ""}, lambda s: s.widget.embedders, []),
    "parameter": ({"PARAMS__CLIENTID": "b"}, lambda s: s.params["clientId"], "b"),
    "parameter in its own case": ({"PARAMS__clientId": "b"}, lambda s: s.params["clientId"], "b"),
    "parameter in small letters": ({"params__clientid": "b"}, lambda s: s.params["clientId"], "b"),
    "switch": ({"PARAMS__ENABLEPOPUP": "false"}, lambda s: s.params["enablePopup"], False),
    "number": ({"PARAMS__ZINDEX": "7"}, lambda s: s.params["zIndex"], 7),
    "count": ({"RELAY__LETTERS": "7"}, lambda s: s.relay.letters, 7),
    "path in a table": ({"RELAY__FOLDER": "b"}, lambda s: s.relay_folder, Path("b")),
    "empty path": ({"RELAY__FOLDER": ""}, lambda s: s.relay_folder, Path("a/relay")),
    "profile": ({"PROFILES__A__PARAMS__CLIENTID": "b"}, lambda s: s.profiles["a"].params["clientId"], "b"),
    "new profile": ({"PROFILES__B__PARAMS__CLIENTID": "b"}, lambda s: s.profiles["b"].params["clientId"], "b"),
}

WRITTEN = """
public_url = "https://a.example.com/"
data_dir = "a"
[widget]
release = "a"
embedders = ["https://a.example.com"]
[params]
clientId = "a"
enablePopup = true
zIndex = 1
[profiles.a.params]
clientId = "a"
disableCall = true
"""


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
def test_a_variable_says_on_or_off_in_words_or_digits(loaded: Callable[..., Settings], text: str) -> None:
    for variable, name in (("DISABLECALL", "disableCall"), ("ENABLEPOPUP", "enablePopup")):
        assert loaded(**{f"PARAMS__{variable}": text}).params[name] is SWITCH_TEXTS[text]


@pytest.mark.parametrize("text", ["12345", "0", "true", "null", '"quoted"', "[1]", "{}", "1e3"])
def test_a_variable_that_looks_like_something_else_is_still_text(loaded: Callable[..., Settings], text: str) -> None:
    assert loaded(PARAMS__ERRORREPORTPROJECTID=text).params == {"errorReportProjectId": text}


def test_origins_are_kept_as_browsers_write_them(loaded: Callable[..., Settings]) -> None:
    given = ["https://CRM.Example.com:443/", "http://localhost:80", "http://localhost:8080", "https://[::1]:8443"]
    settings = loaded(origins(*given))
    assert settings.redirect.origins == [
        "https://crm.example.com",
        "http://localhost",
        "http://localhost:8080",
        "https://[::1]:8443",
    ]


def test_an_address_ends_with_a_slash(loaded: Callable[..., Settings]) -> None:
    assert loaded('public_url = "https://example.com/phone"').public_url == "https://example.com/phone/"


# Parameters

TRUE_AND_FALSE = {"presence": ("1", None), "tri-state": ("true", "false"), "truthy": ("1", None)}
SWITCH_NAMES = [name for name, parameter in PARAMETERS.items() if parameter.kind in SWITCHES]


def kind_in_the_widget(name: str) -> str:
    return "presence" if name in PRESENCE else "tri-state" if name in TRI_STATE else "truthy"


def test_the_table_knows_every_switch_that_is_not_truthy() -> None:
    assert set(SWITCH_NAMES) >= PRESENCE | TRI_STATE


@pytest.mark.parametrize("name", SWITCH_NAMES)
def test_a_switch_is_encoded_so_that_the_widget_reads_what_it_says(loaded: Callable[..., Settings], name: str) -> None:
    for written, expected in zip(("true", "false"), TRUE_AND_FALSE[kind_in_the_widget(name)], strict=True):
        settings = loaded(params(f"{name} = {written}"))
        assert encode(settings.parameters(None)).get(name) == expected


@pytest.mark.parametrize("name", ["disableCall", "disableGlip", "enablePopup"])
@pytest.mark.parametrize("inherited", [True, False])
def test_a_profile_turns_an_inherited_switch(loaded: Callable[..., Settings], name: str, inherited: bool) -> None:
    here, there = (str(value).lower() for value in (inherited, not inherited))
    settings = loaded(f"[params]\n{name} = {here}\n[profiles.a.params]\n{name} = {there}\n[profiles.b.params]")
    for_true, for_false = TRUE_AND_FALSE[kind_in_the_widget(name)]
    assert encode(settings.parameters(None)).get(name) == (for_true if inherited else for_false)
    assert encode(settings.parameters("a")).get(name) == (for_false if inherited else for_true)
    assert encode(settings.parameters("b")).get(name) == (for_true if inherited else for_false)


VALUES: dict[str, tuple[str, str | None]] = {
    "integer": ("zIndex = 1000", "1000"),
    "fraction": ("errorReportSampleRate = 0.25", "0.25"),
    "text": ('userAgent = "Team/1.0"', "Team/1.0"),
    "text that says false": ('prefix = "false"', "false"),
    "zero": ("zIndex = 0", "0"),
    "empty text": ('prefix = ""', None),
    "choice": ('defaultDirection = "left"', "left"),
    "address": ('stylesUri = "https://example.com/a.css"', "https://example.com/a.css"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_encoded_as_text(loaded: Callable[..., Settings], name: str) -> None:
    line, expected = VALUES[name]
    encoded = encode(loaded(params(line)).parameters(None))
    assert list(encoded.values()) == ([] if expected is None else [expected])


TWINS = [
    ("clientId", "appKey"),
    ("appKey", "clientId"),
    ("clientSecret", "appSecret"),
    ("appSecret", "clientSecret"),
]


@pytest.mark.parametrize(("below", "above"), TWINS)
def test_a_profile_replaces_a_parameter_under_its_other_name(
    loaded: Callable[..., Settings], below: str, above: str
) -> None:
    head = "allow_public_secrets = true\n"
    settings = loaded(f"{head}[params]\n{below} = 'a'\nprefix = 'p'\n[profiles.b.params]\n{above} = 'b'")
    assert settings.parameters(None) == {below: "a", "prefix": "p"}
    assert settings.parameters("b") == {above: "b", "prefix": "p"}


def test_the_environment_replaces_a_parameter_under_its_other_name(loaded: Callable[..., Settings]) -> None:
    settings = loaded(params("clientId = 'a'"), PARAMS__APPKEY="b")
    assert settings.parameters(None) == {"appKey": "b"}


UNKNOWN_PARAMETERS: dict[str, tuple[str, ...]] = {
    "clientid": ("did you mean clientId?",),
    "enablePopups": ("did you mean enablePopup?",),
    "disableGlips": ("did you mean disableGlip?",),
    "enableSomethingNew": (),
    "xyzzy": (),
}


@pytest.mark.parametrize("name", UNKNOWN_PARAMETERS)
def test_an_unknown_parameter_is_passed_on_with_a_warning(loaded: Callable[..., Settings], name: str) -> None:
    settings = loaded(f"[profiles.a.params]\n{name} = 'value'")
    [warning] = warnings(settings)
    shown(warning, (f"profiles.a.params.{name} ", "passed on", *UNKNOWN_PARAMETERS[name]))
    assert encode(settings.parameters("a")) == {name: "value"}


def test_the_suggestion_is_left_out_where_nothing_is_near(loaded: Callable[..., Settings]) -> None:
    assert "did you mean" not in warnings(loaded(params("xyzzy = 'value'")))[0]


def test_a_known_parameter_brings_no_warning(loaded: Callable[..., Settings]) -> None:
    assert warnings(loaded(WRITTEN.replace("[profiles.a.params]", "[profiles.a.params]\nprefix = 'b'"))) == []


def test_warnings_go_to_stderr_and_stop_nothing(configure: Callable[..., None]) -> None:
    configure(params("clientid = 'value'"))
    result = CliRunner().invoke(main, ["releases"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "Warning: params.clientid is not a parameter" in result.stderr


# Credentials

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


# Profiles that share storage (`widget.md`, #472)

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


def test_a_logo_that_is_too_large_is_refused(refused: Callable[..., list[str]], folder: Path) -> None:
    (folder / "logo.svg").write_bytes(b" " * (64 * 1024 + 1))
    [line] = refused('[redirect]\nlogo = "logo.svg"')
    shown(line, ("redirect.logo: ", "65536 bytes", "smaller"))
