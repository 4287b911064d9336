"""Settings as a test writes them, and what is said of them."""

from click.testing import Result

FILE = "embeddable.toml"
SECRETS = ("clientSecret", "appSecret", "jwt", "authorizationCode", "authorizationCodeVerifier")
VALUE = "do-not-tell-2c9a"  # of a credential
FULL = "https://phone.example.com/"
ORIGIN = "https://crm.example.com"

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


def origins(*values: str) -> str:
    return f"[redirect]\norigins = {list(values)!r}"


def embedders(*values: str) -> str:
    return f"[widget]\nembedders = {list(values)!r}"


def params(line: str) -> str:
    return f"[params]\n{line}"


def mistakes(result: Result) -> list[str]:
    assert result.exit_code == 2, f"{result.output}{result.exception!r}"
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert all(line.startswith("Error: ") for line in lines)
    return lines


def shown(text: str, parts: tuple[str, ...]) -> None:
    for part in parts:
        assert part in text
