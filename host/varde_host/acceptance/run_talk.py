"""Asks a locked hub for test readings, and hears until all of them are journaled.

The request is the one that opens a hub, with another command (`varde_protocols.service_request`):
signed by the site's service key, for this hub and this moment; the hub stays locked. On the wire:

    bench  varde?            hub  varde: service HUB-ID NONCE
    bench  varde! BASE64     hub  varde: testing             the run is the nonce
                             hub  varde: test FIRST LAST     all are journaled

With COMMAND_TEST_CUT the hub takes its link down while it makes the second half, and for ten
seconds more. A port with reset lines is pulsed at once: a power cut while readings wait.
"""

from __future__ import annotations

import asyncio
import base64
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import serial  # type: ignore[import-untyped]  # pyserial has no types

from varde_host.bench import faults
from varde_host.bench.cable import serial_line, service_mode
from varde_host.site import keys
from varde_protocols import service_request

READ_S = 0.05
ASK_EVERY_S = 2.0
ANSWER_S = 6.0
"""Verifying takes a hub a fifth of a second; its tasks may have their own to do before."""
ASK_FOR_S = 40.0
"""From a reset to the answer: a start, a large journal's mounting, the hub's own waiting."""
TEST_FOR_S = 120.0
"""Twenty readings, one each two seconds, on a busy hub."""
MAX_LINE_BYTES = 512

ASKING, REQUESTED, TESTING, TOLD, FAILED, REFUSED, AT_PROMPT = (
    "asking", "requested", "testing", "told", "failed", "refused", "at-prompt",
)  # fmt: skip

RESET_LINE, PULLED = "reset-line", "pulled"
"""How power was cut."""

_ASK = b"\r\nvarde?\r\n"
_SERVICE = re.compile(rb"varde: service ([0-9a-f]{16}) ([0-9a-f]{32})")
_REFUSED = re.compile(rb"varde: refused (\d{1,3})")
_WAIT = re.compile(rb"varde: wait (\d{1,4})")
_TOLD = re.compile(rb"varde: test (\d{1,19}) (\d{1,19})\s*$")
_TESTING = b"varde: testing"
_NO_TEST = b"varde: no test"
_PROMPT = (b">>> ", b"SyntaxError")


@dataclass(frozen=True)
class Run:
    """One run of test readings. Moments are Unix ms by the bench's clock; 0 until then.

    `first` and `last` are numbers of records, as the hub has told them; `cut` says how power was
    cut ("" so far: nobody has).
    """

    run: bytes = b""
    testing_ms: int = 0
    told_ms: int = 0
    first: int = 0
    last: int = 0
    cut: str = ""
    cut_ms: int = 0


class Talk:
    """One conversation, without the wire: bytes in, bytes out. `state` says how far it is."""

    def __init__(self, sign: service_mode.Sign, utc_ms: Callable[[], int]) -> None:
        self.state = ASKING
        self.reason = 0
        self.wait_s = 0
        self.said = "no answer"
        self.run = Run()
        self._sign = sign
        self.utc_ms = utc_ms
        self._line = b""

    def ask(self) -> bytes:
        """Return what begins it, or begins it anew."""
        self.state = ASKING
        return _ASK

    def receive(self, data: bytes) -> bytes:
        """Take what has come; return what to send now. Raises Fault `other-hub`."""
        *lines, self._line = (self._line + data).replace(b"\r", b"\n").split(b"\n")
        if self._line.startswith(_PROMPT):
            lines.append(self._line)
        self._line = self._line[-MAX_LINE_BYTES:]
        return b"".join(self._hear(line) for line in lines)

    def _hear(self, line: bytes) -> bytes:
        if self.state == ASKING:
            return self._hear_answer(line)
        if self.state == REQUESTED:
            if line.startswith(_TESTING):
                self.state = TESTING
                self.run = replace(self.run, testing_ms=self.utc_ms())
            elif match := _REFUSED.search(line):
                self.state, self.reason = REFUSED, int(match[1])
        elif self.state == TESTING and line.startswith(_NO_TEST):
            self.state, self.said = FAILED, line.decode("ascii", "replace")
        elif self.state == TESTING and (match := _TOLD.search(line)):
            first, last = int(match[1]), int(match[2])
            self.state = TOLD
            self.run = replace(self.run, first=first, last=last, told_ms=self.utc_ms())
        return b""

    def _hear_answer(self, line: bytes) -> bytes:
        if match := _SERVICE.search(line):
            hub_id, nonce = (bytes.fromhex(part.decode()) for part in match.groups())
            self.state, self.run = REQUESTED, Run(nonce)
            return b"varde! " + base64.b64encode(self._sign(nonce, hub_id)) + b"\r\n"
        if match := _WAIT.search(line):
            self.wait_s = int(match[1])
        elif line.startswith(_PROMPT):
            self.state = AT_PROMPT
        return b""


def signing(signer: keys.Signer, wanted_hub_id: str, command: int) -> service_mode.Sign:
    """Return who signs this command for this hub and no other."""

    def sign(nonce: bytes, hub_id: bytes) -> bytes:
        if hub_id.hex() != wanted_hub_id:
            raise faults.Fault("other-hub", found=hub_id.hex(), wanted=wanted_hub_id)
        return service_request.sign(signer, nonce, hub_id, command)

    return sign


@dataclass(frozen=True)
class Hand:
    """Who pulls the cable where no line does it: `ask` is called when it is time (in a thread of
    its own), and `limit_s` is how long is waited."""

    ask: Callable[[], None]
    limit_s: float


async def run(
    port: str, sign: service_mode.Sign, utc_ms: Callable[[], int], hand: Hand | None
) -> Run:
    """Let the hub on this port make test readings, and cut its power behind the last one.

    By the reset line, or by a hand. Raises Fault `lag-05` if it refuses or does not tell,
    `pull-power` if nobody pulls, `service-silent`, `lock-open` for a hub that is not locked,
    `other-hub`, `port-gone`.
    """
    stop = threading.Event()
    talking = asyncio.to_thread(_converse, port, Talk(sign, utc_ms), hand, stop)
    try:
        return await talking
    finally:
        stop.set()


def _converse(port: str, talk: Talk, hand: Hand | None, stop: threading.Event) -> Run:
    try:
        with serial_line.opened(port, READ_S) as line:
            _until_testing(line, talk, stop)
            _until_told(line, talk, stop)
            if hand is None:
                made = replace(talk.run, cut=RESET_LINE, cut_ms=talk.utc_ms())
                serial_line.pulse_reset(line)
                return made
            hand.ask()
            _until_gone(line, hand.limit_s, stop)
            return replace(talk.run, cut=PULLED, cut_ms=talk.utc_ms())
    except serial_line.Error as error:
        raise serial_line.fault(error, port) from error


def _until_gone(line: serial.Serial, limit_s: float, stop: threading.Event) -> None:
    """Return when the port does not answer any more; held open, it cannot come back unseen."""
    end_s = time.monotonic() + limit_s
    try:
        while time.monotonic() < end_s and not stop.is_set():
            line.read(max(1, line.in_waiting))
    except serial_line.Error:
        return
    raise faults.Fault("pull-power")


def _until_testing(line: serial.Serial, talk: Talk, stop: threading.Event) -> None:
    end_s = time.monotonic() + ASK_FOR_S
    ask_s = 0.0
    while (now_s := time.monotonic()) < end_s and not stop.is_set():
        if now_s >= ask_s and talk.state in (ASKING, REQUESTED):
            line.write(talk.ask())
            ask_s = now_s + ASK_EVERY_S + talk.wait_s
            talk.wait_s = 0
        answer = talk.receive(line.read(max(1, line.in_waiting)))
        if answer:
            line.write(answer)
            ask_s = time.monotonic() + ANSWER_S  # asked again, the nonce is void
        if talk.state in (TESTING, TOLD):
            return
        if talk.state == AT_PROMPT:
            raise faults.Fault("lock-open", way=">>>")
        if talk.state == REFUSED:
            raise faults.Fault("lag-05", said=f"refused {talk.reason}")
    raise faults.Fault("service-silent")


def _until_told(line: serial.Serial, talk: Talk, stop: threading.Event) -> None:
    end_s = time.monotonic() + TEST_FOR_S
    while time.monotonic() < end_s and not stop.is_set() and talk.state == TESTING:
        talk.receive(line.read(max(1, line.in_waiting)))
    if talk.state != TOLD:
        raise faults.Fault("lag-05", said=talk.said)
