"""Opening a locked hub from the bench: the firmware's own answers at the other end of a PTY."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
import tty

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_firmware.core import service
from varde_host.bench import faults
from varde_host.bench.cable import service_mode
from varde_host.bench.cable.service_mode import AT_PROMPT, OPENED, Talk
from varde_protocols import cose, records, service_request
from varde_protocols.crypto import ed25519

HUB_ID = bytes.fromhex("0011223344556677")


class Key:
    def __init__(self, word: bytes) -> None:
        self.key = ed25519.SigningKey(hashlib.sha256(word).digest())
        self.public = self.key.public
        self.kid = cose.key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


OURS, OTHERS = Key(b"ours"), Key(b"others")


class LockedHub:
    """The console of a locked hub, in virtual milliseconds that `tick_ms` adds at each line."""

    def __init__(self, keys: list[bytes], tick_ms: int = 100) -> None:
        self.core = service.Service(HUB_ID, os.urandom, lambda data, nonce: service_request.check(
            data, keys, nonce, HUB_ID
        ))  # fmt: skip
        self.now_ms = 0
        self.tick_ms = tick_ms

    def say(self, data: bytes) -> bytes:
        said = b""
        for line in self.core.receive(data):
            self.now_ms += self.tick_ms
            text = self.core.answer(line, self.now_ms)
            said += f"varde: {text}\r\n".encode() if text else b""
            if self.core.is_open:
                return said + b"\r\nvarde: open until the next reset\r\n>>> "
        return said


def conversation(hub: LockedHub, talk: Talk) -> None:
    to_hub = talk.ask()
    for _ in range(5):
        answer = hub.say(to_hub)
        to_hub = talk.receive(answer)


def test_a_signed_request_opens_a_locked_hub():
    hub = LockedHub([OURS.public])
    talk = Talk(service_mode.signing(OURS, HUB_ID.hex()))
    conversation(hub, talk)
    assert (talk.state, talk.hub_id, hub.core.is_open) == (OPENED, HUB_ID, True)


def test_another_key_is_refused_with_the_hubs_reason():
    hub = LockedHub([OURS.public])
    talk = Talk(service_mode.signing(OTHERS, HUB_ID.hex()))
    conversation(hub, talk)
    assert (talk.state, talk.reason) == (service_mode.REFUSED, records.SERVICE_KEY)


def test_nothing_is_signed_for_another_hub():
    talk = Talk(service_mode.signing(OURS, "ff" * 8))
    with pytest.raises(faults.Fault, match="other-hub"):
        conversation(LockedHub([OURS.public]), talk)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_answers_come_in_pieces_among_other_lines(size: int):
    hub = LockedHub([OURS.public])
    talk = Talk(service_mode.signing(OURS, ""))
    said = b"varde: boot 3 hub 00\r\nnoise\xff\r\n" + hub.say(talk.ask())
    sent = b"".join(talk.receive(said[at : at + size]) for at in range(0, len(said), size))
    assert sent.startswith(b"varde! ")
    assert talk.receive(hub.say(sent)) == b""
    assert talk.state == OPENED


@pytest.mark.parametrize(
    "said",
    [
        b">>> varde?\r\nTraceback (most recent call last):\r\n  SyntaxError: invalid\r\n>>> ",
        b"\r\n>>> ",
        b"varde: open until the next reset\r\n",
    ],
)
def test_a_prompt_is_known_as_that(said: bytes):
    talk = Talk(service_mode.signing(OURS, ""))
    talk.ask()
    assert talk.receive(said) == b""
    assert talk.state == AT_PROMPT


def test_who_shall_wait_waits_as_long():
    talk = Talk(service_mode.signing(OURS, ""))
    talk.ask()
    talk.receive(b"varde: wait 7\r\n")
    assert (talk.state, talk.wait_s) == (service_mode.ASKING, 7)


@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([
    b"varde: service ", HUB_ID.hex().encode(), b" " + b"0" * 32, b"\r\n", b"varde: opened\r\n",
    b"varde: refused 999999\r\n", b">>> ", b"varde: wait 99999\r\n",
])), max_size=12))  # fmt: skip
def test_any_bytes_of_a_board_lead_to_no_opening_that_was_not_asked_for(pieces: list[bytes]):
    talk = Talk(service_mode.signing(OURS, ""))
    talk.ask()
    asked = False
    for piece in pieces:
        asked = asked or b"varde! " in talk.receive(piece)
    assert talk.state != OPENED or asked
    assert len(talk._line) <= service_mode.MAX_LINE_BYTES


@contextlib.contextmanager
def on_a_pty(answer):
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop = threading.Event()

    def run() -> None:
        with contextlib.suppress(OSError):
            while not stop.is_set():
                os.write(ours, answer(os.read(ours, 4096)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stop.set()
        os.write(theirs, b"x")
        thread.join(timeout=5)
        os.close(ours)
        os.close(theirs)


def test_it_opens_over_a_port():
    hub = LockedHub([OURS.public])
    with on_a_pty(hub.say) as port:
        opened = asyncio.run(
            service_mode.open_hub(port, service_mode.signing(OURS, HUB_ID.hex()), 20.0)
        )
    assert (opened.how, opened.hub_id) == (OPENED, HUB_ID.hex())


def test_a_refusal_is_a_fault_of_its_own():
    hub = LockedHub([OURS.public])
    with on_a_pty(hub.say) as port, pytest.raises(faults.Fault, match="service-refused"):
        asyncio.run(service_mode.open_hub(port, service_mode.signing(OTHERS, ""), 20.0))


def test_silence_is_an_answer():
    with on_a_pty(lambda _data: b"") as port:
        opened = asyncio.run(service_mode.open_hub(port, service_mode.signing(OURS, ""), 0.5))
    assert opened.how == ""


def test_a_port_that_is_not_there_is_a_fault():
    with pytest.raises(faults.Fault, match="port-gone"):
        asyncio.run(
            service_mode.open_hub("/dev/no-such-port", service_mode.signing(OURS, ""), 0.5)
        )
