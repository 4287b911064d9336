"""The command `embeddable-host`. Results go to stdout, progress and diagnostics to stderr.

A command's module is imported only when the command is run or listed, so no command waits for another's imports.
"""

from importlib import import_module

import click

from embeddable_host import __version__

COMMANDS = ("init", "serve", "pull", "releases", "check", "export", "nginx", "systemd")


class Commands(click.Group):
    """The commands, each in the module with its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"embeddable_host.cli.{cmd_name}"), cmd_name)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: embeddable-host pull && embeddable-host serve",
)
@click.version_option(__version__, prog_name="embeddable-host")
def main() -> None:
    """Host RingCentral Embeddable yourself: the redirect page, the adapter with your settings, and the widget."""


if __name__ == "__main__":
    main()
