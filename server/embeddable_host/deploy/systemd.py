"""The systemd units for a Debian machine: the server, and a daily pull of the latest release."""

import re

from embeddable_host.deploy.template import SAFE_PATH, ConfigurationError, fill, template
from embeddable_host.serving import limits

UNITS = ("embeddable-host.service", "embeddable-host-pull.service", "embeddable-host-pull.timer")
LIMITS = ("DRAIN_SECONDS", "KILL_SECONDS", "MAX_CONNECTIONS", "OPEN_FILES")
HIDDEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # ProtectHome, PrivateTmp


def units(command: str) -> dict[str, str]:
    """The units by file name; they run `command`, a path. Raises ConfigurationError."""
    if not re.fullmatch(SAFE_PATH, command):
        raise ConfigurationError(
            f'--command "{command}" is not an absolute path of letters, digits and . _ / @ + , = -.'
        )
    shared = {name: template(f"systemd/{name.lower()}.template") for name in ("STATE", "HARDENING")}
    values = {"COMMAND": command, **shared, **{name: str(getattr(limits, name)) for name in LIMITS}}
    return {unit: fill(template(f"systemd/{unit}.template"), values) for unit in UNITS}


def is_hidden(command: str) -> bool:
    """Whether the units cannot see `command`: home and temporary directories are hidden from them."""
    return command.startswith(HIDDEN)
