"""GATT client procedures at ATT PDU level, one after the other, stepped by the PDUs.

Bumble's client awaits futures, so a notification (handled at once) overtakes a response (handled
some turns later), and it caches and filters where NimBLE does not. Here a procedure is a generator
that yields a request and is sent the response inside the PDU callback: results come out in the
order in which the air brought them, a result and its "done" in one turn.

Status codes are NimBLE's: 0, 7 not connected, 13 timeout, 0x100 + ATT error of the peer.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Generator, Iterator

STATUS_NOT_CONNECTED = 7
STATUS_TIMEOUT = 13
STATUS_BAD_DATA = 10  # the peer's response breaks the protocol
STATUS_ATT = 0x100
# Core 5.4, Vol 3, Part F, 3.3.3: a transaction not complete in 30 s ends the bearer.
TRANSACTION_TIMEOUT_S = 30.0
DEFAULT_MTU = 23
MAX_HANDLE = 0xFFFF

ERROR_RESPONSE = 0x01
EXCHANGE_MTU_REQUEST = 0x02
FIND_INFORMATION_REQUEST = 0x04
FIND_BY_TYPE_VALUE_REQUEST = 0x06
READ_BY_TYPE_REQUEST = 0x08
READ_REQUEST = 0x0A
READ_BY_GROUP_TYPE_REQUEST = 0x10
WRITE_REQUEST = 0x12
HANDLE_VALUE_NOTIFICATION = 0x1B
HANDLE_VALUE_INDICATION = 0x1D
HANDLE_VALUE_CONFIRMATION = 0x1E
WRITE_COMMAND = 0x52
ATTRIBUTE_NOT_FOUND = 0x0A

PRIMARY_SERVICE = 0x2800
CHARACTERISTIC = 0x2803
_UUID_BYTES = (2, 16)  # the two forms that ATT has (Core 5.4, Vol 3, Part F, 3.2.1)
_INFORMATION_UUID_BYTES = {1: 2, 2: 16}  # by the format of a Find Information Response (3.4.3.2)

Procedure = Generator[bytes, bytes, None]
Done = Callable[[int], None]


class ProcedureError(Exception):
    """A procedure ended with a status other than 0."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class AttClient:
    """The client of one connection. `on_value(handle, value, is_indication)` gets what the server
    sends unasked; call `confirm` for an indication once it is dealt with."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        on_value: Callable[[int, bytes, bool], None],
        on_dead: Callable[[], None],
    ) -> None:
        self.mtu = DEFAULT_MTU
        self._send = send
        self._on_value = on_value
        self._on_dead = on_dead
        self._waiting: deque[tuple[Procedure, Done]] = deque()
        self._current: tuple[Procedure, Done] | None = None
        self._request_opcode = 0
        self._timeout: asyncio.TimerHandle | None = None

    def run(self, procedure: Procedure, done: Done) -> None:
        """Starts `procedure` when those before it have ended; `done(status)` at its end."""
        self._waiting.append((procedure, done))
        self._start_next()

    def write_command(self, handle: int, value: bytes) -> None:
        """Write without response: leaves at once, past waiting procedures."""
        self._send(struct.pack("<BH", WRITE_COMMAND, handle) + value[: self.mtu - 3])

    def confirm(self) -> None:
        self._send(bytes([HANDLE_VALUE_CONFIRMATION]))

    def on_pdu(self, pdu: bytes) -> None:
        if pdu[0] in {HANDLE_VALUE_NOTIFICATION, HANDLE_VALUE_INDICATION}:
            if len(pdu) >= 3:
                handle = int.from_bytes(pdu[1:3], "little")
                self._on_value(handle, pdu[3:], pdu[0] == HANDLE_VALUE_INDICATION)
        elif self._current is not None and self._is_answer(pdu):
            procedure, _ = self._current
            self._step(lambda: procedure.send(pdu))

    def close(self, status: int = STATUS_NOT_CONNECTED) -> None:
        """The connection is gone: every procedure ends with `status`."""
        ended = [self._current] if self._current else []
        ended += self._waiting
        self._waiting.clear()
        self._current = None
        self._stop_timeout()
        for procedure, done in ended:
            procedure.close()
            done(status)

    def _start_next(self) -> None:
        if self._current is None and self._waiting:
            self._current = self._waiting.popleft()
            procedure, _ = self._current
            self._step(lambda: next(procedure))

    def _step(self, advance: Callable[[], bytes]) -> None:
        self._stop_timeout()
        try:
            request = advance()
        except StopIteration:
            self._finish(0)
        except ProcedureError as error:
            self._finish(error.status)
        except (struct.error, IndexError):
            self._finish(STATUS_BAD_DATA)
        else:
            self._request_opcode = request[0]
            loop = asyncio.get_running_loop()
            self._timeout = loop.call_later(TRANSACTION_TIMEOUT_S, self._expire)
            self._send(request)

    def _finish(self, status: int) -> None:
        assert self._current is not None
        _, done = self._current
        self._current = None
        done(status)
        self._start_next()

    def _is_answer(self, pdu: bytes) -> bool:
        if pdu[0] == ERROR_RESPONSE:
            return len(pdu) == 5 and pdu[1] == self._request_opcode
        return pdu[0] == self._request_opcode + 1

    def _expire(self) -> None:
        self._timeout = None
        self.close(STATUS_TIMEOUT)
        self._on_dead()

    def _stop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None


# Procedures (Core 5.4, Vol 3, Part G, 4)


def discover_services(uuid: bytes | None, found: Callable[[int, int, bytes], None]) -> Procedure:
    """`found(start handle, end handle, uuid)` for each primary service, or those of `uuid`."""
    start = 1
    while start:
        if uuid is None:
            request = struct.pack(
                "<BHHH", READ_BY_GROUP_TYPE_REQUEST, start, MAX_HANDLE, PRIMARY_SERVICE
            )
        else:
            request = struct.pack(
                "<BHHH", FIND_BY_TYPE_VALUE_REQUEST, start, MAX_HANDLE, PRIMARY_SERVICE
            )
            request += uuid
        response = yield request
        if _is_end(response):
            return
        end = 0
        for first, end, service_uuid in _services(response, uuid):
            found(first, end, service_uuid)
        start = _after(end, start)


def _services(response: bytes, uuid: bytes | None) -> Iterator[tuple[int, int, bytes]]:
    size = 4 if uuid is not None else response[1]
    entries = response[1:] if uuid is not None else response[2:]
    for entry in _entries(entries, size):
        start, end = struct.unpack_from("<HH", entry)
        yield start, end, _uuid(entry[4:]) if uuid is None else uuid


def discover_characteristics(
    start: int, end: int, uuid: bytes | None, found: Callable[[int, int, int, bytes], None]
) -> Procedure:
    """`found(end handle, value handle, properties, uuid)`: where a characteristic ends is known
    only when the next one is, so each comes out one step late, as on NimBLE."""
    pending: tuple[int, int, bytes] | None = None
    last = end
    try:
        while start and start <= last:
            response = yield struct.pack(
                "<BHHH", READ_BY_TYPE_REQUEST, start, last, CHARACTERISTIC
            )
            if _is_end(response):
                break
            declaration = 0
            for entry in _entries(response[2:], response[1]):
                declaration, properties, value_handle = struct.unpack_from("<HBH", entry)
                if pending is not None:
                    found(declaration - 1, *pending)
                found_uuid = _uuid(entry[5:])
                wanted = uuid is None or found_uuid == uuid
                pending = (value_handle, properties, found_uuid) if wanted else None
            start = _after(declaration, start)
    finally:
        if pending is not None:
            found(last, *pending)


def discover_descriptors(start: int, end: int, found: Callable[[int, bytes], None]) -> Procedure:
    """`found(handle, uuid)` for every attribute after `start` (a value handle) up to `end`."""
    start += 1
    while start and start <= end:
        response = yield struct.pack("<BHH", FIND_INFORMATION_REQUEST, start, end)
        if _is_end(response):
            return
        handle = 0
        uuid_bytes = _INFORMATION_UUID_BYTES.get(response[1])
        if uuid_bytes is None:
            raise ProcedureError(STATUS_BAD_DATA)
        for entry in _entries(response[2:], 2 + uuid_bytes):
            handle = int.from_bytes(entry[:2], "little")
            found(handle, entry[2:])
        start = _after(handle, start)


def read(handle: int, found: Callable[[bytes], None]) -> Procedure:
    """One ATT read: a value longer than MTU - 1 comes cut, as on NimBLE."""
    response = yield struct.pack("<BH", READ_REQUEST, handle)
    _refuse_error(response)
    found(response[1:])


def write(handle: int, value: bytes, mtu: int) -> Procedure:
    """Write with response; what does not fit the MTU is cut, as on NimBLE."""
    response = yield struct.pack("<BH", WRITE_REQUEST, handle) + value[: mtu - 3]
    _refuse_error(response)


def exchange_mtu(wish: int, agreed: Callable[[int], None]) -> Procedure:
    response = yield struct.pack("<BH", EXCHANGE_MTU_REQUEST, wish)
    _refuse_error(response)
    (peer,) = struct.unpack_from("<H", response, 1)
    agreed(max(DEFAULT_MTU, min(wish, peer)))


def _entries(data: bytes, size: int) -> Iterator[bytes]:
    if size < 4 or len(data) < size:
        raise ProcedureError(STATUS_BAD_DATA)
    for at in range(0, len(data) - size + 1, size):
        yield data[at : at + size]


def _uuid(raw: bytes) -> bytes:
    if len(raw) not in _UUID_BYTES:
        raise ProcedureError(STATUS_BAD_DATA)
    return raw


def _after(handle: int, start: int) -> int:
    """Where discovery goes on; 0 at the end. A peer that does not advance would loop for ever."""
    if handle < start:
        raise ProcedureError(STATUS_BAD_DATA)
    return (handle + 1) & MAX_HANDLE


def _is_end(response: bytes) -> bool:
    """Discovery ends by "attribute not found"."""
    if response[0] == ERROR_RESPONSE and response[4] == ATTRIBUTE_NOT_FOUND:
        return True
    _refuse_error(response)
    return False


def _refuse_error(response: bytes) -> None:
    if response[0] == ERROR_RESPONSE:
        raise ProcedureError(STATUS_ATT + response[4])
