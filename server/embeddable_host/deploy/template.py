"""Configuration files for other programs: templates in which `${NAME}` is a value, as in nginx's own image."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import embeddable_host
from embeddable_host.error import HostError

SAFE_PATH = "/[A-Za-z0-9._/@+,=-]+"  # a pattern of paths that mean nothing but themselves in any configuration
PACKAGE = Path(embeddable_host.__file__).parent
PLACEHOLDER = re.compile(r"^([ \t]*)\$\{([A-Z_]+)\}$|\$\{([A-Z_]+)\}", re.MULTILINE)


class ConfigurationError(HostError):
    """A value cannot be written into a configuration; the message lists every mistake, one a line."""


def template(name: str) -> str:
    """The text of the template called `name`, such as "nginx/http.conf.template"."""
    folders = (PACKAGE / "templates", PACKAGE.parents[1])  # wheel, checkout
    return next(folder / name for folder in folders if (folder / name).is_file()).read_text(encoding="utf-8")


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `${NAME}` replaced; a value that has a line of its own takes over the line's indentation.

    What is written otherwise, such as `$host`, stays. Raises KeyError for a name without a value.
    """

    def value(match: re.Match[str]) -> str:
        indent, alone, within = match.groups()
        if within:
            return values[within]
        return "\n".join(f"{indent}{line}" if line else "" for line in values[alone].splitlines())

    return PLACEHOLDER.sub(value, text)


def write_new(file: Path, text: str) -> None:
    """Writes `text` to `file`, whole or not at all. Raises FileExistsError where something is there already."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    try:
        os.link(unfinished, file)
    finally:
        unfinished.unlink()
