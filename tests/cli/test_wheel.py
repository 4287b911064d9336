"""The wheel that is installed elsewhere."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from world.places import PUBLIC, ROOT


def test_the_wheel_has_the_pages_in_it_and_builds_a_site_from_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*build, "-w", tmp_path, ROOT], check=True, capture_output=True)
    [wheel] = tmp_path.glob("embeddable_host-*.whl")
    packed = zipfile.ZipFile(io.BytesIO(wheel.read_bytes()))
    names = set(packed.namelist())
    pages = {f"server/{file.relative_to(ROOT)}" for file in PUBLIC.values()}
    modules = {f"{file.relative_to(ROOT)}" for file in (ROOT / "server" / "embeddable_host").rglob("*.py")}
    assert names >= pages | modules
    assert all(name.startswith(("server/", "embeddable_host-")) for name in names)
    packed.extractall(tmp_path / "site")
    show = (
        "from embeddable_host.config.load import load; from embeddable_host.site.page import BUILT_IN; "
        "from embeddable_host.site.site import build_site; "
    )
    done = subprocess.run(
        [sys.executable, "-c", show + "print(BUILT_IN); print(*build_site(load()).assets)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    folder, assets = done.stdout.splitlines()
    assert folder == str(tmp_path / "site" / "embeddable_host" / "public")
    assert {"/redirect.html", "/adapter.js"} <= set(assets.split())
