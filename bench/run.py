"""Measures the host, all parts or those that BENCH names, and writes the results: `make bench`."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import changes
import handoff
import memory
import report
import sign_in
import speed
import start
import wire
from common import Row, install_release
from release import staged
from world.host import configured

# Each gets a folder of its own, the folder of a host with a release, and the release.
PARTS: dict[str, Callable[[Path, Path, Path], list[Row]]] = {
    "start": start.measure,
    "sign-in": sign_in.measure,
    "handoff": handoff.measure,
    "wire": wire.measure,
    "speed": speed.measure,
    "memory": memory.measure,
    "growth": memory.measure_growth,
    "changes": changes.measure,
}


def main() -> None:
    names = os.environ.get("BENCH", "").split() or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"BENCH={unknown[0]}: there is no such part. The parts: {' '.join(PARTS)}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        print("Compressing and installing a release takes a minute or two.", flush=True)
        release = staged(folder)
        host = configured(folder / "host")
        install_release(host, release)
        for name in names:
            print(f"{name}: {report.TITLES[name]}", flush=True)
            report.keep(name, PARTS[name](folder / name, host, release))
    report.write()


if __name__ == "__main__":
    main()
