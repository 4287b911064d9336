"""How long answers may be kept, and what a browser may do with them: every cache and security header, in one place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from embeddable_host.config.values import origin_of

Headers = Sequence[tuple[str, str]]

# Cache policies (RFC 9111; RFC 5861 for the stale ones).
NO_STORE = "no-store"
MINUTES = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
IMMUTABLE = "public, max-age=31536000, immutable"

NOSNIFF = ("X-Content-Type-Options", "nosniff")
# Pages of other origins load scripts, fonts and frames from here, and some of them isolate themselves (COEP).
CROSS_ORIGIN = (("Cross-Origin-Resource-Policy", "cross-origin"), ("Access-Control-Allow-Origin", "*"))
OWN_ORIGIN = ("Cross-Origin-Resource-Policy", "same-origin")
# The callback needs the opener: said outright, so that nobody's default takes it away.
KEEPS_OPENER = ("Cross-Origin-Opener-Policy", "unsafe-none")
SEVERS_OPENER = ("Cross-Origin-Opener-Policy", "same-origin")
# No address with a query leaves in a Referer; the widget's own requests name the origin alone.
NO_REFERRER = ("Referrer-Policy", "no-referrer")
ORIGIN_REFERRER = ("Referrer-Policy", "strict-origin")


@dataclass(frozen=True)
class PagePolicy:
    """What one of our pages is allowed: sources are CSP source expressions beside the hashes of its own scripts.

    `widget`: it shows the widget, from this origin or the CDN's. `modules`: it loads modules from this origin, and
    frames its pages. `app`: one of these is the app's, which may go on to the CDN. `asks`: it asks for them as well.
    `asks_servers`: it asks RingCentral's servers. `redirects`: it frames the redirect page, wherever that is. `severs`:
    its window loses the page that opened it. `framed`: by whom, "embedders" being those of `widget.embedders`.
    """

    cache: str
    images: str = "data:"
    widget: bool = False
    modules: bool = False
    app: bool = False
    asks: bool = False
    asks_servers: bool = False
    redirects: bool = False
    severs: bool = False
    framed: Literal["nobody", "self", "embedders"] = "nobody"


@dataclass(frozen=True)
class Origins:
    """Whom a page's policy may name: who may frame the widget (`widget.embedders`), the origins the widget comes from
    if it is not hosted (`cdn`), RingCentral's API servers, and the redirect page's address where it is another than the
    host's own."""

    embedders: Iterable[str] = ()
    cdn: Iterable[str] = ()
    servers: Iterable[str] = ()
    redirect: str = ""


def frame_ancestors(embedders: Iterable[str]) -> str:
    """The CSP directive for `widget.embedders`; none where every page may frame the widget."""
    listed = list(dict.fromkeys(embedders))
    return "" if "*" in listed else " ".join(["frame-ancestors 'self'", *listed])


def page_headers(policy: PagePolicy, scripts: Iterable[str], styles: Iterable[str], origins: Origins) -> Headers:
    """The headers of a page with `policy`; `scripts` and `styles` are the CSP hashes of what stands in it."""
    widget = ["'self'", *origins.cdn] if policy.widget else []
    app = origins.cdn if policy.app else []
    own = ["'self'"] if policy.modules else []
    asked = [*(["'self'"] if policy.asks else []), *(origins.servers if policy.asks_servers else [])]
    redirect = filter(None, [origin_of(origins.redirect)])
    # The adapter adds style elements of its own to the page.
    style = ["'unsafe-inline'"] if policy.widget else []
    directives = [
        ("default-src", []),
        ("script-src", [*scripts, *widget, *own]),
        ("style-src", style or list(styles)),
        ("img-src", [policy.images]),
        *([("connect-src", asked)] if asked else []),
        ("frame-src", [*widget, *app, *own, *(["'self'", *redirect] if policy.redirects else [])]),
        ("base-uri", []),
        ("form-action", []),
    ]
    csp = "; ".join(" ".join([name, *(sources or ["'none'"])]) for name, sources in directives)
    # The redirect page is framed by the app, the app by the embedder: all of them are ancestors.
    ancestors = {
        "nobody": "frame-ancestors 'none'",
        "self": "frame-ancestors 'self'",
        "embedders": frame_ancestors([*origins.embedders, *origins.cdn]),
    }[policy.framed]
    return [
        NOSNIFF,
        ("Cache-Control", policy.cache),
        ("Content-Security-Policy", f"{csp}; {ancestors}".rstrip("; ")),
        SEVERS_OPENER if policy.severs else KEEPS_OPENER,
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


def relay_headers() -> Headers:
    """The headers of what the relay answers, which is for pages of this origin alone."""
    return [NOSNIFF, ("Cache-Control", NO_STORE), OWN_ORIGIN]
