"""Loading the configuration: the file gives the values, the environment overrides them, all is checked as a whole.

pydantic checks the shape, and `values` what a shape cannot say (origins, addresses, the widget's parameters). A mistake
never stops the check: all of them are told at once, before anything starts.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from embeddable_host.config.credentials import credentials
from embeddable_host.config.environment import CONFIG_VARIABLE, Environment, misnamed, variables
from embeddable_host.config.errors import SettingsError, explain, place, refuse_secret
from embeddable_host.config.parameters import merge
from embeddable_host.config.settings import FILE_NAME, SECTIONS, Section, Settings


def find(config: Path | None) -> Path | None:
    """The file to read: the one named, else `EMBEDDABLE_CONFIG`, else the working directory's, else none."""
    if config is None and os.environ.get(CONFIG_VARIABLE):
        config = Path(os.environ[CONFIG_VARIABLE])
    if config is None and Path(FILE_NAME).is_file():
        config = Path(FILE_NAME)
    return config


def load(config: Path | None = None) -> Settings:
    """The settings from `config` (see `find`) and the environment.

    Paths in the file are relative to the file. Raises SettingsError with every mistake there is.
    """
    file = find(config)
    mistakes = [
        f"environment {variable}: {wrong}" for variable, path in variables().items() if (wrong := misnamed(path))
    ]
    values = _lay_over(_read(file), Environment()())
    if values.get("allow_public_secrets") not in (True, "true", "1"):
        mistakes += [refuse_secret(where, name, file) for where, name in credentials(values)]
    try:
        settings = Settings(**values)
        for name, folder in (("data_dir", settings.data_dir), ("relay.dir", settings.relay.dir)):
            if settings.public_dir and folder and folder.resolve().is_relative_to(settings.public_dir.resolve()):
                where = place(("public_dir",), file)
                mistakes.append(
                    f"{where}: {name} lies in {settings.public_dir}. Give your pages a folder of their own."
                )
    except ValidationError as error:
        mistakes += [explain(details, file) for details in error.errors(include_url=False)]
    if mistakes:
        raise SettingsError(list(dict.fromkeys(mistakes)))
    return settings


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = f"Give the path of a settings file to --config or {CONFIG_VARIABLE}, or leave it out: none is needed."
        raise SettingsError([f"{file}: there is no such file. {remedy}"]) from None
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror}. Make it readable for this user."]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f'{file}: this is not TOML: {error}. Texts stand in quotes: name = "value".']) from None
    values.setdefault("data_dir", "var")
    _anchor(values, Settings, file.parent)
    for name, section in SECTIONS.items():
        _anchor(values.get(name), section, file.parent)
    return values


def _anchor(table: Any, section: type[Section], folder: Path) -> None:
    """Makes the paths in a table begin at `folder`."""
    for name, field in section.model_fields.items():
        is_path = Path in (field.annotation, *get_args(field.annotation))
        if is_path and isinstance(table, dict) and isinstance(table.get(name), str) and table[name]:
            table[name] = str(folder / table[name])


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The tables of `above` over those of `below`, level by level."""
    laid = dict(below)
    for name, value in above.items():
        under = below.get(name)
        if not (isinstance(value, dict) and isinstance(under, dict)):
            laid[name] = value
        else:
            laid[name] = merge(under, value) if name == "params" else _lay_over(under, value)
    return laid
