"""Every cache and security header: how long responses may be cached, and what a browser may do with them."""

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
# The callback needs the opener. It is the default of browsers, and sent so that a proxy's default does not replace it.
KEEPS_OPENER = ("Cross-Origin-Opener-Policy", "unsafe-none")
SEVERS_OPENER = ("Cross-Origin-Opener-Policy", "same-origin")
# No Referer has a query; the widget's own requests send the origin only.
NO_REFERRER = ("Referrer-Policy", "no-referrer")
ORIGIN_REFERRER = ("Referrer-Policy", "strict-origin")


@dataclass(frozen=True)
class PagePolicy:
    """What one of our pages may do, beside running its own scripts; `images` is a list of CSP sources.

    `widget`: show the widget, from this origin or the CDN's. `modules`: load modules from this origin, and frame its
    pages. `app`: frame the app's page, which may go on to the CDN. `connects`: fetch from this origin.
    `connects_to_servers`: fetch from RingCentral's API servers. `redirects`: frame the redirect page, wherever that is.
    `severs`: its window loses the page that opened it. `framed`: who may frame it; "embedders" are
    `widget.embedders`.
    """

    cache: str
    images: str = "data:"
    widget: bool = False
    modules: bool = False
    app: bool = False
    connects: bool = False
    connects_to_servers: bool = False
    redirects: bool = False
    severs: bool = False
    framed: Literal["nobody", "self", "embedders"] = "nobody"


@dataclass(frozen=True)
class Origins:
    """The origins a page's policy may name.

    `embedders`: who may frame the widget. `cdn`: where the widget comes from if it is not hosted. `servers`:
    RingCentral's API servers. `redirect`: the redirect page's address, if it is not this host's own.
    """

    embedders: Iterable[str] = ()
    cdn: Iterable[str] = ()
    servers: Iterable[str] = ()
    redirect: str = ""


def frame_ancestors(embedders: Iterable[str]) -> str:
    """The CSP directive for `widget.embedders`; empty where every page may frame the widget."""
    listed = list(dict.fromkeys(embedders))
    return "" if "*" in listed else " ".join(["frame-ancestors 'self'", *listed])


def page_headers(policy: PagePolicy, scripts: Iterable[str], styles: Iterable[str], origins: Origins) -> Headers:
    """The headers of a page with `policy`; `scripts` and `styles` are the CSP hashes of its inline elements."""
    widget = ["'self'", *origins.cdn] if policy.widget else []
    app = origins.cdn if policy.app else []
    own = ["'self'"] if policy.modules else []
    connect = [*(["'self'"] if policy.connects else []), *(origins.servers if policy.connects_to_servers else [])]
    redirect = filter(None, [origin_of(origins.redirect)])
    # The adapter adds its own style elements to the page.
    style = ["'unsafe-inline'"] if policy.widget else []
    directives = [
        ("default-src", []),
        ("script-src", [*scripts, *widget, *own]),
        ("style-src", style or list(styles)),
        ("img-src", [policy.images]),
        *([("connect-src", connect)] if connect else []),
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

    Its pages have their own CSP in a meta element, where frame-ancestors has no effect (CSP3 §6.4.2).
    """
    headers = [NOSNIFF, ("Cache-Control", cache), *CROSS_ORIGIN, ORIGIN_REFERRER]
    if name.endswith(".html") and (ancestors := frame_ancestors(embedders)):
        headers.append(("Content-Security-Policy", ancestors))
    return headers


def operator_headers() -> Headers:
    """The headers of what is for the operator: health and metrics."""
    return [NOSNIFF, ("Cache-Control", NO_STORE)]


def relay_headers() -> Headers:
    """The headers of the relay's responses, which are only for pages of this origin."""
    return [NOSNIFF, ("Cache-Control", NO_STORE), OWN_ORIGIN]
