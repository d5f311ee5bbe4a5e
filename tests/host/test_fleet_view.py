"""What is said of a hub, and what is wrong with it: by table, and with any facts at all."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from host import rollout_place
from host.conftest import FixedClock
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import clock as host_clock
from varde_host import fleet_page, messages
from varde_host.collector import registry, schema
from varde_host.fleet import model_fleet, own_word, signing, starting
from varde_host.fleet_view import (
    begun,
    clock_quality,
    fault_codes,
    hub_faults,
    hub_json,
    hub_view,
    listing,
    one_hub,
    recent_events,
    report_facts,
    silence,
    watching,
)
from varde_host.fleet_view.hub_view import Home, Known, Seen, Terms
from varde_host.inventory import states, who
from varde_protocols import records

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HUB = bytes(range(8))
OUT = Home("63PT8C", states.HANDED_OUT, "standard", None)
IN_STORE = OUT._replace(state=states.READY)
TERMS = Terms(1, NOW_MS - 90 * DAY_MS, 900, None, 500)


def truth(facts: dict[int, Any] | None = None, heard_ms: int | None = NOW_MS, **more: Any):
    report = None if facts is None else records.Report(9, 1, 5, facts)
    given = {
        "hub_id": HUB, "is_revoked": False, "last_heard_ms": heard_ms, "boot": 1, "report": report,
        "reported_ms": None if facts is None else heard_ms, "events": (), "alarms": (),
        "losses": (),
    }  # fmt: skip
    return own_word.HubTruth(**{**given, **more})


def seen_as(
    facts: dict[int, Any] | None = None, *, home: Home | None = OUT, events=(), now_ms=NOW_MS,
    terms: Terms | None = TERMS, **more: Any,
):  # fmt: skip
    known = Known(NOW_MS - 60 * DAY_MS, terms, home)
    return hub_view.view(truth(facts, **more), known, tuple(events), now_ms)


def codes(hub: hub_view.HubView, now_ms: int = NOW_MS) -> set[str]:
    return {each.code for each in hub_faults.of_hub(hub, now_ms, {})}


FAULTS = "fleet-page.fault."
PAGE = Path(__file__).resolve().parents[2] / "docs" / "fleet-page.md"
BY_NUMBER = ("fleet-page.sensor",)
WELL = {
    records.FACT_CONFIG_NUMBER: 1, records.FACT_PENDING: 0, records.FACT_BATTERY_MV: 4000,
    records.FACT_EXTERNAL_POWER: True, records.FACT_CLOCK: [2, 50, 1000],
}  # fmt: skip


# --- the table of owners -------------------------------------------------------------------------


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_fault_has_an_owner_a_deadline_and_texts_and_no_text_is_left_over(language: str):
    catalogue = messages.catalogue(language)
    parts = {key for key in catalogue if key.startswith("fleet-page.fault.")}
    wanted = {
        f"fleet-page.fault.{code}.{part}"
        for code in fault_codes.RULES
        for part in ("name", "what", "now")
    }
    assert parts == wanted
    for code, rule in fault_codes.RULES.items():
        assert rule.owner in who.FUNCTIONS
        assert rule.hours >= 0
        assert rule.outcome in (fault_codes.BAD, fault_codes.NOTE)
        for part in ("what", "now"):
            assert len(catalogue[f"fleet-page.fault.{code}.{part}"].split()) <= 25


def test_the_page_of_faults_is_what_the_table_says():
    texts = messages.catalogue("en")
    told = PAGE.read_text(encoding="utf-8")
    for code, rule in fault_codes.RULES.items():
        within = f"{rule.hours} h" if rule.hours else "at once"
        now = texts[f"fleet-page.fault.{code}.now"]
        row = (
            f"| {code} | {texts[f'function.{rule.owner}']} | {within} | {rule.outcome} | {now} |\n"
        )
        assert row in told, row


def test_nobody_can_be_told_of_a_fault_that_nobody_owns():
    with pytest.raises(KeyError):
        fault_codes.found("unheard-of", "x", NOW_MS)
    made = fault_codes.found("deviation", "x", NOW_MS, owner="ola nordmann", note="A", text="b")
    assert made.owner in who.FUNCTIONS


def test_every_text_of_the_pages_is_used():
    top = Path(fleet_page.__path__[0]).parent
    files = [*top.rglob("*.py"), *top.rglob("*.html")]
    source = "".join(file.read_text() for file in files)
    for key in messages.catalogue("nb"):
        table, _, leaf = key.rpartition(".")
        if table.split(".")[0] == "fleet-page" and table not in BY_NUMBER:
            named = leaf.removeprefix("is-")
            assert key in source or f'"{named}"' in source or table.startswith(FAULTS), key


# --- silence -------------------------------------------------------------------------------------


def test_silence_at_the_boundary():
    allowed_ms = silence.allowed_ms(900_000)
    assert allowed_ms == HOUR_MS + 2 * 900_000 + 660_000
    for late_ms, wanted in (
        (-DAY_MS, silence.ON_TIME), (0, silence.ON_TIME), (1, silence.LATE),
        (DAY_MS, silence.LATE), (DAY_MS + 1, silence.SILENT),
    ):  # fmt: skip
        now_ms = NOW_MS + allowed_ms + late_ms
        assert silence.judge(NOW_MS, 900, states.IN_USE, now_ms).state == wanted


@pytest.mark.parametrize(
    ("heard_ms", "kit", "is_revoked", "wanted"),
    [
        (None, None, False, silence.NEVER), (None, states.IN_USE, False, silence.NEVER),
        (None, states.READY, False, silence.STORED), (1, states.READY, False, silence.STORED),
        (NOW_MS, states.READY, False, silence.ON_TIME), (1, None, False, silence.SILENT),
        (NOW_MS, states.IN_USE, True, silence.REVOKED),
    ],
)  # fmt: skip
def test_who_is_silent(heard_ms: int | None, kit: str | None, is_revoked: bool, wanted: str):
    assert silence.judge(heard_ms, 900, kit, NOW_MS, is_revoked=is_revoked).state == wanted


def test_a_hub_in_the_store_is_nobodys_task_for_being_switched_off():
    old_ms = NOW_MS - 40 * DAY_MS
    assert "silent" in codes(seen_as(WELL, heard_ms=old_ms))
    assert codes(seen_as(WELL, heard_ms=old_ms, home=IN_STORE)) == set()
    assert codes(seen_as(WELL, heard_ms=old_ms, is_revoked=True)) == set()


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, set()),
        ({records.FACT_BATTERY_MV: 3599}, set()),
        ({records.FACT_BATTERY_MV: 3599, records.FACT_EXTERNAL_POWER: False}, {"battery-low"}),
        ({records.FACT_BATTERY_MV: 3600, records.FACT_EXTERNAL_POWER: False}, set()),
        ({records.FACT_PENDING: 199}, set()),
        ({records.FACT_PENDING: 200}, {"pending"}),
        ({records.FACT_CLOCK: None}, {"clock"}),
        ({records.FACT_CLOCK: [2, 60_001, 0]}, {"clock"}),
        ({records.FACT_CLOCK: [2, 10, 8 * DAY_MS]}, {"clock"}),
        ({records.FACT_CRASHES: 3, records.FACT_DAMAGE: 1}, {"crashes", "damage"}),
        ({records.FACT_SENSORS: [[1, 5, 15, -60]]}, {"sensor-battery"}),
        ({records.FACT_SENSORS: [[1, 5, 16, -60]]}, set()),
        ({records.FACT_MONTH: 202701, records.FACT_MODEM_BYTES: 512_000}, {"budget"}),
        ({records.FACT_MONTH: 202701, records.FACT_MODEM_BYTES: 511_999}, set()),
        ({records.FACT_PENDING: "many"}, {"strange"}),
        ({records.FACT_APPLICATION: "<b>1</b>"}, {"strange"}),
    ],
)
def test_what_a_report_says_is_wrong(facts: dict[int, Any], wanted: set[str]):
    assert codes(seen_as(WELL | facts)) == wanted


def event(code: int, detail: int = 0, seq: int = 5, age_ms: int = HOUR_MS) -> Seen:
    return Seen(seq, code, detail, NOW_MS - age_ms)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ([event(records.EVENT_BOND_LOST, 1)], {"bond-lost"}),
        ([event(records.EVENT_BOND_LOST, 1), event(records.EVENT_PAIRED, 1, 6)], set()),
        ([event(records.EVENT_BOND_LOST, 1), event(records.EVENT_PAIRED, 2, 6)], {"bond-lost"}),
        ([event(records.EVENT_PAIRED, 1), event(records.EVENT_BOND_LOST, 1, 6)], {"bond-lost"}),
        ([event(records.EVENT_BOND_LOST, 1, age_ms=61 * DAY_MS)], set()),
        ([event(records.EVENT_RESERVE_PROOF, 1)], set()),
        ([event(records.EVENT_RESERVE_PROOF, 0)], {"reserve"}),
        ([event(records.EVENT_RESERVE_PROOF, 0), event(records.EVENT_RESERVE_PROOF, 1, 6)], set()),
        ([event(records.EVENT_HEAP_LOW, age_ms=8 * DAY_MS)], set()),
        ([event(999, 7)], set()),
        ([Seen(5, None, 3, NOW_MS - HOUR_MS)], {"lost"}),
        ([Seen(5, None, 3, NOW_MS - 15 * DAY_MS)], set()),
    ],
)
def test_what_events_say_is_wrong(events: list[Seen], wanted: set[str]):
    assert codes(seen_as(WELL, events=events)) == wanted


def test_what_is_wrong_is_said_in_the_language_of_whoever_asks():
    hub = seen_as(WELL | {records.FACT_PENDING: "many"})
    (fault,) = hub_faults.of_hub(hub, NOW_MS, {})
    said = set()
    for language in messages.LANGUAGES:
        with messages.spoken(language):
            said.add(fault.what)
    assert len(said) == len(messages.LANGUAGES)


# --- whatever a hub says -------------------------------------------------------------------------

EVIL = "<script>alert(1)</script>"
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 63), (1 << 64) - 1),
    st.text(max_size=20) | st.just(EVIL), st.binary(max_size=8),
)  # fmt: skip
FACTS = st.dictionaries(
    st.integers(0, records.MAX_FACT_KEY),
    LEAVES | st.lists(LEAVES | st.lists(LEAVES, max_size=7), max_size=7),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(FACTS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, records.MAX_SEQ)), max_size=8))
def test_strange_facts_break_nothing_and_bring_no_text_of_their_own(
    facts: dict[int, Any], told: list[tuple[int, int]]
):
    try:
        records.Report(9, 1, 5, facts).payload()
    except Exception:  # noqa: BLE001 what a hub cannot sign
        return
    events = [Seen(at, code, detail, NOW_MS) for at, (code, detail) in enumerate(told)]
    hub = seen_as(facts, events=events)
    faults = hub_faults.of_hub(hub, NOW_MS, {})
    shown = json.dumps([hub_json.of(hub, faults), [each.as_json(NOW_MS) for each in faults]])
    assert EVIL not in shown
    for order in listing.ORDERS:
        assert listing.find([hub], {hub.hub_id: faults}, listing.Asked(order=order)) == [hub]
    listing.counts([hub])
    listing.data_use([hub])


@given(st.lists(st.booleans(), max_size=60))
def test_since_when_is_a_place_where_it_began(found: list[bool]):
    at = begun.first_without(len(found), found.__getitem__)
    if not found or not found[0]:
        assert at == 0
    else:
        assert found[at - 1]
        assert at == len(found) or not found[at]


@given(st.integers(1, 1000), st.data())
def test_since_when_asks_few(count: int, data: st.DataObject):
    wrong, asked = data.draw(st.integers(1, count)), []

    def is_so(at: int) -> bool:
        asked.append(at)
        return at < wrong

    assert begun.first_without(count, is_so) == wrong
    assert len(asked) <= 22


# --- clocks --------------------------------------------------------------------------------------


def test_how_well_records_are_dated():
    stamps = [
        clock_quality.Stamp(boot, at * HOUR_MS, NOW_MS) for boot in (1, 2) for at in range(5)
    ]
    anchor = records.Anchor(3, 2, 2 * HOUR_MS, NOW_MS - 3 * HOUR_MS, records.SOURCE_EXCHANGE, 40)
    quality = clock_quality.over(stamps, [(anchor, NOW_MS)])
    assert (quality.looked_at, quality.good, quality.undated) == (10, 5, 5)
    assert quality.percent == 50
    assert quality.longest_free_ms == 4 * HOUR_MS
    assert quality.sources == (records.SOURCE_EXCHANGE,)
    assert clock_quality.over([], []).percent is None


@pytest.mark.parametrize(
    ("clock", "wanted"),
    [
        (None, "bad"), ((2, 50, 0), "good"), ((2, 5000, 0), "good"), ((2, 5001, 0), "fair"),
        ((2, 60_001, 0), "bad"), ((2, 1, 7 * DAY_MS + 1), "bad"),
    ],
)  # fmt: skip
def test_how_good_a_clock_is(clock: tuple[int, int, int] | None, wanted: str):
    made = None if clock is None else report_facts.HubClock(*clock)
    assert clock_quality.judge(made, has_reported=True) == wanted


# --- lists ---------------------------------------------------------------------------------------


def test_a_page_at_a_time():
    assert listing.paged(range(101), 3).items == range(100, 101)
    assert (listing.paged([], 9).number, listing.paged(range(101), 99).number) == (1, 3)


def test_only_what_a_hub_has_signed_is_recent(opened):
    hub, other = VirtualHub(1), VirtualHub(2)
    with opened.writing() as connection:
        registry.enrol(connection, hub.public, NOW_MS)
        rows = [
            {"hub": 1, "seq": seq, "boot": 0, "kind": records.EVENT, "uptime_ms": 0,
             "received_ms": NOW_MS, "record": by.event(1, at, records.EVENT_BOND_LOST)}
            for seq, at, by in ((1, 1, hub), (2, 2, other), (3, 9, hub), (4, 4, hub))
        ]  # fmt: skip
        connection.execute(sa.insert(schema.records), rows)
    keys = {1: (hub.hub_id, hub.public)}
    reader = recent_events.RecentEvents()
    found = opened.read(lambda c: reader.read(c, keys))
    assert [each.seq for each in found[1]] == [4, 1]


# --- whole, on both databases --------------------------------------------------------------------


@pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
def test_a_look_asks_as_little_for_many_hubs_as_for_few(
    made: Path, terminal: Terminal, address: str | Path, monkeypatch: pytest.MonkeyPatch
):
    clock = FixedClock()
    monkeypatch.setattr(host_clock, "from_environment", lambda: clock)
    place = rollout_place.make(made, terminal, clock, 8, {1: model_fleet.CRASH}, address=address)
    starting.start(
        place.site, place.signed_plan(), place.opened, signing.Signing(place.site), clock.now_ms
    )
    place.play(30)
    watch = watching.Watch(place.site, place.opened, None)
    with counted() as first:
        fleet = watch.look(clock.now_ms)
    for hub_id, model in place.fleet.hubs.items():
        assert fleet.hubs[hub_id.hex()].runs == model.told.runs
    assert {each.name for each in fleet.rollouts} == {"vinter"}
    with counted() as nobody:
        assert watch.look(clock.now_ms + 1) is fleet
    with counted() as second:
        watch.look(clock.now_ms + watching.FRESH_MS)
    assert nobody == []
    assert len(second) < 12 < len(first)
    hub_id = place.hubs[1].hub_id.hex()
    found = place.opened.read(lambda c: one_hub.read(c, hub_id))
    assert found is not None
    assert found.looked_at > 0
    assert all(one_hub.text(hub_id, each) for each in found.events)
    assert place.opened.read(lambda c: one_hub.read(c, "00" * 8)) is None
    place.opened.close()


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that any database is sent."""
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(arguments[2])

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
