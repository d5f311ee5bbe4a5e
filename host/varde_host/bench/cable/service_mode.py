"""Opens a locked hub for one start, by a request that the site's service key has signed.

The lines on the wire are in `varde_protocols.service_request`. A hub that is not locked does not
speak so. So each time Ctrl-C goes before the question: a locked hub takes it for the end of a
line, a free one stops its application for it, and then complains of the question at its prompt.
"""

from __future__ import annotations

import asyncio
import base64
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import serial  # type: ignore[import-untyped]  # pyserial has no types

from varde_host.bench import faults
from varde_host.bench.cable import serial_line
from varde_host.site import keys
from varde_protocols import service_request

READ_S = 0.1
ASK_EVERY_S = 2.0
"""A hub that starts answers after three seconds; one that is asked again makes a new nonce."""
ASK_FOR_S = 25.0
"""A start with a large journal, and the hub's own waiting after a refusal."""
ANSWER_S = 6.0
"""Verifying takes a hub a fifth of a second; its tasks may have their own to do before."""
REOPEN_S = 20.0
"""From "opened" to the prompt's own line: a reset, and boot.py."""
MAX_LINE_BYTES = 512

ASKING, REQUESTED, OPENED, REFUSED, AT_PROMPT = (
    "asking", "requested", "opened", "refused", "at-prompt",
)  # fmt: skip

_ASK = b"\r\x03\x03\r\nvarde?\r\n"
_SERVICE = re.compile(rb"varde: service ([0-9a-f]{16}) ([0-9a-f]{32})")
_REFUSED = re.compile(rb"varde: refused (\d{1,3})")
_WAIT = re.compile(rb"varde: wait (\d{1,4})")
_OPEN_NOW = b"varde: open until the next reset"
_OPENED = b"varde: opened"
_PROMPT = (b">>> ", b"SyntaxError")

Sign = Callable[[bytes, bytes], bytes]
"""Nonce and hub id to a signed request. Raises Fault for a hub that is not the one wanted."""


class Talk:
    """One conversation, without the wire: bytes in, bytes out. `state` says how far it is."""

    def __init__(self, sign: Sign) -> None:
        self.state = ASKING
        self.hub_id = b""
        self.reason = 0
        self.wait_s = 0
        self._sign = sign
        self._line = b""

    def ask(self) -> bytes:
        """Return what begins it, or begins it anew."""
        self.state = ASKING
        return _ASK

    def receive(self, data: bytes) -> bytes:
        """Take what has come; return what to send now."""
        *lines, self._line = (self._line + data).replace(b"\r", b"\n").split(b"\n")
        if self._line.startswith(_PROMPT):
            lines.append(self._line)
        self._line = self._line[-MAX_LINE_BYTES:]
        return b"".join(self._hear(line) for line in lines)

    def _hear(self, line: bytes) -> bytes:
        if self.state in (OPENED, AT_PROMPT):
            return b""
        if match := _SERVICE.search(line):
            hub_id, nonce = (bytes.fromhex(part.decode()) for part in match.groups())
            return self._request(hub_id, nonce)
        if match := _REFUSED.search(line):
            self.state, self.reason = REFUSED, int(match[1])
        elif match := _WAIT.search(line):
            self.wait_s = int(match[1])
        elif _OPENED in line and self.state == REQUESTED:
            self.state = OPENED
        elif self.state == ASKING and (_OPEN_NOW in line or line.startswith(_PROMPT)):
            self.state = AT_PROMPT
        return b""

    def _request(self, hub_id: bytes, nonce: bytes) -> bytes:
        self.hub_id = hub_id
        request = base64.b64encode(self._sign(nonce, hub_id))
        self.state = REQUESTED
        return b"varde! " + request + b"\r\n"


@dataclass(frozen=True)
class Opened:
    """`how` is OPENED, AT_PROMPT for a hub that had a prompt already, or "" if nobody spoke.
    `hub_id` is what the hub said, and it is only its word."""

    how: str
    hub_id: str


def signing(signer: keys.Signer, wanted_hub_id: str) -> Sign:
    """Return who signs for this hub and no other; "" is for any."""

    def sign(nonce: bytes, hub_id: bytes) -> bytes:
        if wanted_hub_id and hub_id.hex() != wanted_hub_id:
            raise faults.Fault("other-hub", found=hub_id.hex(), wanted=wanted_hub_id)
        return service_request.sign(signer, nonce, hub_id)

    return sign


async def open_hub(port: str, sign: Sign, limit_s: float = ASK_FOR_S) -> Opened:
    """Open the hub on this port.

    Raises Fault `port-gone`, `service-refused`, `other-hub`; silence is an answer (`how` "").
    """
    stop = threading.Event()
    talking = asyncio.to_thread(_converse, port, Talk(sign), limit_s, stop)
    try:
        return await talking
    finally:
        stop.set()


def _converse(port: str, talk: Talk, limit_s: float, stop: threading.Event) -> Opened:
    try:
        with serial_line.opened(port, READ_S) as line:
            return _ask_and_answer(line, talk, limit_s, stop)
    except serial_line.Error as error:
        raise serial_line.fault(error, port) from error


def _ask_and_answer(
    line: serial.Serial, talk: Talk, limit_s: float, stop: threading.Event
) -> Opened:
    now_s = time.monotonic()
    end_s, ask_s = now_s + limit_s, now_s
    while now_s < end_s and not stop.is_set():
        if now_s >= ask_s:  # also where no answer to a request came: its nonce is void then
            line.write(talk.ask())
            ask_s = now_s + ASK_EVERY_S
        said = line.read(max(1, line.in_waiting))
        answer = talk.receive(said)
        if answer:
            line.write(answer)
            ask_s = now_s + ANSWER_S
        if talk.wait_s:
            ask_s, talk.wait_s = now_s + talk.wait_s, 0
        if talk.state == REFUSED:
            raise faults.Fault("service-refused", reason=talk.reason)
        if talk.state == AT_PROMPT:
            return Opened(AT_PROMPT, "")
        if talk.state == OPENED:
            _await_prompt(line, said, stop)
            return Opened(OPENED, talk.hub_id.hex())
        now_s = time.monotonic()
    if talk.state == REQUESTED:
        raise faults.Fault("service-silent")
    return Opened("", talk.hub_id.hex())


def _await_prompt(line: serial.Serial, said: bytes, stop: threading.Event) -> None:
    """Wait until the hub says that it is open now; the caller looks for himself anyway."""
    end_s = time.monotonic() + REOPEN_S
    while time.monotonic() < end_s and not stop.is_set() and _OPEN_NOW not in said:
        said = said[-MAX_LINE_BYTES:] + line.read(max(1, line.in_waiting))
