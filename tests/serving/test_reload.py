"""Changed settings while the host serves: taken at SIGHUP or, with --reload, at once; refused ones change nothing."""

import http.client
import re
from pathlib import Path

import pytest

from world.host import Server, ask, configured, serving
from world.load import Load
from world.places import PUBLIC
from world.timeouts import wait_until

BUILT_IN_REDIRECT = PUBLIC["redirect.html"].read_text(encoding="utf-8")
BAD = 'public_url = "phone"'
WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


def titled(title: str) -> str:
    return f'[redirect]\ntitle = "{title}"'


def page(server: Server) -> str:
    return server.ask("/redirect.html").body.decode()


def all_say(server: Server, text: str) -> bool:
    """Whether every response of many has `text`, whichever process it is from."""
    return all(text in page(server) for _ in range(20))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host", titled("before"))


@pytest.mark.parametrize("options", WORKERS)
def test_a_reload_under_load_fails_no_request(folder: Path, options: tuple[str, ...]) -> None:
    def visit(connection: http.client.HTTPConnection) -> str:
        statuses = []
        for path in ("/redirect.html", "/adapter.js"):
            statuses.append(ask(connection, path).status)
            connection.close()
        return str(statuses)

    with serving(folder, *options) as server, Load(server.connect, visit) as load:
        for title in ("second", "third", "fourth"):
            load.wait_for_more(4)
            configured(folder, titled(title))
            server.reload()
            assert all_say(server, title)
    assert load.faults == {}
    assert load.results == {"[200, 200]"}


@pytest.mark.parametrize("options", WORKERS)
def test_sighup_serves_changed_settings(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        assert all_say(server, "before")
        configured(folder, titled("afterwards"))
        server.reload()
        assert all_say(server, "afterwards")


@pytest.mark.parametrize("options", WORKERS)
def test_sighup_with_a_bad_file_goes_on_with_the_old_site_and_says_why(folder: Path, options: tuple[str, ...]) -> None:
    with serving(folder, *options) as server:
        configured(folder, BAD)
        server.reload()
        assert server.times_said(r'embeddable\.toml: public_url: "phone" is not a full address') == server.workers
        assert all_say(server, "before")
        configured(folder, titled("afterwards"))
        server.reload()
        assert all_say(server, "afterwards")


def test_an_overlay_that_cannot_sign_in_goes_on_with_the_old_site_and_says_why(folder: Path) -> None:
    """`tests/site/test_overlay.py` has the ways in which it cannot."""
    pages = folder / "pages"
    pages.mkdir()
    configured(folder, f'public_dir = "pages"\n{titled("before")}')
    with serving(folder) as server:
        (pages / "redirect.html").write_text("<!doctype html><title>Nothing</title>")
        server.reload()
        assert re.search(r"Not reloaded[\s\S]*redirect\.html", server.output)
        assert "before" in page(server)
        (pages / "redirect.html").unlink()
        configured(folder, f'public_dir = "pages"\n{titled("afterwards")}')
        server.reload()
        assert "afterwards" in page(server)


def test_reload_serves_a_changed_file_without_being_asked_to(folder: Path) -> None:
    (folder / "pages").mkdir()
    configured(folder, f'public_dir = "pages"\n{titled("before")}')
    with serving(folder, "--reload") as server:
        configured(folder, f'public_dir = "pages"\n{titled("afterwards")}')
        wait_until(lambda: "afterwards" in page(server), "changed settings are served")
        (folder / "pages" / "redirect.html").write_text(BUILT_IN_REDIRECT.replace("<main>", "<main>our own page"))
        wait_until(lambda: "our own page" in page(server), "a changed page is served")
        configured(folder, BAD)
        server.wait_until_it_says("public_url")
        assert "our own page" in page(server)
        configured(folder, titled("at last"))
        wait_until(lambda: "at last" in page(server), "the repaired settings are served")


def test_a_warning_of_changed_settings_is_reported(folder: Path) -> None:
    with serving(folder) as server:
        configured(folder, "[params]\nclientid = 'a'")
        server.reload()
        assert "did you mean clientId" in server.output
