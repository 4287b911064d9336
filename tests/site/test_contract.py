"""The facts about the widget in contract.py, compared with the stand-in release (docs/widget.md)."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from embeddable_host import contract
from world.release import BRAND, stage

Files = Mapping[str, bytes]

NAMES = [name for name in vars(contract) if name.isupper()]
WITH_ADAPTERS = re.compile(r"adapter\b.*\.js")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = stage(tmp_path_factory.mktemp("contract") / "release")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def adapters(files: Files) -> list[str]:
    return [name for name in files if WITH_ADAPTERS.fullmatch(name)]


def quoted(text: str) -> bytes:
    return f'"{text}"'.encode()


ALL_PARAMETERS = {*contract.CALLBACK_PARAMETERS, *contract.CALLBACK_CREDENTIALS, *contract.CALLBACK_SERVERS}
UNUSED = set(contract.UNUSED_FILES)


def read_of_callbacks(files: Files) -> set[str]:
    """The parameters that the app reads of a callback."""
    return set(re.findall(r"\bcallback\.(\w+)", files["app.js"].decode()))


def passed_on(names: Iterable[str], files: Files) -> bool:
    """Whether the adapter passes these parameters on to the app."""
    return all(quoted(name) in files["adapter.js"] for name in names)


CHECKS: Mapping[str, Callable[[Files], bool]] = {
    "PRODUCTION": lambda files: b"appServer: " + quoted(contract.PRODUCTION) in files["app.js"],
    "SANDBOX": lambda files: re.fullmatch(r"https://[\w.]+", contract.SANDBOX) is not None,  # what appServer accepts
    "CDN_ORIGINS": lambda files: all(quoted(origin) in files["redirect.js"] for origin in contract.CDN_ORIGINS),
    "CDN_SOURCE": lambda files: b'HOSTING_URL: "' + contract.CDN_SOURCE.encode() in files["adapter.js"],
    "CDN_VERSION": lambda files: quoted(contract.CDN_SOURCE + contract.CDN_VERSION) in files["adapter.js"],
    "DEFAULT_PREFIX": lambda files: all(
        quoted(contract.DEFAULT_PREFIX) in files[name] for name in ("adapter.js", "app.js", "redirect.js")
    ),
    "BRANDS": lambda files: (
        BRAND in contract.BRANDS
        and {f"adapter.{brand}.js" for brand in contract.BRANDS}
        >= set(adapters(files)) - {"adapter.js", "adapter.min.js"}
    ),
    "ADAPTER": lambda files: contract.ADAPTER in files,
    "MINIFIED_ADAPTER": lambda files: contract.MINIFIED_ADAPTER in files,
    "ADAPTER_NAME": lambda files: [name for name in files if contract.ADAPTER_NAME.fullmatch(name)] == adapters(files),
    "MANUAL_INIT": lambda files: all(contract.MANUAL_INIT in files[name] for name in adapters(files)),
    "MANUAL_INIT_OPTIONS_SINCE": lambda files: (
        contract.MANUAL_INIT_OPTIONS_SINCE <= (2, 1) and b"function init({ appUrl = " in files["adapter.js"]
    ),
    "DISCOVERY_SERVERS": lambda files: all(server.startswith("https://") for server in contract.DISCOVERY_SERVERS),
    "AUTHORIZE_PATH": lambda files: contract.AUTHORIZE_PATH.encode() in files["app.js"],
    "PROXY_AUTHORIZE_PATH": lambda files: contract.AUTHORIZE_PATH.endswith(contract.PROXY_AUTHORIZE_PATH),
    "SIGN_IN_WINDOW": lambda files: b"window.open(uri, " + quoted(contract.SIGN_IN_WINDOW) in files["app.js"],
    "CALLBACK_FUNCTION": lambda files: f"window.{contract.CALLBACK_FUNCTION} = ".encode() in files["app.js"],
    "CALLBACK_FIELD": lambda files: f"data.{contract.CALLBACK_FIELD}".encode() in files["app.js"],
    "CALLBACK_KEY_END": lambda files: f"{contract.CALLBACK_KEY_END}`".encode() in files["app.js"],
    "CALLBACK_PARAMETERS": lambda files: read_of_callbacks(files) <= ALL_PARAMETERS,
    "CALLBACK_CREDENTIALS": lambda files: read_of_callbacks(files) >= set(contract.CALLBACK_CREDENTIALS),
    "CALLBACK_SERVERS": lambda files: "token_uri" in read_of_callbacks(files) & set(contract.CALLBACK_SERVERS),
    "PAGE_SIGN_IN_PARAMETERS": lambda files: passed_on(contract.PAGE_SIGN_IN_PARAMETERS, files),
    "SERVER_PARAMETERS": lambda files: passed_on(contract.SERVER_PARAMETERS, files),
    "PROXY_PARAMETERS": lambda files: passed_on(contract.PROXY_PARAMETERS, files),
    "ERROR_PARAMETER": lambda files: contract.ERROR_PARAMETER == "error",  # OAuth's name (RFC 6749 §4.1.2.1)
    "UNUSED_FILES": lambda files: {"index.html", "popup.html", "redirect.html"} <= files.keys() & UNUSED,
    "APP_PAGE": lambda files: contract.APP_PAGE in files,
    "APP_SCRIPT": lambda files: contract.APP_SCRIPT in files,
    "APP_SCRIPT_TAG": lambda files: len(contract.APP_SCRIPT_TAG.findall(files[contract.APP_PAGE])) == 1,
    "STYLESHEET": lambda files: contract.STYLESHEET in files and quoted(contract.STYLESHEET) in files["app.js"],
    "LANGUAGE_CHUNK": lambda files: [name for name in files if contract.LANGUAGE_CHUNK.fullmatch(name)] == ["en-US.js"],
}


def test_every_fact_has_a_check() -> None:
    assert sorted(CHECKS) == sorted(NAMES)


@pytest.mark.parametrize("name", CHECKS)
def test_the_stand_in_release_keeps_the_contract(name: str, files: Files) -> None:
    assert CHECKS[name](files)
