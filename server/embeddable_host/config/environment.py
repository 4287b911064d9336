"""The environment: `EMBEDDABLE_…` variables as settings, with `__` between the levels of their names."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_settings import EnvSettingsSource

from embeddable_host.config.parameters import PARAMETERS, SWITCHES, Kind, canonical, nearest
from embeddable_host.config.settings import COLLECTIONS, SECTIONS, Settings

ENVIRONMENT_PREFIX = "EMBEDDABLE_"
LEVEL_DELIMITER = "__"
CONFIG_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"
# The options of `serve` that variables can set: an image sets some of them, and whoever runs a container the others.
SERVE_VARIABLES = {option: ENVIRONMENT_PREFIX + option.upper() for option in ("host", "port", "pull")}
# A value for each setting. For a table, its first keys show how its variables are named and how many levels they have.
EXAMPLES = Settings().model_dump() | {
    name: field.examples[0] for name, field in Settings.model_fields.items() if field.examples
}


class Environment(EnvSettingsSource):
    """`EMBEDDABLE_…` variables as a table of settings.

    Variables are text without regard to case: the names and types of parameters are restored.
    """

    def __init__(self) -> None:
        super().__init__(
            Settings,  # type: ignore[arg-type]  # it reads only the fields
            case_sensitive=False,
            env_prefix=ENVIRONMENT_PREFIX,
            env_nested_delimiter=LEVEL_DELIMITER,
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        wrong = {name.lower() for name, path in variables().items() if name_error(path)}
        return {name: text for name, text in super()._load_env_vars().items() if name not in wrong}

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        for table in (found, *_dicts(found.get("profiles"))):
            if isinstance(params := table.get("params"), dict):
                table["params"] = {canonical(name): _typed(canonical(name), text) for name, text in params.items()}
        return found


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value.values() if isinstance(item, dict)) if isinstance(value, dict) else ()


def _typed(name: str, text: Any) -> Any:
    """A variable's text as the type of its parameter; unchanged if it is not valid for that type."""
    kind = PARAMETERS[name].kind if name in PARAMETERS else Kind.TEXT
    if kind in SWITCHES:
        return {"true": True, "1": True, "false": False, "0": False, "": False}.get(str(text).lower(), text)
    if kind is Kind.NUMBER:
        try:
            return float(text) if "." in str(text) else int(text)
        except ValueError:
            return text
    return text


def variables() -> dict[str, tuple[str, ...]]:
    """Each `EMBEDDABLE_…` variable of a setting, with the path of keys that it sets."""
    return {
        name: tuple(name[len(ENVIRONMENT_PREFIX) :].lower().split(LEVEL_DELIMITER))
        for name in os.environ
        if name.upper().startswith(ENVIRONMENT_PREFIX)
        and name.upper() != CONFIG_VARIABLE
        and name not in SERVE_VARIABLES.values()
    }


def name_error(path: tuple[str, ...]) -> str | None:
    """What is wrong with a variable's name; None if it names a setting."""
    top = path[0]
    if top not in Settings.model_fields:
        return unknown_setting(top, list(Settings.model_fields))
    level = 2 if top in COLLECTIONS else 1  # of the keys that are fixed
    if top in SECTIONS and len(path) > level and path[level] not in SECTIONS[top].model_fields:
        return unknown_setting(path[level], list(SECTIONS[top].model_fields))
    example = (top, *_keys(EXAMPLES[top]))
    if len(path) < len(example):
        variable = ENVIRONMENT_PREFIX + LEVEL_DELIMITER.join(example).upper()
        return f"{'.'.join(path)} is a table. Set its keys separately, as in {variable}."
    return unknown_setting(path[len(example)], []) if len(path) > len(example) else None


def _keys(value: Any) -> Iterator[str]:
    while isinstance(value, dict):
        key, value = next(iter(value.items()))
        yield key.lower()


def unknown_setting(name: str, known: list[str]) -> str:
    """The message for a name that is not among the `known` ones, with a suggestion."""
    suggestion = nearest(name, known)
    hint = f"Did you mean {suggestion}?" if suggestion else f"Settings here: {', '.join(known) or 'none'}."
    return f"there is no setting {name}. {hint}"
