"""Loads the settings: the file sets values, the environment overrides them, then everything is validated.

pydantic validates the types, and `values` what types cannot express (origins, addresses, the widget's parameters). All
errors are reported together, before anything starts.
"""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from embeddable_host.config.credentials import credentials
from embeddable_host.config.environment import CONFIG_VARIABLE, Environment, name_error, variables
from embeddable_host.config.errors import SettingsError, explain, place, public_secret
from embeddable_host.config.parameters import merge
from embeddable_host.config.settings import FILE_NAME, SECTIONS, Section, Settings

PAGE_OPENS_WINDOW = "disableLoginPopup"  # the app posts the address of a sign-in to the page around it


def find(config: Path | None) -> Path | None:
    """The file to read: `config`, else `EMBEDDABLE_CONFIG`, else the working directory's, else none."""
    if config is None and os.environ.get(CONFIG_VARIABLE):
        config = Path(os.environ[CONFIG_VARIABLE])
    if config is None and Path(FILE_NAME).is_file():
        config = Path(FILE_NAME)
    return config


def load(config: Path | None = None) -> Settings:
    """The settings from `config` (see `find`) and the environment.

    Paths in the file are relative to the file. Raises SettingsError with all errors.
    """
    file = find(config)
    errors = [
        f"environment {variable}: {wrong}" for variable, path in variables().items() if (wrong := name_error(path))
    ]
    values = _overlay(_read(file), Environment()())
    if values.get("allow_public_secrets") not in (True, "true", "1"):
        errors += [public_secret(where, name, file) for where, name in credentials(values)]
    try:
        settings = Settings(**values)
        errors += _published_folders(settings, file)
        errors += _page_sign_in(settings, file)
    except ValidationError as error:
        errors += [explain(details, file) for details in error.errors(include_url=False)]
    if errors:
        raise SettingsError(list(dict.fromkeys(errors)))
    return settings


def _published_folders(settings: Settings, file: Path | None) -> Iterator[str]:
    """Errors for folders of the host inside `public_dir`, whose files everybody can fetch."""
    for name, folder in (("data_dir", settings.data_dir), ("relay.dir", settings.relay.dir)):
        if settings.public_dir and folder and folder.resolve().is_relative_to(settings.public_dir.resolve()):
            where = place(("public_dir",), file)
            yield f"{where}: {name} is inside {settings.public_dir}. Use a separate folder for your pages."


def _page_sign_in(settings: Settings, file: Path | None) -> Iterator[str]:
    """Errors where it is not clear which pages may sign their users in themselves."""
    widget = settings.widget
    if widget.page_sign_in and (not widget.embedders or any("*" in embedder for embedder in widget.embedders)):
        yield (
            f"{place(('widget', 'page_sign_in'), file)}: it needs the exact origins of your pages in widget.embedders, "
            'without "*". Write embedders = ["https://crm.example.com"], or remove page_sign_in.'
        )
    tables = {("params",): settings.params} | {
        ("profiles", name, "params"): profile.params for name, profile in settings.profiles.items()
    }
    for where, table in tables.items():
        if table.get(PAGE_OPENS_WINDOW) and not widget.page_sign_in:
            yield (
                f"{place((*where, PAGE_OPENS_WINDOW), file)}: it gives the sign-in to the page around the phone, and "
                "every page may frame it. Set widget.page_sign_in = true and list your pages in widget.embedders, or "
                f"remove {PAGE_OPENS_WINDOW}."
            )


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = f"Set --config or {CONFIG_VARIABLE} to an existing file, or unset it: no settings file is needed."
        raise SettingsError([f"{file}: there is no such file. {remedy}"]) from None
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror}. Make it readable by this user."]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            [f'{file}: this is not valid TOML: {error}. Write texts in quotes: name = "value".']
        ) from None
    values.setdefault("data_dir", "var")
    _anchor(values, Settings, file.parent)
    for name, section in SECTIONS.items():
        _anchor(values.get(name), section, file.parent)
    return values


def _anchor(table: Any, section: type[Section], folder: Path) -> None:
    """Resolves the paths in a table against `folder`."""
    for name, field in section.model_fields.items():
        is_path = Path in (field.annotation, *get_args(field.annotation))
        if is_path and isinstance(table, dict) and isinstance(table.get(name), str) and table[name]:
            table[name] = str(folder / table[name])


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The values of `above` over those of `below`, table by table."""
    values = dict(below)
    for name, value in above.items():
        under = below.get(name)
        if not (isinstance(value, dict) and isinstance(under, dict)):
            values[name] = value
        else:
            values[name] = merge(under, value) if name == "params" else _overlay(under, value)
    return values
