"""In the test world, Firefox and WebKit partition storage as usual, reach no other host, and report errors."""

from world.engines import OpenEngine, wait_for
from world.gateway import Gateway
from world.internet import COPY, CROSS_SITE, SAME_SITE, Internet

FRAME = f"https://{COPY}/redirect.html"  # of the same site as the first page, and of another origin
ELSEWHERE = "www.ringcentral.com"


def test_storage_is_partitioned_by_site_in_firefox_and_by_origin_in_webkit(
    internet: Internet, open_engine: OpenEngine, engine: str
) -> None:
    window = open_engine(engine).window
    found = []
    for site in (SAME_SITE, CROSS_SITE, COPY):
        address = FRAME if site == COPY else internet.page(site, f'<!doctype html><iframe src="{FRAME}"></iframe>')
        frame = "" if site == COPY else "iframe"
        window.go(address)
        wait_for(window, f"location.href === '{FRAME}' && document.readyState === 'complete'", frame)
        found.append(window.evaluate("localStorage.getItem('mark')", frame))
        window.evaluate(f"localStorage.setItem('mark', '{site}')", frame)

    assert found == [None, None, SAME_SITE if engine == "firefox" else None]


def test_it_reaches_no_other_host(internet: Internet, open_engine: OpenEngine, engine: str, gateway: Gateway) -> None:
    window = open_engine(engine).window
    window.go(internet.page(SAME_SITE, "<!doctype html>"))

    reached = window.evaluate(f"fetch('https://{ELSEWHERE}/', {{ mode: 'no-cors' }}).then(() => true, () => false)")

    assert not reached
    assert f"{ELSEWHERE}:443" in gateway.refused


def test_the_errors_of_a_page_are_reported(internet: Internet, open_engine: OpenEngine, engine: str) -> None:
    page = internet.page(SAME_SITE, "<!doctype html><script>console.error('one'); console.log('fine'); two();</script>")

    [first, second] = open_engine(engine).console_of(page)

    assert "one" in first
    assert "two" in second
