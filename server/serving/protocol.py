"""HTTP as uvicorn speaks it, with a bound to the head of a request: uvicorn's own parser holds whatever comes."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024  # bytes of request line and headers; the shipped nginx lets half of that through


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a request whose head is larger than `MAX_HEAD`, by no more than what one read brings (RFC 6585 §5)."""

    _head = 0  # bytes of a head that has not ended
    _is_in_head = True

    def data_received(self, data: bytes) -> None:
        if self._head > MAX_HEAD:
            if not self.transport.is_closing():
                self.send_400_response("Request header fields too large.")
            return
        if self._is_in_head:
            self._head += len(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._head, self._is_in_head = 0, False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_head = True
        super().on_message_complete()
