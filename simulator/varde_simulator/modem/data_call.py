"""A data call: the modem's end of PPP, which is a mock of LCP and IPCP, and nothing but that.

Frames are text between two `~`: `mock conf-req [AUTH USER KEY]` and `mock term-req` from the hub,
`mock conf-ack ADDRESS`, `mock term-req`, `mock term-ack` to it; USER and KEY in hexadecimal. Until
it hears one the modem repeats a real Configure-Request, as it would. The bytes of sockets do not
come by here: they go over `VirtualModem.network`, at this line's pace.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from varde_simulator.modem.virtual_modem import VirtualModem

# What a modem was heard to say after CONNECT: LCP Configure-Request (micropython issue 7021).
CONFIGURE_REQUEST = b'~\xff}#\xc0!}!}!} }2}"}&} }*} } }#}$\xc0#}\'}"}(}"U\x83~'
REPEAT_S, REPEATS = 3.0, 10
NEGOTIATION_S = (0.4, 1.2)
REFUSAL_S = 1.5
END_S = 0.2
GUARD_S = 1.0  # of silence round the escape +++
ESCAPE = b"+++"
_FLAG = b"~"
_MAX_FRAME_BYTES = 1024


class DataCall:
    """From CONNECT to NO CARRIER."""

    def __init__(self, modem: "VirtualModem") -> None:
        self._modem = modem
        self._pending = b""
        self._heard_us = 0
        self._sent = 0
        self._is_asked = False
        self._is_over = False
        self.is_up = False

    def begin(self) -> None:
        """The modem has said CONNECT."""
        self._heard_us = self._modem.clock.now_us()
        self._ask()

    def receive(self, data: bytes) -> None:
        """Bytes of the hub in data mode."""
        now_us = self._modem.clock.now_us()
        silence_s = (now_us - self._heard_us) / 1e6
        self._heard_us = now_us
        if data == ESCAPE and silence_s >= GUARD_S:
            self._after(GUARD_S, lambda: self._escape(now_us))
            return
        self._pending += data
        while (start := self._pending.find(_FLAG)) >= 0:
            end = self._pending.find(_FLAG, start + 1)
            if end < 0:
                break
            frame = self._pending[start + 1 : end]
            self._pending = self._pending[end + (1 if frame.startswith(b"mock ") else 0) :]
            self._take(frame)
        self._pending = self._pending[-_MAX_FRAME_BYTES:]

    def drop(self) -> None:
        """The network ends it: the hub is told over PPP, and then the line falls."""
        if not self._is_over:
            self._send("term-req")
            self._after(END_S, self.end)

    def end(self, result: str | None = "NO CARRIER") -> None:
        """It is over, whoever wanted that."""
        if not self._is_over:
            self._is_over = True
            self.is_up = False
            self._modem.call_ended(result)

    # The mock

    def _ask(self) -> None:
        if self._is_asked or self._is_over:
            return
        if self._sent == REPEATS:
            self.end()
            return
        self._sent += 1
        if self._modem.is_in_data_mode:
            self._modem.send(CONFIGURE_REQUEST)
        self._after(REPEAT_S, self._ask)

    def _take(self, frame: bytes) -> None:
        words = frame.decode("latin-1").split(" ")
        if words[:2] == ["mock", "conf-req"] and not self._is_asked:
            self._is_asked = True
            if self._modem.accepts(words[2:]):
                self._after(self._modem.dice.uniform(*NEGOTIATION_S), self._accept)
            else:
                self._after(REFUSAL_S, self.drop)
        elif words[:2] == ["mock", "term-req"]:
            self._send("term-ack")
            self.is_up = False
            self._after(END_S, self.end)
        elif words[:2] == ["mock", "term-ack"]:
            self.is_up = False

    def _accept(self) -> None:
        if not self._is_over:
            self._send(f"conf-ack {self._modem.address}")
            self.is_up = True
            self._modem.call_is_up()

    def _send(self, text: str) -> None:
        self._modem.send(_FLAG + b"mock " + text.encode() + _FLAG)

    def _escape(self, heard_us: int) -> None:
        if heard_us == self._heard_us and not self._is_over:
            self._modem.to_command_mode()

    def _after(self, delay_s: float, act: Callable[[], None]) -> None:
        self._modem.later(delay_s, act)
