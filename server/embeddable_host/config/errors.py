"""Error messages about settings: where the error is, what is wrong, what to write instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embeddable_host.config.environment import unknown_setting, variables
from embeddable_host.config.settings import FILE_NAME, SECTIONS, Settings
from embeddable_host.error import HostError


class SettingsError(HostError):
    """The settings cannot be used; the message has one line for each error."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def explain(details: Mapping[str, Any], file: Path | None) -> str:
    """The message for one of pydantic's errors."""
    location = tuple(details["loc"])
    if location and location[-1] == "[key]":
        location = location[:-1]
    where = place(location, file)
    if details["type"] == "extra_forbidden":
        model = SECTIONS.get(str(location[0]), Settings) if len(location) > 1 else Settings
        fields = list(model.model_fields)
        return f"{where}: {unknown_setting(str(location[-1]), fields)}"
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
    """Where a setting comes from: a variable, or the file and the key in it."""
    keys = [str(part).lower() for part in location if not isinstance(part, int)]
    for variable, path in variables().items():
        if list(path[: len(keys)]) == keys[: len(path)]:
            return f"environment {variable}"
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{file or FILE_NAME}: {key}"


def public_secret(where: tuple[str, ...], name: str, file: Path | None) -> str:
    """The message for the credential `name` in the table `where`."""
    return (
        f"{place((*where, name), file)}: {name} is a credential, and everybody can fetch what is configured here. "
        "Remove it: a client-side web app signs in with PKCE, which needs none. "
        "(allow_public_secrets = true publishes it anyway.)"
    )
