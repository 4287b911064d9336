"""HTTP as uvicorn speaks it, with a bound to a request beside its body: uvicorn's own parser holds whatever comes."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024  # bytes of request line, headers and trailers; the shipped nginx lets half of that through


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a request whose head is larger than `MAX_HEAD`, by no more than what one read brings (RFC 6585 §5).

    Trailers count as well (RFC 9110 §6.5), and how a body is put into chunks; the body itself is the application's.
    """

    _counted: object = None  # the request that the bytes are of
    _head = 0  # bytes of it after the read that it began in, but for its body

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
