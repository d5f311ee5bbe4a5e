"""Levels before stock runs out, dates, recalls, and the way back from a bad thing."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import signed_bench
from host.inventory_bench import (
    BACK,
    DAY_MS,
    FOLLOW_UP,
    K2,
    T17,
    VALID,
    Stockroom,
    refusal,
)
from varde_host.inventory import (
    demand,
    items,
    loans,
    models,
    notes,
    rates,
    states,
    stock,
    tracing,
    who,
)

DATABASES = ["sqlite", "postgresql"]


# --- levels --------------------------------------------------------------------------------------


def test_levels_count_only_kits_whose_check_holds(room: Stockroom):
    made = [room.kit() for _ in range(4)]
    for kit in made:
        room.bring(kit, states.READY)
    room.do(stock.set_minimum, "standard", 2, 7, T17, room.now_ms)
    [level] = room.see(stock.levels, room.now_ms)
    assert (level.ready, level.least, level.warn_at, level.verdict) == (4, 2, 3, demand.GOOD)
    handout = {"handout": {"instructed": True}}
    room.move(made[0], states.HANDED_OUT, handout, FOLLOW_UP)
    assert room.see(stock.levels, room.now_ms)[0].verdict == demand.WARN
    for kit in made[1:3]:
        room.move(kit, states.HANDED_OUT, handout, FOLLOW_UP)
    assert room.see(stock.levels, room.now_ms)[0].verdict == demand.BELOW
    room.do(stock.set_minimum, "standard", 0, 7, T17, room.now_ms)
    assert room.see(stock.levels, room.now_ms)[0].least == 0
    late = room.now_ms + 200 * DAY_MS
    assert room.see(stock.levels, late)[0].ready == 0
    unknown = refusal(room.do, stock.set_minimum, "gold", 1, 7, T17, room.now_ms)
    assert unknown.code == "profile-unknown"


@given(st.floats(0, 40))
def test_the_reserve_covers_its_share_and_no_more(mean: float):
    reserve = demand.reserve(mean)
    likelihoods = [math.exp(-mean) * mean**n / math.factorial(n) for n in range(reserve + 1)]
    assert sum(likelihoods) >= demand.SERVED - 1e-9
    assert reserve == 0 or sum(likelihoods[:-1]) < demand.SERVED + 1e-9


@pytest.mark.parametrize("mean", [399.0, 401.0, 1000.0, 40_000.0])
def test_a_reserve_for_great_demand_is_found_as_well(mean: float):
    reserve = demand.reserve(mean)
    served = sum(
        math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(reserve + 1)
    )
    assert demand.SERVED - 1e-6 <= served < 0.993


@pytest.mark.parametrize("seed", range(40))
def test_the_warning_comes_before_the_minimum_is_passed(seed: int):
    """A year of a service: referrals by chance, looked at each morning, ordered for when warned.

    The shelf may be passed below the minimum only on a day that began with a warning. The rates
    are between a small municipality's and a large one's; each service has run for two weeks.
    """
    chance = random.Random(seed)
    a_day = chance.choice([0.05, 0.2, 0.5, 1.0])
    least, turnaround_days = chance.choice([1, 2, 4]), chance.choice([3, 7, 14])
    handed_out = [day for day in range(-14, 0) for _ in range(poisson(chance, a_day))]
    first = min(handed_out, default=0)
    ready = least + 20
    coming: list[int] = []  # days on which a kit that was ordered is ready
    warnings = 0
    for day in range(365):
        ready += coming.count(day)
        recent = sum(1 for each in handed_out if each > day - demand.WINDOW_DAYS)
        level = demand.judge("standard", ready, least, recent, turnaround_days, day - first)
        is_warned = level.verdict != demand.GOOD
        if is_warned:
            warnings += 1
            wanted = 3 * level.warn_at - ready - sum(1 for each in coming if each > day)
            coming += [day + turnaround_days] * max(0, wanted)
        out = min(ready, poisson(chance, a_day))
        ready -= out
        handed_out += [day] * out
        assert ready >= least or is_warned, f"day {day}: passed without a warning"
        assert ready > 0 or is_warned
    assert warnings < 365


def poisson(chance: random.Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


# --- dates, recalls, the way back ----------------------------------------------------------------


def test_dates_to_keep_are_listed_by_date(room: Stockroom):
    room.model()
    room.model("manometer", models.REFERENCE)
    leased = room.item(
        serial="A1", owner="Medco", lease_end="2027-03-01", warranty_end="2027-02-01"
    )
    reference = room.item("manometer", serial="M1", calibrated_until="2027-01-20")
    lost = room.item(serial="A3", lease_end="2027-01-01")
    room.do(items.judge, lost, "lost", "fire", T17, room.now_ms)
    kit = room.kit()
    room.bring(kit, states.READY)
    found = room.see(stock.due, "2027-12-31")
    assert [(each.date, each.what, each.subject) for each in found] == [
        ("2027-01-20", "calibrated_until", reference),
        ("2027-02-01", "warranty_end", leased),
        ("2027-03-01", "lease_end", leased),
        (VALID, "verified_until", kit),
    ]
    assert found[2].owner == "Medco"
    assert [each.date for each in room.see(stock.due, "2027-02-01")] == [
        "2027-01-20",
        "2027-02-01",
    ]


def test_a_recall_says_who_has_it_now(room: Stockroom):
    room.model("cuff", models.CUFF)
    room.place()
    out, shelf = room.item("cuff", lot="L7", size="22-42 cm"), room.item("cuff", lot="L7")
    room.item("cuff", lot="L8")
    room.take(shelf, "SHELF1")
    kit = room.kit()
    room.put(out, kit)
    loan = room.bring(kit, states.IN_USE).loan_id
    found = {each.item.item_id: each for each in room.see(stock.recall, "cuff", "L7")}
    assert set(found) == {out, shelf}
    assert found[out].kit.state == states.IN_USE
    assert found[out].loan.kit_id == kit
    assert loan is None  # the move to in-use began no loan; the handout did
    assert (found[shelf].kit, found[shelf].item.place) == (None, "SHELF1")
    assert [each.item.item_id for each in room.see(stock.recall, "cuff", None, "22-42 cm")] == [
        out
    ]
    assert len(room.see(stock.recall, "cuff")) == 3
    assert refusal(room.see, stock.recall, "unheard-of").code == "model-unknown"


def test_a_bad_cuff_leads_to_exactly_the_right_loans(room: Stockroom):
    room.model()
    room.place()
    cuff, other = room.item(serial="C1"), room.item(serial="C2")
    kit, second = room.kit(), room.kit()

    def loan_of(kit: str) -> str:
        return room.see(loans.current, kit).loan_id

    def traced() -> list[str]:
        return [part.loan.loan_id for part in room.see(tracing.trace, cuff).parts]

    assert (traced(), room.see(tracing.trace, cuff).good_at_ms) == ([], None)
    room.put(cuff, kit)
    room.put(other, second)
    room.bring(kit, states.IN_USE)
    room.move(kit, states.RETURNED, BACK)  # a loan before the last good check: not among them
    room.bring(kit, states.IN_USE)
    room.bring(second, states.IN_USE)
    assert traced() == [loan_of(kit)]
    room.take(cuff, "SHELF1")  # swapped at home, for the other one
    room.take(other, "SHELF1")
    assert refusal(room.put, cuff, second).code == "item-unchecked"  # as it came from a home
    room.verify(cuff)
    room.put(cuff, second)
    wanted = [loan_of(second)]
    assert traced() == wanted
    room.move(kit, states.RETURNED, BACK)
    room.bring(kit, states.IN_USE)  # without that cuff
    bad = room.verify(cuff, signed_bench.failing(room.seen(cuff)))
    assert traced() == wanted
    assert room.see(items.find, cuff).standing == "faulty"
    assert room.see(tracing.trace, cuff).bad_at_ms is not None
    room.move(second, states.RETURNED, BACK)
    room.verify(cuff)  # put right; the loans are still to be looked at, and no later ones
    room.do(notes.close, bad.note_id, "traced, and repaired", K2, room.now_ms)
    room.bring(second, states.IN_USE)
    assert traced() == wanted
    assert len(room.see(tracing.trace, other).parts) == 1
    room.prove()


def test_fault_rates_by_model_and_lot(room: Stockroom):
    room.model()
    bad, _good, _other = (
        room.item(serial="A1", lot="L1"),
        room.item(serial="A2", lot="L1"),
        (room.item(serial="A3", lot="L2")),
    )
    for _ in range(2):
        room.do(notes.write, bad, "BT-03", who.CALIBRATION, "leaks", T17, room.now_ms)
    assert room.see(stock.faults) == [("and-ua651", "L1", 2, 1), ("and-ua651", "L2", 1, 0)]


# Intervals of Wilson's score as R's prop.test(correct = FALSE) and textbooks have them.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 10, "0.000", "0.278"),
        (1, 10, "0.017", "0.405"),
        (5, 10, "0.236", "0.764"),
        (10, 10, "0.722", "1.000"),
    ],
)
def test_a_share_has_its_interval(count: int, total: int, low: str, high: str):
    assert tuple(map(str, rates.share(count, total))) == (low, high)


@given(st.integers(0, 500), st.integers(1, 500))
def test_any_share_is_in_its_interval(count: int, total: int):
    low, high = rates.share(min(count, total), total)
    assert 0 <= low <= min(count, total) / total <= high <= 1
