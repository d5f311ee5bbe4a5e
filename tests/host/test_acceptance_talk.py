"""The conversation that asks a locked hub for test readings."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import service
from varde_host.acceptance import run_talk
from varde_host.bench import faults
from varde_protocols import cose, records, service_request
from varde_protocols.crypto import ed25519

HUB = bytes.fromhex("0123456789abcdef")
NONCE = bytes(range(16))
SERVICE = f"varde: service {HUB.hex()} {NONCE.hex()}\r\n".encode()
TESTING, TOLD = b"varde: testing\r\n", b"varde: test 41 75\r\n"
KEY = service.Bench(bytes(range(32)))


class Clock:
    ms = 1000

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


def talk() -> run_talk.Talk:
    sign = run_talk.signing(KEY, HUB.hex(), service_request.COMMAND_TEST_CUT)
    made = run_talk.Talk(sign, Clock())
    assert made.ask().endswith(b"varde?\r\n")
    return made


def test_a_whole_run():
    one = talk()
    sent = one.receive(b"noise\r\n" + SERVICE)
    assert one.state == run_talk.REQUESTED
    data = base64.b64decode(sent.split()[1])
    public = [ed25519.SigningKey(bytes(range(32))).public]
    found = service_request.check(data, public, NONCE, HUB)
    assert found == (records.EVENT_TEST, service_request.COMMAND_TEST_CUT)
    assert one.receive(TESTING + b"varde: sensor 1: connected\r\n") == b""
    assert one.state == run_talk.TESTING
    assert one.receive(TOLD) == b""
    assert one.state == run_talk.TOLD
    assert (one.run.first, one.run.last) == (41, 75)
    assert one.run.run == NONCE
    assert 1000 < one.run.testing_ms < one.run.told_ms


def test_byte_by_byte():
    one, sent = talk(), b""
    for byte in SERVICE + TESTING + TOLD:
        sent += one.receive(bytes((byte,)))
    assert sent.startswith(b"varde! ")
    assert one.state == run_talk.TOLD


def test_numbers_are_taken_when_their_line_has_ended():
    one = talk()
    one.receive(SERVICE + TESTING + b"varde: test 41 7")
    assert one.state == run_talk.TESTING
    one.receive(b"5\r\n")
    assert one.run.last == 75


def test_other_answers():
    one = talk()
    one.receive(SERVICE + b"varde: refused 9\r\n")
    assert (one.state, one.reason) == (run_talk.REFUSED, 9)
    waits = talk()
    waits.receive(b"varde: wait 12\r\n")
    assert (waits.state, waits.wait_s) == (run_talk.ASKING, 12)
    is_open = talk()
    is_open.receive(b">>> ")
    assert is_open.state == run_talk.AT_PROMPT


def test_another_hub_gets_no_signature():
    one = talk()
    with pytest.raises(faults.Fault) as caught:
        one.receive(SERVICE.replace(b"0123", b"3210"))
    assert caught.value.code == "other-hub"


def test_what_was_said_before_it_was_asked_is_no_answer():
    one = talk()
    one.receive(TOLD + TESTING + b"varde: refused 1\r\n")
    assert one.state == run_talk.ASKING
    one.receive(SERVICE + TOLD)
    assert one.state == run_talk.REQUESTED


@given(st.lists(st.binary(max_size=40) | st.sampled_from([SERVICE, TESTING, TOLD]), max_size=12))
def test_whatever_a_board_prints(pieces: list[bytes]):
    one = talk()
    for piece in pieces:
        sent = one.receive(piece)
        assert not sent or cose.Sign1.parse(base64.b64decode(sent.split(b"\r\n")[0][7:]))
    assert one.run.first >= 0
