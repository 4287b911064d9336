"""The log, which never has an authorization code: uvicorn's own, with our logger beside it."""

import copy
import logging
import re
from typing import Any

from uvicorn.config import LOGGING_CONFIG

from embeddable_host.relay.protocol import RELAY_PATH

OUR_PATH = re.compile(r"[A-Za-z0-9._~/-]*")  # the characters in addresses of ours


class PathOnly(logging.Filter):
    """Cuts off the address in an access log line where it no longer looks like ours: a query may have a code, however
    it is written. What follows the relay's path is the name of a message."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, version, status = record.args
            path = OUR_PATH.match(str(address))
            before, relay, _ = path[0].partition(RELAY_PATH) if path else ("", "", "")
            record.args = (client, method, before + relay, version, status)
        return True


def log_config() -> dict[str, Any]:
    """The configuration for `logging.config.dictConfig`."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    # uvicorn's own formatter colours a copy of each record, which takes a sixth of the time of a request.
    config["formatters"]["access"] = {"format": "%(levelname)s:     %(message)s"}
    config["filters"] = {"path_only": {"()": PathOnly}}
    config["handlers"]["access"]["filters"] = ["path_only"]
    config["loggers"]["embeddable_host"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config


def log_fast() -> None:
    """Has this process not find out what no line shows, such as its place in the code: each request has a line, and
    this took a quarter of its time (https://docs.python.org/3/howto/logging.html#optimization)."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
