"""Deployments for `check` to look at: a right one, and many that break something; and what it says of them."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world.deployment import (
    PASSED_ON,
    TO_HTTPS,
    added,
    changed,
    dropped,
    replaced,
    rewritten,
)
from world.host import Server, call

NAME = "phone.example.com"
URL = f"https://{NAME}/"
SECRET = "s3cret-code"  # in addresses that nginx redirects to: never to be shown
SETTINGS = """
[params]
clientId = "host-client"

[profiles.sandbox.params]
clientId = "sandbox-client"
prefix = "rc-sandbox"
"""
FOUND = 1
BAD_USAGE = 2


@dataclass(frozen=True)
class Deployment:
    """nginx in front of the host: the lines of its server blocks for https and http, and its certificate."""

    on_https: str = PASSED_ON
    on_http: str = TO_HTTPS
    certificate: str = "good"


@dataclass(frozen=True)
class Result:
    """What `check` said."""

    code: int
    stdout: str
    stderr: str
    asked: list[str] = field(default_factory=list)  # the addresses that nginx was asked for

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.stdout)

    @property
    def findings(self) -> list[dict[str, Any]]:
        return self.report["findings"]

    @property
    def faults(self) -> list[str]:
        return [finding["name"] for finding in self.findings]


Examine = Callable[..., Result]
Command = Callable[..., subprocess.CompletedProcess[str]]


SPA = "location = /spa.html { internal; return 200 '<!doctype html><title>App</title><div id=root></div>'; }"
FALLBACK = f"{SPA} location / {{ root /nonexistent; try_files $uri /spa.html; }}"

# GETs go to where the letters of a profile lie, which are others: as if to another host.
ELSEWHERE = "location /relay/ { if ($request_method = GET) { rewrite ^ /sandbox$uri break; } PASS; } "

# Lines of nginx that break something, and the one fault that `check` must find.
BROKEN: Mapping[str, tuple[str, Deployment]] = {
    name: (fault, given if isinstance(given, Deployment) else Deployment(given))
    for name, (fault, given) in {
        "an opener policy": ("opener-policy", replaced("Cross-Origin-Opener-Policy", "same-origin")),
        "an opener policy beside the host's": ("opener-policy", added("Cross-Origin-Opener-Policy same-origin")),
        "X-Frame-Options": ("frame-options", added("X-Frame-Options SAMEORIGIN")),
        "a second CSP": ("csp-added", added("Content-Security-Policy \"default-src 'self'\"")),
        "another CSP": ("csp-replaced", replaced("Content-Security-Policy", "default-src 'self'")),
        "no CSP": ("csp-replaced", dropped("Content-Security-Policy")),
        "a script put in": ("rewritten", rewritten("</body>", "<script>count()</script></body>")),
        "an address replaced": ("rewritten", rewritten("RingCentral", "Phone")),
        "no compression": ("compression-lost", changed("proxy_set_header Accept-Encoding '';")),
        "a page for everything": ("page-for-file", FALLBACK),
        "a page for the release's files": ("page-for-file", FALLBACK.replace("/ {", "/widget/ {", 1) + PASSED_ON),
        "a login page for the redirect page": (
            "foreign-page",
            "location = /redirect.html { return 200 '<!doctype html><title>Log in</title><form></form>'; } "
            + PASSED_ON,
        ),
        "a page for what is missing": (
            "page-for-file",
            SPA + changed("proxy_intercept_errors on; error_page 404 =200 /spa.html;"),
        ),
        "a login at another host": (
            "login-wall",
            f"location / {{ return 302 https://login.example.net/?rd=$uri&code={SECRET}; }}",
        ),
        "a login at the root of another host": ("login-wall", "return 302 https://login.example.net/;"),
        "a portal at another host": ("login-wall", "return 302 https://portal.example.net/start;"),
        "a login at the same host": ("login-wall", f"location / {{ return 302 /oauth2/start?code={SECRET}; }}"),
        "a password": ("login-wall", "location / { return 401; }"),
        "a bot check": ("login-wall", "location = /redirect.html { return 403; } " + PASSED_ON),
        "a slash at the end": (
            "redirects",
            f"location = /redirect.html {{ return 301 /redirect.html/?code={SECRET}; }} " + PASSED_ON,
        ),
        "www": ("redirects", f"return 301 https://www.{NAME}$request_uri;"),
        "another domain": ("redirects", "return 301 https://phone.example.net/new$request_uri;"),
        "another domain with the same paths": ("redirects", "return 301 https://phone.example.net$request_uri;"),
        "clean addresses": (
            "redirects",
            r"location ~ ^(.*)/(redirect|app|popup)\.html$ { return 308 $1/$2; } " + PASSED_ON,
        ),
        "a redirect page kept": (
            "redirect-page-cached",
            replaced("Cache-Control", "public, max-age=3600", "= /redirect.html"),
        ),
        "everything kept": ("redirect-page-cached", replaced("Cache-Control", "public, max-age=14400")),
        "adapters kept for a year": ("cache-policy", changed("expires 1y;", r"~ /adapter[.a-z]*\.js$")),
        "a release kept briefly": ("cache-policy", changed("expires 1h;", "/widget/")),
        "the default profile for another": (
            "wrong-profile",
            "location /sandbox/ { PASS/; } " + PASSED_ON,
        ),
        "no nosniff": ("nosniff", dropped("X-Content-Type-Options")),
        "no CORS": ("cors", dropped("Access-Control-Allow-Origin")),
        "CORS twice": ("cors", added("Access-Control-Allow-Origin *")),
        "no resource policy": ("resource-policy", dropped("Cross-Origin-Resource-Policy")),
        "no referrer policy": ("referrer-policy", dropped("Referrer-Policy")),
        "no microphone": ("microphone", added('Permissions-Policy "camera=(), microphone=()"')),
        "another media type": ("media-type", replaced("Content-Type", "text/plain", r"~ \.js$")),
        "a coding that is none": (
            "undecodable",
            changed("proxy_set_header Accept-Encoding ''; add_header Content-Encoding gzip;"),
        ),
        "a cache for all codings": (
            "coding-unasked",
            changed(
                "proxy_cache responses; proxy_cache_key $uri; proxy_cache_valid 200 1m; "
                "proxy_ignore_headers Cache-Control Vary;"
            ),
        ),
        "a prefix left in": ("missing", "location / { PASS/phone/; }"),
        "a dead host": ("host-down", "location / { proxy_pass http://127.0.0.1:1; }"),
        "another status": ("status", "location = /adapter.js { return 418; } " + PASSED_ON),
        "every connection closed": ("no-answer", "return 444;"),
        "a connection closed": ("no-answer", "location = /adapter.js { return 444; } " + PASSED_ON),
        "no relay": ("relay-missing", "location /relay/ { return 404; } " + PASSED_ON),
        "a page for the relay": ("relay-missing", SPA + "location /relay/ { try_files /none /spa.html; } " + PASSED_ON),
        "a page for the relay's letters": (
            "relay-missing",
            changed("if ($request_method = GET) { return 200 '<!doctype html>'; }", "/relay/"),
        ),
        "files in the relay's place": ("relay-missing", "location /relay/ { return 405; } " + PASSED_ON),
        "a relay that is read alone": ("relay-refused", changed("limit_except GET { deny all; }", "/relay/")),
        "a relay behind a password": ("relay-refused", "location /relay/ { return 401; } " + PASSED_ON),
        "a relay behind a login": ("relay-refused", "location /relay/ { return 302 /login; } " + PASSED_ON),
        "a relay that is not told whose page asks": (
            "relay-refused",
            changed("proxy_set_header Sec-Fetch-Site '';", "/relay/"),
        ),
        "a relay without bodies": (
            "relay-stripped",
            changed("proxy_pass_request_body off; proxy_set_header Content-Length '';", "/relay/"),
        ),
        "a relay without types": ("relay-stripped", changed("proxy_set_header Content-Type '';", "/relay/")),
        "a relay for small letters": ("relay-cut", changed("client_max_body_size 1k;", "/relay/")),
        "a relay for few": ("relay-limited", "location /relay/ { return 429; } " + PASSED_ON),
        "a relay that is full": ("relay-full", "location /relay/ { return 503; } " + PASSED_ON),
        "a relay that rewrites": (
            "relay-altered",
            changed("sub_filter_types *; sub_filter_once off; sub_filter a ''; sub_filter A '';", "/relay/"),
        ),
        "a relay that encodes": ("relay-altered", changed("add_header Content-Encoding gzip;", "/relay/")),
        "a relay in a cache": (
            "relay-cached",
            changed("proxy_cache responses; proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control;", "/relay/"),
        ),
        "a relay that browsers may keep": (
            "relay-cached",
            replaced("Cache-Control", "public, max-age=60", "/relay/"),
        ),
        "a relay that lets nobody wait": ("relay-late", changed("proxy_read_timeout 100ms;", "/relay/")),
        "a relay that is asked elsewhere": ("relay-late", ELSEWHERE + PASSED_ON),
        "a relay without a host": ("host-down", "location /relay/ { proxy_pass http://127.0.0.1:1; } " + PASSED_ON),
        "a relay that answers something": ("status", "location /relay/ { return 418; } " + PASSED_ON),
        "a relay that hangs up": ("no-answer", "location /relay/ { return 444; } " + PASSED_ON),
        "an expired certificate": ("certificate-expired", Deployment(certificate="expired")),
        "a certificate soon to expire": ("certificate-expires-soon", Deployment(certificate="soon to expire")),
        "another name's certificate": ("certificate-name", Deployment(certificate="another name's")),
        "a certificate nobody knows": ("certificate-chain", Deployment(certificate="another authority's")),
        "no TLS": ("tls", Deployment(certificate="none")),
        "everything by http too": ("http-open", Deployment(on_http=PASSED_ON)),
        "http led to the start": ("http-elsewhere", Deployment(on_http="return 301 https://$host/;")),
    }.items()
}
HIDDEN = {"the default profile for another"}  # from whoever knows the address alone


def check(here: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """Runs `check` in a folder."""
    done = call(here, "check", *arguments, environment=environment)
    return Result(done.returncode, done.stdout, done.stderr)


def ask(server: Server, *options: str, here: Path, environment: Mapping[str, str] | None = None) -> Result:
    """Runs `check` in a folder, against a host without a proxy."""
    return check(here, f"http://127.0.0.1:{server.port}/", *options, environment=environment)


def plain(text: str) -> str:
    """`text` in one line."""
    return " ".join(text.split())
