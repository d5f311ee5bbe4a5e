"""Fields of decoded values that no Observation says, and why. Nothing else is left out.

`tests/host/test_fhir_values.py` changes every field of every kind of value: the Observations
change with it, or it stands here.
"""

from __future__ import annotations

from typing import Final

_TIME: Final = "it decides when it was measured (`time`), which says what was sent"
_FRAME: Final = "how the value was cut for the air, or where it stood in a memory"
_BATTERY: Final = "the sensor's battery, which its hub reports (docs/reports.md)"
_CURVE: Final = "a curve for a display; no value is read off it"
_OPAQUE: Final = "bytes whose meaning nobody has published; they stay with the receiver"
_SAID: Final = "said by the others: it is worked out from them"

FIELDS: Final = {
    "timestamp": _TIME,
    "clock": _TIME,
    "clock_not_set": _TIME,
    "base_time": _TIME,
    "time_offset_min": _TIME,
    "counter_s": _TIME,
    "first_segment": _FRAME,
    "last_segment": _FRAME,
    "segment_counter": _FRAME,
    "multiple_packet": _FRAME,
    "record_number": _FRAME,
    "uuid16": _FRAME,
    "block": _FRAME,
    "frame": _FRAME,
    "battery_v": _BATTERY,
    "battery_pct": _BATTERY,
    "charging": _BATTERY,
    "waveform_hex": _CURVE,
    "packets": _CURVE,
    "unknown_hex": _OPAQUE,
    "data_hex": _OPAQUE,
    "has_tlvs": _OPAQUE,
    "context_follows": "what follows is a measurement of its own, with the same sequence number",
    "unsuccessful": _SAID,
    "component_count": _SAID,
    "class": _SAID,
    "reading": _SAID,
    "status": "of an oximeter's answer: that it is one; of a health observation it is said",
    "stabilized": "a weight that has not settled is not handed on",
    "removed": "a weight of before is not handed on again",
}
