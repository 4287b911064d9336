"""The image: what is in it, that it serves with the fewest rights there are, and how it starts and stops."""

import json
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import server as package
import yaml

from world import cdn
from world.browser_modes import PLAIN, OpenBrowser
from world.container import IMAGE, Engine
from world.host import Server
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, NGINX, Internet
from world.places import ROOT
from world.proxy import free_ports, running
from world.release import VERSION, stage
from world.small_release import a_release
from world.timeouts import wait_until
from world.user import Phone, relay_requests

NAME = "phone"
STATE = "/var/lib/embeddable-host"
SOON = 10  # seconds; engines kill what has not stopped by then
OTHER_CLIENT_ID = "other-client"
COMPOSED = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["host"]
# As compose.yaml runs it.
SHUT_IN = (
    f"--read-only={str(COMPOSED['read_only']).lower()}",
    "--read-only-tmpfs=false",
    *(f"--tmpfs={folder}" for folder in COMPOSED["tmpfs"]),
    *(f"--cap-drop={right}" for right in COMPOSED["cap_drop"]),
    *(f"--security-opt={option}" for option in COMPOSED["security_opt"]),
)
SECRET = "do-not-tell-2c9a"
EVERYWHERE = ("find", "/", "-xdev")


@dataclass(frozen=True)
class Before:
    """What a container did that is gone."""

    release: str
    exit_code: int
    seconds: float
    output: str


def settings(client_id: str) -> str:
    return f'[params]\nclientId = "{client_id}"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an administrator mounts: settings, and a release as a folder."""
    folder = tmp_path_factory.mktemp("mounted")
    (folder / "settings").mkdir()
    (folder / "settings" / "embeddable.toml").write_text(settings(CLIENT_ID))
    stage(folder / "release")
    return folder


@pytest.fixture(scope="module")
def mounts(folder: Path) -> tuple[str, ...]:
    return (
        f"--volume={folder}/settings:/etc/embeddable-host:ro",
        f"--volume={folder}/release:/release:ro",
        f"--volume=state:{STATE}",
    )


@pytest.fixture(scope="module")
def before(image: Engine, mounts: tuple[str, ...]) -> Before:
    """A container that served, pulled from a folder meanwhile, and was stopped."""
    with image.serving(NAME, *SHUT_IN, *mounts) as server:
        assert release_of(server) == "cdn"
        pulled = image.within(NAME, "embeddable-host", "pull", "--from", "/release")
        assert pulled.returncode == 0, pulled.stderr
        release = pulled.stdout.strip()
        server.wait_until_serving(release)
        assert release_of(server) == release
        since = time.monotonic()
        return Before(release, server.stop(), time.monotonic() - since, server.output)


@pytest.fixture(scope="module")
def phone(image: Engine, mounts: tuple[str, ...], before: Before) -> Iterator[Server]:
    """A container that was started anew on what the one before it left."""
    with image.serving(NAME, *SHUT_IN, *mounts) as server:
        yield server


def release_of(server: Server) -> str:
    return str(json.loads(server.ask("/readyz").body)["release"])


def test_the_image_says_what_it_is(image: Engine) -> None:
    [told] = json.loads(image.podman("image", "inspect", IMAGE))
    labels = {name.rpartition(".")[2]: value for name, value in told["Labels"].items()}

    assert image.run("--version").stdout.split()[-1] == labels["version"] == package.__version__
    assert labels["licenses"] == "MIT"
    assert labels.keys() >= {"title", "description", "source"}
    assert told["Config"]["User"] == "10001:10001"
    assert list(told["Config"]["Volumes"]) == [STATE]
    assert told["Config"]["Entrypoint"] == ["entrypoint"]


def test_nothing_that_builds_or_installs_is_in_it(image: Engine, phone: Server) -> None:
    programs = image.within(NAME, "sh", "-c", "command -v cc gcc g++ make pip")
    files = image.within(NAME, "sh", "-c", "ls -d /source /root/.cache /tmp/pip* /opt/embeddable-host/lib/*/*/pip")

    assert (programs.stdout, files.stdout) == ("", "")


def test_no_settings_and_no_releases_get_into_it(image: Engine, clone: Path, tmp_path: Path) -> None:
    decoys = ("embeddable.toml", ".env", "settings/nginx.conf", "var/releases/x", ".git/config", "server/__pycache__/x")
    for decoy in decoys:
        (clone / decoy).parent.mkdir(parents=True, exist_ok=True)
        (clone / decoy).write_text(SECRET)
    (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY . /\n")

    image.build(clone, f"--file={tmp_path}/Containerfile", "--tag=localhost/context")
    context = image.buildah("from", "localhost/context").strip()
    taken = Path(image.buildah("mount", context).strip())

    assert (taken / "embeddable_host" / "__init__.py").is_file()
    assert [file for file in taken.rglob("*") if file.is_file() and SECRET in file.read_text(errors="replace")] == []


def test_as_root_it_does_not_start(image: Engine) -> None:
    done = image.run(options=("--user=0",))

    assert done.returncode == 2
    assert "does not run as root" in done.stderr
    assert "Embeddable Host on" not in done.stderr


def test_the_server_is_the_first_process_and_has_a_user_of_its_own_and_no_rights(image: Engine, phone: Server) -> None:
    status = image.within(NAME, "cat", "/proc/1/status").stdout
    told = dict(re.findall(r"^(\w+):\s+(.+)$", status, re.MULTILINE))

    assert told["Name"] == "embeddable-host"
    assert set(told["Uid"].split() + told["Gid"].split()) == {"10001"}
    assert {told[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert told["NoNewPrivs"] == "1"


def test_it_can_write_to_its_state_alone(image: Engine, phone: Server) -> None:
    writable = image.within(NAME, *EVERYWHERE, "-writable", "-not", "-type", "l", "-print", "-prune")
    own = image.within(NAME, *EVERYWHERE, "-user", "10001", "-print", "-prune")
    refused = image.within(NAME, "touch", "/opt/embeddable-host/a")

    assert set(writable.stdout.split()) == {STATE, "/tmp"}
    assert own.stdout.split() == [STATE]
    assert "Read-only file system" in refused.stderr


def test_it_is_healthy_while_it_answers_and_not_where_nothing_does(image: Engine, phone: Server) -> None:
    image.podman("healthcheck", "run", NAME)
    asked = image.within(NAME, "env", f"EMBEDDABLE_PORT={free_ports(1)[0]}", "healthcheck")

    assert asked.returncode == 1
    assert "does not answer" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_new_container_serves_the_release_that_the_one_before_had(phone: Server, before: Before) -> None:
    assert before.release.startswith(VERSION)
    assert release_of(phone) == before.release
    assert phone.ask(f"/widget/{before.release}/app.js").status == 200


def test_sigterm_ends_it_soon_and_cleanly(before: Before) -> None:
    assert before.exit_code == 0
    assert before.seconds < SOON
    assert "Traceback" not in before.output


def test_sighup_makes_it_read_its_settings(phone: Server, folder: Path) -> None:
    for client_id in (OTHER_CLIENT_ID, CLIENT_ID):
        (folder / "settings" / "embeddable.toml").write_text(settings(client_id))
        phone.reload()
        assert client_id.encode() in phone.ask("/adapter.js").body


def test_a_user_signs_in_through_the_nginx_that_the_image_configures(
    image: Engine, phone: Server, internet: Internet, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    [port] = free_ports(1)
    options = {
        "server-name": NGINX,
        "upstream": f"127.0.0.1:{phone.port}",
        "listen": f"127.0.0.1:{internet.nginx_port}",
        "listen-http": f"127.0.0.1:{port}",
        "tls-cert": f"{internet.folder}/certificate.pem",
        "tls-key": f"{internet.folder}/key.pem",
        "log-dir": f"{tmp_path}/logs",
        "cache-dir": f"{tmp_path}/cache",
    }
    printed = image.run("nginx", *(f"--{name}={value}" for name, value in options.items()))
    assert printed.returncode == 0, printed.stderr
    internet.platform.severs_openers = True
    context = open_browser(PLAIN)
    relayed = relay_requests(context)

    with running(tmp_path, printed.stdout, internet.nginx_port, port) as proxy:
        page = context.new_page()
        html = f'<!doctype html><body><script src="https://{NGINX}/adapter.js"></script>'
        page.goto(internet.page(CROSS_SITE, html))
        user = Phone(page)
        login = user.open_login()
        user.see("Signed in")
        user.settle(login)
        [token] = internet.platform.tokens
        assert (token.granted, token.redirect_uri) == (True, f"https://{NGINX}/redirect.html")
        assert "POST" in relayed
        [code] = internet.platform.codes
        assert code not in phone.output + proxy.log()


@pytest.fixture
def asked_to_pull(tmp_path: Path) -> Iterator[tuple[cdn.Cdn, tuple[str, ...]]]:
    """A CDN with a release, and what tells a container to pull from there."""
    a_release(tmp_path / "latest")
    with cdn.serve(tmp_path) as serving:
        source = (f"--env=EMBEDDABLE_WIDGET__SOURCE={serving.url}", "--env=EMBEDDABLE_PULL=latest")
        yield serving, (*SHUT_IN, f"--volume={tmp_path.name}:{STATE}", *source)


def test_it_pulls_at_its_first_start_alone(image: Engine, asked_to_pull: tuple[cdn.Cdn, tuple[str, ...]]) -> None:
    network, options = asked_to_pull
    with image.serving("first", *options) as server:
        pulled = release_of(server)
        assert pulled != "cdn"
        assert server.stop() == 0
    asked = len(network.requests)

    with image.serving("second", *options) as server:
        assert release_of(server) == pulled
    assert len(network.requests) == asked > 0


def test_a_first_pull_that_fails_ends_the_start_and_says_what_to_do(
    image: Engine, asked_to_pull: tuple[cdn.Cdn, tuple[str, ...]]
) -> None:
    network, options = asked_to_pull
    network.faults["/latest/app.js"] = cdn.status(404)

    done = image.run(options=options)

    assert done.returncode == 2
    assert "app.js" in done.stderr
    assert "Without --pull" in done.stderr
    assert "Embeddable Host on" not in done.stderr


def test_it_is_not_healthy_and_can_be_stopped_while_it_pulls(
    image: Engine, asked_to_pull: tuple[cdn.Cdn, tuple[str, ...]]
) -> None:
    network, options = asked_to_pull
    gate = cdn.Gate()
    network.faults["/latest/app.js"] = gate
    with image.started("pulling", *options) as server:
        wait_until(gate.reached.is_set, "the pull is under way")
        assert image.within("pulling", "healthcheck").returncode == 1
        since = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(SOON) == 1
        assert time.monotonic() - since < SOON
        assert "Traceback" not in server.output
    gate.opened.set()
