"""The nginx configuration in front of the host, made from the templates in `nginx/` for one server name.

The values come from a command line and go into a language with semicolons and braces: each must match a pattern that
allows neither.
"""

import re
from dataclasses import dataclass

from embeddable_host.config.limits import RELAY_LIMIT
from embeddable_host.deploy.template import SAFE_PATH, ConfigurationError, fill, template
from embeddable_host.relay.protocol import (
    CLIENT_SHARE,
    ID_PATTERN,
    MAX_MESSAGE_BYTES,
    MESSAGE_LIFETIME_SECONDS,
    PROFILE_PATTERN,
    RELAY_FOLDER,
    WAIT_SECONDS,
)
from embeddable_host.serving.logged_path import LOGGED_PATH, SEGMENT, SEGMENT_CHARACTER

LETS_ENCRYPT = "/etc/letsencrypt/live"  # where certbot keeps certificates, by server name

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123 §2.1
_NAME = rf"(?:{_LABEL}\.)*{_LABEL}"
_ADDRESS_6 = r"\[[0-9A-Fa-f:.]+\]"
_PORT = "[0-9]{1,5}"
_UPSTREAM = rf"unix:{SAFE_PATH}|(?:{_NAME}|{_ADDRESS_6}):{_PORT}"
_LISTEN = (rf"(?:(?:[0-9.]+|\*|{_ADDRESS_6}):)?{_PORT}", "a port or an address with one, such as 443 or [::]:443")
_PATH = (SAFE_PATH, "an absolute path of letters, digits and . _ / @ + , = -")

# nginx gives a request to the first server that listens there, if no server has its name. Another file may have a
# default_server already, so this is decided here.
OTHER_NAMES = """# Another site's name: this site is only what nginx has chosen for want of a better one.
if ($host != "{}") {{
    return 421;
}}
"""

# What each value must look like.
RULES = {
    "name": ("[a-z][a-z0-9_]{0,19}", "a word of at most 20 letters, digits and _"),
    "server_name": (_NAME, "a host name in lower case, such as phone.example.com"),
    "upstream": (_UPSTREAM, "an address with a port or a socket, such as 127.0.0.1:8000 or unix:/run/host.sock"),
    "prefix": ("/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*", "a path that begins and ends with a slash, such as /phone/"),
    "tls_cert": _PATH,
    "tls_key": _PATH,
    "listen": _LISTEN,
    "listen_http": _LISTEN,
    "log_dir": _PATH,
    "cache_dir": _PATH,
}


@dataclass(frozen=True)
class NginxOptions:
    """What differs between one nginx and another. Raises ConfigurationError.

    `name`: the start of every name in the configuration; unique in one nginx. `upstream`: where the host listens, in
    nginx's syntax; several are replicas. `prefix`: the path below which an existing server block serves the host; None
    for a server block of its own. `listen`: where nginx listens for HTTPS; `listen_http`: for HTTP, which it redirects.
    """

    server_name: str
    name: str = "embeddable"
    upstream: tuple[str, ...] = ("127.0.0.1:8000",)
    prefix: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    listen: tuple[str, ...] = ("443", "[::]:443")
    listen_http: tuple[str, ...] = ("80", "[::]:80")
    log_dir: str = "/var/log/nginx"
    cache_dir: str = "/var/cache"

    def __post_init__(self) -> None:
        errors = [
            f'--{name.replace("_", "-")} "{value}" is not {what}.'
            for name, (pattern, what) in RULES.items()
            for value in _values(getattr(self, name))
            if not re.fullmatch(pattern, value)
        ]
        if self.prefix and (self.tls_cert or self.tls_key):
            errors.append(
                "--tls-cert and --tls-key belong to the server block that --prefix goes into: leave them out."
            )
        if errors:
            raise ConfigurationError("\n".join(errors))


def site(options: NginxOptions) -> str:
    """A complete site for `sites-available`: TLS, the redirect to it, and the host."""
    return f"{http(options)}\n{_filled('server', options, LOCATION=location(options))}"


def location(options: NginxOptions) -> str:
    """Only the location, for an existing server block."""
    return _filled("location", options)


def http(options: NginxOptions) -> str:
    """What the location needs in the `http` block around it."""
    return _filled("http", options)


def _filled(part: str, options: NginxOptions, **more: str) -> str:
    certificates = f"{LETS_ENCRYPT}/{options.server_name}"
    port = options.listen[0].rpartition(":")[2]
    values = {
        "NAME": options.name,
        "SERVER_NAME": options.server_name,
        "AUTHORITY": options.server_name if port == "443" else f"{options.server_name}:{port}",
        "UPSTREAM": _lines("server {};", options.upstream),
        "PREFIX": options.prefix or "/",
        "PREFIX_PATTERN": re.escape(options.prefix or "/"),
        "TLS_CERT": options.tls_cert or f"{certificates}/fullchain.pem",
        "TLS_KEY": options.tls_key or f"{certificates}/privkey.pem",
        "LISTEN": _lines("listen {} ssl http2;", options.listen),
        "LISTEN_HTTP": _lines("listen {};", options.listen_http),
        "LOG_DIR": options.log_dir,
        "CACHE_DIR": options.cache_dir,
        "OTHER_NAMES": OTHER_NAMES.format(options.server_name),
        "SEGMENT": SEGMENT,
        "SEGMENT_CHARACTER": SEGMENT_CHARACTER,
        "LOGGED_PATH": LOGGED_PATH,
        # Whether an existing server block requires TLS is not ours to decide.
        "HSTS": '""' if options.prefix else f"${options.name}_hsts",
    }
    return fill(template(f"nginx/{part}.conf.template"), {**values, **_relay_values(), **more})


def _relay_values() -> dict[str, str]:
    """The relay's protocol and limits. In the lifetime of a message, a client can store its share of all messages."""
    share = RELAY_LIMIT // CLIENT_SHARE
    burst = share * 3 // 5
    return {
        "RELAY_PATH": f"(?:{PROFILE_PATTERN}/)?{RELAY_FOLDER}/{ID_PATTERN}",
        "RELAY_BODY": f"{MAX_MESSAGE_BYTES // 1024}k",
        "RELAY_TIMEOUT": f"{WAIT_SECONDS + 15}s",
        "RELAY_BURST": str(burst),
        "RELAY_RATE": f"{(share - burst) * 60 // MESSAGE_LIFETIME_SECONDS}r/m",
        "RELAY_WAITS": str(share),
    }


def _lines(pattern: str, values: tuple[str, ...]) -> str:
    return "\n".join(pattern.format(value) for value in values)


def _values(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """The values of an option that may be given once, several times or not at all."""
    return value if isinstance(value, tuple) else () if value is None else (value,)
