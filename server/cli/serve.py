"""`embeddable-host serve`: run the host."""

import logging.config
from pathlib import Path

import click

from server.cli.common import explained
from server.cli.configured import config_option, settings_of
from server.serving.app import create_app
from server.serving.serve import announcement, listening, log_config, run


@click.command(epilog="Example: embeddable-host serve --host 0.0.0.0 --port 8000 --workers 2")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this Unix socket instead.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--reload", is_flag=True, help="Serve changed settings and pages without being asked to.")
@config_option
def serve(host: str, port: int, uds: Path | None, workers: int, reload: bool, config: Path | None) -> None:
    """Serve the host. SIGHUP reloads the settings; a new current release is picked up by itself."""
    logging.config.dictConfig(log_config())
    with explained():
        settings = settings_of(config)
        app = create_app(settings, config, reload)
        with listening(host, port, uds) as listener:
            click.echo(announcement(settings, app.site.release, listener), err=True)
            run(app, listener, workers, config, reload)
