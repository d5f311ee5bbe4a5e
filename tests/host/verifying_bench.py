"""A technician who answers whatever is asked, and instruments that show what they must."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from decimal import Decimal

from host import verification_cases as cases
from varde_host.verification import measured, procedure
from varde_host.verifying import entry, plan, session, setup

BEGAN_MS = 1_795_000_000_000  # 2026-11-18
BY = ("lagertekniker", "t17")
TYPED = session.TYPED_ONLY
PUMPED = plan.Ways(manometer=True)
LISTENING = plan.Ways(radio=measured.BLE)
ERRORS = dict[str, Decimal]
BASES = {
    plan.TEMPERATURE: "21,5", plan.OWNED: "4x20 2x10", plan.FIRST_USE: "1.3.2025",
    plan.RESOLUTION: "1", plan.SCALE_CLASS: "III", plan.SCALE_E: "0,1", plan.SCALE_D: "0.1",
    plan.CHANGE: "Ny mansjett",
}  # fmt: skip
"""What is answered before the points."""


def begun(name: str, ways: plan.Ways = TYPED, **facts: object) -> session.Session:
    """A verification by a shipped procedure, of a device of which everything is known."""
    used = procedure.shipped()[name]
    device = cases.DEVICES.get(name, measured.Device("SENSOR1", used.kind, resolution=Decimal(1)))
    device = dataclasses.replace(device, serial="S100", **facts)
    fixed = setup.Setup(
        used.name, device, BEGAN_MS, "Benk 1", cases.REFERENCES.get(name, ()), kit="0421AC"
    )
    return session.Session(used, fixed, (), ways)


class Person:
    """Answers with what a perfect device shows, plus `errors` by check; a second an answer."""

    def __init__(self, work: session.Session, errors: ERRORS | None = None) -> None:
        self.work = work
        self.errors = errors or {}
        self.asked: list[session.Question] = []
        self._clock = itertools.count(
            max([BEGAN_MS, *(one.at_ms + 1000 for one in work.entries)]), 1000
        )

    def now_ms(self) -> int:
        return next(self._clock)

    def answer(self) -> session.Heard:
        """Answer the question of now."""
        asked = self.work.question()
        assert asked is not None
        self.asked.append(asked)
        if asked.kind in plan.MACHINE:
            return self.work.take(self.gives(asked.step), self.now_ms(), BY)
        return self.work.answer(self.says(asked.step), self.now_ms(), BY)

    def until(self, stop: Callable[[session.Question], bool]) -> session.Question:
        """Answer all that comes before a question."""
        for _ in range(600):
            asked = self.work.question()
            assert asked is not None
            if stop(asked):
                return asked
            self.answer()
        raise AssertionError("it does not come")

    def finish(self) -> session.Session:
        """Answer to the end."""
        for _ in range(600):
            if self.work.question() is None:
                return self.work
            self.answer()
        raise AssertionError("it does not end")

    def shown(self, step: plan.Step) -> Decimal:
        assert step.planned is not None
        return step.planned.nominal + self.errors.get(step.planned.check.id, Decimal(0))

    def says(self, step: plan.Step) -> str:
        if step.kind == plan.VALUES:
            return "142 85"
        if step.id in BASES:
            return BASES[step.id]
        if step.name == "reference":
            assert step.planned is not None
            return str(step.planned.nominal)
        if step.kind == plan.NUMBER:
            return "" if step.name == "added" else str(self.shown(step)).replace(".", ",")
        if step.kind == plan.TYPED_CURVE:
            return "249,8 249,7 249,6 249,5 249,4 249,3 249,2 249,1 249,0 248,9 248,8"
        if step.kind in (plan.TEXT, plan.YES_TEXT):
            return "S100"
        return "ja" if step.kind == plan.YES_NO else ""

    def gives(self, step: plan.Step) -> entry.Value:
        if step.kind == plan.CURVE:
            return [[f"{s}.0", f"{250 - Decimal(s) / 60:.2f}"] for s in range(0, 121, 2)]
        if step.name == "sent":
            return "142 85 102 72"
        assert step.planned is not None
        if step.kind == plan.RADIO:
            return str(self.shown(step))
        return str(step.planned.nominal)
