"""What can be wrong with a deployed address: each fault's meaning for a sign-in, and the line to change, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`why` it matters to a sign-in or a call, and what to `change`."""

    why: str
    change: str


@dataclass(frozen=True)
class Symptom:
    """A fault, by its name in `FAULTS`, as one answer shows it."""

    fault: str
    expected: str
    seen: str


FAULTS: Mapping[str, Fault] = {
    # Before any answer
    "dns": Fault(
        "No browser finds the host: the phone does not load, and no sign-in comes back.",
        "Add an A or AAAA record for the name, or correct the address.",
    ),
    "unreachable": Fault(
        "Browsers get no connection: the phone does not load, and no sign-in comes back.",
        "Start the proxy and open its port in the firewall: `systemctl status nginx`, `ss -ltn`.",
    ),
    "tls": Fault(
        "Browsers give up before their first request.",
        "nginx: `listen 443 ssl;` and `ssl_protocols TLSv1.2 TLSv1.3;`.",
    ),
    "certificate-expired": Fault(
        "Browsers show a warning instead of the redirect page, and every sign-in ends there.",
        "Renew it, then have the proxy read it: `certbot renew && systemctl reload nginx`.",
    ),
    "certificate-expires-soon": Fault(
        "From that day on browsers show a warning instead of the redirect page, and every sign-in ends there.",
        "Renew it, and see why that did not happen by itself: `systemctl status certbot.timer`; "
        "after a renewal: `systemctl reload nginx`.",
    ),
    "certificate-chain": Fault(
        "Browsers do not trust it: they show a warning instead of the redirect page, and load no script from here.",
        "nginx: `ssl_certificate` names the whole chain (fullchain.pem, not cert.pem) of an authority that browsers "
        "trust. An authority of your own: give this check its file in SSL_CERT_FILE.",
    ),
    "certificate-name": Fault(
        "Browsers take it for another host's: they show a warning instead of the redirect page.",
        "Get a certificate with this name in it, or have this name in the `server_name` of the block that has it.",
    ),
    "no-tls": Fault(
        "Browsers give the microphone and the cryptography of PKCE to https pages alone, and a code that comes back by "
        "http can be read on its way.",
        "Give the https address, or put TLS in front: `embeddable-host nginx --help`.",
    ),
    "http-open": Fault(
        "A page that loads the phone by http gets no microphone, and a redirect URI with http is not the registered "
        "one.",
        "nginx, the server block of port 80: `return 301 https://$host$request_uri;` and nothing else.",
    ),
    "http-elsewhere": Fault(
        "Whoever follows an http address lands somewhere else than on the page that is registered.",
        "nginx, the server block of port 80: `return 301 https://$host$request_uri;`.",
    ),
    "no-answer": Fault(
        "A browser waits for it as long, and then goes without.",
        "Look into the proxy's error log, and whether the host runs: `systemctl status embeddable-host`.",
    ),
    # Instead of the answer
    "redirects": Fault(
        "The redirect URI must answer itself: RingCentral compares it to the letter, another origin (with or without "
        "www) cannot hand the sign-in over, and every address on the way sees the code.",
        "Take the rule out that redirects (trailing slash, www, clean URLs), or register and embed the address it "
        "leads to.",
    ),
    "login-wall": Fault(
        "Adapter and redirect page are loaded by browsers that have not signed in to anything: they get the login "
        "instead, and the code goes along.",
        "Have neither login nor bot check in front; nginx: `auth_basic off; auth_request off;` in its location.",
    ),
    "missing": Fault(
        "What asks for this address goes without: no phone without its scripts, no sign-in without redirect page.",
        "Pass every path on, a prefix taken off; nginx: `location /phone/ { proxy_pass http://127.0.0.1:8000/; }`, "
        "with both slashes. An export: publish all of its files.",
    ),
    "host-down": Fault(
        "The proxy answers, the host behind it does not: nobody can sign in.",
        "Start it (`systemctl start embeddable-host`), and have the proxy's upstream name the address it listens on.",
    ),
    "status": Fault(
        "Browsers do not take this for the page or script it should be.",
        "Look for the status in the logs of proxy and host: whichever does not have it passed it on.",
    ),
    "page-for-file": Fault(
        "A browser that gets a page for a script runs nothing: no phone, and no word of why.",
        "Keep the fallback of a single-page app, or the login page, away from these addresses; nginx: "
        "`try_files $uri =404;`, or a location that passes them on to the host.",
    ),
    "foreign-page": Fault(
        "The window that comes back with the code shows another page, and nothing hands the code over.",
        "Have the address answered by the host: no login page, no page of another app, no optimizer in front of it.",
    ),
    "undecodable": Fault(
        "Browsers show an error instead of the page, and run no script.",
        "Compress once: nginx passes on what the host compressed; switch other compression off for it.",
    ),
    "coding-unasked": Fault(
        "A client gets an encoding that it did not ask for and may not know: a cache mixes up the variants.",
        "Have the cache heed `Vary: Accept-Encoding`, or have the encoding in its key (`proxy_cache_key`).",
    ),
    # Another answer
    "wrong-profile": Fault(
        "Users sign in with the client id of another profile, and to a redirect URI that its app may not have.",
        "Pass the whole path on, profile included; nginx: no `rewrite`, and one `proxy_pass` for all profiles.",
    ),
    "wrong-release": Fault(
        "Not the release that is configured here: replicas that differ break tabs between two requests.",
        "`embeddable-host releases use ID` there, or pin it on both sides: `widget.release`. Another data_dir here? "
        "Give the host's settings: `--config`. An export: export again.",
    ),
    "other-settings": Fault(
        "The host serves it so itself, from other settings or another version than here: users may sign in with "
        "another client id or redirect URI.",
        "Have it read the settings again (`systemctl reload embeddable-host`), or give this check the same ones: "
        "`--config`. Then empty the proxy's cache.",
    ),
    "rewritten": Fault(
        "The bytes are not the host's: a script that was changed on its way is refused by its hash in the CSP, and the "
        "sign-in is not handed over.",
        "Switch off what rewrites: nginx `sub_filter`, minifying, script optimizers, injected analytics. An export: "
        "export again.",
    ),
    "media-type": Fault(
        "With `nosniff` a browser runs no script and applies no style of another type; without charset it may read "
        "another text.",
        "Pass Content-Type on as the host sends it; a static host: set it as in the export's `_headers`.",
    ),
    "compression-lost": Fault(
        "The widget's files are four times as large on the wire: the phone starts late on slow lines.",
        'Pass Accept-Encoding on; nginx: no `proxy_set_header Accept-Encoding ""`, no `gunzip on`. '
        "An export: `gzip_static on`.",
    ),
    # Headers
    "redirect-page-cached": Fault(
        "Browsers and proxies keep the page under an address with the code, and show an old one after a change.",
        "Leave its `Cache-Control: no-store` alone; nginx: no `expires`, no `add_header Cache-Control` for it.",
    ),
    "cache-policy": Fault(
        "Kept too long, a new release or client id reaches users late or by halves; kept too briefly, the phone loads "
        "slowly.",
        "Leave Cache-Control as the host sends it; nginx: no `expires`, no `add_header Cache-Control`; a CDN: "
        "“respect origin headers”.",
    ),
    "csp-added": Fault(
        "A browser heeds every policy there is: what one of them does not name does not run, and the page's own script "
        "is named by the host's alone.",
        "Take `add_header Content-Security-Policy …` out of the locations that pass on to the host.",
    ),
    "csp-replaced": Fault(
        "The host's policy names the page's own script by its hash and the pages that may frame it: without it the "
        "script may not run, or a strange page may frame the sign-in.",
        "Leave the policy as the host sends it; nginx: neither `proxy_hide_header` nor `add_header` for "
        "Content-Security-Policy. Changed settings: reload the host.",
    ),
    "opener-policy": Fault(
        "The window that comes back has lost its opener: from pages of another site than the host's, nobody signs in.",
        "Take `add_header Cross-Origin-Opener-Policy …` out of the locations that pass on to the host, which says "
        "`unsafe-none` itself.",
    ),
    "frame-options": Fault(
        "The app cannot be framed by your pages, nor the redirect page by the app, which renews sign-ins so.",
        "Take `add_header X-Frame-Options …` out of the locations that pass on to the host; who may frame is said by "
        "`widget.embedders`.",
    ),
    "microphone": Fault(
        "Users sign in, and nobody hears them: the widget's page may not use the microphone.",
        "Take `microphone=()` out of the Permissions-Policy for this host: `microphone=(self)`.",
    ),
    "referrer-policy": Fault(
        "The address of a page, and with it a code, may go to other hosts as referrer.",
        "Leave Referrer-Policy as the host sends it; nginx: neither `proxy_hide_header` nor `add_header` for it.",
    ),
    "nosniff": Fault(
        "A browser may guess a type, and take for a script what is none.",
        "Pass X-Content-Type-Options on: no `proxy_hide_header`; a static host: the export's `_headers`.",
    ),
    "cors": Fault(
        "Pages of your other origins cannot load fonts, or scripts with `crossorigin`: it must be there, once, as `*`.",
        "Leave Access-Control-Allow-Origin as the host sends it: neither removed nor added a second time.",
    ),
    "resource-policy": Fault(
        "Pages that isolate themselves (COEP) may not load the adapter.",
        "Leave Cross-Origin-Resource-Policy as the host sends it: neither removed nor added a second time.",
    ),
}

# Those that a page can see in what it asks for, as its own browser gets it: for the rehearsal.
SEEN_BY_BROWSERS = (
    "no-tls",
    "no-answer",
    "redirects",
    "login-wall",
    "missing",
    "host-down",
    "status",
    "foreign-page",
    "rewritten",
    "csp-added",
    "csp-replaced",
    "opener-policy",
    "frame-options",
    "redirect-page-cached",
    "referrer-policy",
)

# Faults that explain others found beside them: one cause, one finding.
ABSORBS: Mapping[str, tuple[str, ...]] = {
    "wrong-release": ("missing", "other-settings", "rewritten", "foreign-page", "csp-replaced"),
    "page-for-file": ("foreign-page",),
    "undecodable": ("coding-unasked",),
    "csp-replaced": ("csp-added",),
    "redirect-page-cached": ("cache-policy",),
}
