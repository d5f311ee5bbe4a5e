"""Any bytes into the decoders, and any fields there and back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from protocols.gatt_fields import FIELDS
from protocols.gatt_model_fields import FIELDS_OF_MODEL
from varde_protocols import assigned, gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import berrymed_bm1000, registry, segments, viatom_frames

CODES = {"truncated", "over-long", "impossible-date", "out-of-range"}
OWN_CODES = {
    **{number: {"bad-text"} for number in range(0x2A24, 0x2A2A)},
    assigned.BERRYMED_NOTIFY: {"bad-sync"},
    assigned.VIATOM_NOTIFY: {"bad-sync", "bad-head", "bad-crc", "value-too-long", "ambiguous"},
}
# Values without an end of their own: text, lists, operands, streams.
OPEN_ENDED = {
    0x2A24, 0x2A25, 0x2A26, 0x2A27, 0x2A28, 0x2A29, 0x2A2A, 0x2A37, 0x2A52, 0x2A9F, 0x2B36,
    assigned.BERRYMED_NOTIFY, assigned.JUMPER_NOTIFY,
}  # fmt: skip
ALL = [("", characteristic) for characteristic in FIELDS] + list(FIELDS_OF_MODEL)
CLOSED = [pair for pair in ALL if pair[1] not in OPEN_ENDED]
unhurried = settings(suppress_health_check=[HealthCheck.too_slow])


def strategy_of(model: str, characteristic: int) -> st.SearchStrategy[dict[str, Any]]:
    return FIELDS_OF_MODEL[model, characteristic] if model else FIELDS[characteristic]


def name(pair: tuple[str, int]) -> str:
    return f"{pair[0]}-{pair[1]:04X}"


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(GattError) as caught:
        yield
    assert caught.value.code == code


def test_every_characteristic_is_here() -> None:
    assert set(FIELDS) == set(gatt.CHARACTERISTICS)
    rules = {(model, number) for model in registry.MODELS for number in registry.rules(model)}
    assert set(FIELDS_OF_MODEL) == rules


@pytest.mark.parametrize("pair", ALL, ids=name)
@unhurried
@given(data=st.data())
def test_fields_come_back(pair: tuple[str, int], data: st.DataObject) -> None:
    model, characteristic = pair
    fields = data.draw(strategy_of(*pair))
    value = gatt.encode(characteristic, fields, model)
    assert gatt.decode(characteristic, value, model) == fields


@pytest.mark.parametrize("pair", ALL, ids=name)
@unhurried
@given(data=st.data())
def test_fields_that_nobody_sends_are_not_encoded(
    pair: tuple[str, int], data: st.DataObject
) -> None:
    model, characteristic = pair
    fields = data.draw(strategy_of(*pair))
    with pytest.raises(ValueError, match="volts"):
        gatt.encode(characteristic, {**fields, "volts": 3}, model)
    key = data.draw(st.sampled_from(sorted(fields)))
    with contextlib.suppress(ValueError, TypeError, KeyError):  # ours, and no other
        wrong = data.draw(st.sampled_from([-1, 1 << 64, "?", b"", 1.5, [None], {"a": 1}]))
        value = gatt.encode(characteristic, {**fields, key: wrong}, model)
        gatt.decode(characteristic, value, model)  # what can be sent can be read


@pytest.mark.parametrize("pair", CLOSED, ids=name)
@unhurried
@given(data=st.data(), tail=st.binary(min_size=1, max_size=4))
def test_no_part_of_a_frame_passes_for_a_frame(
    pair: tuple[str, int], data: st.DataObject, tail: bytes
) -> None:
    model, characteristic = pair
    value = gatt.encode(characteristic, data.draw(strategy_of(*pair)), model)
    cut = data.draw(st.integers(0, len(value) - 1))
    with refused("truncated"):
        gatt.decode(characteristic, value[:cut], model)
    with refused("over-long"):
        gatt.decode(characteristic, value + tail, model)


@pytest.mark.parametrize("pair", ALL, ids=name)
@unhurried
@given(value=st.binary(max_size=40))
@example(value=b"")
def test_any_bytes_decode_or_are_refused_by_name(pair: tuple[str, int], value: bytes) -> None:
    model, characteristic = pair
    try:
        fields = gatt.decode(characteristic, value, model)
    except GattError as refusal:
        known = CODES | OWN_CODES.get(characteristic, set())
        assert refusal.code in known  # noqa: PT017 both outcomes are right, each in its way
        assert refusal.where.startswith(f"{characteristic:04X}")  # noqa: PT017
    else:
        again = gatt.encode(characteristic, fields, model)
        assert gatt.decode(characteristic, again, model) == fields


@given(st.integers(0, 0x1FFFF), st.binary(max_size=24), st.text(max_size=12))
def test_other_characteristics_are_refused(characteristic: int, value: bytes, model: str) -> None:
    if characteristic not in gatt.CHARACTERISTICS and model not in registry.MODELS:
        with refused("unknown-characteristic"):
            gatt.decode(characteristic, value, model)


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_streams_take_anything_or_die_for_good(parts: list[bytes]) -> None:
    """What waits in them is bounded too."""
    frames, joined = viatom_frames.Frames(), segments.Segments("2B8B")
    for stream in (frames, joined):
        dead = None
        for part in parts:
            try:
                stream.receive(part)
            except GattError as error:
                assert dead in (None, error)  # noqa: PT017
                dead = error
            else:
                assert dead is None
    packets = berrymed_bm1000.Packets()
    for part in parts:
        packets.receive(part)
        assert len(packets._buffer) < berrymed_bm1000.PACKET_BYTES


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.integers(1, 40))
def test_answers_of_the_ring_come_whole_however_they_are_cut(data: list[bytes], size: int) -> None:
    answers = [viatom_frames.Frame(i, i, part) for i, part in enumerate(data)]
    stream = viatom_frames.Frames()
    wire = b"".join(viatom_frames.encode_frame(answer) for answer in answers)
    for at in range(0, len(wire), size):
        stream.receive(wire[at : at + size])
    assert [stream.next_event() for _ in answers] == answers
    assert stream.next_event() is viatom_frames.NEED_DATA


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.integers(2, 40))
def test_segments_are_joined_however_long_they_are(values: list[bytes], size: int) -> None:
    stream = segments.Segments("2B8B")
    for i, value in enumerate(values):
        for frame in segments.split(value, size, counter=i):
            stream.receive(frame)
    assert [stream.next_event() for _ in values] == values
