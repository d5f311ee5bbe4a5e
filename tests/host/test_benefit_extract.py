"""The extract of a planted year: as planted, and as plain SQL and plain Python recompute it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from decimal import Decimal
from pathlib import Path

import pytest

from host import benefit_year as world
from host import site_hands
from host.benefit_by_hand import ByHand
from host.postgres_server import database_of
from varde_host.benefit import counting, extract, facts, figures, kept, months, prices
from varde_host.benefit.indicators import BY_KEY
from varde_host.collector import database
from varde_host.inventory import store
from varde_host.inventory.hub_identities import Presence
from varde_host.site import certificates, creation, files

JANUARY, DECEMBER = months.Month(2025, 1), months.Month(2025, 12)
PRICES = """
currency = "NOK"
[parts.hub]
price = "1450"
life_months = 60
[parts.cuff]
price = 900
life_months = 48
[month]
batteries = "14.50"
subscription = "49"
[bench]
hour = "620"
"""
CELLS = {
    "received": ("dated-well", "dated-badly"), "planned": ("met", "missed"),
    "found": ("found-good", "found-bad"), "made-ready": ("ready-new", "ready-again"),
    "turned-round": ("ready-again",),
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> files.Site:
    folder = tmp_path_factory.mktemp("benefit") / "site"
    creation.create(folder, "Fjordvik", ["collector.test"], certificates.Validity())
    return site_hands.next_trust(folder)


@contextlib.contextmanager
def planted(site: files.Site, kept: str | Path, collected: str | Path):
    """Give the planted year, and both databases open."""
    inventory, opened = store.open_inventory(kept), database.open_database(collected)
    try:
        yield world.make(site, inventory, opened), inventory, opened
    finally:
        inventory.close()
        opened.close()


@pytest.fixture(scope="module")
def known(site: files.Site, tmp_path_factory: pytest.TempPathFactory) -> facts.Facts:
    folder = tmp_path_factory.mktemp("facts")
    with planted(site, folder / "kept.sqlite", folder / "collected.sqlite") as (_, *both):
        return extract.read(site, *both, world.NOW)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_year_is_told_as_it_was_planted_and_as_it_is_recomputed(
    kind: str, site: files.Site, tmp_path: Path, request: pytest.FixtureRequest
):
    with contextlib.ExitStack() as stack:
        places: list[str | Path] = [tmp_path / "kept.sqlite", tmp_path / "collected.sqlite"]
        if kind != "sqlite":
            server = request.getfixturevalue("postgres")
            places = [stack.enter_context(database_of(server)) for _ in places]
        year, inventory, opened = stack.enter_context(planted(site, *places))
        _told_as_recomputed(year, site, inventory, opened, tmp_path)


def _told_as_recomputed(year, site, inventory, opened, tmp_path: Path) -> None:
    known = extract.read(site, inventory, opened, world.NOW)
    assert sum(hub.unreadable for hub in known.hubs.values()) == 1  # the forged one
    period = months.span(JANUARY, DECEMBER, world.NOW)
    _as_planted(year, counting.counted(known, months.Calendar(period)))

    (tmp_path / "prices.toml").write_text(PRICES)
    priced = prices.load(tmp_path / "prices.toml")
    made = extract.made(known, "Fjordvik", period, priced=priced)
    with inventory.reading() as kept, opened.reading() as collected:
        by_hand = ByHand(kept, collected, world.NOW)
    told = {(each.key, each.group, str(each.month or "total")): each for each in made.figures}
    assert len(told) == len(made.figures)
    for key, each in told.items():
        _as_recomputed(key, each, by_hand)
    counts = [key for key, each in told.items() if BY_KEY[key[0]].is_count and not each.status]
    assert len(counts) > 150
    derived = {key[0] for key, each in told.items() if not BY_KEY[key[0]].is_count and each.value}
    assert derived == {key for key in BY_KEY if not BY_KEY[key].is_count}
    _without_ids(made, known)


def _as_planted(year: world.Year, counted: counting.Counted) -> None:
    for (what, group, month), planted in year.truth.items():
        at = months.read(month, "")
        if what == "hands-ms":
            assert sum(counted.samples[what, at]) == planted
            continue
        cells = CELLS.get(what, (what,))
        assert sum(counted.cell((cell, group), at).value for cell in cells) == planted, (what, at)
    assert len(year.truth) > 150


def _as_recomputed(key: tuple[str, str, str], told: figures.Figure, by_hand: ByHand) -> None:
    name, group, month = key
    if name == "missed-cause":
        type_, _, cause = group.partition(":")
        name, group = "missed", type_
        if cause != figures.NOT_CLASSIFIED:
            assert (told.value, told.status) == (None, figures.NOT_CLASSIFIED)
            return
    value = by_hand.figure(name, group, month)
    if told.status == figures.TOLD:
        assert value is not None
        places = BY_KEY[name].places
        slack = Decimal("0.02") if places else Decimal(0)  # dated by all anchors, not by one
        half = Decimal(5).scaleb(-places - 1) if places else Decimal(0)
        assert told.value is not None
        assert abs(told.value - Decimal(value)) <= half + slack, key
        if BY_KEY[name].is_count:
            assert value == 0 or value >= 5, key
            assert len(by_hand.who[name, group, month]) not in (1, 2, 3, 4), key
    elif told.status == figures.AT_LEAST:
        assert value is not None
        assert told.value is not None
        assert told.value <= value
        assert value < 100 or name == "cost"
    elif told.status == figures.AT_MOST:
        assert value is not None
        assert told.value is not None
        assert 0 < value <= told.value
    elif told.status == figures.NONE:
        assert value is None
    else:
        assert told.value is None
        assert told.status in (figures.HIDDEN, figures.YEARLY)


def _without_ids(made: extract.Extract, known) -> None:
    text = repr(made)
    ids = {loan.loan_id for loan in known.loans} | set(known.hubs)
    ids |= {each.kit_id for each in known.readied} | {each.chip_id for each in known.steps}
    assert not [each for each in ids if each in text]
    assert not re.search(r"[0-9a-f]{12}", text)


def test_a_period_tells_of_a_month_what_any_other_tells(known: facts.Facts):
    whole = extract.made(known, "x", months.span(JANUARY, DECEMBER, world.NOW))
    by_month = {(each.key, each.group, each.month): each for each in whole.figures}
    for first, last in ((3, 3), (1, 6), (7, 12)):
        span = (months.Month(2025, first), months.Month(2025, last))
        part = extract.made(known, "x", months.span(*span, world.NOW))
        for each in part.figures:
            if each.month is not None:
                assert each == by_month[each.key, each.group, each.month]


def test_many_deviations_of_few_kits_are_a_small_count():
    march = months.Month(2025, 3)
    moments = [march.begin_ms + number * world.DAY for number in range(9)]

    def told(kits: int) -> str:
        faults = tuple(
            facts.Fault(f"kit {number % kits}", at, None) for number, at in enumerate(moments)
        )
        known = facts.Facts(world.NOW, (), faults, (), (), (), {})
        made = extract.made(known, "x", months.span(march, march, world.NOW))
        return next(each.status for each in made.totals if each.key == "faults")

    assert (told(4), told(5)) == (figures.HIDDEN, figures.TOLD)


def test_the_cost_does_not_tell_how_many_kits_were_made_ready(known: facts.Facts):
    """Whoever knows the prices finds the bench's minutes in it, and a kit takes about eight."""
    priced = prices.Prices("NOK", Decimal(1), Decimal(1), Decimal(620))
    made = extract.made(known, "x", months.span(JANUARY, DECEMBER, world.NOW), priced=priced)
    ready = {each.month: each.status for each in made.of("made-ready")}
    assert figures.HIDDEN in ready.values()
    for each in made.of("cost"):
        if ready[each.month] == figures.HIDDEN:
            assert (each.value, each.status) == (2, figures.AT_LEAST)
        else:
            assert each.status == figures.TOLD


def test_a_hub_that_left_a_loan_and_came_back_is_in_one_loan():
    """A reading nobody can date is counted, as long as there is one loan it may be of."""
    march = months.Month(2025, 3)
    begin, day = march.begin_ms, world.DAY
    spans = ((begin, begin + day), (begin + 2 * day, begin + 4 * day))
    reading = facts.Reading("weight", begin + 3 * day, None, None, None, begin + 3 * day)
    for ids, count in (("aa", 1), ("ab", 0)):
        loans = tuple(
            facts.Loan(name, *span, (Presence("h", *span),))
            for name, span in zip(ids, spans, strict=True)
        )
        hubs = {"h": facts.HubFacts((reading,))}
        known = facts.Facts(world.NOW, loans, (), (), (), (), hubs)
        counted = counting.counted(known, months.Calendar([march]))
        assert counted.cell(("dated-badly", "weight"), march).value == count


def test_a_server_keeps_what_it_has_read_but_no_month_that_was_not_over(
    site: files.Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read = []

    def reading(source: kept.Source, now_ms: int) -> facts.Facts:
        read.append(source.site.directory)
        return facts.Facts(now_ms, (), (), (), (), (), {})

    monkeypatch.setattr(kept, "_read", reading)
    inventory = store.open_inventory(tmp_path / "kept.sqlite")
    source = kept.Source(site, inventory, tmp_path / "none")
    copied = kept.Source(dataclasses.replace(site, directory=tmp_path), inventory, tmp_path / "x")
    held = kept.Kept()
    midnight = months.Month(2025, 4).begin_ms
    february, march = ([months.Month(2025, number)] for number in (2, 3))
    for asked, period, now_ms, count in (
        (source, february, midnight - 5000, 1),
        (source, february, midnight - 4000, 1),
        (copied, february, midnight - 4000, 2),  # of the same id
        (source, march, midnight + 5000, 3),  # it was not over when the rest was read
        (source, march, midnight + 6000, 3),
        (source, february, midnight + 5000 + kept.KEEP_MS, 4),
    ):
        made = held.asked(asked, period, now_ms).result(60)
        assert (made.period, len(read)) == (tuple(period), count)
    inventory.close()


def test_causes_that_a_classifier_finds_take_the_place_of_none(known: facts.Facts):
    """What the handover's classifier will give fits in."""
    period = months.span(JANUARY, DECEMBER, world.NOW)
    plain = extract.made(known, "x", period)

    def classify(missed: counting.Missed) -> str:
        assert missed.hub_id in known.hubs
        return "pause" if missed.due_ms // world.DAY % 2 else "no-network"

    made = extract.made(known, "x", period, classify=classify)
    assert "blood-pressure:not-classified" not in made.groups("missed-cause")
    (missed,) = [each for each in made.totals if each.key == "missed" and each.group == "weight"]
    assert missed == next(e for e in plain.totals if (e.key, e.group) == ("missed", "weight"))
    by_cause = {each.group: each for each in made.totals if each.key == "missed-cause"}
    assert len(by_cause) == 12
    parts = [by_cause[f"blood-pressure:{cause}"] for cause in counting.CAUSES]
    assert {each.status for each in parts} == {figures.TOLD}
    whole = next(e for e in made.totals if (e.key, e.group) == ("missed", "blood-pressure"))
    assert sum(each.value or 0 for each in parts) == whole.value
