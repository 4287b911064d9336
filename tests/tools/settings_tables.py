"""The tables of settings, parameters and scopes in `docs/settings.md`, from their declarations."""

from typing import Any

from pydantic.fields import FieldInfo

from embeddable_host.config.parameters import PARAMETERS, SWITCHES
from embeddable_host.config.scopes import FEATURES, Feature
from embeddable_host.config.settings import COLLECTIONS, SECTIONS, Settings
from tools.markdown import table


def settings() -> str:
    """Every setting, table by table."""
    fields = {_key(name): field for name, field in Settings.model_fields.items() if field.description}
    for name, section in SECTIONS.items():
        if name not in COLLECTIONS:
            fields |= {f"{name}.{key}": field for key, field in section.model_fields.items()}
    return table(("setting", "default", "meaning"), (_setting(key, field) for key, field in fields.items()))


def _setting(key: str, field: FieldInfo) -> tuple[str, ...]:
    return f"`{key}`", _default(field.default), field.description or ""


def _key(name: str) -> str:
    """A top-level setting as it is written in the file; a collection is a table for each name."""
    if name in COLLECTIONS:
        return "".join(f"[{name}.NAME.{key}]" for key in SECTIONS[name].model_fields)
    return f"[{name}]" if Settings.model_fields[name].default == {} else name


def _default(value: Any) -> str:
    if value in ("", None, {}):
        return ""
    if isinstance(value, bool | int):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`'


def parameters() -> str:
    """Every parameter of the widget."""
    rows = []
    for parameter in PARAMETERS.values():
        kind = (
            " or ".join(f"`{choice}`" for choice in parameter.choices)
            or ("on/off" if parameter.kind in SWITCHES else "")
            or parameter.kind.value
        )
        refused = " (credential: refused)" if parameter.secret else ""
        rows.append((f"`{parameter.name}`", kind, parameter.unset, parameter.since, f"{parameter.about}{refused}"))
    return table(("parameter", "kind", "default", "since", "effect"), rows)


def scopes() -> str:
    """Every feature of the widget with the scopes that it needs."""
    rows = ((one.name, ", ".join(scope.console for scope in one.scopes), _when(one)) for one in FEATURES)
    return table(("feature", "scopes, as named in the console", "enabled if"), rows)


def _when(feature: Feature) -> str:
    switches = (f"`{name}` is {'on' if on else 'off'}" for name, on in feature.when.items())
    return ", ".join(switches) or "always"
