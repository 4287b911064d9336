"""Measures the host, all of it or the part that BENCH names: `make bench`."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import start
from common import install_release
from release import staged
from world.host import configured

PARTS = {"start": start.measure}


def main() -> None:
    wanted = os.environ.get("BENCH", "").split() or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        sys.exit(f"BENCH={unknown[0]}: there is no such part. Choose from: {' '.join(PARTS)}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        release = staged(folder)
        host = configured(folder / "host")
        print("A release is installed and compressed. This takes minutes.", flush=True)
        install_release(host, release)
        for name in wanted:
            print(name, flush=True)
            PARTS[name](folder / name, host, release)


if __name__ == "__main__":
    main()
