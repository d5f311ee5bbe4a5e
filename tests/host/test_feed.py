"""The feed: what a receiver does not have it gets, once, and nobody is led astray."""

from __future__ import annotations

import contextlib
import itertools
import threading

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from host.feed_place import (
    HUBS,
    NOW_MS,
    Clock,
    deliver,
    enrol,
    failing,
    fetched,
    held,
    row,
    straight,
)
from host.postgres_server import database_of
from host.virtual_hub import VirtualHub
from varde_host import errors
from varde_host.collector import database, feed, registry, schema
from varde_host.feed import page, question, ranges
from varde_host.receiver_store import fetching, store
from varde_host.receiver_store import schema as receiver_schema
from varde_protocols import records

EACH = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
FIRST, LAST = question.FIRST, question.LAST


@pytest.fixture
def here(tmp_path):
    with contextlib.closing(store.open_store(tmp_path / store.FILE)) as opened:
        yield opened


@pytest.fixture
def there(opened: database.Database) -> database.Database:
    enrol(opened)
    return opened


# --- ranges, places, questions -------------------------------------------------------------------

NUMBERS = st.sets(st.integers(0, 60))


@given(NUMBERS, st.integers(0, 60), st.integers(0, 60))
def test_ranges_hold_what_they_are_made_of_and_holes_the_rest(numbers, low, high):
    made = ranges.joined((each, each) for each in numbers)
    assert {each for a, b in made for each in range(a, b + 1)} == numbers
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(made))
    assert {each for each in range(70) if ranges.has(made, each)} == numbers
    left = ranges.holes(made, (low, high))
    wanted = set(range(low, high + 1)) - numbers
    assert {each for a, b in left for each in range(a, b + 1)} == wanted


HELD = st.dictionaries(
    st.sampled_from([hub.hub_id for hub in HUBS]),
    st.sets(st.integers(0, 200)).map(lambda seqs: ranges.joined((each, each) for each in seqs)),
)


@given(HELD, st.integers(130, 400))
def test_questions_follow_each_other_without_a_gap_and_say_all_that_is_held(known, room):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(question, "_ROOM_BYTES", room)
        start, asked = FIRST, []
        while start is not None:
            asked.append(question.made(NOW_MS, start, known))
            start = question.after(asked[-1].end)
    assert (asked[0].start, asked[-1].end) == (FIRST, LAST)
    for hub_id in [*known, bytes(8), b"\xff" * 8]:
        found = [hole for one in asked for hole in one.holes(hub_id)]
        wanted = ranges.holes(known.get(hub_id, []), (0, question.MAX_NUMBER))
        assert ranges.joined(found) == wanted
        assert all(a[1] < b[0] for a, b in itertools.pairwise(found))


def test_however_much_is_held_a_question_has_room():
    widest = {
        n.to_bytes(8, "big"): [(question.MAX_NUMBER - 8 + 4 * k, question.MAX_NUMBER - 7 + 4 * k)
                               for k in range(2)]
        for n in range(4_000)
    }  # fmt: skip
    holey = {b"h" * 8: [(2**62 + 2 * k, 2**62 + 2 * k) for k in range(20_000)]}
    for known in (widest, holey, {**widest, **holey}):
        start = FIRST
        while start is not None:
            asked = question.made(NOW_MS, start, known)
            body = question.sign(_Mute(), bytes(8), asked)
            assert len(body) <= question.MAX_BYTES
            question.parse(body)
            start = question.after(asked.end)


class _Mute:
    def sign(self, _message: bytes) -> bytes:
        return bytes(64)


# --- all of it, once -----------------------------------------------------------------------------

PARTS = st.lists(
    st.dictionaries(st.integers(0, 4), st.sets(st.integers(1, 40), max_size=25)), max_size=3
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=PARTS, few=st.integers(1, 7), cut=st.integers(0, 6), room=st.integers(130, 300))
@example(parts=[{0: {1, 3, 5, 7, 9}}, {0: {2, 4}}, {4: {1}}], few=1, cut=2, room=130)
def test_all_comes_whatever_came_late_and_wherever_it_was_cut(
    parts, few, cut, room, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("feed")
    with (
        contextlib.closing(database.open_database(folder / "c.sqlite")) as there,
        contextlib.closing(store.open_store(folder / store.FILE)) as here,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(feed, "MAX_RECORDS", few)
        patch.setattr(feed, "MAX_HUBS", 2)
        patch.setattr(question, "_ROOM_BYTES", room)
        enrol(there)
        known: dict[int, set[int]] = {place: set() for place in range(len(HUBS))}
        for part in parts:
            for place, seqs in part.items():
                deliver(there, HUBS[place], seqs - known[place])
                known[place] |= seqs
            with contextlib.suppress(errors.WorldFailed):
                fetched(failing(cut, straight(there)), here)
            fetched(straight(there), here)
            assert held(here) == {hub.hub_id: known[n] for n, hub in enumerate(HUBS)}
        fetched(straight(there), here)
        assert fetched(straight(there), here) == fetching.Fetched(set(), 0)


@EACH
def test_a_collector_restored_from_yesterday_gives_what_comes_again(
    there: database.Database, here: store.Store
):
    hub = HUBS[0]
    deliver(there, hub, {1, 2, 3, 4})
    assert fetched(straight(there), here).records == 4
    with there.writing() as connection:
        connection.execute(sa.delete(schema.records).where(schema.records.c.seq > 2))
    assert fetched(straight(there), here) == fetching.Fetched(set(), 0)
    deliver(there, hub, {3, 5})
    done = fetched(straight(there), here)
    assert (done.records, done.news) == (1, {hub.hub_id})
    assert held(here)[hub.hub_id] == {1, 2, 3, 4, 5}


@EACH
def test_of_one_with_ten_thousand_holes_all_comes_and_the_others_do_not_wait(
    there: database.Database, here: store.Store
):
    """A hub may sign any numbers; what it makes of them must not keep others out."""
    hostile, other = HUBS[2], HUBS[4]
    event = hostile.event(seq=1)  # signed for another number: refused, but it costs as much
    with there.writing() as connection:
        number = registry.find(connection, hostile.hub_id).number
        columns = {"hub": number, "boot": 0, "uptime_ms": 0, "kind": 4, "received_ms": 1}
        connection.execute(sa.insert(schema.records), [
            {**columns, "seq": 1 + 2 * k, "record": event} for k in range(1)
        ])  # fmt: skip
    deliver(there, hostile, [3, records.MAX_SEQ - 2, records.MAX_SEQ])
    deliver(there, other, {7})
    with here.writing() as connection:  # as if they had come
        store.take(connection, [store.Hub(hostile.hub_id, hostile.public, 1)], ())
        spans = receiver_schema.spans
        connection.execute(sa.insert(spans), [
            {"hub": 1, "first": 10 + 2 * k, "last": 10 + 2 * k} for k in range(10_000)
        ])  # fmt: skip
    asked = []

    def ask(one):
        asked.append(one)
        return straight(there)(one)

    done = fetching.bring(ask, here, Clock())
    assert (done.records, done.news) == (5, {hub.hub_id for hub in HUBS})
    assert len(asked) < 8
    with here.reading() as connection:
        table = receiver_schema.records
        seqs = connection.execute(sa.select(table.c.seq).order_by(table.c.seq)).scalars().all()
    assert seqs == [1, 3, 7, records.MAX_SEQ - 2, records.MAX_SEQ]


def test_a_page_is_bounded_and_a_large_record_goes_all_the_same(there: database.Database):
    deliver(there, HUBS[0], range(1, 60), record=b"x" * 50_000)
    asked = question.made(NOW_MS, FIRST, {})
    sizes, pages = 0, 0
    while asked is not None:
        found = straight(there)(asked)
        assert len(page.encode(found)) < page.MAX_BYTES
        sizes, pages = sizes + len(found.records), pages + 1
        following = found.following
        asked = None if following is None else question.made(NOW_MS, following, {})
    assert (sizes, pages) == (59, 3)


# --- hubs ----------------------------------------------------------------------------------------


@EACH
def test_a_hub_stays_revoked_whatever_an_older_backup_says(
    there: database.Database, here: store.Store
):
    deliver(there, HUBS[0], {1})
    fetched(straight(there), here)

    def revoke(at_ms: int | None) -> None:
        with there.writing() as connection:
            connection.execute(sa.update(schema.hubs).values(revoked_ms=at_ms))

    def revoked() -> set[int | None]:
        with here.reading() as connection:
            column = receiver_schema.hubs.c.revoked_ms
            return set(connection.execute(sa.select(column)).scalars())

    revoke(9)
    assert fetched(straight(there), here).news == {hub.hub_id for hub in HUBS}
    assert revoked() == {9}
    assert fetched(straight(there), here).news == set()
    revoke(None)
    assert fetched(straight(there), here).news == set()
    assert revoked() == {9}


def test_a_hub_enrolled_later_comes_wherever_its_id_falls(
    opened: database.Database, here: store.Store
):
    for hub in [HUBS[3], HUBS[0], HUBS[4], HUBS[1]]:
        enrol(opened, [hub])
        assert fetched(straight(opened), here).news == {hub.hub_id}


# --- what proves itself --------------------------------------------------------------------------


@EACH
def test_what_a_collector_made_up_is_left_out_until_it_is_mended(
    there: database.Database, here: store.Store
):
    hub, other = HUBS[0], HUBS[1]
    deliver(there, hub, {1, 9})
    true = row(hub, 5)["record"]
    spoiled = bytes([*true[:40], true[40] ^ 1, *true[41:]])
    forged = {
        2: row(other, 2)["record"], 3: b"", 4: b"nonsense", 5: spoiled, 6: true, 7: true + b"\0",
    }  # fmt: skip
    del forged[3]  # a page refuses what has no bytes at all
    for seq, record in forged.items():
        deliver(there, hub, {seq}, record=record)
    deliver(there, other, {1}, boot=7)  # a column that differs from what was signed
    done = fetched(straight(there), here)
    assert done.records == 2
    wanted = {(hub.hub_id, seq) for seq in forged} | {(other.hub_id, 1)}
    assert set(done.refused) == wanted
    assert held(here)[hub.hub_id] == {1, 9}
    with there.writing() as connection:
        connection.execute(sa.delete(schema.records).where(schema.records.c.seq.in_(forged)))
    deliver(there, hub, set(forged))
    assert fetched(straight(there), here).records == len(forged)
    assert held(here)[hub.hub_id] == {1, *forged, 9}


def test_a_key_that_does_not_make_the_id_brings_no_hub(there: database.Database, here):
    with there.writing() as connection:
        mine = schema.hubs.c.hub_id == HUBS[0].hub_id
        other = VirtualHub(77).public
        connection.execute(sa.update(schema.hubs).where(mine).values(public_key=other))
    deliver(there, HUBS[0], {1})
    done = fetched(straight(there), here)
    assert done.refused == ((HUBS[0].hub_id, 1),)
    assert HUBS[0].hub_id not in held(here)


# --- pages that lie ------------------------------------------------------------------------------


def lies(good: page.Page, asked: question.Question):
    first, second, *_ = good.records
    hub = good.hubs[0]
    yield good._replace(records=[second, first])
    yield good._replace(records=[first, first])
    yield good._replace(hubs=[hub, hub])
    yield good._replace(hubs=[])
    yield good._replace(records=[first._replace(seq=1)])  # is held
    yield good._replace(following=asked.start)
    yield good._replace(following=question.Place(first.hub_id, first.seq))
    yield good._replace(following=FIRST)
    beyond = question.Place(asked.end.hub_id, asked.end.seq)
    short = asked._replace(end=question.Place(first.hub_id, first.seq))
    yield good, short
    yield good._replace(following=beyond), short


def test_a_page_that_lies_is_refused_and_nothing_of_it_kept(there: database.Database, here):
    hub = HUBS[0]
    deliver(there, hub, {1})
    fetched(straight(there), here)
    deliver(there, hub, {4, 5})
    asked = question.made(NOW_MS, FIRST, here.read(store.held))
    good = straight(there)(asked)
    fetching.check(asked, good)
    for lie in lies(good, asked):
        found, narrower = lie if not isinstance(lie, page.Page) else (lie, asked)
        with pytest.raises(errors.InputRefused) as caught:
            fetching.check(narrower, found)
        assert caught.value.code == "feed-page"


def test_a_collector_that_leads_nowhere_is_not_followed_for_ever(here: store.Store):
    def ask(asked: question.Question) -> page.Page:
        return page.Page([], [], question.after(asked.start))

    with pytest.raises(errors.InputRefused) as caught:
        fetched(ask, here)
    assert caught.value.code == "feed-page"


# --- two at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_receivers_on_one_store_take_each_record_once(there, kind, tmp_path, request):
    with contextlib.ExitStack() as stack:
        server = request.getfixturevalue("postgres") if kind == "postgresql" else None
        address = stack.enter_context(database_of(server)) if server else tmp_path / store.FILE
        stores = [
            stack.enter_context(contextlib.closing(store.open_store(address))) for _ in range(2)
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feed, "MAX_RECORDS", 7)
            for hub in HUBS:
                deliver(there, hub, range(1, 40))
            done: list[fetching.Fetched] = []
            failed: list[Exception] = []

            def work(mine: store.Store) -> None:
                try:
                    done.append(fetched(straight(there), mine))
                except Exception as error:  # noqa: BLE001
                    failed.append(error)

            threads = [threading.Thread(target=work, args=(mine,)) for mine in stores]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert failed == []
        assert len(done) == 2
        assert held(stores[0]) == {hub.hub_id: set(range(1, 40)) for hub in HUBS}
