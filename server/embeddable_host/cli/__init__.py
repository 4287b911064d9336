"""The command `embeddable-host`: a file for each of its commands."""
