"""Errors in the settings: each message has the place and a remedy; the exit code is 2 and nothing starts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.config.settings import Settings
from world.settings import FILE, FULL, ORIGIN, SECRET, assert_contains, embedders, error_lines, origins, params

PAGE_SIGN_IN = "[widget]\npage_sign_in = true"

# What the file contains, and parts of the message.

FILE_ERRORS: dict[str, tuple[str, tuple[str, ...]]] = {
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
    "switch with a word": ('allow_public_secrets = "maybe"', ("allow_public_secrets: ", "true or false")),
    "switch in quotes": ('allow_public_secrets = "yes"', ("allow_public_secrets: ", "true or false")),
    "value for a table": ("widget = 5", ("widget: ", "table of its own, such as [widget]")),
    "value for parameters": ("params = 5", ("params: ", "table of its own")),
    "value for a profile": ("[profiles]\nsandbox = 5", ("profiles.sandbox: ", "table of its own")),
    "release that is a path": ('[widget]\nrelease = "../x"', ("widget.release: ", '"../x"', "current", "cdn")),
    "source without scheme": ('[widget]\nsource = "cdn.example.com"', ("widget.source: ", '"cdn.example.com"', FULL)),
    "embedder without scheme": (embedders("crm.example.com"), ("widget.embedders[0]: ", '"crm.example.com"', ORIGIN)),
    "embedder with a path": (embedders("*", f"{ORIGIN}/page"), ("widget.embedders[1]: ", ORIGIN)),
    "embedder that is only a wildcard": (embedders("*.example.com"), ("widget.embedders[0]: ", ORIGIN)),
    "embedder with a wildcard inside": (embedders("https://a.*.example.com"), ("widget.embedders[0]: ", ORIGIN)),
    "embedder with a directive": (embedders(f"{ORIGIN}; script-src *"), ("widget.embedders[0]: ", ORIGIN)),
    "embedders that are a number": ("[widget]\nembedders = 5", ("widget.embedders: ", "list")),
    "pages that sign in, any": (PAGE_SIGN_IN, ("widget.page_sign_in: ", "exact origins", f'["{ORIGIN}"]')),
    "pages that sign in, with a wildcard": (
        f'{PAGE_SIGN_IN}\nembedders = ["https://*.example.com"]',
        ("widget.page_sign_in: ", "exact origins"),
    ),
    "pages that sign in, none": (f"{PAGE_SIGN_IN}\nembedders = []", ("widget.page_sign_in: ", "exact origins")),
    "window left to any page": (
        params("disableLoginPopup = true"),
        ("params.disableLoginPopup: ", "page_sign_in = true", "widget.embedders", "remove disableLoginPopup"),
    ),
    "window left to any page, in a profile": (
        "[profiles.a.params]\ndisableLoginPopup = true",
        ("profiles.a.params.disableLoginPopup: ", "page_sign_in = true"),
    ),
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
    "logo that is not there": ('[redirect]\nlogo = "logo.svg"', ("redirect.logo: ", "logo.svg does not exist")),
    "colour with more in it": ('[redirect]\ncolor = "red; background: url(x)"', ("redirect.color: ", '"#0684bd"')),
    "background that loads": ('[redirect]\nbackground = "url(x)"', ("redirect.background: ", '"#0684bd"')),
    "dark colour that is none": ('[redirect]\ndark_color = "1px"', ("redirect.dark_color: ", "#0684bd")),
    "setup that is a word": ('[setup]\nenabled = "no"', ("setup.enabled: ",)),
    "setup with another key": ("[setup]\nenable = false", ("setup.enable: ", "Did you mean enabled?")),
    "relay that is a word": ('[relay]\nenabled = "on"', ("relay.enabled: ", "true or false")),
    "relay with another key": ("[relay]\nlimits = 5", ("relay.limits: ", "Did you mean limit?")),
    "folder of the relay that is a number": ("[relay]\ndir = 5", ("relay.dir: ", "path in quotes")),
    "limit that is a word": ('[relay]\nlimit = "many"', ("relay.limit: ", '"many"', "from 1 to 100000")),
    "limit of none": ("[relay]\nlimit = 0", ("relay.limit: 0 is not a count", "from 1 to 100000")),
    "limit that is a fraction": ("[relay]\nlimit = 0.5", ("relay.limit: ", "from 1 to 100000")),
    "limit that is a switch": ("[relay]\nlimit = true", ("relay.limit: ", "from 1 to 100000")),
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
    "name that is none": (params('"a&b" = "c"'), ("params.a&b: ", "not a parameter name", "a-z, A-Z, 0-9")),
    "parameter of a profile": ("[profiles.a.params]\nzIndex = 'x'", ("profiles.a.params.zIndex: ", "zIndex = 999")),
    "setting misspelled": ('public_ur = "x"', ("public_ur: ", "no setting public_ur", "Did you mean public_url?")),
    "table misspelled": ("[redirct]", ("redirct: ", "Did you mean redirect?")),
    "setting of a table misspelled": ('[widget]\nrelese = "x"', ("widget.relese: ", "Did you mean release?")),
    "setting of a profile misspelled": ("[profiles.a.parms]", ("profiles.a.parms: ", "Did you mean params?")),
    "setting like no other": ("xyzzy = 1", ("xyzzy: ", "no setting xyzzy", "Settings here: public_url, data_dir")),
    "setting with an underscore in front": ('_env_file = "x"', ("_env_file: ", "no setting _env_file")),
}


@pytest.mark.parametrize("name", FILE_ERRORS)
def test_an_error_in_the_file_has_its_place_and_a_remedy(refused: Callable[..., list[str]], name: str) -> None:
    toml, parts = FILE_ERRORS[name]
    [line] = refused(toml)
    assert line.startswith(f"Error: {FILE}: ")
    assert_contains(line, parts)


ENVIRONMENT_ERRORS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
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
    "pages that sign in": ({"WIDGET__PAGE_SIGN_IN": "true"}, ("EMBEDDABLE_WIDGET__PAGE_SIGN_IN: ", "exact origins")),
    "count": ({"RELAY__LIMIT": "-5"}, ("EMBEDDABLE_RELAY__LIMIT: ", '"-5" is not a count')),
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


@pytest.mark.parametrize("name", ENVIRONMENT_ERRORS)
def test_an_error_in_the_environment_has_its_variable(refused: Callable[..., list[str]], name: str) -> None:
    variables, parts = ENVIRONMENT_ERRORS[name]
    [line] = refused(**variables)
    assert line.startswith("Error: environment")
    assert_contains(line, parts)


@pytest.mark.parametrize("name", ["widget", "healthz", "readyz", "metrics", "relay"])
def test_a_profile_cannot_have_the_name_of_an_address(refused: Callable[..., list[str]], name: str) -> None:
    [line] = refused(f"[profiles.{name}.params]")
    assert_contains(line, (f"profiles.{name}: ", f"/{name} is an address of the host", "choose another name"))


@pytest.mark.parametrize("name", ["Sales", "a b", "..", "", "redirect.html", "-a", "a/b", "é", "a" * 64])
def test_a_profile_name_must_fit_into_an_address(refused: Callable[..., list[str]], name: str) -> None:
    [line] = refused(f'[profiles."{name}".params]')
    assert_contains(line, (f'"{name}" is not a profile name', "a-z, 0-9 and -"))


@pytest.mark.parametrize("name", ["sandbox", "2", "a-b", "a" * 63, "redirect", "adapter"])
def test_a_profile_may_have_any_other_name(loaded: Callable[..., Settings], name: str) -> None:
    assert list(loaded(f"[profiles.{name}.params]").profiles) == [name]


def test_all_errors_are_reported_together(refused: Callable[..., list[str]]) -> None:
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


def test_a_credential_is_reported_with_other_errors(refused: Callable[..., list[str]]) -> None:
    lines = refused(f'public_url = "phone"\n[params]\njwt = "{SECRET}"')
    assert len(lines) == 2
    assert_contains("\n".join(lines), ("public_url: ", "params.jwt: "))


def test_a_variable_for_a_whole_table_is_reported_with_other_errors(refused: Callable[..., list[str]]) -> None:
    lines = refused('public_url = "phone"', WIDGET="current", PUBLIC_UR="x")
    assert_contains("\n".join(lines), ("public_url: ", "widget is a table", "EMBEDDABLE_PUBLIC_UR: "))


def test_serve_does_not_start_with_an_error(configure: Callable[..., None]) -> None:
    configure('public_url = "phone"')
    [line] = error_lines(CliRunner().invoke(main, ["serve", "--port", "0"]))
    assert "public_url" in line


@pytest.mark.parametrize("command", ["serve", "pull", "releases"])
def test_every_command_that_reads_the_settings_refuses_a_bad_file(configure: Callable[..., None], command: str) -> None:
    configure("bad")
    [line] = error_lines(CliRunner().invoke(main, [command]))
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
def test_a_file_that_is_not_toml_is_refused(folder: Path, name: str) -> None:
    content, part = CONTENTS[name]
    (folder / FILE).write_bytes(content)
    [line] = error_lines(CliRunner().invoke(main, ["releases"]))
    assert_contains(line, (f"{FILE}: this is not valid TOML", part, 'name = "value"'))


def test_a_file_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder / "loop.toml").symlink_to("loop.toml")
    for path in (folder, folder / "loop.toml"):
        [line] = error_lines(CliRunner().invoke(main, ["releases", "--config", str(path)]))
        assert_contains(line, (f"{path}: ", "Make it readable"))


@pytest.mark.parametrize("by", ["--config", "EMBEDDABLE_CONFIG"])
def test_a_named_file_must_exist(configure: Callable[..., None], by: str) -> None:
    options = ["--config", "nowhere.toml"] if by == "--config" else []
    configure(**{} if options else {"CONFIG": "nowhere.toml"})
    [line] = error_lines(CliRunner().invoke(main, ["releases", *options]))
    assert_contains(line, ("nowhere.toml: there is no such file", "--config", "EMBEDDABLE_CONFIG"))


def test_a_logo_that_is_too_large_is_refused(refused: Callable[..., list[str]], folder: Path) -> None:
    (folder / "logo.svg").write_bytes(b" " * (64 * 1024 + 1))
    [line] = refused('[redirect]\nlogo = "logo.svg"')
    assert_contains(line, ("redirect.logo: ", "65536 bytes", "smaller"))
