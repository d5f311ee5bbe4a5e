"""Fields of the models with rules of their own, by model and characteristic."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocols.gatt_fields import (
    CUFF_REST,
    booleans,
    hexes,
    maybe,
    octets,
    record_access,
    sfloats,
    stamps,
    words,
)
from varde_protocols import assigned
from varde_protocols.gatt import scaled

GHOST_COUNTS = {"kg": 1000, "lb": 1102, "jin": 1000}
STEPS = {"kg": (5, -3), "lb": (1, -2), "jin": (1, -2)}


@st.composite
def xiaomi(draw: st.DrawFn, body: bool) -> dict[str, Any]:
    unit, count = draw(st.sampled_from(list(STEPS))), draw(words)
    fields = {
        "unit": unit,
        "weight": scaled.from_count(count, STEPS[unit]),
        "stabilized": draw(booleans),
        "removed": draw(booleans),
        "under_5_kg": count < GHOST_COUNTS[unit],
        "timestamp": draw(stamps),
    }
    if body:
        fields["impedance"] = draw(maybe(words.filter(lambda word: word != 0xFFFD)))
    return fields


@st.composite
def viatom(draw: st.DrawFn) -> dict[str, Any]:
    keys = ("spo2", "pulse_rate", "battery_pct", "charging", "movement", "pulse_amplitude_raw",
            "worn", "calibrating", "waveform_hex", "unknown_hex", "data_hex")  # fmt: skip
    fields: dict[str, Any] = dict.fromkeys(keys)
    fields["reading"] = reading = draw(st.sampled_from(["sensors", "rt", "other"]))
    fields["block"] = draw(words)
    fields["status"] = draw(st.integers(1, 255)) if reading == "other" else 0
    if reading == "other":
        fields["data_hex"] = draw(hexes)
        return fields
    is_rt = reading == "rt"
    for key in ("battery_pct", "charging", "worn"):
        fields[key] = draw(octets)
    fields["pulse_amplitude_raw"] = draw(octets if is_rt else st.integers(2, 255))
    fields["spo2"] = draw(maybe(st.integers(0, 254)))
    fields["pulse_rate"] = draw(maybe(st.integers(0, 65534 if is_rt else 254)))
    fields["movement"] = None if is_rt else draw(octets)
    size = 3 if is_rt else 6
    fields["unknown_hex"] = draw(st.binary(min_size=size, max_size=size)).hex()
    if is_rt:  # one sample alone could be an answer of the other kind
        fields["waveform_hex"] = draw(
            st.binary(max_size=9).filter(lambda raw: len(raw) != 1)
        ).hex()
    zero = fields["spo2"] == 0 and fields["pulse_rate"] == 0
    fields["calibrating"] = zero and fields["worn"] == 1
    return fields


@st.composite
def berrymed(draw: st.DrawFn) -> dict[str, Any]:
    packet = st.fixed_dictionaries(
        {
            "spo2": maybe(st.integers(0, 126)),
            "pulse_rate": maybe(st.integers(0, 254)),
            **dict.fromkeys(("no_finger", "searching", "probe_unplugged", "pulse_beep"), booleans),
            "signal_strength": st.integers(0, 15),
            "signal_flag": st.integers(0, 1),
            "bar_graph": st.integers(0, 15),
            "waveform": st.integers(0, 127),
        }
    )
    packets = draw(st.lists(packet, min_size=1, max_size=4))
    last = packets[-1]
    keys = ("spo2", "pulse_rate", "no_finger", "searching")
    return {"packets": packets, **{key: last[key] for key in keys}}


def jumper() -> st.SearchStrategy[dict[str, Any]]:
    reading = st.fixed_dictionaries(
        {
            "frame": st.just("reading"),
            "pulse_rate": maybe(st.integers(0, 254)),
            "spo2": maybe(octets.filter(lambda number: number != 127)),
            "perfusion_index": octets.map(lambda count: scaled.from_count(count, (1, -1))),
            "data_hex": st.none(),
        }
    )
    nothing = dict.fromkeys(("pulse_rate", "spo2", "perfusion_index"))
    waveform = hexes.map(lambda data: {"frame": "waveform", **nothing, "data_hex": data})
    return reading | waveform


FIELDS_OF_MODEL: dict[tuple[str, int], st.SearchStrategy[dict[str, Any]]] = {
    ("beurer-bm", 0x2A35): st.fixed_dictionaries(
        {"systolic": sfloats, "diastolic": sfloats, "map": sfloats, **CUFF_REST, "user_id": octets}
    ),
    ("omron-evolv", 0x2A52): record_access(omron=True),
    ("nonin-3230", assigned.NONIN_CONTINUOUS): st.fixed_dictionaries(
        {
            "spo2": maybe(octets.filter(lambda number: number != 127)),
            "pulse_rate": maybe(words.filter(lambda number: number != 511)),
            "pulse_amplitude_index": words.map(lambda count: scaled.from_count(count, (1, -2))),
            "sensor_status": octets,
            "counter_s": words,
            "battery_v": octets.map(lambda count: scaled.from_count(count, (1, -1))),
        }
    ),
    ("viatom-o2ring", assigned.VIATOM_NOTIFY): viatom(),
    ("berrymed-bm1000", assigned.BERRYMED_NOTIFY): berrymed(),
    ("jumper-500f", assigned.JUMPER_NOTIFY): jumper(),
    ("xiaomi-scale", assigned.XIAOMI_ADVERT_WEIGHT): xiaomi(body=False),
    ("xiaomi-scale", assigned.XIAOMI_ADVERT_BODY): xiaomi(body=True),
}
