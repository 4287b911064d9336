"""The log, in which no code can stand: uvicorn's own, with our logger beside it."""

import copy
import logging
import re
from typing import Any

from uvicorn.config import LOGGING_CONFIG

from embeddable_host.relay.protocol import RELAY_PATH

OUR_PATH = re.compile(r"[A-Za-z0-9._~/-]*")  # the characters that addresses of ours have

# Each request has its line. What a line does not say need not be found out for it: that took a quarter of its time
# (https://docs.python.org/3/howto/logging.html#optimization).
logging._srcfile = None  # where in the code it was written
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class PathAlone(logging.Filter):
    """Cuts an access log line's address off where it stops to look like ours: a query, however it is written, may hold
    a code. What follows the relay's name would be the name of a letter."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, version, status = record.args
            path = OUR_PATH.match(str(address))
            before, relay, _ = path[0].partition(RELAY_PATH) if path else ("", "", "")
            record.args = (client, method, before + relay, version, status)
        return True


def log_config() -> dict[str, Any]:
    """What `logging.config.dictConfig` takes."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    # uvicorn's own colours a copy of each record, which takes a sixth of the time of a request.
    config["formatters"]["access"] = {"format": "%(levelname)s:     %(message)s"}
    config["filters"] = {"path_alone": {"()": PathAlone}}
    config["handlers"]["access"]["filters"] = ["path_alone"]
    config["loggers"]["embeddable_host"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
