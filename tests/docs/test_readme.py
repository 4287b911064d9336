"""The README says what is true now."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools.reference import rendered
from world.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = Path(sys.executable).parent / "embeddable-host"


def test_the_settings_reference_is_in_step_with_the_declarations() -> None:
    assert rendered(README) == README, "run `make reference`"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"embeddable-host ([a-z]+)(?![a-z-])", README))))
def test_every_command_the_readme_names_exists(command: str) -> None:
    done = subprocess.run([COMMAND, command, "--help"], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_every_file_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
