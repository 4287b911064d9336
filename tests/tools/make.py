"""make in this repository, as somebody calls it who is in no make already."""

import os
import subprocess

from world.places import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make to its end. What an outer make would hand down to it is left out."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
