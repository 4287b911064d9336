"""What is wrong with a configuration, as sentences: where it stands, what is wrong, what to write instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embeddable_host.config.environment import unknown, variables
from embeddable_host.config.settings import FILE_NAME, SECTIONS, Settings
from embeddable_host.error import HostError


class SettingsError(HostError):
    """The configuration cannot be used; the message lists every mistake, one a line."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def explain(details: Mapping[str, Any], file: Path | None) -> str:
    """One mistake as a sentence: where it stands, what is wrong, what to write."""
    location = tuple(details["loc"])
    if location and location[-1] == "[key]":
        location = location[:-1]
    where = place(location, file)
    if details["type"] == "extra_forbidden":
        model = SECTIONS.get(str(location[0]), Settings) if len(location) > 1 else Settings
        fields = list(model.model_fields)
        return f"{where}: {unknown(str(location[-1]), fields)}"
    if details["type"] == "setting":
        return f"{where}: {details['msg']}"
    return f"{where}: {details['msg'][0].lower()}{details['msg'][1:]}. Write a {_expected(details['type'])}."


def _expected(error_type: str) -> str:
    names = {
        "bool": "plain true or false",
        "string": "text in quotes",
        "list": 'list, such as ["…"]',
        "path": "path in quotes",
    }
    table = "table of its own, such as [widget]"
    return next((text for name, text in names.items() if error_type.startswith(name)), table)


def place(location: tuple[str | int, ...], file: Path | None) -> str:
    """The place of a setting: the variable it came from, else the file and its key."""
    keys = [str(part).lower() for part in location if not isinstance(part, int)]
    for variable, path in variables().items():
        if list(path[: len(keys)]) == keys[: len(path)]:
            return f"environment {variable}"
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{file or FILE_NAME}: {key}"


def refuse_secret(where: tuple[str, ...], name: str, file: Path | None) -> str:
    """Why the credential `name` in the table `where` is not served."""
    return (
        f"{place((*where, name), file)}: {name} is a credential, and everybody can fetch what is configured here. "
        "Remove it: a client-side web app signs in with PKCE, which needs none. "
        "(allow_public_secrets = true publishes it all the same.)"
    )
