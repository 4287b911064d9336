"""`embeddable-host nginx`: a configuration for nginx in front of the host."""

from pathlib import Path
from typing import Any

import click

from embeddable_host.cli.common import errors_reported, write_output
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
    help="The address the host listens on, or unix:/path of its socket. Can be repeated, for replicas.",
)
@click.option("--prefix", metavar="/PATH/", help="Print only a location, for an existing server block.")
@click.option("--http", is_flag=True, help="With --prefix: print the part for the http block.")
@click.option("--tls-cert", help="The certificate with its chain (default: Let's Encrypt's path).")
@click.option("--tls-key", help="The certificate's key (default: Let's Encrypt's path).")
@click.option(
    "--listen", multiple=True, default=NginxOptions.listen, show_default=True, help="Addresses to listen on for HTTPS."
)
@click.option(
    "--listen-http",
    multiple=True,
    default=NginxOptions.listen_http,
    show_default=True,
    help="HTTP addresses that redirect to HTTPS.",
)
@click.option(
    "--name", default=NginxOptions.name, show_default=True, help="A name that is unique for each host in one nginx."
)
@click.option("--log-dir", default=NginxOptions.log_dir, show_default=True, help="Folder for the logs.")
@click.option("--cache-dir", default=NginxOptions.cache_dir, show_default=True, help="Folder for the cache.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write to this file; an existing one is not overwritten."
)
def nginx(output: Path | None, http: bool, **values: Any) -> None:
    """Print a configuration for nginx in front of the host, for sites-available."""
    if http and not values["prefix"]:
        raise click.UsageError("--http needs --prefix: without it, that part is included.")
    with errors_reported():
        options = NginxOptions(**values)
        text = nginx_http(options) if http else nginx_location(options) if options.prefix else nginx_site(options)
        write_output(text, output)
