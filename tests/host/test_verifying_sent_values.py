"""Values that the sensor sends: heard by whom it may be, and only as what they are."""

from __future__ import annotations

import json
import sys
import threading
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.bench.cable import knocking, serial_line, service_mode
from varde_host.verifying import hub_values, sent_values

WEIGHT = 0x2A9D
KG_20 = bytes.fromhex("00a00f")
LB_20 = bytes.fromhex("01d007")


def test_a_value_counts_from_when_it_was_asked_for():
    heard = sent_values.Heard("")
    heard.add(WEIGHT, KG_20, 1_000)
    assert heard.wait("weight", 1_000, 0) == 20
    assert heard.wait("weight", 1_001, 0) is None
    assert heard.wait("spo2", 0, 0) is None
    heard.add(WEIGHT, bytes.fromhex("00a40f"), 2_000)
    assert heard.wait("weight", 0, 0) == Decimal("20.02")


def test_a_whole_value():
    heard = sent_values.Heard("")
    heard.add(0x2A35, bytes.fromhex("008e0055006600"), 1_000)
    assert heard.wait_whole(0, 0) == {"systolic": 142, "diastolic": 85, "map": 102}
    assert heard.wait_whole(1_001, 0) is None
    heard.add(0x2A5E, bytes.fromhex("0062004600"), 2_000)
    assert heard.wait("spo2", 0, 0) == 98


def test_another_unit_is_no_value():
    heard = sent_values.Heard("")
    heard.add(WEIGHT, LB_20, 1)
    assert heard.wait("weight", 0, 0) is None


def test_who_waits_hears_of_a_radio_that_is_gone():
    heard = sent_values.Heard("")
    failing = threading.Thread(
        target=lambda: heard.fail(errors.WorldFailed("radio-missing", "radio", reason="gone"))
    )
    failing.start()
    with pytest.raises(errors.WorldFailed):
        heard.wait("weight", 0, 60)
    failing.join()


@given(st.integers(0, 0xFFFF) | st.sampled_from([WEIGHT, 0x2A5E, 0x2A35, 0x2A1C]), st.binary())
def test_any_bytes(characteristic: int, raw: bytes):
    heard = sent_values.Heard("")
    heard.add(characteristic, raw, 1)
    value = heard.wait("weight", 0, 0)
    assert value is None or value.is_finite()


def line(**said: object) -> str:
    whole = {"value": 1, "slot": 2, "service": 0x181D, "characteristic": WEIGHT, "model": "m"}
    return "varde-bench: " + json.dumps(whole | {"hex": KG_20.hex()} | said)


def test_lines_of_a_hub():
    assert hub_values.parsed(line()) == hub_values.Sent(2, "m", WEIGHT, KG_20)
    for spoiled in (
        "", "varde-bench: ", "varde-bench: [1]", 'varde-bench: {"values": 3}', line(hex="0g"),
        line(slot="2"), line(slot=True), line(slot=300), line(model=None), line(hex="00" * 600),
        line(characteristic=None),
    ):  # fmt: skip
        assert hub_values.parsed(spoiled) is None


@given(st.text(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_line(said: object):
    hub_values.parsed(f"varde-bench: {said}")
    hub_values.parsed("varde-bench: " + json.dumps(said))


class Cable:
    """A port at which a hub waits, and a program in mpremote's place."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
        async def opened(*_: object) -> None:
            return None

        self.resets = 0

        def reset(_port: str) -> None:
            self.resets += 1

        monkeypatch.setattr(service_mode, "open_hub", opened)
        monkeypatch.setattr(service_mode, "signing", lambda *_: None)
        monkeypatch.setattr(knocking, "until_prompt", opened)
        monkeypatch.setattr(serial_line, "reset", reset)
        self.program = (sys.executable, "-c", code)

    def hear(self, model: str, slot: int | None):
        return hub_values.by_hub("port", None, model, slot, self.now_ms, self.program)  # type: ignore[arg-type]

    @staticmethod
    def now_ms() -> int:
        return time.time_ns() // 1_000_000


@pytest.mark.parametrize(("model", "slot"), [("m", None), ("other", 2)])
def test_a_hub_is_heard_and_locked_again(
    monkeypatch: pytest.MonkeyPatch, model: str, slot: int | None
):
    said = [line(slot=1, model="other", hex="000000"), line()]
    code = f"import time\nprint({said[0]!r})\nprint({said[1]!r}, flush=True)\ntime.sleep(60)"
    cable = Cable(monkeypatch, code)
    with cable.hear(model, slot) as heard:
        assert heard.wait("weight", 0, 60) == 20
    assert cable.resets == 1


def test_a_hub_that_cannot(monkeypatch: pytest.MonkeyPatch):
    code = 'print(\'varde-bench: {"error": "OSError", "text": "no identity"}\')'
    cable = Cable(monkeypatch, code)
    with cable.hear("m", None) as heard, pytest.raises(errors.WorldFailed) as caught:
        heard.wait("weight", 0, 60)
    assert caught.value.code == "verify-hub"
    assert "no identity" in str(caught.value.fields["what"])
