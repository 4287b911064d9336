"""Warnings about settings that are valid but probably not intended."""

from collections.abc import Iterator

from embeddable_host.config.credentials import credentials
from embeddable_host.config.parameters import PARAMETERS, nearest
from embeddable_host.config.profiles import profiles_of
from embeddable_host.config.settings import Settings
from embeddable_host.contract import DEFAULT_PREFIX


def warnings(settings: Settings) -> list[str]:
    """One message for each setting that is valid but probably not intended."""
    messages = [
        f"{'.'.join((*where, name))} is published to everyone who can reach this host (allow_public_secrets is on)."
        for where, name in credentials(settings.model_dump())
    ]
    tables = {"params": settings.params} | {
        f"profiles.{name}.params": own.params for name, own in settings.profiles.items()
    }
    for where, table in tables.items():
        for name in table.keys() - PARAMETERS.keys():
            suggestion = nearest(name)
            hint = f"did you mean {suggestion}? " if suggestion else ""
            messages.append(f"{where}.{name} is not a known parameter: {hint}It is passed to the widget unchanged.")
    return messages + list(_shared_prefixes(settings))


def _shared_prefixes(settings: Settings) -> Iterator[str]:
    """Profiles with one prefix share storage, so those with different apps sign each other's users out.

    `docs/widget.md`, Signing in (#472).
    """
    first: dict[str, tuple[str, tuple[str, str]]] = {}
    for profile in profiles_of(settings):
        prefix = profile.parameters.get("prefix", DEFAULT_PREFIX)
        app = profile.client_id, profile.server
        name = f"profile {profile.name}" if profile.name else "the default profile"
        other, other_app = first.setdefault(prefix, (name, app))
        if other_app != app:
            yield (
                f"{name} and {other} have different client ids or servers but the same prefix ({prefix}): signing in "
                f"to one signs the user out of the other. Give {name} a prefix of its own."
            )
