"""What is allowed but most likely not meant."""

from collections.abc import Iterator

from embeddable_host.config.credentials import credentials
from embeddable_host.config.parameters import PARAMETERS, Value, nearest
from embeddable_host.config.settings import Settings
from embeddable_host.contract import DEFAULT_PREFIX, PRODUCTION


def warnings(settings: Settings) -> list[str]:
    """What is allowed but most likely not meant, one sentence each."""
    told = [
        f"{'.'.join((*where, name))} is published to everyone who can reach this host (allow_public_secrets is on)."
        for where, name in credentials(settings.model_dump())
    ]
    tables = {"params": settings.params} | {
        f"profiles.{name}.params": own.params for name, own in settings.profiles.items()
    }
    for where, table in tables.items():
        for name in table.keys() - PARAMETERS.keys():
            meant = nearest(name)
            hint = f"did you mean {meant}? " if meant else ""
            told.append(f"{where}.{name} is not a parameter known here: {hint}It is passed on as it is.")
    return told + list(_shared_prefixes(settings))


def _shared_prefixes(settings: Settings) -> Iterator[str]:
    """Profiles of one origin with one prefix share storage, so they sign each other's users out (`widget.md`, #472)."""
    seen: dict[Value, tuple[str, tuple[Value, Value]]] = {}
    for profile in (None, *settings.profiles):
        params = settings.parameters(profile)
        prefix = params.get("prefix") or DEFAULT_PREFIX
        app = (
            params.get("clientId") or params.get("appKey") or "",
            params.get("appServer") or PRODUCTION,
        )
        name = f"profile {profile}" if profile else "the default profile"
        other, other_app = seen.setdefault(prefix, (name, app))
        if other_app != app:
            yield (
                f"{name} and {other} have different client ids or servers but one prefix ({prefix}): whoever uses "
                f"both is signed out of one by the other. Give {name} a prefix of its own."
            )
