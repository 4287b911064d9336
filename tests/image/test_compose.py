"""compose.yaml, running: the host and nginx work together after the steps of docs/deploying.md."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tools.markdown import Page
from world.authority import Authority
from world.composed import GATEWAY, Composition, composition
from world.container import BASE, Engine
from world.host import STARTED
from world.places import ROOT
from world.small_release import a_release
from world.timeouts import wait_until

NAME = "phone.example.com"
LETS_ENCRYPT = "/etc/letsencrypt"
NUMBERS = {"CHOWN": 0, "SETGID": 6, "SETUID": 7, "NET_BIND_SERVICE": 10}  # capabilities(7), linux/capability.h
CDN_PORT = 8080
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]
NGINX_IMAGE = SERVICES["nginx"]["image"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("compose") / "authority")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, authority: Authority, image: Engine) -> Path:
    """The checkout of an administrator who has run the commands of the page and has a certificate."""
    folder = tmp_path_factory.mktemp("phone")
    a_release(folder / "www" / "latest")
    (folder / "settings").mkdir()
    source = f'[widget]\nsource = "http://{GATEWAY}:{CDN_PORT}/"\n'
    (folder / "settings" / "embeddable.toml").write_text(source)
    (folder / "settings" / "nginx.conf").write_text(image.run(*nginx_arguments()).stdout)
    (folder / "compose.yaml").write_text(COMPOSE.replace(f"{LETS_ENCRYPT}:", f"{folder}/letsencrypt:", 1))
    issued, live = authority.issue(NAME), folder / "letsencrypt" / "live" / NAME
    live.mkdir(parents=True)
    shutil.copy(issued.certificate, live / "fullchain.pem")
    shutil.copy(issued.key, live / "privkey.pem")
    for private in (live.parent, live / "privkey.pem"):  # as certbot leaves them
        private.chmod(0o700 if private.is_dir() else 0o600)
    return folder


def nginx_arguments() -> list[str]:
    """The arguments with which the page runs the image to configure nginx."""
    commands = "\n".join(Page("docs/deploying.md").blocks("sh")).replace("\\\n", " ").splitlines()
    [line] = [line for line in commands if "run --rm embeddable-host nginx" in line]
    command, _, output = line.partition(">")
    assert f"./{output.strip()}:" in COMPOSE
    return shlex.split(command.partition("embeddable-host")[2])


@pytest.fixture(scope="module")
def composed(image: Engine, folder: Path) -> Iterator[Composition]:
    image.build(ROOT / "tests" / "image" / "nginx", f"--build-arg=BASE={BASE}", f"--tag={NGINX_IMAGE}")
    with composition(image, folder) as composed, composed.publishing(folder / "www", CDN_PORT), composed.up():
        for service, words in {"host": STARTED, "nginx": "start worker process "}.items():
            wait_until(lambda service=service, words=words: words in composed.log(service), f"{service} is ready")
        yield composed


def test_check_finds_nothing_wrong(composed: Composition, authority: Authority, folder: Path) -> None:
    ports = [option for port in (80, 443) for option in ("--connect-to", f"{NAME}:{port}:127.0.0.1:{port}")]

    done = composed.run(
        "check", "--no-config", *ports, f"https://{NAME}/", SSL_CERT_FILE=str(authority.file), NO_PROXY="*"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    wait_until(lambda: "GET /redirect.html HTTP" in composed.log("nginx"), "nginx has logged where containers do")


def test_the_host_pulls_at_its_first_start(composed: Composition) -> None:
    assert re.search(r"Embeddable Host on .*\(release \S+\)", composed.log("host"))


def test_nginx_has_only_the_capabilities_to_listen_and_its_workers_have_none(composed: Composition) -> None:
    status = composed.within("nginx", "sh", "-c", "cat /proc/[0-9]*/status")
    rights = dict(
        zip(re.findall(r"^Uid:\s+(\d+)", status, re.M), re.findall(r"^CapEff:\s+(\w+)", status, re.M), strict=True)
    )

    assert int(rights.pop("0"), 16) == sum(1 << NUMBERS[right] for right in SERVICES["nginx"]["cap_add"])
    assert {int(right, 16) for right in rights.values()} == {0}
