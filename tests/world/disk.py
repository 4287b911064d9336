"""A disk of its own for one command, as small or as closed as a test wants it."""

import os
from pathlib import Path


def mounted(place: Path, options: str, then: str = "true") -> tuple[str, ...]:
    """A command before another one, which gets a file system of its own at `place` that nobody else sees.

    `options` as in mount(8) for tmpfs; `then`: what a shell does with it first.
    """
    place.mkdir(parents=True)
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    commands = f'mount -t tmpfs -o {options} none {place} && {then} && exec "$@"'
    return ("unshare", "--mount", *user, "sh", "-c", commands, "sh")


def closing(place: Path) -> str:
    """What a shell does to let nobody write to the file system at `place` any more."""
    return f"mount -o remount,ro {place}"
