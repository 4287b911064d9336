"""A file system of its own for one command, small or read-only."""

import os
from pathlib import Path


def mounted(place: Path, options: str, then: str = "true") -> tuple[str, ...]:
    """A command that runs another one with a file system of its own at `place`.

    `options` as in mount(8) for tmpfs; `then`: what a shell does with it first.
    """
    place.mkdir(parents=True)
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    commands = f'mount -t tmpfs -o {options} none {place} && {then} && exec "$@"'
    return ("unshare", "--mount", *user, "sh", "-c", commands, "sh")


def closing(place: Path) -> str:
    """The shell command that makes the file system at `place` read-only."""
    return f"mount -o remount,ro {place}"
