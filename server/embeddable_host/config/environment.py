"""The environment: `EMBEDDABLE_…` variables as settings, with `__` between the levels of their names."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_settings import EnvSettingsSource

from embeddable_host.config.parameters import PARAMETERS, SWITCHES, Kind, canonical, nearest
from embeddable_host.config.settings import NAMED, SECTIONS, Settings

ENVIRONMENT_PREFIX = "EMBEDDABLE_"
LEVEL_DELIMITER = "__"
CONFIG_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"
# The options of `serve` that a variable may give: an image knows some of them, and a container is told the others.
SERVE_VARIABLES = {option: ENVIRONMENT_PREFIX + option.upper() for option in ("host", "port", "pull")}
# A value for each setting: where it is a table, the path of its first keys says how a variable of it is called, and how
# deep all of them are.
EXAMPLES = Settings().model_dump() | {
    name: field.examples[0] for name, field in Settings.model_fields.items() if field.examples
}


class Environment(EnvSettingsSource):
    """`EMBEDDABLE_…` variables as a table of settings.

    A variable is text and has no case: the parameters' names and types are restored.
    """

    def __init__(self) -> None:
        super().__init__(
            Settings,  # type: ignore[arg-type]  # of which it reads the fields alone
            case_sensitive=False,
            env_prefix=ENVIRONMENT_PREFIX,
            env_nested_delimiter=LEVEL_DELIMITER,
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        told = {name.lower() for name, path in variables().items() if misnamed(path)}
        return {name: text for name, text in super()._load_env_vars().items() if name not in told}

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        for table in (found, *_dicts(found.get("profiles"))):
            if isinstance(params := table.get("params"), dict):
                table["params"] = {canonical(name): _typed(canonical(name), text) for name, text in params.items()}
        return found


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value.values() if isinstance(item, dict)) if isinstance(value, dict) else ()


def _typed(name: str, text: Any) -> Any:
    """A variable's text as the type its parameter has; left as it is where it cannot be that."""
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
    """Each `EMBEDDABLE_…` variable of a setting, with the path of keys it stands for."""
    return {
        name: tuple(name[len(ENVIRONMENT_PREFIX) :].lower().split(LEVEL_DELIMITER))
        for name in os.environ
        if name.upper().startswith(ENVIRONMENT_PREFIX)
        and name.upper() != CONFIG_VARIABLE
        and name not in SERVE_VARIABLES.values()
    }


def misnamed(path: tuple[str, ...]) -> str | None:
    """What is wrong with a variable's name, None where it stands for a setting."""
    top = path[0]
    if top not in Settings.model_fields:
        return unknown(top, list(Settings.model_fields))
    levels = 2 if top in NAMED else 1  # of which the names at the next are fixed, but those of parameters
    if top in SECTIONS and len(path) > levels and path[levels] not in SECTIONS[top].model_fields:
        return unknown(path[levels], list(SECTIONS[top].model_fields))
    example = (top, *_keys(EXAMPLES[top]))
    if len(path) < len(example):
        variable = ENVIRONMENT_PREFIX + LEVEL_DELIMITER.join(example).upper()
        return f"{'.'.join(path)} is a table. Set its keys one by one, as in {variable}."
    return unknown(path[len(example)], []) if len(path) > len(example) else None


def _keys(value: Any) -> Iterator[str]:
    while isinstance(value, dict):
        key, value = next(iter(value.items()))
        yield key.lower()


def unknown(name: str, known: list[str]) -> str:
    """That there is no setting of this name among those `known`, and what may be meant."""
    meant = nearest(name, known)
    remedy = f"Did you mean {meant}?" if meant else f"Known here: {', '.join(known) or 'nothing'}."
    return f"there is no setting {name}. {remedy}"
