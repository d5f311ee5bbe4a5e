"""What the bench reads from tools and boards: real words, and any."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import tty
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host.bench import faults, work
from varde_host.bench.cable import esptool_talk, knocking, tools
from varde_host.bench.making import lock_check

MIB = 1024 * 1024
HANG_S = 60
HUB = "5c68d4165dc207c2"
# As esptool 5.6.0 says it, of a simulated board.
DETECTED = """
esptool v5.6.0
Serial port /dev/pts/2:
Connecting...
Detecting chip type... ESP32-S3
Connected to ESP32-S3 on /dev/pts/2:
Chip type:          ESP32-S3 (QFN56) (revision v0.2)
Features:           Wi-Fi, BT 5 (LE), Dual Core + LP Core, 240MHz, Embedded PSRAM 8MB (AP_3v3)
Crystal frequency:  40MHz
MAC:                48:14:d9:20:93:aa

Stub flasher is already running. No upload is necessary.
Manufacturer: 20
Device: 4018
Detected flash size: 16MB
""".splitlines()
VERIFIED = """
Verifying 0x1000 (4096) bytes at 0x00fff000 in flash against 'mark.bin'...
Verification successful (digest matched).
Verifying 0x1000 (4096) bytes at 0x007ff000 in flash against 'mark.bin'...
Verification failed (digest mismatch).
""".splitlines()


def fault_of(act: Callable[..., object], *given: object) -> str | None:
    try:
        act(*given)
    except faults.Fault as fault:
        return fault.code
    return None


def heard(lines) -> esptool_talk.Talk:
    talk = esptool_talk.Talk()
    for line in lines:
        talk.hear(line)
    return talk


def test_facts_of_a_chip():
    facts = heard(DETECTED).facts()
    assert facts.chip_id == "4814d92093aa"
    assert (facts.kind, facts.revision) == ("ESP32-S3", (0, 2))
    assert (facts.psram_bytes, facts.flash_bytes) == (8 * MIB, 16 * MIB)
    assert facts.flash_id == "204018"


def test_the_chip_is_told_before_anything_is_written():
    told = []
    talk = esptool_talk.Talk(on_chip=told.append)
    for line in DETECTED[:10]:
        talk.hear(line)
    assert told == ["4814d92093aa"]


def test_verdicts_by_address():
    assert heard(VERIFIED).verified == {0xFFF000: True, 0x7FF000: False}


def test_progress_is_a_percentage():
    told = []
    esptool_talk.Talk(told.append).hear(
        "Writing at 0x00010000 [===>   ]  45.3% 1234/5678 bytes [1s]"
    )
    assert told == [45.3]


def test_a_lost_connection_is_not_waited_for():
    with pytest.raises(faults.Fault, match="port-gone"):
        heard(["Lost connection, retrying..."])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR: Could not open /dev/x, the port is busy or doesn't exist.", "port-gone"),
        ("ERROR: Failed to connect to Espressif device: No serial data received.", "board-silent"),
        ("ERROR: Verification failed.", "read-back-differs"),
        ("ERROR: MD5 of file does not match data in flash!", "read-back-differs"),
        ("ERROR: Serial data stream stopped: Possible serial noise", "board-silent"),
        ("serial.serialutil.SerialException: device disconnected", "port-gone"),
        ("/usr/bin/python: No module named esptool", "tool-missing"),
        ("ERROR: something that nobody has heard of", "tool-failed"),
        ("", "tool-failed"),
    ],
)
def test_failures_of_esptool(said: str, code: str):
    assert esptool_talk.failure(said).code == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("mpremote: failed to access /dev/x (it may be in use by another program)", "port-gone"),
        ("mpremote: could not enter raw repl", "board-silent"),
        ("OSError: [Errno 5] EIO", "port-gone"),
        ("Traceback (most recent call last):\n  NameError: x", "script-failed"),
    ],
)
def test_failures_of_mpremote(said: str, code: str):
    assert work.mpremote_failure(said).code == code


LINES = st.one_of(
    st.text(max_size=120),
    st.sampled_from(DETECTED + VERIFIED),
    st.builds("".join, st.lists(st.sampled_from([*DETECTED[6:10], *VERIFIED]), max_size=2)),
)


@given(st.lists(LINES, max_size=40))
def test_no_words_break_the_reader(lines: list[str]):
    talk = esptool_talk.Talk()
    for line in lines:
        assert fault_of(talk.hear, line) in (None, "port-gone")
    facts = talk.facts()
    assert len(facts.chip_id) in (0, 12)
    assert len(facts.features) <= faults.MAX_TEXT
    esptool_talk.failure("\n".join(lines))


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=20))
def test_lines_are_the_same_whatever_the_pieces(data: bytes, sizes: list[int]):
    whole, parts = tools.Lines(), tools.Lines()
    at_once = whole.receive(data) + whole.end()
    found, at = [], 0
    for size in [*sizes, len(data)]:
        found += parts.receive(data[at : at + size])
        at += size
    assert found + parts.end() == at_once


def test_a_line_without_end_is_cut():
    lines = tools.Lines()
    found = [line for _ in range(3) for line in lines.receive(b"x" * tools.LINE_BYTES)]
    assert found
    assert all(len(line) <= tools.LINE_BYTES for line in found)


def test_the_last_answer_counts():
    said = ['varde-bench: {"a": 1}', "noise", 'varde-bench: {"a": 2}', "more noise"]
    assert work.answer_of(said) == {"a": 2}


@given(st.text(max_size=60))
def test_what_is_no_answer_is_malformed(text: str):
    line = work.ANSWER_MARK + text.replace("\n", " ").replace("\r", " ")
    if fault_of(work.answer_of, ["x", line]) is None:
        assert isinstance(work.answer_of(["x", line]), dict)
    else:
        with pytest.raises(faults.Fault, match="answer-malformed") as caught:
            work.answer_of(["x", line])
        assert len(str(caught.value.fields["said"])) <= faults.MAX_TEXT


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', '{"a": Infinity}', "[1]", "7"])
def test_answers_that_are_json_of_a_kind(text: str):
    with pytest.raises(faults.Fault, match="answer-malformed"):
        work.answer_of([work.ANSWER_MARK + text])


def test_answers_may_be_long():
    files = {f"a/{number}.mpy": "0" * 64 for number in range(500)}
    assert work.answer_of([work.ANSWER_MARK + json.dumps(files)]) == files


@pytest.mark.parametrize("sign", lock_check.SIGNS)
@pytest.mark.parametrize("cut", range(0, 12, 3))
def test_a_prompt_is_seen_wherever_it_is_cut(sign: bytes, cut: int):
    check = lock_check.LockCheck()
    for piece in (b"varde: boot 1\r\n" + sign[:cut], sign[cut:], b"\r\n"):
        check.receive(piece)
    assert check.open_way is not None


def test_a_locked_hub_says_its_name_and_nothing_else():
    check = lock_check.LockCheck()
    check.receive(b"ESP-ROM:esp32s3\r\nvarde: service 5c68d4165dc207c2 ")
    check.receive(b"f084cb2fe6fb3b28225f86bb3582eca2\r\n")
    assert (check.open_way, check.hub_id) == (None, "5c68d4165dc207c2")


@pytest.mark.parametrize(
    ("says", "hub"),
    [
        (b"varde: service 5c68d4165dc207c2 f084cb2fe6fb3b28225f86bb3582eca2\r\n", HUB),
        (b"Traceback (most recent call last):\r\nSyntaxError: invalid syntax\r\n", ""),
        (b"\r\n>>> ", ""),
    ],
)
def test_no_time_is_spent_where_something_answers(
    says: bytes, hub: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(knocking, "SERVICE_S", float("inf"))
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def answer() -> None:
        heard = b""
        while knocking.ASK not in heard:
            heard += os.read(ours, 100)
        os.write(ours, says)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        asked = asyncio.wait_for(knocking.locked_hub(os.ttyname(theirs)), HANG_S)
        assert asyncio.run(asked) == hub
    finally:
        thread.join()
        os.close(ours)
        os.close(theirs)


def test_an_echo_of_what_we_send_is_no_prompt():
    check = lock_check.LockCheck()
    for attack in lock_check.ATTACKS.values():
        check.receive(attack)
    assert check.open_way is None


@given(st.lists(st.binary(max_size=80), max_size=30))
def test_the_lock_check_hears_anything(pieces: list[bytes]):
    check = lock_check.LockCheck()
    for piece in pieces:
        check.receive(piece)
    assert check.heard_bytes == sum(map(len, pieces))
