"""The reference of settings, parameters and scopes as Markdown, from their declarations."""

from typing import Any

from pydantic.fields import FieldInfo

from embeddable_host.config.parameters import PARAMETERS, SWITCHES
from embeddable_host.config.scopes import FEATURES, Feature
from embeddable_host.config.settings import NAMED, SECTIONS, Settings


def settings() -> str:
    """Every setting, table by table."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if field.description:
            rows.append(_setting(_key(name), field))
    for table, section in SECTIONS.items():
        if table not in NAMED:
            rows += [_setting(f"{table}.{name}", field) for name, field in section.model_fields.items()]
    return "\n".join(rows)


def _setting(key: str, field: FieldInfo) -> str:
    return f"| `{key}` | {_shown(field.default)} | {field.description} |"


def _key(name: str) -> str:
    """A setting at the top as it is written in the file; one with entries of any name is a table."""
    if name in NAMED:
        return "".join(f"[{name}.NAME.{key}]" for key in SECTIONS[name].model_fields)
    return f"[{name}]" if Settings.model_fields[name].default == {} else name


def _shown(default: Any) -> str:
    if default in ("", None, {}):
        return ""
    if isinstance(default, bool | int):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return "`[" + ", ".join(f'"{item}"' for item in default) + "]`"
    return f'`"{default}"`'


def parameters() -> str:
    """Every parameter of the widget."""
    rows = ["| parameter | kind | unless set | since | what it does |", "|---|---|---|---|---|"]
    for parameter in PARAMETERS.values():
        kind = (
            " or ".join(f"`{choice}`" for choice in parameter.choices)
            or ("on/off" if parameter.kind in SWITCHES else "")
            or parameter.kind.value
        )
        refused = " (credential: refused)" if parameter.secret else ""
        rows.append(
            f"| `{parameter.name}` | {kind} | {parameter.unset} | {parameter.since} | {parameter.about}{refused} |"
        )
    return "\n".join(rows)


def scopes() -> str:
    """Every feature of the widget with the scopes that it wants of the app."""
    rows = ["| feature | scopes, as the console names them | chosen |", "|---|---|---|"]
    for feature in FEATURES:
        consoles = ", ".join(scope.console for scope in feature.scopes)
        rows.append(f"| {feature.name} | {consoles} | {_when(feature)} |")
    return "\n".join(rows)


def _when(feature: Feature) -> str:
    switches = (f"`{name}` is {'on' if on else 'off'}" for name, on in feature.when.items())
    return ", ".join(switches) or "always"
