"""What a locked hub answers at its console: nothing, but to two lines (`service_request`).

What comes over the cable is anybody's. Bytes below a space end a line, so what a terminal or a
tool sends before (Ctrl-A, Ctrl-C, carriage returns) is in nobody's way; lines that are too long
are dropped whole, others that are not for us say nothing. A refusal makes the nonce void and the
hub silent for a while, longer each time: verifying costs the hub a fifth of a second.
"""

import binascii

from varde_protocols import records, service_request
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Callable, List, Optional, Tuple

    Event = Tuple[int, int]  # code and detail

MAX_LINE_BYTES = const(256)  # a request has 163
QUIET_FIRST_MS = const(1_000)
QUIET_MOST_MS = const(60_000)
_SPACE = const(0x20)
ASK = b"varde?"
REQUEST = b"varde! "


class Service:
    """One start's answers. `check(data, nonce)` judges a request, see `service_request.check`;
    `start_test(nonce, command)` begins a test, and is False if it cannot; None: nothing can.

    event: what the last answer wants to be journaled, None for nothing; is_open: it was granted
    """

    def __init__(
        self, hub_id: bytes, random_bytes: "Callable[[int], bytes]",
        check: "Callable[[bytes, bytes], Event]",
        start_test: "Optional[Callable[[bytes, int], bool]]" = None,
    ) -> None:  # fmt: skip
        self._hub_id = hub_id
        self._random_bytes = random_bytes
        self._check = check
        self._start_test = start_test
        self._line = bytearray()
        self._nonce = b""  # the one that is outstanding
        self._quiet_ms: int = QUIET_FIRST_MS
        self._quiet_until_ms = 0
        self.event: "Optional[Event]" = None
        self.is_open = False

    def receive(self, data: bytes) -> "List[bytes]":
        """Take what has come; return the lines that are whole."""
        lines = []
        for byte in data:
            if byte >= _SPACE:
                if len(self._line) <= MAX_LINE_BYTES:
                    self._line.append(byte)
            elif self._line:
                if len(self._line) <= MAX_LINE_BYTES:
                    lines.append(bytes(self._line))
                self._line = bytearray()
        return lines

    def answer(self, line: bytes, now_ms: int) -> str:
        """Return what to say to a line, "" for nothing."""
        self.event = None
        if line != ASK and not line.startswith(REQUEST):
            return ""
        left_ms = self._quiet_until_ms - now_ms
        if left_ms > 0:
            return "wait %d" % ((left_ms + 999) // 1000)
        if line == ASK:
            self._nonce = self._random_bytes(service_request.NONCE_BYTES)
            return "service %s %s" % (self._hub_id.hex(), self._nonce.hex())
        nonce, self._nonce = self._nonce, b""
        code, detail = self._judge(line[len(REQUEST) :], nonce)
        if code == records.EVENT_TEST:  # which whoever makes it journals
            if self._start_test is not None and self._start_test(nonce, detail):
                return "testing"
            code, detail = records.EVENT_SERVICE_REFUSED, records.SERVICE_NOT_NOW
        self.event = code, detail
        if code == records.EVENT_SERVICE_OPENED:
            self.is_open = True
            return "opened"
        self._quiet_until_ms = now_ms + self._quiet_ms
        self._quiet_ms = min(2 * self._quiet_ms, QUIET_MOST_MS)
        return "refused %d" % detail

    def _judge(self, text: bytes, nonce: bytes) -> "Event":
        try:
            data = binascii.a2b_base64(text)
        except ValueError:
            return records.EVENT_SERVICE_REFUSED, records.SERVICE_MALFORMED
        return self._check(data, nonce)
