"""A kit's life whatever people try: no way leaves out cleaning, wiping and checking."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from host.inventory_bench import RECORD, Stockroom
from varde_host import errors
from varde_host.inventory import kits, loans, states, store, who

MUST = (states.CLEANED, states.WIPED, states.CHECKED)
SOURCES = (states.RECEIVED, states.QUARANTINE, states.RETURNED)
PROOF = {
    "receipt": {"from": "order 7"},
    "reason": {"text": "a reason"},
    "cleaning": {"product": "Oxivir", "batch": "L1"},
    "infection-cleaning": {"product": "Oxivir", "batch": "L1", "cuff": "discarded"},
    "wipe": {"record": RECORD},
    "destruction": {"how": "shredded"},
    "check": {"record": RECORD},
    "handout": {"instructed": True},
    "first-reading": {"seen": "seq 1"},
    "loss": {"text": "fire"},
}


class KitLife(RuleBasedStateMachine):
    """Anybody tries anything with one kit; what is let through is judged from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.room = Stockroom(Path(self.folder.name) / store.FILE)
        self.kit = self.room.kit()
        self.done: list[str] = []  # of MUST, since it last came in
        self.state = states.RECEIVED
        self.is_infectious = False
        self.until_ms = 0

    def teardown(self) -> None:
        self.room.prove()
        self.room.close()
        self.folder.cleanup()

    @rule(
        target_state=st.sampled_from(states.STATES),
        kinds=st.sets(st.sampled_from(sorted(PROOF)), max_size=3),
        infection=st.booleans(),
        function=st.sampled_from(who.FUNCTIONS),
    )
    def anything(self, target_state, kinds, infection, function) -> None:
        self.attempt(target_state, kinds, infection, function)

    @rule(choice=st.integers(0, 99), infection=st.booleans())
    @precondition(lambda self: self.state != states.SCRAPPED)
    def a_way_of_the_table(self, choice: int, infection: bool) -> None:
        ways = [move for move in states.MOVES if move.source == self.state]
        way = ways[choice % len(ways)]
        self.attempt(way.target, set(way.needs), infection, way.functions[0])

    @rule(hours=st.integers(1, 100))
    def time_goes(self, hours: int) -> None:
        self.room.now_ms += hours * kits.HOUR_MS

    def attempt(self, target: str, kinds: set[str], infection: bool, function: str) -> None:
        proof = {kind: PROOF[kind] for kind in kinds if kind in PROOF}
        proof["packing"] = {"label": self.kit}
        proof["return"] = {"infection": infection, "complete": True, "quarantine_hours": 48}
        now_ms = self.room.now_ms
        with contextlib.suppress(errors.InputRefused):
            moved = self.room.do(
                kits.move, self.kit, target, proof, who.Who(function, "t1"), now_ms
            )
            self.judge(moved.kit, set(proof), infection, now_ms)

    def judge(self, kit: kits.Kit, kinds: set[str], infection: bool, now_ms: int) -> None:
        before, self.state = self.state, kit.state
        if before == states.QUARANTINE and kit.state == states.CLEANED and self.is_infectious:
            assert "infection-cleaning" in kinds
            assert now_ms >= self.until_ms
        if self.is_infectious:
            assert kit.state in (states.QUARANTINE, states.CLEANED, states.SCRAPPED)
        if kit.state in SOURCES:
            self.done = []
        elif kit.state in MUST:
            self.done.append(kit.state)
        if kit.state == states.HANDED_OUT:
            assert [state for state in self.done if state in MUST][:1] == [states.CLEANED]
            assert set(self.done) == set(MUST)
            assert self.done[-1] == states.CHECKED
        if kit.state == states.RETURNED and infection:
            self.is_infectious, self.until_ms = True, now_ms + 48 * kits.HOUR_MS
        elif kit.state == states.CLEANED:
            self.is_infectious = False

    @invariant()
    def the_kit_is_where_it_was_let(self) -> None:
        found = self.room.see(kits.find, self.kit)
        assert (found.state, found.is_infectious) == (self.state, self.is_infectious)
        out = self.room.see(loans.current, self.kit) is not None
        assert out == (found.state in states.OUT)


TestKitLife = KitLife.TestCase
TestKitLife.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
