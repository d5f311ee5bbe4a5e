"""The session at the bench: a decider that asks one question at a time and takes what is said.

    question()                  what to ask now; None when there is no more to ask
    answer(text, ...)           what a person typed
    take(value, source, ...)    what an instrument gave
    cannot(reason, scope, ...)  it cannot be done, and why
    undo(reason, ...)           the last answer was wrong, and why
    reopen(...)                 the program was begun anew

Each returns `Accepted`, `Confirm` (typed once more, please) or `Refused` (nothing is changed), and
whatever happened stands in `entries` afterwards: who calls puts them on the disk before it asks
on. Nothing here waits, and no clock is read. Numbers of moves:

1. What was typed at a point is doubted (`doubt`): the point's typed values are asked again, until
   two times in a row they are alike.
2. The reference moved more than `MOST_DRIFT` between standing still and the display's being read:
   the two do not belong together, and the point is read again.
3. The program was begun anew within a point whose reference is read: likewise.
4. An undo goes back over one answer; within such a point, over the point. What was as found stays
   as found once somebody has said what was changed: no undo goes back over that. Until then the
   "no" before it may have been a slip of one key.
"""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from varde_host import errors
from varde_host.inventory import birth_number, evidence
from varde_host.verification import evaluation, judgement, measured, procedure, validity

from . import doubt, entry, gathering, numbers, plan
from .setup import Setup

MOST_DRIFT = Decimal("0.5")
"""mmHg between standing still and being read: a sixth of the limit."""
NEAR = Decimal(10)
NEAR_ZERO = Decimal(2)
"""How far from the nominal pressure a point may be: its error is read where it is."""

IDENTITY = "/identity/yes"
"""What the label says must be what the inventory says; whoever sees another has said no before."""

YES = frozenset(("", "j", "ja", "y", "yes"))
NO = frozenset(("n", "nei", "no"))

_MOST_SHOWN = 8
TYPED_ONLY = plan.Ways()

By = tuple[str, str]
Evaluate = Callable[[procedure.Procedure, measured.Measured], judgement.Judgement]


@dataclass(frozen=True, slots=True)
class Question:
    """`number` of `count`, from 1; `again`: what was typed is asked for once more."""

    step: plan.Step
    number: int
    count: int
    again: bool

    @property
    def kind(self) -> str:
        """Return how it is answered: one of `plan`'s kinds."""
        return self.step.kind


@dataclass(frozen=True, slots=True)
class Accepted:
    """It stands."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """It is asked again, and stands if it is said alike."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It is no answer. `error` says why, in the catalogue's words."""

    error: errors.InputRefused


Heard = Accepted | Confirm | Refused


class Session:
    """One verification. `entries` is all that happened, `standing` what stands of it."""

    def __init__(
        self,
        used: procedure.Procedure,
        fixed: Setup,
        entries: Sequence[entry.Entry] = (),
        ways: plan.Ways = TYPED_ONLY,
        evaluate: Evaluate = evaluation.evaluate,
    ) -> None:
        self.used = used
        self.fixed = fixed
        self.ways = ways
        self.entries = list(entries)
        self.standing = entry.Standing(entries)
        self._evaluate = evaluate

    def question(self) -> Question | None:
        """Return what to ask now."""
        asked = plan.steps(self.used, self.fixed, self.standing, self.ways)
        for number, step in enumerate(asked, 1):
            if step.id not in self.standing.answers:
                again = entry.point_of(step.id) in self.standing.typed_before
                return Question(step, number, len(asked), again)
        return None

    def answer(self, text: str, at_ms: int, by: By) -> Heard:
        """Take what a person typed to the question of now."""
        step = self._current()
        try:
            value = _READERS[step.kind](text.strip(), step)
            self._refuse_impossible(step, value)
        except errors.InputRefused as error:
            return Refused(error)
        self._add(entry.Entry(entry.ANSWER, step.id, at_ms, by, value, measured.TYPED))
        if step.kind == plan.NUMBER and step.planned is not None and self._is_doubted(step):
            self._add(entry.Entry(entry.DOUBTED, entry.point_of(step.id), at_ms, by))
            return Confirm()
        return Accepted()

    def take(self, value: entry.Value, at_ms: int, by: By) -> Heard:
        """Take what an instrument gave to the question of now."""
        step = self._current()
        assert step.kind in plan.MACHINE
        if step.kind == plan.PRESSURE:
            point = entry.point_of(step.id)
            stood = self.standing.point(point).get("set")
            assert isinstance(value, str)
            if stood is not None and _moved(stood.value, value):
                self._add(entry.Entry(entry.MOVED, point, at_ms, by))
                return Refused(errors.InputRefused("verify-moved", value))
        source = plan.source_of(self.ways, step.kind)
        self._add(entry.Entry(entry.ANSWER, step.id, at_ms, by, value, source))
        return Accepted()

    def cannot(self, reason: str, scope: str, at_ms: int, by: By) -> Heard:
        """Say that the question of now cannot be answered; `scope` is one of `scopes()`."""
        step = self._current()
        try:
            said = evidence.text(reason, "reason")
        except errors.InputRefused as error:
            return Refused(error)
        if scope not in self.scopes():
            return Refused(errors.InputRefused("verify-must", step.id))
        cannot = entry.Entry(entry.CANNOT, step.id, at_ms, by, said, None, scope)
        self._add(cannot)
        return Accepted()

    def scopes(self) -> tuple[str, ...]:
        """Return how much can be given up here; nothing where there must be an answer."""
        step = self._current()
        if step.check is None:
            return () if step.id in (plan.UNCHANGED, plan.CHANGE) else (entry.STEP,)
        if step.kind == plan.RADIO and step.planned is not None:
            return (entry.STEP,)
        if step.planned is None:
            return (entry.CHECK,)
        asked = plan.steps(self.used, self.fixed, self.standing, self.ways)
        others = {
            entry.point_of(one.id)
            for one in asked
            if (one.check, one.run) == (step.check, step.run) and self._is_open(one)
        }
        return (entry.POINT, entry.CHECK) if len(others) > 1 else (entry.CHECK,)

    def undo(self, reason: str, at_ms: int, by: By) -> Heard:
        """Take back the last answer that a person gave."""
        try:
            said = evidence.text(reason, "reason")
            last = self._last_of_a_person()
        except errors.InputRefused as error:
            return Refused(error)
        self._add(entry.Entry(entry.UNDO, last, at_ms, by, said))
        return Accepted()

    def reopen(self, at_ms: int, by: By) -> bool:
        """Say that the program was begun anew; True if a half-read point begins again."""
        asked = self.question()
        if asked is None or asked.step.planned is None or asked.step.check is None:
            return False
        point = entry.point_of(asked.step.id)
        is_set = plan.is_set(asked.step.check, self.fixed)
        if is_set or not asked.step.check.references or not self.standing.point(point):
            return False
        self._add(entry.Entry(entry.REOPENED, point, at_ms, by))
        return True

    def seen(self) -> measured.Measured:
        """Return all that was measured so far."""
        return gathering.measured_by(self.used, self.fixed, self.standing)

    def judged(self) -> judgement.Judgement:
        """Return what follows from it."""
        return self._evaluate(self.used, self.seen())

    def past_due(self, today: str) -> list[measured.ReferenceUsed]:
        """Return the references whose certificates do not hold: one may practise only (REF-01)."""
        return [one for one in self.fixed.references if validity.past_due(one, today)]

    def _current(self) -> plan.Step:
        asked = self.question()
        assert asked is not None  # who answers has been asked
        return asked.step

    def _is_open(self, step: plan.Step) -> bool:
        return step.id not in self.standing.answers

    def _add(self, one: entry.Entry) -> None:
        self.entries.append(one)
        self.standing.take(one)

    def _is_doubted(self, step: plan.Step) -> bool:
        """Move 1."""
        point_id = entry.point_of(step.id)
        point = gathering.point_of(step.run, step.planned, self.fixed, self.standing)  # type: ignore[arg-type]
        assert step.planned is not None
        waits = point is not None and point.reference is None and step.planned.check.references
        if point is None or waits or step.name == "added":
            return False
        if point_id in self.standing.typed_before:
            return not self.standing.was_typed_alike(point_id)
        run = gathering.run_of(step.run, self.used, self.fixed, self.standing)
        others = tuple(one for one in run.points if one.at_ms != point.at_ms or one != point)
        return doubt.is_needed(
            measured.Run(others),
            point,
            self._judged,
            gathering.step_of(gathering.device_of(self.fixed, self.standing)),
        )

    def _judged(self, run: measured.Run) -> judgement.Judgement:
        seen = measured.Measured(
            self.fixed.procedure, gathering.device_of(self.fixed, self.standing),
            gathering.day(self.fixed.began_ms), run,
            references=self.fixed.references,
        )  # fmt: skip
        return self._evaluate(self.used, seen)

    def _last_of_a_person(self) -> str:
        """Move 4. Raises InputRefused `verify-nothing-to-undo`, `verify-changed`."""
        for step, one in reversed(self.standing.answers.items()):
            if step == plan.CHANGE:
                raise errors.InputRefused("verify-changed", step)
            if one.did == entry.CANNOT or one.source == measured.TYPED:
                return step
        raise errors.InputRefused("verify-nothing-to-undo")

    def _refuse_impossible(self, step: plan.Step, value: entry.Value) -> None:
        """Refuse what cannot be: no display shows it, no label says it.

        Raises InputRefused `verify-number`, `verify-serial`, `verify-date`, `verify-test-mode`.
        """
        device = self.fixed.device
        if step.kind == plan.NUMBER and isinstance(value, str):
            most = device.maximum if step.planned is not None else None
            is_step = step.id in (plan.RESOLUTION, plan.SCALE_E, plan.SCALE_D)
            if (most and abs(Decimal(value)) > 2 * most) or (is_step and Decimal(value) <= 0):
                raise errors.InputRefused("verify-number", value)
        if step.id.endswith(IDENTITY) and value and device.serial not in (None, value):
            raise errors.InputRefused("verify-serial", str(value), known=device.serial)
        if step.id == plan.FIRST_USE and str(value) > gathering.day(self.fixed.began_ms):
            raise errors.InputRefused("verify-date", str(value))
        if step.id == plan.TEST_MODE and value is False:
            raise errors.InputRefused("verify-test-mode", device.item_id)


def _moved(stood: entry.Value, read: str) -> bool:
    return isinstance(stood, str) and abs(Decimal(stood) - Decimal(read)) > MOST_DRIFT


def _number(text: str, step: plan.Step) -> entry.Value:
    if not text and step.is_optional:
        return None
    unit = "°C" if step.check is None else step.check.unit
    return format(numbers.parse(text, unit), "f")


def _yes_no(text: str, _step: plan.Step) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise errors.InputRefused("verify-yes-no", text[:20])
    return word in YES


def _text(text: str, _step: plan.Step) -> str:
    return evidence.text(text, "text")


def _yes_text(text: str, step: plan.Step) -> entry.Value:
    """Return what stands there, False for a no: what is typed is the yes."""
    if text.lower() in NO:
        return False
    if not 0 < len(text) <= entry.MAX_TEXT or not text.isprintable():
        raise errors.InputRefused("text-form", step.id, most=entry.MAX_TEXT)
    birth_number.refuse_true(text, step.id)  # serial numbers may have eleven digits
    return text


def _date(text: str, _step: plan.Step) -> str:
    parts = text.replace("/", ".").split(".")
    if len(parts) == 3:
        text = f"{parts[2]}-{parts[1]:0>2}-{parts[0]:0>2}"
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise errors.InputRefused("verify-date", text[:20]) from None


def _pieces(text: str, _step: plan.Step) -> str:
    """Read a set of weights; kept in one spelling, since a file of answers holds no long text."""
    counted = collections.Counter(numbers.pieces(text))
    said = " ".join(f"{count}x{format(piece, 'f')}" for piece, count in counted.items())
    if len(said) > entry.MAX_TEXT:
        raise errors.InputRefused("verify-pieces", text[:40])
    return said


def _curve(text: str, step: plan.Step) -> entry.Value:
    """Read a curve that was written down: as many values as it has times."""
    assert step.check is not None
    values = [numbers.parse(word, None) for word in text.split()]
    times_s = plan.typed_times_s(step.check)
    if len(values) != len(times_s):
        raise errors.InputRefused("verify-count", str(len(values)), count=len(times_s))
    return [[format(s, "f"), format(v, "f")] for s, v in zip(times_s, values, strict=True)]


def _values(text: str, _step: plan.Step) -> str:
    values = [numbers.parse(word, None) for word in text.split()]
    if not 0 < len(values) <= _MOST_SHOWN:
        raise errors.InputRefused("verify-number", text[:20])
    return " ".join(format(value, "f") for value in values)


def _class(text: str, _step: plan.Step) -> str:
    word = text.upper().removeprefix("KLASSE ").removeprefix("CLASS ")
    if word not in ("III", "IIII", "", plan.NO_CLASS):
        raise errors.InputRefused("verify-class", text[:20])
    return word or plan.NO_CLASS


def _ready(_text: str, _step: plan.Step) -> None:
    return None


_READERS: dict[str, Callable[[str, plan.Step], entry.Value]] = {
    plan.NUMBER: _number,
    plan.YES_NO: _yes_no,
    plan.TEXT: _text,
    plan.YES_TEXT: _yes_text,
    plan.DATE: _date,
    plan.PIECES: _pieces,
    plan.CLASS: _class,
    plan.VALUES: _values,
    plan.TYPED_CURVE: _curve,
    plan.READY: _ready,
}
