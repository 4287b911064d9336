"""The package as it is installed elsewhere."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import hatchling.build
import pytest

from embeddable_host import __version__
from world.places import PUBLIC, ROOT

NAME = f"embeddable_host-{__version__}"


def wheel(folder: Path, *, editable: bool = False, monkeypatch: pytest.MonkeyPatch) -> zipfile.ZipFile:
    """The wheel that the build backend makes (PEP 517, PEP 660)."""
    monkeypatch.chdir(ROOT)
    build = hatchling.build.build_editable if editable else hatchling.build.build_wheel
    return zipfile.ZipFile(io.BytesIO((folder / build(str(folder))).read_bytes()))


def top_level(packed: zipfile.ZipFile) -> set[str]:
    return {name.partition("/")[0] for name in packed.namelist()}


def test_the_wheel_installs_the_package_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = wheel(tmp_path, monkeypatch=monkeypatch)
    assert top_level(packed) == {"embeddable_host", f"{NAME}.dist-info"}
    names = {name for name in packed.namelist() if name.startswith("embeddable_host/")}
    package = ROOT / "server"
    own = {f"{file.relative_to(package)}" for file in package.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    pages = {f"embeddable_host/{file.relative_to(ROOT)}" for file in PUBLIC.values()}
    templates = {
        f"embeddable_host/templates/{file.relative_to(ROOT)}"
        for folder in ("nginx", "systemd")
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }
    assert names == own | pages | templates
    assert {"embeddable_host/py.typed", "embeddable_host/__main__.py"} <= own


def test_an_editable_install_adds_a_path_and_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = wheel(tmp_path, editable=True, monkeypatch=monkeypatch)
    assert top_level(packed) == {"embeddable_host", "_embeddable_host.pth", f"{NAME}.dist-info"}
    assert packed.read("_embeddable_host.pth").decode().split() == [str(ROOT / "server")]
    assert not [name for name in packed.namelist() if name.endswith(".py")]
    assert [file.name for file in (ROOT / "server").iterdir() if not file.name.startswith(".")] == ["embeddable_host"]


def test_the_wheel_builds_a_site_from_its_own_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path, monkeypatch=monkeypatch).extractall(tmp_path / "site")
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


@pytest.mark.parametrize("arguments", [["--version"], ["nginx", "--help"], ["no-such-command"]])
def test_python_m_runs_the_command_by_its_name(arguments: list[str], tmp_path: Path) -> None:
    command, module = (
        subprocess.run([*program, *arguments], cwd=tmp_path, capture_output=True, text=True)
        for program in ([Path(sys.executable).parent / "embeddable-host"], [sys.executable, "-m", "embeddable_host"])
    )
    assert (module.returncode, module.stdout, module.stderr) == (command.returncode, command.stdout, command.stderr)
    assert "embeddable-host" in module.stdout + module.stderr


def test_to_import_the_application_changes_nothing_of_the_process(tmp_path: Path) -> None:
    """Nor does making one: a program that has it beside other things keeps its own log and metrics."""
    program = (
        "import logging, multiprocessing, os; from prometheus_client import metrics\n"
        "def state(): return (logging._srcfile, logging.logThreads, logging.getLogger('uvicorn').handlers, "
        "metrics._use_created, dict(os.environ))\n"
        "before = state()\n"
        "from embeddable_host.config.load import load; from embeddable_host.serving import serve\n"
        "serve.create_app(load())\n"
        "assert state() == before, (before, state())"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
