"""How long answers may be kept, and what a browser may do with them: every cache and security header, in one place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[str, str]]

# Cache policies (RFC 9111; RFC 5861 for the stale ones).
NO_STORE = "no-store"
MINUTES = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
IMMUTABLE = "public, max-age=31536000, immutable"

NOSNIFF = ("X-Content-Type-Options", "nosniff")
# Pages of other origins load scripts, fonts and frames from here, and some of them isolate themselves (COEP).
CROSS_ORIGIN = (("Cross-Origin-Resource-Policy", "cross-origin"), ("Access-Control-Allow-Origin", "*"))
# The callback needs the opener: said outright, so that nobody's default takes it away.
KEEPS_OPENER = ("Cross-Origin-Opener-Policy", "unsafe-none")
# No address with a query leaves in a Referer; the widget's own requests name the origin alone.
NO_REFERRER = ("Referrer-Policy", "no-referrer")
ORIGIN_REFERRER = ("Referrer-Policy", "strict-origin")


@dataclass(frozen=True)
class PagePolicy:
    """What one of our pages is allowed: sources are CSP source expressions beside the hashes of its own scripts.

    `widget`: it shows the widget, from this origin or the CDN's. `frameable`: by `widget.embedders`.
    """

    cache: str
    images: str = "data:"
    widget: bool = False
    frameable: bool = False


PAGES = {
    "redirect.html": PagePolicy(NO_STORE, images="'self' data:", frameable=True),
    "app.html": PagePolicy(MINUTES, frameable=True),
    "popup.html": PagePolicy(MINUTES, images="https: data:", widget=True),
    "index.html": PagePolicy(MINUTES),
    "404.html": PagePolicy(NO_STORE),
}


def frame_ancestors(embedders: Iterable[str]) -> str:
    """The CSP directive for `widget.embedders`; none where every page may frame the widget."""
    listed = list(dict.fromkeys(embedders))
    return "" if "*" in listed else " ".join(["frame-ancestors 'self'", *listed])


def page_headers(
    name: str, scripts: Iterable[str], styles: Iterable[str], embedders: Iterable[str], cdn: Iterable[str]
) -> Headers:
    """The headers of the page called `name`.

    `scripts`, `styles`: the CSP hashes of what stands in it. `cdn`: the origins the widget comes from, if not hosted.
    """
    policy = PAGES[name]
    widget = ["'self'", *cdn] if policy.widget else []
    # The adapter adds style elements of its own to the page.
    style = ["'unsafe-inline'"] if policy.widget else []
    directives = [
        ("default-src", ["'none'"]),
        ("script-src", [*scripts, *widget]),
        ("style-src", style or list(styles)),
        ("img-src", [policy.images]),
        ("frame-src", widget),
        ("base-uri", ["'none'"]),
        ("form-action", ["'none'"]),
    ]
    csp = "; ".join(" ".join([name, *(sources or ["'none'"])]) for name, sources in directives)
    # The redirect page is framed by the app, the app by the embedder: all of them are ancestors.
    ancestors = frame_ancestors([*embedders, *cdn]) if policy.frameable else "frame-ancestors 'none'"
    return [
        NOSNIFF,
        ("Cache-Control", policy.cache),
        ("Content-Security-Policy", f"{csp}; {ancestors}".rstrip("; ")),
        KEEPS_OPENER,
        NO_REFERRER,
        *CROSS_ORIGIN,
    ]


def script_headers() -> Headers:
    """The headers of a script of ours, which pages of other origins load."""
    return [NOSNIFF, ("Cache-Control", MINUTES), *CROSS_ORIGIN]


def widget_headers(name: str, embedders: Iterable[str], cache: str = IMMUTABLE) -> Headers:
    """The headers of the release's file called `name`.

    Its pages have a CSP of their own in a meta element, which cannot say who may frame them (CSP3 §6.4.2).
    """
    headers = [NOSNIFF, ("Cache-Control", cache), *CROSS_ORIGIN, ORIGIN_REFERRER]
    if name.endswith(".html") and (ancestors := frame_ancestors(embedders)):
        headers.append(("Content-Security-Policy", ancestors))
    return headers


def status_headers() -> Headers:
    """The headers of what the operator asks for."""
    return [NOSNIFF, ("Cache-Control", NO_STORE)]
