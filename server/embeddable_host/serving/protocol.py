"""uvicorn's HTTP protocol with a limit on a request's head: uvicorn's own parser accepts any size."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024  # bytes of request line, headers and trailers; the shipped nginx allows half of that


class BoundedProtocol(HttpToolsProtocol):
    """Rejects a request whose head is larger than `MAX_HEAD`, give or take one read (RFC 6585 §5).

    Trailers (RFC 9110 §6.5) and chunk sizes count as well; the body itself is left to the application.
    """

    _counted: object = None  # the request that the bytes belong to
    _head = 0  # its bytes without the body, after the read in which it began

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self.scope is not self._counted:  # uvicorn makes one for each request
            self._counted, self._head = self.scope, 0
        elif self._head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("Request header fields too large.")

    def on_body(self, body: bytes) -> None:
        self._head -= len(body)
        super().on_body(body)
