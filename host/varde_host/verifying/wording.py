"""A question in words: what is asked, of what, and how far one has come."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from varde_host import messages
from varde_host.verification import judgement, measured, procedure
from varde_host.verification import wording as judged_words

from . import entry, gathering, plan, session

MARKS = {
    judgement.PASSED: "✔",
    judgement.PASSED_WITHIN: "!",
    judgement.NOT_DONE: "–",
    judgement.FAILED_WITHIN: "✖",
    judgement.FAILED: "✖",
}
"""A shape and a word for each outcome, never a colour alone."""


_SHOWN = Decimal("0.01")
_SHOWN_RULES = (procedure.SPREAD, procedure.RETURN)
CORNERS = ("front-left", "front-right", "back-left", "back-right")


def question(asked: session.Question, of: session.Session) -> str:
    """Return what is asked, with its place among the questions."""
    step = asked.step
    head = f"[{asked.number}/{asked.count}] "
    if step.check is None:
        text = messages.text(f"verify.ask.{step.id}")
    elif step.planned is not None:
        text = _of_point(asked, of)
    else:
        text = _of_check(step)
    if asked.again and step.kind == plan.NUMBER:
        text = f"{messages.text('verify.ask.again')} {text}"
    return head + text


class Pointed(NamedTuple):
    """A finished point in words; `outcome` is one of `judgement.OUTCOMES`, None for none yet."""

    outcome: str | None
    shown: str

    @property
    def text(self) -> str:
        """Return it in one line: shape, values, word."""
        if self.outcome is None:
            return self.shown
        return f"{MARKS[self.outcome]} {self.shown}: {judged_words.outcome(self.outcome)}"


def finished(of: session.Session, step: plan.Step) -> Pointed | None:
    """Return the point of a step that was just answered; None while something of it is open."""
    after = of.question()
    is_open = after is not None and entry.point_of(after.step.id) == entry.point_of(step.id)
    return None if is_open or step.planned is None else point(of, step)


def point(of: session.Session, step: plan.Step) -> Pointed | None:
    """Return a finished point with its reference and its outcome; None while it is not whole."""
    assert step.planned is not None
    assert step.check is not None
    seen = gathering.point_of(step.run, step.planned, of.fixed, of.standing)
    if seen is None or seen.indication is None:
        return None
    unit = step.check.unit or ""
    shown = messages.text("verify.point.device", value=number(seen.indication), unit=unit)
    if seen.reference is not None:
        said = {"reference": number(short(seen.reference)), "unit": unit}
        shown += messages.text("verify.point.reference", **said)
    found = _finding(of, step, seen)
    return Pointed(None if found is None else found.outcome, shown)


def target(planned: procedure.Planned, of: session.Session) -> str:
    """Return where a point is: what to pump to, which weights, in which corner."""
    check = planned.check
    parts = []
    if direction(planned.direction):
        parts.append(direction(planned.direction))
    chosen = of.fixed.reference(check.references)
    is_read = chosen is None or chosen.kind not in (*plan.SET_ON_REFERENCE, plan.MANOMETER)
    if not is_read or len(check.nominals) > 1 or check.rule in _SHOWN_RULES:
        parts.append(f"{number(planned.nominal)} {check.unit}")
    if chosen is not None and chosen.kind == plan.WEIGHTS and planned.nominal:
        pieces = gathering.pieces_of(planned.nominal, of.standing)
        if pieces:
            parts.append(f"({' + '.join(number(piece) for piece in pieces)})")
    if check.repeats > 1:
        parts.append(f"{planned.number}/{check.repeats}")
    return " ".join(parts)


def direction(name: str) -> str:
    """Return where on a scale, or what a procedure of somebody's own calls it; "" for the rest."""
    if name in CORNERS:
        return messages.text(f"verify.direction.{name}")
    return "" if name in (measured.UP, measured.DOWN, "finger") else name


def number(value: Decimal) -> str:
    """Return a number as people here write it."""
    text = format(value, "f")
    return text if messages.speaker.language == "en" else text.replace(".", ",")


def _of_point(asked: session.Question, of: session.Session) -> str:
    step = asked.step
    assert step.planned is not None
    assert step.check is not None
    unit, place = step.check.unit or "", target(step.planned, of)
    if step.kind in (plan.READY, plan.HOLD):
        is_first = not any(
            one.startswith(f"{step.run}/{step.check.id}/") for one in of.standing.answers
        )
        ask = step.check.ask.text(messages.speaker.language) + "\n  " if is_first else ""
        name = step.check.name.text(messages.speaker.language)
        ready = messages.text("verify.ask.ready") if step.kind == plan.READY else ""
        return f"{ask}{name}: {place or '→'} {ready}".rstrip()
    key = "display-or-none" if step.is_optional and step.name == "display" else step.name
    return messages.text(f"verify.ask.{key}", unit=unit, point=place).strip()


def _of_check(step: plan.Step) -> str:
    assert step.check is not None
    language = messages.speaker.language
    if step.name in ("yes", "ready"):
        is_text = step.kind == plan.YES_TEXT
        key = "text" if is_text else "ready" if step.name == "ready" else None
        ready = f" {messages.text(f'verify.ask.{key}')}" if key else ""
        return f"{step.check.name.text(language)}: {step.check.ask.text(language)}{ready}"
    if step.kind == plan.VALUES:
        return messages.text("verify.ask.shown")
    if step.kind in (plan.CURVE, plan.RADIO):
        return step.check.name.text(language)
    times_s = plan.typed_times_s(step.check)
    said = {"first": times_s[0], "last": times_s[-1], "every": times_s[1] - times_s[0]}
    return messages.text("verify.ask.curve", count=len(times_s), **said)


def short(value: Decimal) -> Decimal:
    """Return what a person reads of a mean: two decimals at most."""
    places = value.as_tuple().exponent
    is_long = isinstance(places, int) and places < -2
    return value.quantize(_SHOWN) + Decimal(0) if is_long else value  # no -0.00


def _finding(
    of: session.Session, step: plan.Step, seen: measured.Point
) -> judgement.Finding | None:
    """Return what is judged of this very point: the last of its kind that has an outcome."""
    judged = of.judged()
    every = judged.handed_out if step.run == plan.AS_LEFT else judged.as_found
    known = [
        one
        for one in every
        if (one.check, one.direction, one.nominal) == (seen.check, seen.direction, seen.nominal)
        and one.outcome != judgement.NOT_DONE
    ]
    return known[-1] if known else None


def stopped_at(of: session.Session) -> str:
    """Return how far one has come."""
    asked = of.question()
    done = sum(one.did == entry.ANSWER for one in of.standing.answers.values())
    return f"{done}/{asked.count if asked else done}"
