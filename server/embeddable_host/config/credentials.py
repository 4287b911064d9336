"""Credentials among the widget's parameters: everybody can fetch what is configured here."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from embeddable_host.config.parameters import PARAMETERS, canonical

SECRETS = frozenset(name for name, parameter in PARAMETERS.items() if parameter.secret)


def is_secret(name: str) -> bool:
    """Whether `name` is a credential, in any spelling: a misspelled one would be published as well."""
    return canonical(re.sub("[_.-]", "", name)) in SECRETS


def credentials(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each credential among the values, with the path of its table."""
    tables: list[tuple[tuple[str, ...], Any]] = [(("params",), values.get("params"))]
    profiles = values.get("profiles")
    for profile, table in profiles.items() if isinstance(profiles, dict) else ():
        tables.append((("profiles", profile, "params"), table.get("params") if isinstance(table, dict) else None))
    for where, params in tables:
        for name, value in params.items() if isinstance(params, dict) else ():
            if is_secret(str(name)) and value != "":
                yield where, name
