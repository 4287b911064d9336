"""What one process of the server bears, and how long it waits: all numbers in one place."""

import resource

# Connections
MAX_HEAD_BYTES = 64 * 1024  # of request line, headers and trailers; the shipped nginx allows half of that
HEAD_SECONDS = 10  # for a complete request head, from the connection or from the previous response; as in nginx
KEEP_ALIVE_SECONDS = 5  # for the first byte of another request; nginx closes its connections a second earlier
SEND_SECONDS = 30  # without any progress in a response, because the client does not read; as in nginx
CLOSE_SECONDS = 2  # for what is left to send when a connection is closed
RETRY_AFTER_SECONDS = 2  # for a client that is rejected because there are too many connections
MAX_CONNECTIONS = 4096  # of a process, if it may open so many files
SPARE_CONNECTIONS = 32  # beyond that, for as long as they are told so
BACKLOG = 2048  # connections that the system accepts before the process does

# Open files: one for each connection and one for what it sends, and those of the process itself
RESERVED_FILES = 64 + SPARE_CONNECTIONS
OPEN_FILES = 2 * MAX_CONNECTIONS + RESERVED_FILES

# Stopping
DRAIN_SECONDS = 30  # how long a stop waits for open responses
STOP_SECONDS = DRAIN_SECONDS + 3  # after which a process ends, whatever still hangs in it
KILL_SECONDS = STOP_SECONDS + 2  # after which a worker is killed

# The log, which waits in memory for whoever reads it
MAX_LOG_LINES = 2000
MAX_LOG_LINE = 8 * 1024  # characters
LOG_FLUSH_SECONDS = 1  # how long the end of the process waits for the log to be read


def allow_open_files() -> None:
    """Raises this process's limit of open files to what it needs, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard), hard))


def max_connections() -> int:
    """How many connections fit into the limit of open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MAX_CONNECTIONS, (soft - RESERVED_FILES) // 2))
