"""Asks the registries for known advisories about all dependencies: `make audit`, which `make lint` runs as well.

A registry that does not respond is reported but is no failure: all versions are pinned and hashed (requirements.lock,
package-lock.json).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 60
PIP = [
    *(Path(sys.executable).parent / "pip-audit", "--requirement=constraints.txt", "--no-deps", "--disable-pip"),
    *("--format=json", "--progress-spinner=off"),
]
NPM = ["npm", "audit", "--fetch-retries=0", "--json"]
UNAVAILABLE = "advisories are not available. The versions are pinned and hashed"


def output(command: list[Any]) -> dict[str, Any]:
    """The JSON that a command prints; empty if it fails before."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        report: dict[str, Any] = json.loads(done.stdout)
        return report
    except (subprocess.TimeoutExpired, ValueError):
        return {}


def python(report: dict[str, Any]) -> list[str] | None:
    """The advisories about Python packages; None if the report has no package."""
    audited = [package for package in report.get("dependencies", []) if "vulns" in package]
    if not audited:
        return None
    return [f"{one['name']} {one['version']}: {advisory['id']}" for one in audited for advisory in one["vulns"]]


def node(report: dict[str, Any]) -> list[str] | None:
    """The advisories about npm packages; None if the report has no list of them."""
    advisories = report.get("vulnerabilities")
    return None if advisories is None else [f"{name}: {one['severity']}" for name, one in advisories.items()]


def main() -> None:
    advisories = {"PyPI": python(output(PIP)), "npm": node(output(NPM))}
    for registry, found in advisories.items():
        print(f"{registry}: {UNAVAILABLE if found is None else f'{len(found)} advisories'}.")
        print("".join(f"  {one}\n" for one in found or ()), end="")
    sys.exit(any(advisories.values()))


if __name__ == "__main__":
    main()
