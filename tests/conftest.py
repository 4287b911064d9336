"""The test world (`world`), made once for each test process, and reset for each test."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect, sync_playwright

from world import hosts
from world.browser_modes import DEADLINE, Browsers, OpenBrowser
from world.engines import ENGINES, ENGLISH, Browser, Engine, OpenEngine
from world.firefox import start_firefox
from world.gateway import Gateway, open_gateway
from world.host import Server
from world.internet import Internet
from world.webkit import start_webkit

expect.set_options(timeout=DEADLINE)
USING_NGINX = {"world.checked", "world.deployment", "world.exported", "world.proxy"}


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
    """Pages, CDN and platform, without what earlier tests left there."""
    world.forget()
    return world


@pytest.fixture
def open_browser(browsers: Browsers) -> Iterator[OpenBrowser]:
    """Opens a browser's context in one of the browser modes; it is closed with the test."""
    with browsers.contexts() as open_context:
        yield open_context


@pytest.fixture(scope="session")
def gateway(world: Internet) -> Iterator[Gateway]:
    with open_gateway(world) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def firefox(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with start_firefox(tmp_path_factory.mktemp("firefox"), gateway.port) as engine:
        yield engine


@pytest.fixture(scope="session")
def webkit(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with start_webkit(tmp_path_factory.mktemp("webkit"), gateway.port) as engine:
        yield engine


# A group for pytest-xdist, so that only one of its processes starts each engine.
@pytest.fixture(params=[pytest.param(engine, marks=pytest.mark.xdist_group(engine)) for engine in ENGINES])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn, for `open_engine`."""
    return str(request.param)


@pytest.fixture
def open_engine(request: pytest.FixtureRequest) -> Iterator[OpenEngine]:
    """Opens the browser of a new user, for an engine's name; it is closed with the test."""
    with contextlib.ExitStack() as stack:

        def open_browser(engine: str, language: str = ENGLISH) -> Browser:
            started: Engine = request.getfixturevalue(engine)
            return stack.enter_context(started.browser(language))

        yield open_browser


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
    """Lets a test without a browser run an event loop: Playwright's always counts as running in this thread."""
    playwrights = asyncio._get_running_loop()
    if "browsers" in request.fixturenames or playwrights is None:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(playwrights)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that use a fixture or helper with a browser or nginx: `make test-fast` leaves them out."""
    for item in items:
        helpers = {getattr(value, "__module__", "") for value in vars(item.module).values()}
        if "world" in item.fixturenames or helpers & USING_NGINX:
            item.add_marker("world")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test proves nothing: the run fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests have measured (`record_property`)."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
