"""The image, built once from the files of a clone."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from world.container import BASE, IMAGE, NEEDED, Engine
from world.places import ROOT


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that git tracks or would track."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    clone = tmp_path_factory.mktemp("clone")
    for name in names.split("\0"):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    return clone


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    if os.geteuid() != 0:
        pytest.exit(f"{NEEDED}: sudo make image-test", returncode=1)
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        engine = Engine(Path(folder))
        engine.make_base()
        yield engine


@pytest.fixture(scope="session")
def image(engine: Engine, clone: Path) -> Engine:
    """The engine, with the image built."""
    engine.build(clone, f"--build-arg=BASE={BASE}", f"--tag={IMAGE}")
    return engine
