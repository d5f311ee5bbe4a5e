"""The question of now, and nothing else: answered, given up, gone back over; at the end signed.

While an instrument measures, the page shows what may be seen of it (`watching`) and changes by
itself; the reference that it will take is in no page before the device's value is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from varde_host import errors, explaining
from varde_host.pages.asked import Asked
from varde_host.pages.long_poll import live_part
from varde_host.pages.page import Page
from varde_host.verification import wording as judged_words
from varde_host.verify_page import asking, drawing, here, shown
from varde_host.verifying import advice, entry, finishing, gathering, plan, watching, wording
from varde_host.verifying.ongoing import InHand

_WAITS_S = 3
"""How often a page without script looks again while an instrument measures."""


async def show(asked: Asked) -> Response:
    """Answer `GET /verify/ITEM/at/HOLD`."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    refresh_s = _WAITS_S if there.runner.is_measuring else 0
    return asked.page("verify_page/question.html", refresh_s=refresh_s, **_values(there))


async def live(asked: Asked) -> Response:
    """Answer `GET /verify/ITEM/at/HOLD/now`: the question, as soon as anything of it changes."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    changing = there.runner.changing

    def values() -> dict[str, Any]:
        return {**_values(here.in_hand(asked)), "refresh_s": 0}

    try:
        return await live_part(asked, changing, "verify_page/part/now.html", values)
    except errors.InputRefused:  # taken over, or signed, in another window meanwhile
        return asked.go(f"/verify/{asked.path['item']}")


async def answer(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/answer`."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    there.runner.answer(_turn(asked), asked.form.get("answer", ""), _by(asked))
    return asked.go(here.path_of(there))


async def retry(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/retry`: ask the instrument once more."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    there.runner.retry(_turn(asked))
    return asked.go(here.path_of(there))


async def type_instead(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/typed`: go on without instruments."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    await there.runner.type_instead(_turn(asked), _by(asked))
    return asked.go(here.path_of(there))


async def ask_why(asked: Asked) -> Response:
    """Answer `GET /verify/ITEM/at/HOLD/cannot` (F2) and `.../undo` (Esc): both ask why."""
    there = _in_hand(asked)
    return there if isinstance(there, Response) else _why(asked, there)


def _why(asked: Asked, there: InHand, refused: errors.HostError | None = None) -> Response:
    deed = asked.request.url.path.rpartition("/")[2]
    question = there.work.question()
    scopes = there.work.scopes() if question is not None and deed == "cannot" else ()
    return asked.page(
        "verify_page/why.html",
        200 if refused is None else 422,
        deed=deed,
        path=here.path_of(there),
        turn=there.runner.turn,
        scopes=[each for each in scopes if each != entry.STEP],
        asking=asking.of(question, there.work) if question is not None else None,
        is_must=deed == "cannot" and not scopes,
        problem=None if refused is None else explaining.of_error(refused),
        box="" if refused is None or refused.code == "birth-number" else _reason(asked),
    )


async def cannot(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/cannot`."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    scope = asked.form.get("scope", "")
    try:
        await there.runner.cannot(_turn(asked), _reason(asked), scope, _by(asked))
    except errors.InputRefused as error:
        return _why(asked, there, error)
    return asked.go(here.path_of(there))


async def undo(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/undo`."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    try:
        await there.runner.undo(_turn(asked), _reason(asked), _by(asked))
    except errors.InputRefused as error:
        return _why(asked, there, error)
    return asked.go(here.path_of(there))


async def leave(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/leave`: stop here; all that was answered is kept."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    await here.ongoing(asked).leave(there)
    return asked.go("/verify?done=left")


async def sign(asked: Asked) -> Response:
    """Answer `POST /verify/ITEM/at/HOLD/sign`: sign it, or put the practice away."""
    there = _in_hand(asked)
    if isinstance(there, Response):
        return there
    if there.work.question() is not None or _turn(asked) != there.runner.turn:
        raise errors.InputRefused("verify-turn", asked.path["item"])
    finished = await here.ongoing(asked).finish(there, asked.visit.by)
    if finished.put is None:
        return asked.go("/verify?done=practised")
    return asked.go(f"/records/{finished.put.record.number}")


def _in_hand(asked: Asked) -> InHand | Response:
    """Return what the address holds, or the way to the page that says who has it now."""
    try:
        return here.in_hand(asked)
    except errors.InputRefused:
        return asked.go(f"/verify/{asked.path['item']}")


def _values(there: InHand) -> dict[str, Any]:
    """Return what the question's templates show."""
    work, led = there.work, there.runner
    question = work.question()
    seen = led.seen
    return {
        "there": there,
        "path": here.path_of(there),
        "turn": led.turn,
        "version": led.changing.version,
        "question": question,
        "asking": None if question is None else asking.of(question, work),
        "is_measuring": led.is_measuring,
        "is_machine": question is not None and question.kind in plan.MACHINE,
        "is_last": question is not None and question.step.id == plan.UNCHANGED,
        "seen": seen,
        "curve": None if seen is None else _curve(question, seen),
        "trouble": None if led.trouble is None else explaining.of_error(led.trouble),
        "nothing": led.nothing,
        "refused": None if led.refused is None else explaining.of_error(led.refused),
        "again": led.again,
        "point": led.point,
        "point_look": shown.look(led.point.outcome) if led.point else "none",
        "point_word": _word(led.point.outcome) if led.point else "",
        "may_undo": asking.may_undo(work),
        "found": _found(there) if question and question.step.id == plan.UNCHANGED else (),
        "late": shown.findings(advice.of_past_due(_past_due(there))),
        "result": _result(there) if question is None else None,
        "is_practice": finishing.is_practice(work),
        "number": wording.number,
        "looks": shown.CLASSES,
    }


def _word(outcome: str | None) -> str:
    return "" if outcome is None else judged_words.outcome(outcome)


def _past_due(there: InHand) -> list[Any]:
    return there.work.past_due(gathering.day(there.since_ms))


def _found(there: InHand) -> list[shown.Finding]:
    """Return what is not as it must be, while something can still be done about it."""
    work = there.work
    return shown.findings(advice.of_findings(work.used, work.seen(), work.judged().handed_out))


def _result(there: InHand) -> shown.Result:
    work = there.work
    return shown.of(work.used, work.seen(), work.judged())


def _curve(question: Any, seen: watching.Seen) -> drawing.Drawing | None:
    if seen.whole_s is None or question is None or question.step.check is None:
        return None
    check = question.step.check
    title = asking.title(check)
    return drawing.of_curve(seen.curve, seen.whole_s, int(check.settle_s or 0), title)


def _turn(asked: Asked) -> int:
    """Return which question the form is of. Raises InputRefused `verify-turn`."""
    text = asked.form.get("turn", "")
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise errors.InputRefused("verify-turn", text[:8])
    return int(text)


def _reason(asked: Asked) -> str:
    return asked.form.get("answer", "")[:400]


def _by(asked: Asked) -> tuple[str, str]:
    return asked.visit.by.function, asked.visit.by.person


_AT = "/verify/{item}/at/{hold}"

PAGES: Sequence[Page] = (
    Page("GET", _AT, "verify.do", show),
    Page("GET", f"{_AT}/now", "verify.do", live),
    Page("POST", f"{_AT}/answer", "verify.do", answer),
    Page("POST", f"{_AT}/retry", "verify.do", retry),
    Page("POST", f"{_AT}/typed", "verify.do", type_instead),
    Page("GET", f"{_AT}/cannot", "verify.do", ask_why),
    Page("POST", f"{_AT}/cannot", "verify.do", cannot),
    Page("GET", f"{_AT}/undo", "verify.do", ask_why),
    Page("POST", f"{_AT}/undo", "verify.do", undo),
    Page("POST", f"{_AT}/leave", "verify.do", leave),
    Page("POST", f"{_AT}/sign", "verify.do", sign),
)
