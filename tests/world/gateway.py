"""The proxy for browsers that have no rules for names: it knows the names of the test world, and no others.

`CONNECT name:443` (RFC 9110 §9.3.6) leads to the port that serves the name. For everything else the connection is
closed, because WebKit takes a proxy's response for the site's. So no traffic of such a browser leaves the machine.
"""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

from world.internet import NAMES, Internet


class Tunnel(socketserver.StreamRequestHandler):
    """One connection of a browser."""

    server: "Gateway"
    rbufsize = 0  # what follows the request is for the other end

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            self.lead()

    def lead(self) -> None:
        request = self.rfile.readline().decode("latin-1")
        while self.rfile.readline().strip():
            pass
        method, _, target = request.rpartition(" ")[0].partition(" ")
        self.server.targets.append(target)
        port = self.server.ports.get(target) if method == "CONNECT" else None
        if port is None:
            self.server.refused.append(target)
            return
        with socket.create_connection(("127.0.0.1", port)) as beyond:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pass_on, args=(beyond, self.request), daemon=True)
            back.start()
            pass_on(self.request, beyond)
            back.join()


class Gateway(socketserver.ThreadingTCPServer):
    """`targets`: the targets so far. `refused`: those of them that it does not know."""

    daemon_threads = True
    block_on_close = False  # a browser keeps connections open

    def __init__(self, internet: Internet) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.port: int = self.server_address[1]
        self.ports = {f"{name}:443": internet.port_of(name) for name in NAMES}
        self.targets: list[str] = []
        self.refused: list[str] = []


def pass_on(source: socket.socket, target: socket.socket) -> None:
    """Sends on what arrives until there is no more of it."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def open_gateway(internet: Internet) -> Iterator[Gateway]:
    with Gateway(internet) as gateway:
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        try:
            yield gateway
        finally:
            gateway.shutdown()
