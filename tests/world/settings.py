"""Settings as tests write them, and the errors that commands report."""

from click.testing import Result

FILE = "embeddable.toml"
SECRETS = ("clientSecret", "appSecret", "jwt", "authorizationCode", "authorizationCodeVerifier")
SECRET = "secret-2c9a"  # a credential's value
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


def error_lines(result: Result) -> list[str]:
    """The errors that a command printed when it refused its settings."""
    assert result.exit_code == 2, f"{result.output}{result.exception!r}"
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert all(line.startswith("Error: ") for line in lines)
    return lines


def assert_contains(text: str, parts: tuple[str, ...]) -> None:
    for part in parts:
        assert part in text
