"""The same measurement, sent at once and out of the sensor's memory, has one identifier."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host import fhir_samples as samples
from varde_host.fhir import identifier, of, profile
from varde_host.fhir import measured as m
from varde_host.fhir.measured import Measured
from varde_protocols import gatt

_STORED = samples.SENSORS["health-observation"]
_LIVE_HEX = _STORED.value_hex[:2] + _STORED.value_hex[10:]


def _of_memory(header_hex: str) -> Measured:
    return samples.dated(m.CUFF, 0x2B36, header_hex + samples.CUFF_HEX)


def _names(measured: Measured) -> list[tuple[str, str]]:
    return [identifier.of(each) for each in of.of(measured, samples.style()).observations]


@pytest.mark.parametrize("header_hex", ["030500352a", "030600352a"])
def test_a_pressure_out_of_the_memory_is_the_one_sent_at_once(header_hex: str) -> None:
    assert _names(_of_memory(header_hex)) == _names(samples.SENSORS["cuff"])


def test_a_health_observation_out_of_the_memory_is_the_one_sent_at_once() -> None:
    live = samples.dated(m.THERMOMETER, 0x2B8B, _LIVE_HEX)
    assert live.error is None
    assert _names(_STORED) == _names(live) != []


def test_a_pulse_in_a_panel_takes_no_code_from_it() -> None:
    parts = [
        {"type": 150021, "unit": 266016, "value": gatt.Number(120, 0)},
        {"type": 150022, "unit": 266016, "value": gatt.Number(80, 0)},
        {"type": 149546, "unit": 264864, "value": gatt.Number(72, 0)},
    ]
    more = {"type": 150020, "unit": None, "value": None, "components": parts}
    panel = replace(_STORED, fields={**_STORED.fields, **more})
    (made,) = of.of(panel, samples.style("vkp")).observations
    assert profile.codes(made, profile.LOINC) == ["85354-9"]
    assert made["category"]
    assert made["meta"]["profile"][0].endswith("-Bloodpressure")
