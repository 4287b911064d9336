"""The image: its contents, that it serves without capabilities, and how it starts and stops."""

import json
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import embeddable_host
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
STOP_TIMEOUT = 10  # seconds; engines kill a container after that
OTHER_CLIENT_ID = "other-client"
COMPOSED = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["host"]
# As compose.yaml runs it.
RESTRICTED = (
    f"--read-only={str(COMPOSED['read_only']).lower()}",
    "--read-only-tmpfs=false",
    *(f"--tmpfs={folder}" for folder in COMPOSED["tmpfs"]),
    *(f"--cap-drop={right}" for right in COMPOSED["cap_drop"]),
    *(f"--security-opt={option}" for option in COMPOSED["security_opt"]),
)
SECRET = "do-not-tell-2c9a"
EVERYWHERE = ("find", "/", "-xdev")


@dataclass(frozen=True)
class Stopped:
    """A container that has ended."""

    release: str
    exit_code: int
    seconds: float
    output: str


def settings(client_id: str) -> str:
    return f'[params]\nclientId = "{client_id}"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an administrator mounts: settings, and a release."""
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
def stopped(image: Engine, mounts: tuple[str, ...]) -> Stopped:
    """A container that pulled from a folder while it served, and was stopped."""
    with image.serving(NAME, *RESTRICTED, *mounts) as server:
        assert release_of(server) == "cdn"
        pulled = image.within(NAME, "embeddable-host", "pull", "--from", "/release")
        assert pulled.returncode == 0, pulled.stderr
        release = pulled.stdout.strip()
        server.wait_until_serving(release)
        assert release_of(server) == release
        since = time.monotonic()
        return Stopped(release, server.stop(), time.monotonic() - since, server.output)


@pytest.fixture(scope="module")
def phone(image: Engine, mounts: tuple[str, ...], stopped: Stopped) -> Iterator[Server]:
    """A new container with the state of the stopped one."""
    with image.serving(NAME, *RESTRICTED, *mounts) as server:
        yield server


def release_of(server: Server) -> str:
    return str(json.loads(server.ask("/readyz").body)["release"])


def test_the_image_has_its_labels(image: Engine) -> None:
    [inspected] = json.loads(image.podman("image", "inspect", IMAGE))
    labels = {name.rpartition(".")[2]: value for name, value in inspected["Labels"].items()}

    assert image.run("--version").stdout.split()[-1] == labels["version"] == embeddable_host.__version__
    assert labels["licenses"] == "MIT"
    assert labels.keys() >= {"title", "description", "source"}
    assert inspected["Config"]["User"] == "10001:10001"
    assert list(inspected["Config"]["Volumes"]) == [STATE]
    assert inspected["Config"]["Entrypoint"] == ["entrypoint"]


def test_it_contains_no_compilers_or_installers(image: Engine, phone: Server) -> None:
    programs = image.within(NAME, "sh", "-c", "command -v cc gcc g++ make pip")
    files = image.within(NAME, "sh", "-c", "ls -d /source /root/.cache /tmp/pip* /opt/embeddable-host/lib/*/*/pip")

    assert (programs.stdout, files.stdout) == ("", "")


def test_it_contains_no_settings_and_no_releases(image: Engine, clone: Path, tmp_path: Path) -> None:
    decoys = ("embeddable.toml", ".env", "settings/nginx.conf", "var/releases/x", ".git/config", "server/__pycache__/x")
    for decoy in decoys:
        (clone / decoy).parent.mkdir(parents=True, exist_ok=True)
        (clone / decoy).write_text(SECRET)
    (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY . /\n")

    image.build(clone, f"--file={tmp_path}/Containerfile", "--tag=localhost/context")
    context = image.buildah("from", "localhost/context").strip()
    mounted = Path(image.buildah("mount", context).strip())

    assert (mounted / "server" / "embeddable_host" / "__init__.py").is_file()
    assert [file for file in mounted.rglob("*") if file.is_file() and SECRET in file.read_text(errors="replace")] == []


def test_as_root_it_does_not_start(image: Engine) -> None:
    done = image.run(options=("--user=0",))

    assert done.returncode == 2
    assert "does not run as root" in done.stderr
    assert "Embeddable Host on" not in done.stderr


def test_the_server_is_the_first_process_and_has_its_own_user_and_no_capabilities(image: Engine, phone: Server) -> None:
    status = image.within(NAME, "cat", "/proc/1/status").stdout
    fields = dict(re.findall(r"^(\w+):\s+(.+)$", status, re.MULTILINE))

    assert fields["Name"] == "embeddable-host"
    assert set(fields["Uid"].split() + fields["Gid"].split()) == {"10001"}
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1"


def test_it_can_write_only_to_its_state(image: Engine, phone: Server) -> None:
    writable = image.within(NAME, *EVERYWHERE, "-writable", "-not", "-type", "l", "-print", "-prune")
    own = image.within(NAME, *EVERYWHERE, "-user", "10001", "-print", "-prune")
    refused = image.within(NAME, "touch", "/opt/embeddable-host/a")

    assert set(writable.stdout.split()) == {STATE, "/tmp"}
    assert own.stdout.split() == [STATE]
    assert "Read-only file system" in refused.stderr


def test_it_is_healthy_only_while_it_responds(image: Engine, phone: Server) -> None:
    image.podman("healthcheck", "run", NAME)
    unhealthy = image.within(NAME, "env", f"EMBEDDABLE_PORT={free_ports(1)[0]}", "healthcheck")

    assert unhealthy.returncode == 1
    assert "No response on port" in unhealthy.stderr
    assert "Traceback" not in unhealthy.stderr


def test_a_new_container_serves_the_release_of_the_stopped_one(phone: Server, stopped: Stopped) -> None:
    assert stopped.release.startswith(VERSION)
    assert release_of(phone) == stopped.release
    assert phone.ask(f"/widget/{stopped.release}/app.js").status == 200


def test_sigterm_stops_it_quickly_and_cleanly(stopped: Stopped) -> None:
    assert stopped.exit_code == 0
    assert stopped.seconds < STOP_TIMEOUT
    assert "Traceback" not in stopped.output


def test_sighup_reloads_its_settings(phone: Server, folder: Path) -> None:
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
        user.wait_until_done(login)
        [token] = internet.platform.tokens
        assert (token.granted, token.redirect_uri) == (True, f"https://{NGINX}/redirect.html")
        assert "POST" in relayed
        [code] = internet.platform.codes
        assert code not in phone.output + proxy.log()


@pytest.fixture
def pulling(tmp_path: Path) -> Iterator[tuple[cdn.Cdn, tuple[str, ...]]]:
    """A CDN with a release, and the options of a container that pulls from there."""
    a_release(tmp_path / "latest")
    with cdn.serve(tmp_path) as serving:
        source = (f"--env=EMBEDDABLE_WIDGET__SOURCE={serving.url}", "--env=EMBEDDABLE_PULL=latest")
        yield serving, (*RESTRICTED, f"--volume={tmp_path.name}:{STATE}", *source)


def test_it_pulls_only_at_its_first_start(image: Engine, pulling: tuple[cdn.Cdn, tuple[str, ...]]) -> None:
    network, options = pulling
    with image.serving("first", *options) as server:
        pulled = release_of(server)
        assert pulled != "cdn"
        assert server.stop() == 0
    requests = len(network.requests)

    with image.serving("second", *options) as server:
        assert release_of(server) == pulled
    assert len(network.requests) == requests > 0


def test_a_first_pull_that_fails_ends_the_start_with_advice(
    image: Engine, pulling: tuple[cdn.Cdn, tuple[str, ...]]
) -> None:
    network, options = pulling
    network.faults["/latest/app.js"] = cdn.status(404)

    done = image.run(options=options)

    assert done.returncode == 2
    assert "app.js" in done.stderr
    assert "Without --pull" in done.stderr
    assert "Embeddable Host on" not in done.stderr


def test_it_is_not_healthy_and_can_be_stopped_while_it_pulls(
    image: Engine, pulling: tuple[cdn.Cdn, tuple[str, ...]]
) -> None:
    network, options = pulling
    gate = cdn.Gate()
    network.faults["/latest/app.js"] = gate
    with image.started("pulling", *options) as server:
        wait_until(gate.reached.is_set, "the pull is under way")
        assert image.within("pulling", "healthcheck").returncode == 1
        since = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_TIMEOUT) == 1
        assert time.monotonic() - since < STOP_TIMEOUT
        assert "Traceback" not in server.output
    gate.opened.set()
