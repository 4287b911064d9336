"""How long answers may be kept, and what a browser may do with them: every cache and security header, in one place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

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

    `widget`: it shows the widget, from this origin or the CDN's. `modules`: it loads modules from this origin, and
    frames its pages. `asks`: it asks for them as well. `redirects`: it frames the redirect page, wherever that is.
    `framed`: by whom, "embedders" being those of `widget.embedders`.
    """

    cache: str
    images: str = "data:"
    widget: bool = False
    modules: bool = False
    asks: bool = False
    redirects: bool = False
    framed: Literal["nobody", "self", "embedders"] = "nobody"


PAGES = {
    "redirect.html": PagePolicy(NO_STORE, images="'self' data:", framed="embedders"),
    "app.html": PagePolicy(MINUTES, framed="embedders"),
    "popup.html": PagePolicy(MINUTES, images="https: data:", widget=True),
    "404.html": PagePolicy(NO_STORE),
}
# What `setup.enabled` is for: the setup page with its preview, and the rehearsal with the app's part in it.
SETUP_PAGES = {
    "index.html": PagePolicy(MINUTES, modules=True),
    "preview.html": PagePolicy(MINUTES, images="https: data:", widget=True, framed="self"),
    "check.html": PagePolicy(NO_STORE, modules=True, asks=True, framed="embedders"),
    "stand-in-app.html": PagePolicy(NO_STORE, redirects=True, framed="embedders"),
}


def frame_ancestors(embedders: Iterable[str]) -> str:
    """The CSP directive for `widget.embedders`; none where every page may frame the widget."""
    listed = list(dict.fromkeys(embedders))
    return "" if "*" in listed else " ".join(["frame-ancestors 'self'", *listed])


def page_headers(
    name: str,
    scripts: Iterable[str],
    styles: Iterable[str],
    embedders: Iterable[str] = (),
    cdn: Iterable[str] = (),
    redirect: Iterable[str] = (),
) -> Headers:
    """The headers of the page called `name`.

    `scripts`, `styles`: the CSP hashes of what stands in it. `cdn`: the origins the widget comes from, if not hosted.
    `redirect`: the origin of the redirect page, if that is another one.
    """
    policy = (PAGES | SETUP_PAGES)[name]
    widget = ["'self'", *cdn] if policy.widget else []
    own = ["'self'"] if policy.modules else []
    # The adapter adds style elements of its own to the page.
    style = ["'unsafe-inline'"] if policy.widget else []
    directives = [
        ("default-src", []),
        ("script-src", [*scripts, *widget, *own]),
        ("style-src", style or list(styles)),
        ("img-src", [policy.images]),
        *([("connect-src", ["'self'"])] if policy.asks else []),
        ("frame-src", [*widget, *own, *(["'self'", *redirect] if policy.redirects else [])]),
        ("base-uri", []),
        ("form-action", []),
    ]
    csp = "; ".join(" ".join([name, *(sources or ["'none'"])]) for name, sources in directives)
    # The redirect page is framed by the app, the app by the embedder: all of them are ancestors.
    ancestors = {
        "nobody": "frame-ancestors 'none'",
        "self": "frame-ancestors 'self'",
        "embedders": frame_ancestors([*embedders, *cdn]),
    }[policy.framed]
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
