"""Whatever happens in whatever order, each target has each measurement once, as it is now known.

Hypothesis plays: measurements become known, late and out of order; times, loans and marks change;
sensors send twice, to two hubs; clocks without seconds give two measurements one identifier;
targets are down or refuse; receivers are killed before and after each transaction and each
request; the clock jumps at every look.
"""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import handover_world as play
from varde_host.database import engine
from varde_host.fhir import of
from varde_host.handover import considering, delivery
from varde_host.receiver_store import store as receiver_store

LOANS = ("loan-1", "loan-2", None)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    opened = receiver_store.open_store(tmp_path_factory.mktemp("any") / "receiver.sqlite")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of, "of", play.stand_in_of)


facts = st.builds(
    play.Fact,
    st.sampled_from(play.HUBS),
    st.integers(1, 5),
    st.sampled_from(["i1", "i2", "i3"]),
    st.sampled_from([Decimal("80.0"), Decimal("80.50"), Decimal(81)]),
    st.sampled_from(["aa", "bb"]),
    st.sampled_from([None, 1_790_000_000_000, 1_790_000_500_000]),
    st.sampled_from(LOANS),
    st.sampled_from([(), ("privately-owned",)]),
)
happenings = st.one_of(
    st.tuples(st.just("known"), facts),
    st.tuples(st.just("down"), st.integers(0, 1)),
    st.tuples(st.just("up"), st.integers(0, 1)),
    st.tuples(st.just("work"), st.none()),
    st.tuples(st.just("killed-at-store"), st.tuples(st.integers(0, 6), st.booleans())),
    st.tuples(st.just("killed-at-target"), st.tuples(st.integers(0, 1),
                                                     st.sampled_from(["before", "after"]))),
)  # fmt: skip


class Game:
    """One history."""

    def __init__(self, store: engine.Database) -> None:
        self.store = store
        self.world = play.World()
        self.targets = [play.target("one"), play.target("two", of_no_loan=True)]
        self.ends = [play.StandInTarget(), play.StandInTarget()]
        self.identifiers: dict[tuple[bytes, int], str] = {}

    def happens(self, what: str, detail: object) -> None:
        if what == "known":
            self._known(detail)
        elif what in ("down", "up"):
            self.ends[detail].is_down = what == "down"
        elif what == "killed-at-target":
            number, when = detail
            self.ends[number].cut = when
            self.work()
        elif what == "killed-at-store":
            left, is_after = detail
            self.work(play.CutStore(self.store, left, is_after))
        else:
            self.work()

    def _known(self, fact: play.Fact) -> None:
        """A hub's number is one measurement, with its bytes and what a sensor's clock said."""
        before = [one for one in self.world.facts if (one.hub, one.seq) == (fact.hub, fact.seq)]
        for one in before:
            self.world.facts.remove(one)
            fact = play.moved(fact, identifier=one.identifier, value=one.value, source=one.source)
        self.world.facts.append(fact)

    def work(self, store: object = None) -> None:
        service = play.service(store or self.store, self.world, self.targets)
        with contextlib.suppress(play.Killed):
            considering.consider(service)
        for target, end in zip(self.targets, self.ends, strict=True):
            with contextlib.suppress(play.Killed):
                delivery.deliver(service.store, target.name, service.boxes(target), end,
                                 service.time, lambda: True)  # fmt: skip

    def ends_well(self) -> None:
        for end in self.ends:
            end.is_down, end.cut = False, None
        for _ in range(3):
            self.work()
        for target, end in zip(self.targets, self.ends, strict=True):
            assert play.is_quiet(self.store, target.name)
            wanted = [one for one in self.world.facts if one.loan or target.of_no_loan]
            self._is_there_once(wanted, end)
        created = [end.created for end in self.ends]
        self.work()
        assert [end.created for end in self.ends] == created

    def _is_there_once(self, wanted: list[play.Fact], end: play.StandInTarget) -> None:
        """Each measurement stands once, as it is known now; no other, but what was told before
        its loan was no longer known."""
        told = sorted(end.says().values(), key=str)
        since_held = [one for one in self.world.facts if one not in wanted]
        expected = sorted({one.same: (str(one.value), one.loan) for one in wanted}.values(),
                          key=str)  # fmt: skip
        for each in expected:
            assert told.count(each) >= expected.count(each), (each, told, expected)
        assert len(told) <= len(expected) + len(since_held), (told, expected)


@given(st.lists(happenings, max_size=14))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history(store: engine.Database, history: list[tuple[str, object]]) -> None:
    play.empty(store)
    game = Game(store)
    for what, detail in history:
        game.happens(what, detail)
    game.ends_well()
