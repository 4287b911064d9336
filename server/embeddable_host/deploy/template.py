"""Configuration files for other programs: templates in which `${NAME}` stands for a value, as in nginx's image."""

import re
from collections.abc import Mapping
from pathlib import Path

import embeddable_host
from embeddable_host.error import HostError

SAFE_PATH = "/[A-Za-z0-9._/@+,=-]+"  # paths that need no quoting in any configuration
PACKAGE = Path(embeddable_host.__file__).parent
PLACEHOLDER = re.compile(r"^([ \t]*)\$\{([A-Z_]+)\}$|\$\{([A-Z_]+)\}", re.MULTILINE)


class ConfigurationError(HostError):
    """A value cannot be written into a configuration; the message lists every error, one a line."""


def template(name: str) -> str:
    """The text of the template called `name`, such as "nginx/http.conf.template"."""
    folders = (PACKAGE / "templates", PACKAGE.parents[1])  # wheel, checkout
    return next(folder / name for folder in folders if (folder / name).is_file()).read_text(encoding="utf-8")


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `${NAME}` replaced; where it is alone on a line, each line of the value is indented as it was.

    Other variables, such as `$host`, stay. Raises KeyError for a name without a value.
    """

    def value(match: re.Match[str]) -> str:
        indent, on_own_line, within = match.groups()
        if within:
            return values[within]
        return "\n".join(f"{indent}{line}" if line else "" for line in values[on_own_line].splitlines())

    return PLACEHOLDER.sub(value, text)
