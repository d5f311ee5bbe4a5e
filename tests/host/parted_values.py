"""Values cut into frames, and the rows that a receiver has of them."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from varde_host.receiver import assembly, decoding, opening
from varde_protocols import assigned, gatt, sealing
from varde_protocols.errors import GattError
from varde_protocols.gatt import health_sensor, scaled, segments

SCALE, LIVE, STORED, CUFF, RING = 0x2A9C, 0x2B8B, 0x2BDD, 0x2B36, assigned.VIATOM_NOTIFY
MODELS = {RING: "viatom-o2ring"}
ADDRESSES = (b"\x00AAAAAA", b"\x01BBBBBB")
WEIGHING = {
    "unit": "kg", "multiple_packet": True, "body_fat_pct": gatt.Scaled(221, -1),
}  # fmt: skip


class Sent(NamedTuple):
    """One frame."""

    value: bytes
    characteristic: int = LIVE
    address: bytes = ADDRESSES[0]
    uptime_ms: int = 0
    boot: int = 1
    slot: int = 1


def as_rows(frames: list[Sent | None]) -> list[opening.Row]:
    """Return what a receiver would have of them; None: a record that it cannot open."""
    rows = []
    for seq, sent in enumerate(frames, 1):
        if sent is None:
            closed = opening.Row(b"", seq, "verified", "no-session", slot=1, characteristic=LIVE)
            rows.append(closed)
            continue
        characteristic, model = sent.characteristic, MODELS.get(sent.characteristic, "")
        content = sealing.Content(sent.value, 0, sent.address, model)
        fields, error = {}, None
        try:
            fields = decoding.decode(characteristic, sent.value, model)
        except GattError as refused:
            error = refused.code
        rows.append(
            opening.Row(
                b"", seq, "verified", error, sent.boot, sent.uptime_ms, sent.slot, characteristic,
                None, content, fields,
            )
        )  # fmt: skip
    return rows


def joined(frames: list[Sent | None], gaps: tuple[int, ...] = ()) -> list[opening.Row]:
    return assembly.join(as_rows(frames), gaps)


def observation(number: int, stamp: int | None = None) -> bytes:
    fields = {
        "class": "numeric", "type": 150456, "unit": 262688, "value": gatt.Float(number, 0),
    }  # fmt: skip
    if stamp is not None:
        fields["clock"] = {
            "tick": False, "utc": False, "resolution": "1s", "tz_used": False,
            "current_timeline": True, "time": stamp, "sync_source": 1, "tz_offset_quarters": 0,
        }  # fmt: skip
    return health_sensor.encode_observation(fields)


def parts_of(number: int, counter: int = 0, size: int = 8, **sent) -> list[Sent]:
    body = observation(number, sent.pop("stamp", None))
    return [Sent(each, **sent) for each in segments.split(body, size, counter)]


def weighing(weight: int = 14000, stamp: str | None = "2026-07-21T18:00:00") -> list[Sent]:
    first = {**WEIGHING, "timestamp": stamp, "muscle_pct": gatt.Scaled(401, -1)}
    second = {**WEIGHING, "weight": scaled.from_count(weight, (5, -3))}
    return [Sent(gatt.encode(SCALE, fields), SCALE) for fields in (first, second)]


def ring(spo2: int, samples: bytes = bytes(range(40)), size: int = 20) -> list[Sent]:
    fields = {
        "reading": "rt", "spo2": spo2, "pulse_rate": 61, "battery_pct": 80, "charging": 0,
        "pulse_amplitude_raw": 30, "worn": 1, "waveform_hex": samples.hex(),
    }  # fmt: skip
    whole = gatt.encode(RING, fields, "viatom-o2ring")
    return [Sent(whole[at : at + size], RING) for at in range(0, len(whole), size)]


STREAMS = st.lists(
    st.tuples(st.sampled_from(["scale", "live", "stored", "ring"]), st.integers(1, 100)),
    min_size=1,
    max_size=4,
)


def stream(values: list[tuple[str, int]], address: bytes) -> list[tuple[Sent, int]]:
    """Return the frames of some values, with which value each is of."""
    frames, counter = [], 0
    for number, (kind, size) in enumerate(values):
        if kind == "scale":
            made = weighing(100 + number, f"2026-07-{1 + number:02}T08:00:00")
        elif kind == "ring":
            made = ring(number, bytes(range(13, 15 + size)))
        else:
            stored = kind == "stored"
            body = (bytes((number, 0, 0, 0)) if stored else b"") + observation(number, 1 + number)
            cut = segments.split(body, 2 + size % 18, counter)
            counter = (counter + len(cut)) % 64
            made = [Sent(each, STORED if stored else LIVE) for each in cut]
        frames += [(each._replace(address=address), number) for each in made]
    return frames


def interleaved(data: st.DataObject, streams: list[list]) -> list[tuple[int, Sent, int]]:
    """Return all frames in any order that keeps that of each sensor."""
    turns = [which for which, frames in enumerate(streams) for _ in frames]
    order = data.draw(st.permutations(turns))
    iterators = [iter(frames) for frames in streams]
    return [(which, *next(iterators[which])) for which in order]


def expected(mixed: list[tuple[int, Sent, int]]) -> dict[tuple[int, int], list[int]]:
    """Return the numbers of each value's records."""
    found: dict[tuple[int, int], list[int]] = {}
    for seq, (which, _, number) in enumerate(mixed, 1):
        found.setdefault((which, number), []).append(seq)
    return found
