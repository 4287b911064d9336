"""The test world (`world`), made once for each test process, and as clean as new for each test."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect, sync_playwright
from world import hosts
from world.host import Server
from world.internet import Internet
from world.weather import DEADLINE, Browsers, OpenBrowser

expect.set_options(timeout=DEADLINE)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    with Internet(tmp_path_factory.mktemp("world")).running() as running:
        yield running


@pytest.fixture(scope="session")
def browsers(world: Internet) -> Iterator[Browsers]:
    with sync_playwright() as playwright:
        started = Browsers(playwright, world)
        yield started
        started.close()


@pytest.fixture
def internet(world: Internet) -> Internet:
    """Pages, CDN and platform, without anything an earlier test left there."""
    world.forget()
    return world


@pytest.fixture
def open_browser(browsers: Browsers) -> Iterator[OpenBrowser]:
    """Opens a browser's context in the weather asked for; it is closed with the test."""
    with browsers.contexts() as open_context:
        yield open_context


@pytest.fixture(scope="session")
def hosted(world: Internet) -> Iterator[Server]:
    """`https://phone.example.com/`: the host under test with the stand-in release."""
    with hosts.hosted(world) as host:
        yield host


@pytest.fixture(scope="session")
def loader(world: Internet) -> Iterator[Server]:
    """`https://loader.example.com/`: the host under test without a release."""
    with hosts.loader(world) as host:
        yield host


@pytest.fixture(autouse=True)
def own_event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets a test without a browser run an event loop: Playwright's counts as running in this thread all the time."""
    playwrights = asyncio._get_running_loop()
    if "browsers" in request.fixturenames or playwrights is None:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(playwrights)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that is skipped proves nothing: the run has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
