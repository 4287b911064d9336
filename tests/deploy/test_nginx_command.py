"""The printed nginx configuration: nginx accepts it, and no value in it can add directives."""

import re
from pathlib import Path

import pytest

from world.host import call
from world.internet import free_ports
from world.proxy import below_a_path, dry_run, site


def test_nginx_accepts_a_site_and_a_location_beside_it(tmp_path: Path, certificates: Path) -> None:
    port, http_port = free_ports(2)
    upstreams = ["127.0.0.1:8000", "unix:/run/host.sock", "[::1]:8000"]
    text = site(tmp_path, certificates, port, http_port, upstreams)

    done = dry_run(tmp_path, text + below_a_path(tmp_path, certificates, port, upstreams))

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_nginx_accepts_two_hosts_by_two_names(tmp_path: Path, certificates: Path) -> None:
    ports = free_ports(4)
    first = site(tmp_path, certificates, *ports[:2], ["127.0.0.1:8000"])
    second = site(tmp_path, certificates, *ports[2:], ["127.0.0.1:8001"], "--name", "second")

    assert dry_run(tmp_path, first + second).returncode == 0
    assert "duplicate" in dry_run(tmp_path, first + first).stderr


def test_a_whole_site_is_ready_for_a_machine_with_lets_encrypt(tmp_path: Path) -> None:
    text = call(tmp_path, "nginx", "--server-name", "phone.example.com").stdout

    assert "ssl_certificate /etc/letsencrypt/live/phone.example.com/fullchain.pem;" in text
    assert "ssl_certificate_key /etc/letsencrypt/live/phone.example.com/privkey.pem;" in text
    assert set(re.findall(r"listen (.*);", text)) == {"80", "[::]:80", "443 ssl http2", "[::]:443 ssl http2"}
    assert "server 127.0.0.1:8000;" in text
    assert "access_log /var/log/nginx/embeddable.log embeddable " in text
    assert "${" not in text


def test_it_is_written_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    command = ("nginx", "--server-name", "phone.example.com", "--output", "site")
    assert call(tmp_path, *command).returncode == 0
    assert (tmp_path / "site").read_text() == call(tmp_path, *command[:-2]).stdout
    (tmp_path / "site").write_text("mine")

    done = call(tmp_path, *command)

    assert done.returncode == 2
    assert "already exists" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["site"]
    assert (tmp_path / "site").read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--server-name", "phone.example.com; include /etc/passwd"),
        ("--server-name", "Phone.example.com"),
        ("--server-name", "phone..example.com"),
        ("--server-name", "phone.example.com\n}"),
        ("--server-name", ""),
        ("--upstream", "127.0.0.1"),
        ("--upstream", "127.0.0.1:80; }"),
        ("--upstream", "unix:/run/a b.sock"),
        ("--upstream", "http://127.0.0.1:80"),
        ("--upstream", "$host:80"),
        ("--prefix", "phone"),
        ("--prefix", "/phone"),
        ("--prefix", "/../"),
        ("--prefix", "/phone/ {"),
        ("--tls-cert", "certificate.pem"),
        ("--tls-cert", "/etc/my certificate.pem"),
        ("--tls-key", "/etc/key.pem;"),
        ("--listen", "443 default_server"),
        ("--listen-http", "eighty"),
        ("--log-dir", '/var/log/"'),
        ("--cache-dir", "/var/cache/#"),
        ("--name", "two words"),
    ],
)
def test_a_value_that_could_say_more_than_it_should_is_refused(tmp_path: Path, option: str, value: str) -> None:
    given = {"--server-name": "phone.example.com", option: value}
    done = call(tmp_path, "nginx", *(word for pair in given.items() for word in pair))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{option} " in done.stderr


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    done = call(tmp_path, "nginx", "--server-name", "a b", "--upstream", "c", "--prefix", "d")

    assert done.stderr.count("Error: --") == 3


@pytest.mark.parametrize("options", [("--http",), ("--prefix", "/phone/", "--tls-cert", "/etc/certificate.pem")])
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert call(tmp_path, "nginx", "--server-name", "phone.example.com", *options).returncode == 2
