"""Three engines in the same words, and a host without its gate."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from world import hosts
from world.browser_modes import PLAIN, OpenBrowser
from world.chromium import browser
from world.engines import ENGINES, Browser, OpenEngine
from world.host import Server
from world.internet import Internet

CHROMIUM = "chromium"
UNGATED = Path(__file__).parent.parent / "world" / "ungated"

OpenAny = Callable[[], Browser]


@pytest.fixture(params=[CHROMIUM, *(pytest.param(engine, marks=pytest.mark.xdist_group(engine)) for engine in ENGINES)])
def open_any(request: pytest.FixtureRequest, open_browser: OpenBrowser) -> OpenAny:
    """Opens the browser of a new user, in each of the three engines in turn."""
    if request.param == CHROMIUM:
        return lambda: browser(open_browser(PLAIN))
    open_engine: OpenEngine = request.getfixturevalue("open_engine")
    return lambda: open_engine(request.param)


@pytest.fixture(scope="module")
def ungated(world: Internet, hosted: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """`https://own.example.com/`: the same host, but without its gate."""
    settings = f'public_dir = "{UNGATED}"\nparams.clientId = "{hosts.CLIENT_ID}"\n'
    with hosts.own(world, tmp_path_factory.mktemp("ungated"), settings):
        yield
