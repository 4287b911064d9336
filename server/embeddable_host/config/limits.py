"""Limits that settings have by default, for commands that start without reading settings."""

RELAY_LIMIT = 1000  # messages in the relay, and waiting apps in each worker
