"""The commands on the pages are run, in a temporary folder.

Paths such as /etc lead into a folder, names such as phone.example.com to a host on loopback, and the widget's CDN is a
stand-in. Of a command that does not end (`serve`), only the arguments are parsed.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.deploy.systemd import UNITS
from embeddable_host.releases.install import install
from embeddable_host.releases.release import Release
from embeddable_host.releases.store import current, use
from tools.make import make
from tools.markdown import PAGES, README, Page
from world import cdn
from world.cdn import Cdn
from world.host import Quiet, Server, serving
from world.small_release import a_release
from world.timeouts import wait_until

NAME = "embeddable-host"
SEPARATORS = {"&&", "||", "|", ";"}
ENDLESS = {"serve"}
DEBIAN = ("etc/nginx/sites-available", "etc/nginx/conf.d", "etc/nginx/snippets", "etc/systemd/system")
WITH_COMMANDS = [page for page in PAGES if any(NAME in block for block in page.blocks("sh"))]


@dataclass(frozen=True)
class Line:
    """One command with its variables."""

    words: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(self.words)


def lines(block: str) -> Iterator[Line]:
    """The commands of a shell block, whether or not `sudo` runs them."""
    for line in block.replace("\\\n", " ").splitlines():
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in SEPARATORS:
                words.append(word)
            elif words:
                yield split_variables(words)
                words = []


def split_variables(words: list[str]) -> Line:
    words = words[1:] if words[0] == "sudo" else words
    is_variable = [re.match(r"\w+=", word) is not None for word in words]
    start = is_variable.index(False)
    return Line(tuple(words[start:]), dict(word.split("=", 1) for word in words[:start]))


def of_the_host(block: str) -> list[Line]:
    return [line for line in lines(block) if Path(line.words[0]).name == NAME]


def parsed(*arguments: str) -> click.Context:
    """The arguments as the command parses them. Raises click.UsageError as the command would."""
    command: click.Command = main
    context, rest = click.Context(main, info_name=NAME), list(arguments)
    while isinstance(command, click.Group) and rest and (found := command.get_command(context, rest[0])):
        command, rest = found, rest[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    try:
        return command.make_context(command.name, rest, parent=context.parent)
    except click.exceptions.Exit:  # of --help and --version
        return context


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cdn]:
    """The address that `pull` downloads releases from."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    a_release(tmp_path / "www" / "latest")
    a_release(tmp_path / "www" / "2.3.1", **{"redirect.js": b"of 2.3.1"})
    with cdn.serve(tmp_path / "www") as serving:
        yield serving


class Reader:
    """Somebody who runs the commands of a page, in a folder with two releases and a built one."""

    def __init__(self, folder: Path, machine: Path, network: Cdn) -> None:
        self.folder, self.machine, self.network = folder, machine, network
        self.environment = {"EMBEDDABLE_WIDGET__SOURCE": network.url}
        a_release(folder / "build")
        shutil.make_archive(str(folder / "widget"), "zip", folder / "build")
        self.other, self.release = (self._install(name) for name in ("other", "chosen"))
        self.server: Server | None = None

    def _install(self, name: str) -> Release:
        staged = a_release(self.folder / name, **{"name.txt": name.encode()})
        return install(staged, self.releases, name, Quiet())

    @property
    def releases(self) -> Path:
        return self.folder / "var" / "releases"

    def types(self, line: Line) -> None:
        """Runs one line, which must succeed."""
        words = [self._word(word) for word in line.words[1:]]
        if words[0] in ENDLESS:
            parsed(*words)
            return
        if words[0] == "check" and self.server:
            self._wait_until_current_is_served(self.server)
        variables = {name: self._placed(value) for name, value in line.variables.items()}
        placed = [self._placed(word) if word in paths(parsed(*words)) else word for word in words]
        done = CliRunner().invoke(main, placed, env={**self.environment, **variables})
        assert done.exit_code == 0, f"{line}: {done.output}{done.exception or ''}"

    def _wait_until_current_is_served(self, server: Server) -> None:
        """Lines before this one may have selected another release."""
        id = str(current(self.releases))
        wait_until(lambda: id in server.ask("/readyz").body.decode(), f"{id} is served")

    def _word(self, word: str) -> str:
        """A word of the example with the addresses and ids of this test."""
        port = self.server.port if self.server else 0
        own = f"127.0.0.1:{port}"
        for theirs, ours in {
            "https://phone.example.com/": f"http://{own}/",
            "phone.example.com:443:10.0.0.5:443": f"{own}:{own}",
            "https://files.example.com/widget/": f"{self.network.url}latest/",
            "2.3.1-0123456789ab": self.release.id,
            "2.3.0-0123456789ab": self.other.id,
        }.items():
            word = word.replace(theirs, ours)
        return word

    def _placed(self, path: str) -> str:
        """A path of the machine, in the folder that replaces its root."""
        return str(self.machine / path[1:]) if path.startswith("/") else path


def paths(context: click.Context) -> set[str]:
    """The arguments of a command that are paths of files."""
    values = [context.params.get(one.name or "") for one in context.command.params if isinstance(one.type, click.Path)]
    return {str(path) for path in values if path is not None}


@pytest.fixture
def reader(tmp_path: Path, network: Cdn, monkeypatch: pytest.MonkeyPatch) -> Reader:
    folder, machine = tmp_path / "here", tmp_path / "machine"
    reader = Reader(folder, machine, network)
    use(reader.releases, reader.release.id)
    monkeypatch.chdir(folder)
    return reader


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=str)
def test_the_commands_of_a_page_succeed(page: Page, reader: Reader) -> None:
    blocks = [of_the_host(block) for block in page.blocks("sh")]
    with serving(reader.folder, environment=reader.environment) as reader.server:
        for number, block in enumerate(blocks):
            new_machine(reader, number)
            for line in block:
                reader.types(line)
        for path in re.findall(r"^curl http://127\.0\.0\.1:8000(\S+)", "\n".join(page.blocks("sh")), re.MULTILINE):
            assert reader.server.ask(path).status == 200


def new_machine(reader: Reader, number: int) -> None:
    """Each block starts on a machine with the folders of a fresh Debian."""
    reader.machine = reader.machine.with_name(f"machine-{number}")
    for folder in (*DEBIAN, "etc/embeddable-host"):
        (reader.machine / folder).mkdir(parents=True)


def test_every_command_is_in_an_example() -> None:
    shown = {line.words[1] for page in WITH_COMMANDS for block in page.blocks("sh") for line in of_the_host(block)}
    assert shown == set(main.list_commands(click.Context(main)))


def test_a_command_that_is_wrong_would_be_found(reader: Reader) -> None:
    for wrong in ("embeddable-host pull --of 2.3.1", "embeddable-host nginx", "embeddable-host releases use 1.0.0"):
        with pytest.raises((AssertionError, click.UsageError)):
            reader.types(split_variables(wrong.split()))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_command_in_a_sentence_exists_with_its_options(page: Page) -> None:
    for span in page.spans:
        words = shlex.split(span) if NAME in span else []
        if words and Path(words[0]).name == NAME and len(words) > 1:
            has_arguments = len(words) > 2
            context = parsed(*words[1:]) if has_arguments else parsed(*words[1:], "--help")
            assert context.command is not main or words[1].startswith("--"), span


def every_option() -> set[str]:
    commands = [main.get_command(click.Context(main), name) for name in main.list_commands(click.Context(main))]
    options = {option for command in commands if command for one in command.params for option in one.opts}
    return options | {"--help", "--version"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name.startswith(("README", "docs/"))], ids=str)
def test_an_option_in_a_sentence_is_one_of_a_command(page: Page) -> None:
    assert {span.split()[0] for span in page.spans if span.startswith("--")} <= every_option()


def test_the_units_in_the_examples_exist() -> None:
    named = {
        word
        for page in PAGES
        for block in page.blocks("sh")
        for line in lines(block)
        if line.words[0] == "systemctl"
        for word in line.words[1:]
        if word.startswith(NAME)
    }
    assert named
    assert {word if "." in word else f"{word}.service" for word in named} <= set(UNITS)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_make_target_that_is_named_exists(page: Page) -> None:
    run = {line.words[1] for block in page.blocks("sh") for line in lines(block) if line.words[0] == "make"}
    for target in run | set(re.findall(r"`make ([\w-]+)`", page.prose)):
        done = make("--dry-run", target)
        assert done.returncode == 0, done.stderr


def test_the_readme_names_make_serve() -> None:
    assert "make serve\n" in README.blocks("sh")
