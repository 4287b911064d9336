"""Credentials among the widget's parameters: what is configured here, everybody can fetch."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from embeddable_host.config.parameters import PARAMETERS, canonical

SECRETS = frozenset(name for name, parameter in PARAMETERS.items() if parameter.secret)


def is_secret(name: str) -> bool:
    """Whether `name` is a credential's, however it is spelled: a wrong spelling would be published all the same."""
    return canonical(re.sub("[_.-]", "", name)) in SECRETS


def credentials(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each credential among the values, with the place of its table."""
    tables: list[tuple[tuple[str, ...], Any]] = [(("params",), values.get("params"))]
    profiles = values.get("profiles")
    for profile, table in profiles.items() if isinstance(profiles, dict) else ():
        tables.append((("profiles", profile, "params"), table.get("params") if isinstance(table, dict) else None))
    for where, params in tables:
        for name, value in params.items() if isinstance(params, dict) else ():
            if is_secret(str(name)) and value != "":
                yield where, name
