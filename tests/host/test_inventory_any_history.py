"""A kit's life whatever people try: no way leaves out cleaning, wiping, and what a bench signs."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from host import signed_bench, spoiled
from host.inventory_bench import K2, RECORD, T17, Stockroom
from varde_host import errors
from varde_host.inventory import items, kits, loans, notes, states, store, tracing, who

MUST = (states.CLEANED, states.WIPED, states.CHECKED)
SOURCES = (states.RECEIVED, states.QUARANTINE, states.RETURNED)
GATED = (states.CHECKED, states.READY, states.HANDED_OUT)
ONWARD = {
    states.RECEIVED: states.CLEANED, states.RETURNED: states.CLEANED,
    states.QUARANTINE: states.CLEANED, states.CLEANED: states.WIPED, states.WIPED: states.CHECKED,
    states.CHECKED: states.READY, states.READY: states.HANDED_OUT,
    states.HANDED_OUT: states.RETURNED, states.IN_USE: states.RETURNED,
}  # fmt: skip
PROOF = {
    "receipt": {"from": "order 7"},
    "reason": {"text": "a reason"},
    "cleaning": {"product": "Oxivir", "batch": "L1"},
    "infection-cleaning": {"product": "Oxivir", "batch": "L1", "cuff": "discarded"},
    "wipe": {"record": RECORD},
    "destruction": {"how": "shredded"},
    "handout": {"instructed": True},
    "first-reading": {"seen": "seq 1"},
    "loss": {"text": "fire"},
}


class Verified(NamedTuple):
    """A good verification that nothing has spoiled."""

    sha256: str
    until: str


class Accepted(NamedTuple):
    """A good acceptance that nothing has spoiled, of these things with these verifications."""

    sha256: str
    until: str
    things: dict[str, str]


@functools.cache
def empty() -> Path:
    """An empty inventory, made once: the migrations take longer than an example."""
    path = Path(tempfile.mkdtemp()) / store.FILE
    store.open_inventory(path).close()
    return path


class KitLife(RuleBasedStateMachine):
    """Anybody tries anything with one kit; what is let through is judged from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.room = Stockroom(shutil.copy(empty(), self.folder.name))
        self.kit, self.other = self.room.kit(), self.room.kit()
        self.room.outfit(self.kit)
        self.room.place()
        [self.first] = [each.item_id for each in self.inside() if each.kind == "sensor"]
        self.spare = self.room.item(serial="SPARE")
        self.room.outfit(self.other)
        self.pool = [RECORD]  # hashes that somebody may give as a check
        self.verified: dict[str, Verified | None] = {self.first: None, self.spare: None}
        self.accepted: Accepted | None = None
        self.notes: set[int] = set()
        self.done: list[str] = []  # of MUST, since it last came in
        self.state = states.RECEIVED
        self.is_infectious = False
        self.until_ms = 0

    def teardown(self) -> None:
        self.room.prove()
        self.room.close()
        self.folder.cleanup()

    def inside(self) -> list[items.Item]:
        return self.room.see(items.listing, kit_id=self.kit)

    def sensors(self) -> set[str]:
        return {each.item_id for each in self.inside() if each.kind == "sensor"}

    @initialize(steps=st.sampled_from([0, 0, 3, 4, 5, 6]))
    def begun(self, steps: int) -> None:
        """Half of the examples begin with a kit that has come some way."""
        for _ in range(steps):
            self.the_ordinary_way(steps=1, with_bench=True)

    # --- moves -----------------------------------------------------------------------------------

    @rule(
        target_state=st.sampled_from(states.STATES),
        kinds=st.sets(st.sampled_from(sorted(PROOF)), max_size=3),
        infection=st.booleans(),
        function=st.sampled_from(who.FUNCTIONS),
        record=st.integers(0, 99),
    )
    def anything(self, target_state, kinds, infection, function, record) -> None:
        self.attempt(target_state, kinds, infection, function, record)

    @rule(choice=st.integers(0, 99), infection=st.booleans(), record=st.integers(-2, -1))
    @precondition(lambda self: self.state != states.SCRAPPED)
    def a_way_of_the_table(self, choice: int, infection: bool, record: int) -> None:
        ways = [move for move in states.MOVES if move.source == self.state]
        way = ways[choice % len(ways)]
        self.attempt(way.target, set(way.needs), infection, way.functions[0], record)

    @rule(steps=st.integers(1, 4), with_bench=st.booleans())
    @precondition(lambda self: self.state in ONWARD)
    def the_ordinary_way(self, steps: int, with_bench: bool) -> None:
        """What a technician does who does it all, some steps of it; or all but at the bench."""
        for _ in range(steps):
            if self.state not in ONWARD:
                break
            target = ONWARD[self.state]
            if target == states.CHECKED and with_bench:
                for item in self.sensors():
                    self.verify_one(item, spoiled.GOOD)
                self.accept_it(spoiled.GOOD)
            way = next(w for w in states.MOVES if (w.source, w.target) == (self.state, target))
            self.attempt(target, set(way.needs), False, way.functions[0], -1)

    @rule()
    @precondition(lambda self: self.state in states.SEALED)
    def back_to_wiped(self) -> None:
        self.attempt(states.WIPED, {"reason"}, False, who.TECHNICIAN, -1)

    @rule(hours=st.sampled_from([1, 30, 100, 24 * 40, 24 * 300]))
    def time_goes(self, hours: int) -> None:
        self.room.now_ms += hours * kits.HOUR_MS

    # --- what a bench does -----------------------------------------------------------------------

    @rule(spare=st.booleans(), how=st.sampled_from(spoiled.VERIFICATIONS))
    def verify(self, spare: bool, how: str) -> None:
        self.verify_one(self.spare if spare else self.first, how)

    def verify_one(self, item: str, how: str) -> None:
        with contextlib.suppress(errors.InputRefused):
            done = spoiled.verify(self.room, item, how)
            record = done.record
            self.pool.append(record.sha256)
            is_good = how in (spoiled.GOOD, spoiled.SHORT)
            self.verified[item] = Verified(record.sha256, record.valid_until) if is_good else None
            if done.note_id is not None:
                self.notes.add(done.note_id)
            if done.quarantined:
                self.state, self.done, self.accepted = states.QUARANTINE, [], None

    @rule(how=st.sampled_from(spoiled.ACCEPTANCES))
    def accept(self, how: str) -> None:
        self.accept_it(how)

    def accept_it(self, how: str) -> None:
        sha256 = spoiled.accept(self.room, self.kit, self.other, how)
        self.pool.append(sha256)
        if how == spoiled.ANOTHER_KITS:
            return
        self.accepted = None
        if how in (spoiled.GOOD, spoiled.SHORT):
            [found] = [r for r in self.room.see_records(self.kit) if r.sha256 == sha256]
            rows = found.content["items"]
            things = {row["item"]: row["verification"] for row in rows if row["verification"]}
            self.accepted = Accepted(sha256, found.valid_until, things)

    # --- what others do --------------------------------------------------------------------------

    @rule(spare=st.booleans())
    def swap(self, spare: bool) -> None:
        item = self.spare if spare else self.first
        with contextlib.suppress(errors.InputRefused):
            if item in self.sensors():
                self.room.take(item, "SHELF1")
                if self.state in states.OUT:
                    self.verified[item] = None  # it was in a home
            else:
                self.room.put(item, self.kit)
            self.accepted = None

    @rule(item=st.booleans())
    def complain(self, item: bool) -> None:
        subject = self.first if item else self.kit
        note = self.room.do(notes.write, subject, "FEIL", None, "x", T17, self.room.now_ms)
        self.notes.add(note.note_id)

    @rule()
    def answer(self) -> None:
        for note in self.notes:
            self.room.do(notes.close, note, "repaired", K2, self.room.now_ms)
        self.notes.clear()

    @rule()
    def see_that_it_is_broken(self) -> None:
        with contextlib.suppress(errors.InputRefused):
            self.room.do(tracing.write, self.first, RECORD, T17, self.room.now_ms)
            self.verified[self.first] = None

    @rule(standing=st.sampled_from(["good", "faulty"]))
    def say_what_it_is(self, standing: str) -> None:
        with contextlib.suppress(errors.InputRefused):
            self.room.do(items.judge, self.first, standing, "x", T17, self.room.now_ms)

    # --- the judge -------------------------------------------------------------------------------

    def attempt(
        self, target: str, kinds: set[str], infection: bool, function: str, record: int
    ) -> None:
        proof = {kind: PROOF[kind] for kind in kinds if kind in PROOF}
        proof["packing"] = {"label": self.kit}
        proof["return"] = {"infection": infection, "complete": True, "quarantine_hours": 48}
        proof["check"] = {"record": self.pool[record % len(self.pool)]}
        now_ms = self.room.now_ms
        before = self.sensors()
        with contextlib.suppress(errors.InputRefused):
            moved = self.room.do(
                kits.move, self.kit, target, proof, who.Who(function, "t1"), now_ms
            )
            if moved.kit.state in GATED:
                self.judge_signed(proof["check"]["record"], now_ms)
            self.judge(moved.kit, set(proof), infection, now_ms, before)

    def judge_signed(self, record: str, now_ms: int) -> None:
        """Into checked, ready and handed out goes only what a bench has signed, today."""
        today = signed_bench.today(now_ms)
        accepted = self.accepted
        assert accepted is not None
        if self.state == states.WIPED:
            assert accepted.sha256 == record
        assert accepted.until >= today
        assert set(accepted.things) == self.sensors() != set()
        for item, sha256 in accepted.things.items():
            verified = self.verified[item]
            assert verified is not None
            assert verified.sha256 == sha256
            assert verified.until >= today
        about = {self.kit, *self.sensors()}
        assert not [n for n in self.room.see(notes.listing) if n.subject in about]

    def judge(
        self, kit: kits.Kit, kinds: set[str], infection: bool, now_ms: int, before: set[str]
    ) -> None:
        was, self.state = self.state, kit.state
        if was == states.QUARANTINE and kit.state == states.CLEANED and self.is_infectious:
            assert "infection-cleaning" in kinds
            assert now_ms >= self.until_ms
        if self.is_infectious:
            assert kit.state in (states.QUARANTINE, states.CLEANED, states.SCRAPPED)
        self.forget(kit.state, before)
        if kit.state == states.HANDED_OUT:
            assert self.done[:1] == [states.CLEANED]
            assert set(self.done) == set(MUST)
            assert self.done[-1] == states.CHECKED
        if kit.state == states.RETURNED and infection:
            self.is_infectious, self.until_ms = True, now_ms + 48 * kits.HOUR_MS
        elif kit.state == states.CLEANED:
            self.is_infectious = False

    def forget(self, state: str, before: set[str]) -> None:
        """What was done that does not count any more."""
        if state in SOURCES:
            self.done = []
        elif state in MUST:
            self.done.append(state)
        if state == states.WIPED:
            self.accepted = None
        if state == states.RETURNED:
            for item in before:
                self.verified[item] = None  # it was in a home

    @invariant()
    def the_kit_is_where_it_was_let(self) -> None:
        found = self.room.see(kits.find, self.kit)
        assert (found.state, found.is_infectious) == (self.state, self.is_infectious)
        out = self.room.see(loans.current, self.kit) is not None
        assert out == (found.state in states.OUT)


TestKitLife = KitLife.TestCase
TestKitLife.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


def test_the_judge_lets_the_ordinary_way_through() -> None:
    """So that examples can come to a home and back, and the judge looks at what is let through."""
    life = KitLife()
    for wanted in (states.HANDED_OUT, states.RETURNED, states.HANDED_OUT):
        while life.state != wanted:
            life.the_ordinary_way(steps=1, with_bench=True)
    life.teardown()
