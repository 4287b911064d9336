"""Runs make in this repository as if from a shell, even when make itself runs the tests."""

import os
import subprocess

from world.places import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make to its end, without the variables of an outer make."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
