"""`embeddable-host nginx`: a configuration for the proxy in front."""

from pathlib import Path
from typing import Any

import click

from embeddable_host.cli.common import explained, write_output
from embeddable_host.deploy.nginx import NginxOptions
from embeddable_host.deploy.nginx import http as nginx_http
from embeddable_host.deploy.nginx import location as nginx_location
from embeddable_host.deploy.nginx import site as nginx_site


@click.command(epilog="Example: embeddable-host nginx --server-name phone.example.com > /etc/nginx/conf.d/phone.conf")
@click.option("--server-name", required=True, help="The host's public name.")
@click.option(
    "--upstream",
    multiple=True,
    default=NginxOptions.upstream,
    show_default=True,
    help="Where the host listens, or unix:/path of its socket. Give it again for each replica.",
)
@click.option("--prefix", metavar="/PATH/", help="Print a location for a server block that is there already.")
@click.option("--http", is_flag=True, help="With --prefix: print what the location needs in the http block.")
@click.option("--tls-cert", help="The certificate with its chain; Let's Encrypt's place unless given.")
@click.option("--tls-key", help="Its key; likewise.")
@click.option(
    "--listen", multiple=True, default=NginxOptions.listen, show_default=True, help="Where to listen for TLS."
)
@click.option(
    "--listen-http", multiple=True, default=NginxOptions.listen_http, show_default=True, help="What to redirect there."
)
@click.option("--name", default=NginxOptions.name, show_default=True, help="Another name for each host in one nginx.")
@click.option("--log-dir", default=NginxOptions.log_dir, show_default=True, help="Folder of the logs.")
@click.option(
    "--cache-dir", default=NginxOptions.cache_dir, show_default=True, help="Folder that the cache is made in."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file, which must not be there yet.")
def nginx(output: Path | None, http: bool, **values: Any) -> None:
    """Print a configuration for nginx in front of the host, ready for sites-available."""
    if http and not values["prefix"]:
        raise click.UsageError("--http goes with --prefix: a whole site has that part in it.")
    with explained():
        options = NginxOptions(**values)
        text = nginx_http(options) if http else nginx_location(options) if options.prefix else nginx_site(options)
        write_output(text, output)
