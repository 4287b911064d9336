"""Asks the registries for known advisories about every dependency: `make audit`, and `make lint` with it.

Where a registry does not answer, that is told and is no failure: versions are pinned and hashed all the same
(requirements.lock, package-lock.json).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT = 60  # seconds for a registry
PIP = [
    *(Path(sys.executable).parent / "pip-audit", "--requirement=constraints.txt", "--no-deps", "--disable-pip"),
    *("--format=json", "--progress-spinner=off"),
]
NPM = ["npm", "audit", "--fetch-retries=0", "--json"]
UNASKED = "did not tell of advisories. The versions are pinned and hashed"


def told(command: list[Any]) -> dict[str, Any]:
    """What a tool prints as JSON; empty where it does not get that far."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    except (subprocess.TimeoutExpired, ValueError):
        return {}


def python(report: dict[str, Any]) -> list[str] | None:
    """The advisories about Python's packages; None where nothing was told of any."""
    asked = [package for package in report.get("dependencies", []) if "vulns" in package]
    if not asked:
        return None
    return [f"{one['name']} {one['version']}: {advisory['id']}" for one in asked for advisory in one["vulns"]]


def node(report: dict[str, Any]) -> list[str] | None:
    """The same about npm's."""
    found = report.get("vulnerabilities")
    return None if found is None else [f"{name}: {about['severity']}" for name, about in found.items()]


def main() -> None:
    answers = {"PyPI": python(told(PIP)), "npm's registry": node(told(NPM))}
    for registry, found in answers.items():
        print(f"{registry} {UNASKED}." if found is None else f"{registry}: {len(found)} advisories.")
        print("".join(f"  {one}\n" for one in found or ()), end="")
    sys.exit(any(answers.values()))


if __name__ == "__main__":
    main()
