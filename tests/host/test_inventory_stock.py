"""Counting, levels, dates, recalls and the way back from a bad thing."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.inventory_bench import (
    BACK,
    DAY_MS,
    FOLLOW_UP,
    K2,
    RECORD,
    T17,
    VALID,
    Stockroom,
    refusal,
)
from host.postgres_server import database_of
from varde_host.inventory import (
    counting,
    demand,
    items,
    kits,
    models,
    notes,
    places,
    scanning,
    states,
    stock,
    store,
    who,
)

DATABASES = ["sqlite", "postgresql"]
GTIN = "gtin:09521234543213"


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield tmp_path / store.FILE
        return
    with database_of(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def room(address, plain: None):
    room = Stockroom(address)
    yield room
    room.close()


# --- things --------------------------------------------------------------------------------------


def test_things_have_their_facts(room: Stockroom):
    room.model("and-cuff", models.CUFF, name="Cuff")
    room.place()
    cuff = room.item("and-cuff", lot="L7", size="22-42 cm", place="shelf1", owner="lease: Medco",
                     lease_end="2027-03-01")  # fmt: skip
    found = room.see(items.find, cuff)
    assert (found.kind, found.size, found.lot, found.place) == ("cuff", "22-42 cm", "L7", "SHELF1")
    room.do(items.change, cuff, T17, room.now_ms, warranty_end="2028-01-01")
    assert room.see(items.find, cuff).warranty_end == "2028-01-01"
    kit = room.kit()
    room.put(cuff, kit)
    assert room.see(items.find, cuff).place is None
    assert refusal(room.put, cuff, room.kit()).code == "item-in-kit"
    room.do(items.judge, cuff, "faulty", "leaks", K2, room.now_ms)
    room.take(cuff, "SHELF1")
    assert refusal(room.put, cuff, kit).code == "item-standing"
    room.prove()


def test_one_serial_is_one_thing(room: Stockroom):
    room.model()
    room.model("other")
    first = room.item(serial="A1")
    error = refusal(room.item, serial="A1")
    assert (error.code, error.fields["item"]) == ("item-known", first)
    room.item("other", serial="A1")
    room.model("hub", models.HUB)
    hub = room.item("hub", chip_id="7cdfa1000102")
    assert refusal(room.item, "hub", chip_id="7cdfa1000102").code == "item-known"
    room.do(items.change, hub, T17, room.now_ms, hub_id="00112233aabbccdd")
    assert room.see(items.hub_of, "7cdfa1000102").hub_id == "00112233aabbccdd"
    assert room.see(items.hub_of, "7cdfa1000109") is None


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"serial": "x" * 31}, "item-fact"),
        ({"serial": "two words"}, "item-fact"),
        ({"chip_id": "7CDF"}, "item-fact"),
        ({"lease_end": "01.02.2027"}, "date-form"),
        ({"lease_end": "2027-02-30"}, "date-form"),
        ({"owner": "010190 12345"}, "birth-number"),
        ({"place": "NOWHERE"}, "place-unknown"),
    ],
)
def test_facts_that_are_none(room: Stockroom, facts: dict[str, str], code: str):
    room.model()
    assert refusal(room.item, **facts).code == code
    assert room.see(items.listing) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("And UA651", models.SENSOR), "model-code"),
        (("x9", "phone"), "model-kind"),
        (("and-ua651", models.SENSOR), "model-known"),
    ],
)
def test_models_that_are_none(room: Stockroom, arguments: tuple[str, str], code: str):
    room.model(code=GTIN)
    assert refusal(room.model, *arguments).code == code
    assert refusal(room.model, "new", code=GTIN).code == "code-known"
    assert refusal(room.model, "new", code="gtin:1").code == "code-form"
    assert refusal(room.item, "unheard-of").code == "model-unknown"
    more = room.do(models.add_code, "and-ua651", "hibc:A999BC", T17, room.now_ms)
    assert more.codes == (GTIN, "hibc:A999BC")
    assert [model.model for model in room.see(models.listing)] == ["and-ua651"]


def test_places_that_are_none(room: Stockroom):
    room.place("SHELF1")
    assert refusal(room.place, "shelf1").code == "place-known"
    assert refusal(room.place, "3").code == "place-code"
    assert [place.place for place in room.see(places.listing)] == ["SHELF1"]


# --- scanning ------------------------------------------------------------------------------------


def test_whatever_is_scanned_is_named(room: Stockroom):
    room.place("SHELF1")
    kit = room.kit()
    code = "0109521234543213" + "21SN7"
    look = lambda text: room.see(scanning.identify, text, room.now_ms)  # noqa: E731
    assert look(kit.lower()).what == scanning.KIT
    assert look("shelf1\r\n").what == scanning.PLACE
    new = look(code)
    assert (new.what, new.code.code, new.code.serial) == (scanning.NEW_MODEL, GTIN, "SN7")
    room.model(code=GTIN)
    assert look(code).what == scanning.MODEL
    item = room.item(serial="SN7")
    assert (look(code).what, look(code).id) == (scanning.ITEM, item)
    assert (look(item).what, look(item).model.model) == (scanning.ITEM, "and-ua651")
    assert look("9521234543213"[:0] + "09521234543213").what == scanning.MODEL
    assert look("+2001510X3GG").what == scanning.SECONDARY
    assert refusal(look, "0X6WN2").code == "scan-unknown"
    assert refusal(look, "0X6WN3").code == "kit-id-check"
    assert refusal(look, "what is this").code == "barcode-form"


# --- counting ------------------------------------------------------------------------------------


def counted(room: Stockroom, lines: list[str], place: str | None = None) -> counting.Count:
    scans = room.see(counting.read, lines, place)
    return room.do(counting.count, scans, place, T17, room.now_ms)


def furnished(room: Stockroom) -> dict[str, list[str]]:
    """Three shelves with a kit and three things on each."""
    room.model(code=GTIN)
    here = {}
    for number in range(3):
        place = room.place(f"SHELF{number}")
        things = [room.item(serial=f"S{number}{each}", place=place) for each in range(3)]
        kit = room.kit()
        room.do(kits.place, kit, place, T17, room.now_ms)
        here[place] = [*things, kit]
    return here


def test_a_count_without_errors(room: Stockroom):
    here = furnished(room)
    lines = [text for place, things in here.items() for text in (place, *things, things[0])]
    assert counted(room, lines).deviations == []
    with_makers_code = ["SHELF0", "010952123454321321S00", *here["SHELF0"][1:]]
    assert counted(room, with_makers_code).deviations == []
    room.prove()


@pytest.mark.parametrize("seed", range(8))
def test_a_count_finds_the_three_planted_errors_and_no_other(room: Stockroom, seed: int):
    chance = random.Random(seed)
    here = furnished(room)
    on_shelf = {place: list(things) for place, things in here.items()}
    one, two, three = chance.sample(sorted(here), 3)
    missing = on_shelf[one].pop(chance.randrange(4))
    moved = on_shelf[two].pop(chance.randrange(4))
    on_shelf[three].append(moved)
    extra = "0109521234543213" + "21UNKNOWN"
    on_shelf[chance.choice([one, two, three])].append(extra)
    lines = []
    for place, things in on_shelf.items():
        chance.shuffle(things)
        lines += [place, *things]
    found = {(each.what, each.subject): each for each in counted(room, lines).deviations}
    assert set(found) == {
        (counting.MISSING, missing), (counting.EXTRA, extra), (counting.WRONG_PLACE, moved),
    }  # fmt: skip
    assert found[counting.MISSING, missing].place == one
    strayed = found[counting.WRONG_PLACE, moved]
    assert (strayed.place, strayed.listed) == (three, two)


def test_a_count_of_one_place(room: Stockroom):
    here = furnished(room)
    assert counted(room, here["SHELF1"], "SHELF1").deviations == []
    empty = counted(room, [], "SHELF1").deviations
    assert {each.subject for each in empty} == set(here["SHELF1"])
    assert {each.what for each in empty} == {counting.MISSING}
    assert refusal(counted, room, here["SHELF1"]).code == "count-place"
    assert refusal(counted, room, [], "NOWHERE").code == "place-unknown"
    out = counted(room, ["garbage ###", "0X6WN3", *here["SHELF1"]], "SHELF1").deviations
    assert [(each.what, each.subject) for each in out] == [
        (counting.UNREADABLE, "0X6WN3"), (counting.UNREADABLE, "garbage ###"),
    ]  # fmt: skip


def test_what_ought_to_be_out_or_inside_a_kit_is_in_the_wrong_place(room: Stockroom):
    here = furnished(room)
    item, *_, kit = here["SHELF0"]
    room.put(item, kit)
    room.bring(here["SHELF1"][-1], states.HANDED_OUT)
    deviations = counted(room, ["SHELF0", *here["SHELF0"], here["SHELF1"][-1]]).deviations
    assert [(each.subject, each.listed) for each in deviations] == sorted(
        [(item, None), (here["SHELF1"][-1], None)]
    )
    assert {each.state for each in deviations} == {f"kit {kit}", states.HANDED_OUT}


def test_a_file_that_is_no_count(room: Stockroom):
    room.place()
    long = ["x"] * (counting.MAX_SCANS + 1)
    assert refusal(room.see, counting.read, long, "SHELF1").code == "count-long"


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
    room.model("cuff", models.CUFF)
    room.place()
    cuff, other = room.item("cuff", serial="C1"), room.item("cuff", serial="C2")
    kit, second = room.kit(), room.kit()

    def check(item: str, outcome: str) -> None:
        room.do(stock.check, item, outcome, RECORD, K2, room.now_ms)

    def lend(kit: str) -> str:
        room.bring(kit, states.IN_USE)
        return room.move(kit, states.RETURNED, BACK).loan_id

    room.put(cuff, kit)
    room.put(other, second)
    lend(kit)  # before the last good check: not among them
    check(cuff, stock.PASSED)
    first = lend(kit)
    lend(second)  # another cuff
    room.take(cuff, "SHELF1")
    room.take(other, "SHELF1")
    room.put(cuff, second)
    third = lend(second)
    room.bring(second, states.IN_USE)
    check(cuff, stock.FAILED)
    traced = room.see(stock.trace, cuff)
    [*closed, current] = [part.loan.loan_id for part in traced.parts]
    assert closed == [first, third]
    assert traced.parts[-1].until_ms is None
    assert current not in {first, third}
    assert traced.good_at_ms is not None
    assert room.see(stock.trace, other).good_at_ms is None
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
