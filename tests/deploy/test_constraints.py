"""constraints.txt: a version for each package that a deployment installs, and for no other."""

import re
from collections.abc import Iterator
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from world.places import ROOT

LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINNED = {
    canonicalize_name(name): version
    for name, version in (line.split("==") for line in LINES if not line.startswith("#"))
}


def needed(package: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """What installing `package` brings along here, itself left out."""
    for requirement in map(Requirement, requires(package) or []):
        if any(not requirement.marker or requirement.marker.evaluate({"extra": one}) for one in (extras or {""})):
            yield requirement
            yield from needed(requirement.name, frozenset(requirement.extras))


def test_each_package_that_a_deployment_installs_is_pinned_and_no_other() -> None:
    assert {canonicalize_name(requirement.name) for requirement in needed("embeddable-host")} == PINNED.keys()


def test_each_pinned_version_is_one_that_is_asked_for() -> None:
    for requirement in needed("embeddable-host"):
        assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)]), requirement


def test_a_pin_is_one_version() -> None:
    assert all(Version(version) for version in PINNED.values())


def test_the_lock_has_the_same_versions_and_names_the_files_that_may_be_installed() -> None:
    locked = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    assert [package.split()[0] for package in locked] == [line for line in LINES if not line.startswith("#")]
    assert all("--hash=sha256:" in package for package in locked)


def test_the_image_is_built_from_locked_files_only() -> None:
    built = [line.split()[0] for line in (ROOT / "build.lock").read_text(encoding="utf-8").splitlines() if "==" in line]
    assert {canonicalize_name(package.partition("==")[0]) for package in built} >= {
        "hatchling",
        *(canonicalize_name(requirement.name) for requirement in needed("hatchling")),
    }
    recipe = (ROOT / "Containerfile").read_text(encoding="utf-8")
    installs = [line for line in recipe.splitlines() if re.search(r"pip (install|wheel) ", line)]
    assert len(installs) == 4
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
