"""`python -m embeddable_host`: the command `embeddable-host`."""

from embeddable_host.cli.main import main

main(prog_name="embeddable-host")
