"""A question as the page asks it: what, where, and with which field.

What a terminal's keys are named for in the words of `verify.ask` is a button here, so a page has
words of its own for those (`verify-page.ask.*`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from varde_host import messages
from varde_host.verification import measured, procedure
from varde_host.verifying import entry, plan, session, wording

NONE, TEXT, NUMBER, CHOICE = "none", "text", "number", "choice"
"""What the macro `question` wants."""

_WANTS: Final = {
    plan.NUMBER: NUMBER, plan.CLASS: CHOICE, plan.READY: NONE, plan.YES_NO: NONE,
}  # fmt: skip
_UNITS: Final = {
    plan.TEMPERATURE: "°C", plan.SCALE_E: "kg", plan.SCALE_D: "kg", plan.OWNED: "kg",
}  # fmt: skip
CLASSES: Final = ("III", "IIII", plan.NO_CLASS)


@dataclass(frozen=True, slots=True)
class Asking:
    """`name`: which check; `place`: where in it; `ask`: the question; `told`: how it is done, said
    once a check. `yes`, `no`: the buttons; `no` "" where a no is no answer."""

    name: str
    place: str
    ask: str
    told: str
    hint: str
    wants: str
    unit: str
    yes: str
    no: str
    is_required: bool
    choices: tuple[tuple[str, str], ...] = ()


def of(asked: session.Question, work: session.Session) -> Asking:
    """Return how the page asks this question."""
    step, language = asked.step, messages.speaker.language
    name = "" if step.check is None else step.check.name.text(language)
    place = "" if step.planned is None else _place(step, work)
    told = (
        step.check.ask.text(language) if step.check is not None and _is_first(step, work) else ""
    )
    return Asking(
        name, place, _ask(step, told), told, _hint(step), _WANTS.get(step.kind, TEXT),
        _unit(step), _yes(step), _no(step), _is_required(step),
        tuple((one, _class(one)) for one in CLASSES) if step.kind == plan.CLASS else (),
    )  # fmt: skip


def may_undo(work: session.Session) -> bool:
    """Tell if there is an answer of a person to go back over."""
    return any(
        one.did == entry.CANNOT or one.source == measured.TYPED
        for one in work.standing.answers.values()
    )


def _place(step: plan.Step, work: session.Session) -> str:
    assert step.planned is not None
    found = wording.target(step.planned, work)
    arrow = {measured.UP: "↑ ", measured.DOWN: "↓ "}.get(step.planned.direction or "", "")
    return arrow + found if found else ""


def _is_first(step: plan.Step, work: session.Session) -> bool:
    """Tell if nothing of this check was answered yet: then it says how it is done."""
    assert step.check is not None
    start = f"{step.run}/{step.check.id}/"
    return not any(one.startswith(start) for one in work.standing.answers)


def _ask(step: plan.Step, told: str) -> str:
    if step.check is None:
        return _own(step.id)
    if step.planned is not None:
        key = "display-or-none" if step.is_optional and step.name == "display" else step.name
        return _own(f"{key}-machine" if step.kind == plan.HOLD else key)
    if step.kind in (plan.VALUES, plan.TYPED_CURVE, plan.CURVE, plan.RADIO):
        return _of_many(step)
    return told or step.check.ask.text(messages.speaker.language)


def _of_many(step: plan.Step) -> str:
    assert step.check is not None
    if step.kind != plan.TYPED_CURVE:
        return _own(step.name if step.kind != plan.CURVE else "curve-machine")
    times_s = plan.typed_times_s(step.check)
    said = {"first": times_s[0], "last": times_s[-1], "every": times_s[1] - times_s[0]}
    return messages.text("verify-page.ask.curve", count=len(times_s), **said)


def _own(key: str) -> str:
    own = f"verify-page.ask.{key}"
    return messages.text(own if messages.has(own) else f"verify.ask.{key}")


def _hint(step: plan.Step) -> str:
    key = "optional" if step.is_optional else step.kind
    own = f"verify-page.hint.{key}"
    return messages.text(own) if messages.has(own) else ""


def _unit(step: plan.Step) -> str:
    if step.kind not in (plan.NUMBER, plan.PIECES, plan.TYPED_CURVE):
        return ""
    if step.check is None:
        return _UNITS.get(step.id, "")
    return step.check.unit or ""


def _yes(step: plan.Step) -> str:
    if step.kind == plan.READY:
        return messages.text("verify-page.button.ready")
    if step.kind == plan.YES_NO:
        own = f"verify-page.button.{step.id}-yes"
        return messages.text(own if messages.has(own) else "verify-page.button.yes")
    return messages.text("verify-page.button.on")


def _no(step: plan.Step) -> str:
    if step.kind not in (plan.YES_NO, plan.YES_TEXT):
        return ""
    own = f"verify-page.button.{step.id}-no"
    return messages.text(own if messages.has(own) else "verify-page.button.no")


def _is_required(step: plan.Step) -> bool:
    return not step.is_optional and step.kind not in (plan.READY, plan.YES_NO, plan.CLASS)


def _class(value: str) -> str:
    return messages.text("verify-page.no-class") if value == plan.NO_CLASS else value


def title(check: procedure.Check) -> str:
    """Return what a check is called."""
    return check.name.text(messages.speaker.language)
