"""When it was measured, as far as that is sure (`fhir.time`, `fhir.coincident`)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import fhir_samples as samples
from varde_host.fhir import coded, coincident, time
from varde_host.receiver import sensor_clock, timeline

PHD = samples.style("phd")
UNKNOWN = {"_effectiveDateTime": coded.absent()}


@pytest.mark.parametrize(
    ("name", "basis", "effective"),
    [
        ("heart-rate", time.HUB, "2026-09-24T08:00:05.250Z"),
        ("cuff", time.SENSOR, "2026-09-24T07:30:05.250Z"),
        ("glucose", time.SENSOR, "2026-09-24T07:30:05.250Z"),
        ("manual", time.ENTERED, "2026-09-24T07:00:05.250Z"),
        ("no-time", time.HUB, None),
        ("time-of-a-day", time.HUB, None),
        ("undated-stamp", time.UNKNOWN, None),
        ("clock-never-looked-at", time.UNKNOWN, None),
        ("clock-not-set", time.UNKNOWN, None),
        ("date-unknown", time.UNKNOWN, None),
    ],
)
def test_a_time_is_given_only_if_it_is_sure(name: str, basis: str, effective: str | None) -> None:
    measured = samples.ALL[name]
    assert time.known(measured).basis == basis
    assert time.effective(measured) == ({"effectiveDateTime": effective} if effective else UNKNOWN)


def test_what_cannot_be_dated_was_not_later_than_it_came() -> None:
    at = time.known(samples.ALL["undated-stamp"])
    assert (at.earliest_ms, at.latest_ms) == (None, samples.MORNING_MS + 1_200)


def test_an_elapsed_time_in_ticks_is_a_time_of_the_sensors_own() -> None:
    ticks = {**samples.ALL["heart-rate"].fields, "clock": {"tick": True, "time": 4711}}
    assert time.known(replace(samples.ALL["heart-rate"], fields=ticks)).basis == time.UNKNOWN


INSTANTS = st.integers(sensor_clock.EARLIEST_MS, 4_000_000_000_000)
WIDTHS = st.integers(0, 3 * time.MAX_UNCERTAINTY_MS)


@given(INSTANTS, WIDTHS, st.booleans())
def test_a_time_lies_within_its_bounds_or_is_not_given(
    at: int, bound: int, is_claim: bool
) -> None:
    measured = samples.ALL["cuff" if is_claim else "heart-rate"]
    if is_claim:
        measured = replace(measured, claim=sensor_clock.Claim(at, bound, None, None))
    else:
        measured = replace(measured, when=timeline.Instant(at, bound, None, None))
    known = time.known(measured)
    assert (known.earliest_ms, known.latest_ms) == (at - bound, at + bound)
    assert known.utc_ms == (at if bound <= time.MAX_UNCERTAINTY_MS else None)
    said = time.effective(measured).get("effectiveDateTime")
    if said is not None:
        moment = dt.datetime.fromisoformat(said)
        assert round(moment.timestamp() * 1000) == at


def parts(extension: dict[str, object]) -> dict[str, object]:
    """Return the parts of a complex extension by their names."""
    return {
        each["url"]: value
        for each in extension["extension"]  # type: ignore[attr-defined]
        for key, value in each.items()
        if key != "url"
    }


def test_all_that_is_known_of_a_time_is_said() -> None:
    said = parts(time.extension(samples.ALL["undated-stamp"], PHD))
    assert said == {
        "basis": "unknown",
        "latest": "2026-09-24T08:00:06.450Z",
        "sensor": "2026-09-24T09:30:05",
        "clock-moved-s": 86_520,
        "clock-showed": "2026-09-24T10:02:00",
        "clock-read-from": "2026-09-24T08:01:55.250Z",
        "clock-read-until": "2026-09-24T08:02:06.250Z",
    }


def test_a_coincident_time_has_both_clocks() -> None:
    made = coincident.of(samples.ALL["cuff"], "urn:uuid:1", "urn:uuid:2", PHD)
    assert made is not None
    assert made["identifier"][0]["value"] == f"{samples.HUB.hex()}-4711"
    assert made["effectiveDateTime"] == "2026-09-24T08:02:00.750Z"
    assert made["valueDateTime"] == "2026-09-24T10:02:00Z"
    assert made["code"]["coding"][0]["code"] == "67975"
    assert made["component"][0]["valueCodeableConcept"]["coding"][0]["code"] == "532236"
    assert (made["subject"]["reference"], made["device"]["reference"]) == (
        "urn:uuid:1",
        "urn:uuid:2",
    )


@pytest.mark.parametrize("name", ["undated-stamp", "clock-never-looked-at", "clock-not-set"])
def test_a_stamp_that_nobody_can_date_has_a_clock_that_nobody_knows(name: str) -> None:
    made = coincident.of(samples.ALL[name], "urn:uuid:1", "urn:uuid:2", PHD)
    assert made is not None
    assert made["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "valueDateTime" not in made
    assert made["identifier"][0]["value"].endswith("-4721-fault")


def test_a_hub_that_does_not_know_the_time_says_none_for_a_fault() -> None:
    wide = replace(samples.ALL["undated-stamp"], when=samples.ALL["time-of-a-day"].when)
    made = coincident.of(wide, "urn:uuid:1", "urn:uuid:2", PHD)
    assert made is not None
    assert "effectiveDateTime" not in made


@pytest.mark.parametrize("name", ["heart-rate", "no-time", "manual"])
def test_without_a_stamp_there_is_no_coincident_time(name: str) -> None:
    assert coincident.of(samples.ALL[name], "urn:uuid:1", "urn:uuid:2", PHD) is None


def test_a_fault_and_a_pair_of_one_session_are_two_things() -> None:
    pair = coincident.of(samples.ALL["cuff"], "a", "b", PHD)
    fault = coincident.of(samples.ALL["undated-stamp"], "a", "b", PHD)
    assert pair is not None
    assert fault is not None
    assert pair["identifier"] != fault["identifier"]
