"""A new release while the host serves: it is noticed, complete or not used, and no request fails meanwhile."""

import asyncio
import http.client
import json
from pathlib import Path

import httpx2
import pytest

from embeddable_host.config.load import load
from embeddable_host.releases.store import remove
from embeddable_host.serving.app import App
from world.host import LARGE, Server, add_release, ask, configured, fill_cache, serving
from world.load import Load
from world.timeouts import TIMEOUT, wait_until

WORKERS = [pytest.param((), id="one process"), pytest.param(("--workers", "2"), id="workers")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configured(tmp_path / "host")


def served(server: Server) -> str:
    """The release that is served now."""
    release: str = json.loads(server.ask("/readyz").body)["release"]
    return release


@pytest.mark.parametrize("options", WORKERS)
def test_a_new_current_release_is_noticed(folder: Path, options: tuple[str, ...]) -> None:
    first = add_release(folder, "first")
    with serving(folder, *options) as server:
        assert json.loads(server.ask("/readyz").body) == {"status": "ready", "release": first.id}
        second = add_release(folder, "second")
        server.wait_until_serving(second.id)
        for _ in range(20):  # by every process
            assert json.loads(server.ask("/readyz").body) == {"status": "ready", "release": second.id}
            assert f"widget/{second.id}/app.html" in server.ask("/adapter.js").body.decode()


def test_the_first_release_is_noticed(folder: Path) -> None:
    with serving(folder) as server:
        assert served(server) == "cdn"
        server.wait_until_serving(add_release(folder).id)


def test_a_release_that_comes_while_the_host_starts_is_noticed_too(folder: Path) -> None:
    settings = load(folder / "embeddable.toml")
    fill_cache(settings)  # or the site is built again for the best encodings
    host = App(settings, folder / "embeddable.toml")
    release = add_release(folder)

    async def watch() -> None:
        async with host._run():
            while host.site.release != release.id:
                await asyncio.sleep(0.02)

    assert host.site.release == "cdn"
    asyncio.run(asyncio.wait_for(watch(), TIMEOUT))


def test_a_tab_of_the_release_before_still_finds_its_files(folder: Path) -> None:
    first = add_release(folder, "first")
    with serving(folder) as server:
        second = add_release(folder, "second")
        server.hang_up()
        server.wait_until_serving(second.id)
        assert server.ask(f"/widget/{first.id}/name.txt").body == b"first"
        assert server.ask(f"/widget/{second.id}/name.txt").body == b"second"


def test_a_release_that_the_settings_name_stays_when_another_is_chosen(folder: Path) -> None:
    first = add_release(folder, "first")
    configured(folder, f'[widget]\nrelease = "{first.id}"')
    with serving(folder) as server:
        second = add_release(folder, "second")
        server.hang_up()
        wait_until(lambda: server.ask(f"/widget/{second.id}/name.txt").status == 200, "the new one is there too")
        assert served(server) == first.id
        assert f"widget/{first.id}/app.html" in server.ask("/adapter.js").body.decode()


def test_a_broken_current_is_logged_and_its_repair_is_noticed(folder: Path) -> None:
    first = add_release(folder, "first")
    with serving(folder) as server:
        current = folder / "var" / "releases" / "current"
        current.unlink()
        current.mkdir()
        server.wait_until_it_says(r"current is not a link")
        assert served(server) == first.id
        current.rmdir()
        server.wait_until_serving(add_release(folder, "second").id)


@pytest.mark.parametrize("known", [True, False], ids=["one that was there", "a new one"])
def test_a_damaged_release_that_is_chosen_leaves_the_one_before(folder: Path, known: bool) -> None:
    releases = folder / "var" / "releases"
    damaged = add_release(folder if known else folder / "elsewhere", "damaged")
    good = add_release(folder, "good")
    with serving(folder) as server:
        (damaged.folder / "files" / "app.js").write_text("damaged")
        if not known:
            damaged.folder.rename(releases / damaged.id)
        (releases / "new").symlink_to(damaged.id)
        (releases / "new").rename(releases / "current")
        server.hang_up()
        wait_until(lambda: "Not reloaded" in server.output or served(server) == damaged.id, "it is noticed")
        assert served(server) == good.id
        assert "files/app.js" in server.output


def test_a_file_of_a_release_that_was_removed_just_now_is_not_found(folder: Path) -> None:
    """The server looks at the releases each second; until then it knows addresses whose files are gone."""
    removed = add_release(folder, "first")
    add_release(folder, "second")
    host = App(load(folder / "embeddable.toml"))  # and nobody looks
    remove(folder / "var" / "releases", removed.id)

    async def get(path: str) -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(host), base_url="http://host") as client:
            return await client.get(path, headers={"Accept-Encoding": "identity"})

    response = asyncio.run(get(f"/widget/{removed.id}/{LARGE}"))
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    assert "Not found" in response.text


@pytest.mark.parametrize("options", WORKERS)
def test_a_release_swapped_under_load_fails_no_request(folder: Path, options: tuple[str, ...]) -> None:
    releases = [add_release(folder, name) for name in ("first", "second")]
    paths = ["/redirect.html", "/adapter.js", *(f"/widget/{release.id}/large.txt" for release in releases)]

    def visit(connection: http.client.HTTPConnection) -> str:
        statuses = []
        for path in paths:
            statuses.append(ask(connection, path).status)
            connection.close()
        return str(statuses)

    with serving(folder, *options) as server, Load(server.connect, visit) as load:
        for name in ("third", "fourth"):
            load.wait_for_more(4)
            server.wait_until_serving(add_release(folder, name).id)
        load.wait_for_more(4)
    assert load.faults == {}
    assert load.results == {str([200] * len(paths))}
