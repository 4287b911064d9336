"""The files that help contributors are true: folders, make targets, hooks, templates, the version."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from embeddable_host import __version__
from tools.make import make
from tools.markdown import Page
from world.places import ROOT

CONTRIBUTING = Page("CONTRIBUTING.md")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TEMPLATES = sorted((ROOT / ".github").rglob("*.yml"))


def rows(of: str) -> list[str]:
    """The folders and modules in the table of a folder, from the top down; folders without their slash."""
    _, _, rest = CONTRIBUTING.text.partition(f"| in `{of}/` |")
    first_cells = re.findall(r"^\| (`.+?`) \|", rest.partition("\n\n")[0], re.MULTILINE)
    return [name for cell in first_cells for name in re.findall(r"`([\w.-]+?)/?`", cell)]


@pytest.mark.parametrize(("of", "pattern"), [("server/embeddable_host", "[!_.]*"), ("public", "[!_.]*/")])
def test_the_table_of_folders_has_each_of_them(of: str, pattern: str) -> None:
    present = {entry.name for entry in (ROOT / of).glob(pattern) if entry.suffix != ".typed"}
    assert sorted(rows(of)) == sorted(present)


def imported(file: Path) -> set[str]:
    """The folders and modules of the package that a module imports from, anywhere in it."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("embeddable_host.")}


def test_a_folder_imports_only_from_those_above_it_in_the_table() -> None:
    table = [name.removesuffix(".py") for name in rows("server/embeddable_host")]
    above: set[str] = set()
    for name in table:
        folder = ROOT / "server" / "embeddable_host" / name
        files = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
        found = {used for file in files for used in imported(file)}
        assert found & set(table) <= above | {name}, name
        above.add(name)


def test_make_help_has_a_line_for_each_target() -> None:
    [phony] = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    listed = dict(line.removeprefix("make ").split(maxsplit=1) for line in make("help").stdout.splitlines())
    assert sorted(listed) == sorted(phony.split())
    assert make().stdout == make("help").stdout


def test_the_hook_runs_what_make_lint_runs() -> None:
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    [hook] = [hook for repository in configuration["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in configuration["repos"]} == {"local"}
    by_hook, by_hand = make("--dry-run", *shlex.split(hook["entry"])[1:]), make("--dry-run", "lint")
    assert "mypy" in by_hook.stdout
    assert by_hook.stdout == by_hand.stdout


def test_the_hooks_configuration_is_one() -> None:
    pre_commit = Path(sys.executable).parent / "pre-commit"
    subprocess.run([pre_commit, "validate-config", ".pre-commit-config.yaml"], cwd=ROOT, check=True)


def test_the_form_for_a_problem_requires_the_check_and_the_sign_in_test() -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml").read_text())
    parts = {part["id"]: part for part in form["body"] if "id" in part}
    assert "check --json" in parts["check"]["attributes"]["label"]
    assert "Copy the result as text" in parts["sign-in-test"]["attributes"]["description"]
    assert all(parts[name]["validations"]["required"] for name in ("problem", "check", "sign-in-test", "version"))


def test_the_template_for_a_pull_request_requests_them_too() -> None:
    template = Page(".github/pull_request_template.md").text
    assert "check --json" in template
    assert "sign-in test" in template


def test_the_buttons_that_the_pages_name_exist() -> None:
    test_page = (ROOT / "public" / "sign-in-test" / "test.html").read_text(encoding="utf-8")
    for button in ("Run the test", "Copy the result as text"):
        assert f">{button}</button>" in test_page


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_every_form_is_valid_yaml(file: Path) -> None:
    assert yaml.safe_load(file.read_text(encoding="utf-8"))


def test_the_newest_version_in_the_changelog_is_this_one() -> None:
    versions = re.findall(r"^## (\S+)", Page("CHANGELOG.md").text, re.MULTILINE)
    assert versions[0] == __version__


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8")))
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert named <= defined
