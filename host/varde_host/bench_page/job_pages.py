"""Work on boards while somebody looks: cards that change, and apart from them what is asked.

The question has a part of its own, which is only replaced when another question is asked: nobody's
half-typed answer is lost because a card went from 40 to 41 %.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.bench_desk import cards, jobs, next_step, orders, question_kinds
from varde_host.bench_desk.jobs import Job
from varde_host.bench_desk.questions import Waiting
from varde_host.bench_page import here, pictures
from varde_host.inventory import evidence, kit_id, who
from varde_host.pages.asked import Asked
from varde_host.pages.long_poll import WAIT_S, live_part
from varde_host.pages.page import Page

ACTIONS: Final[Mapping[str, str]] = {
    orders.MAKE: "bench.make",
    orders.ACCEPT: "accept.do",
    orders.RETURN: "bench.return",
}
"""The work that begins at a page, and who may do it."""

OUTCOMES: Final[Mapping[str, str]] = {
    cards.WORKING: "working", cards.DONE: "good", cards.WAITING: "note", cards.PERSON: "person",
    cards.FAILED: "bad", cards.STOPPED: "note",
}  # fmt: skip
STATES: Final[Mapping[str, str]] = {
    jobs.RUNNING: "working", jobs.DONE: "good", jobs.FAILED: "bad", jobs.STOPPED: "note",
    jobs.CUT: "note",
}  # fmt: skip

_WANTS: Final = {
    question_kinds.SCAN: "scan", question_kinds.TEXT: "text", question_kinds.YES_NO: "none",
}  # fmt: skip
_HANDS: Final = ("accept.ask.button",)
"""What hands are asked for with nothing to answer: the hub itself says that it was done."""
_LOOKS_S: Final = 2.0
"""How soon a change of a card's question is looked for again, at the latest."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A job as the first page lists it."""

    job: Job
    path: str
    title: str
    outcome: str
    card: cards.Card | None


def shown(asked: Asked) -> list[Shown]:
    """Return the jobs that are at work, or ended and were not put away."""
    desk = here.desk(asked)
    found = []
    for job in desk.jobs():
        if job.kind in ACTIONS:
            of_job = desk.cards(job.number)
            worst = max(of_job, key=lambda card: _URGENT.index(card.outcome), default=None)
            outcome = STATES[job.state]
            if job.state == jobs.RUNNING and worst is not None:
                outcome = OUTCOMES[worst.outcome]
            found.append(Shown(job, path(job), title(job), outcome, worst))
    return found


_URGENT: Final = (
    cards.DONE, cards.STOPPED, cards.WORKING, cards.WAITING, cards.FAILED, cards.PERSON,
)  # fmt: skip


def path(job: Job) -> str:
    """Return a job's page."""
    return f"/job/{job.kind}/{job.number}"


def title(job: Job) -> str:
    """Return what a job is called."""
    return messages.text(f"bench-page.job.{job.kind}", kit=job.kit or "–")


async def start(asked: Asked) -> Response:
    """Answer `POST /job/KIND`: begin, or go on with what is under way on the kit."""
    kind, form = _kind(asked), asked.form
    kit = kit_id.check(form["kit"]) if form.get("kit") else ""
    desk = here.desk(asked)
    there = desk.job_of_kit(kit) if kit else None
    if there is not None and there.state == jobs.RUNNING:
        return asked.go(path(there))
    what: dict[str, Any] = {"kit": kit}
    if kind == orders.MAKE:
        what |= _make(asked, kit)
    if kind == orders.RETURN and form.get("reason"):
        what |= _given_up(form)
    if there is not None:
        desk.dismiss(there.number)
    job = await desk.start(kind, asked.visit.by, **what)
    return asked.go(path(job))


def _make(asked: Asked, kit: str) -> dict[str, Any]:
    """Return what a tray is to do: a kit's own board, or those that are there, of a batch."""
    if not kit:
        count = asked.form.get("count", "")
        number = int(count) if count.isascii() and count.isdigit() and len(count) < 3 else None
        return {"batch": asked.form.get("batch", ""), "count": number}
    step = here.step_of(asked, kit)
    again = step.fields.get("again") if step.job == next_step.MAKE else None
    return {"again": (str(again),)} if again else {}


def _given_up(form: Mapping[str, str]) -> dict[str, Any]:
    """Return who decided that readings are wiped unsent, and why; refused before work begins.

    It is the follow-up service's to decide, so that the page asks for the user alone.
    """
    decided = who.Who(who.FOLLOW_UP, form.get("decided", "").strip().lower())
    return {"give_up": str(decided), "reason": evidence.text(form["reason"], "reason")}


async def show(asked: Asked) -> Response:
    """Answer `GET /job/KIND/JOB`."""
    job = _job(asked)
    return asked.page("bench_page/job.html", refresh_s=5, **_values(asked, job))


async def live_cards(asked: Asked) -> Response:
    """Answer `GET /job/KIND/JOB/cards`: the cards, as soon as one has changed."""
    job = _job(asked)
    changing = here.desk(asked).changing
    return await live_part(
        asked, changing, "bench_page/part/cards.html", lambda: _values(asked, job)
    )


async def live_question(asked: Asked) -> Response:
    """Answer `GET /job/KIND/JOB/question`: the question, as soon as it is another one."""
    job, seen = _job(asked), asked.query.get("seen", "")
    loop = asyncio.get_running_loop()
    until = loop.time() + (WAIT_S if asked.is_htmx else 0)
    changing, stopping = here.desk(asked).changing, asked.context.stopping
    stands = stopping.version
    while _asked_now(asked, job) == seen and loop.time() < until and stopping.version == stands:
        await changing.newer_than(changing.version, _LOOKS_S)
    if asked.is_htmx and _asked_now(asked, job) == seen:
        return Response(status_code=204)
    return asked.page("bench_page/part/question.html", **_values(asked, job))


async def answer(asked: Asked) -> Response:
    """Answer `POST /job/KIND/JOB/answer`."""
    job = _job(asked)
    number = _number(asked, job)
    here.desk(asked).questions.answer(number, asked.form.get("answer", ""), asked.visit.by)
    await asyncio.sleep(0)  # the work takes its answer before the page is shown again
    return asked.go(path(job))


async def take_over(asked: Asked) -> Response:
    """Answer `POST /job/KIND/JOB/mine`: another technician's question becomes one's own."""
    job = _job(asked)
    number = _number(asked, job)
    here.desk(asked).questions.take_over(number, asked.visit.by)
    return asked.go(path(job))


async def ask_why(asked: Asked) -> Response:
    """Answer `GET /job/KIND/JOB/cannot`: F2 asks why."""
    job = _job(asked)
    given = {name: asked.query.get(name, "") for name in ("number", "chip")}
    return asked.page(
        "bench_page/cannot.html", job=job, path=path(job), title=title(job), given=given,
        problem=None, box="",
    )  # fmt: skip


async def cannot(asked: Asked) -> Response:
    """Answer `POST /job/KIND/JOB/cannot`."""
    job, form, desk = _job(asked), asked.form, here.desk(asked)
    reason = form.get("answer", "")
    try:
        if form.get("number"):
            desk.questions.cannot(_number(asked, job), reason, asked.visit.by)
        else:
            desk.cannot(job.number, form.get("chip", ""), reason, asked.visit.by)
    except errors.InputRefused as error:
        given = {name: form.get(name, "") for name in ("number", "chip")}
        return asked.page(
            "bench_page/cannot.html", 422, job=job, path=path(job), title=title(job), given=given,
            problem=explaining.of_error(error),
            box="" if error.code == "birth-number" else reason[:200],
        )  # fmt: skip
    await asyncio.sleep(0)
    return asked.go(path(job))


async def stop(asked: Asked) -> Response:
    """Answer `POST /job/KIND/JOB/stop`: what is finished stands, the rest goes on later."""
    job = _job(asked)
    if job.state == jobs.RUNNING:
        await here.desk(asked).stop(job.number, asked.visit.by)
    return asked.go(path(job))


async def resume(asked: Asked) -> Response:
    """Answer `POST /job/KIND/JOB/resume`: the same order again."""
    job = await here.desk(asked).resume(_job(asked).number, asked.visit.by)
    return asked.go(path(job))


async def dismiss(asked: Asked) -> Response:
    """Answer `POST /job/KIND/JOB/dismiss`: show it no more."""
    job = _job(asked)
    here.desk(asked).dismiss(job.number)
    return asked.go(f"/kit/{job.kit}" if job.kit else "/")


def _values(asked: Asked, job: Job) -> dict[str, Any]:
    desk = here.desk(asked)
    job = desk.job(job.number)
    waiting = desk.questions.waiting(job.number)
    mine = [each for each in waiting if _is_mine(asked, each)]
    question = next(iter([*mine, *waiting]), None)
    of_job = desk.cards(job.number)
    return {
        "job": job,
        "path": path(job),
        "title": title(job),
        "cards": of_job,
        "outcomes": OUTCOMES,
        "state_outcome": STATES[job.state],
        "question": question,
        "is_mine": question is not None and _is_mine(asked, question),
        "wants": _WANTS[question.kind] if question is not None else "none",
        "asked_text": question and asked_text(question),
        "picture": pictures.of_code(question.key) if question is not None else ("", ""),
        "picture_of": pictures.of_code,
        "hands": _HANDS,
        "may_do": asked.may(ACTIONS[job.kind]),
        "seen": _asked_now(asked, job),
        "next_step": here.step_of(asked, job.kit) if job.kit else None,
        "said": dict(job.said),
        "is_over": job.state != jobs.RUNNING,
        "is_left": job.state in (*jobs.LEFT, jobs.FAILED),
        "version": desk.changing.version,
    }


def asked_text(question: Waiting) -> str:
    """Return a question in words: the page's own where the command line's names its keys."""
    own = "bench-page.asked." + question.key.replace(".", "-")
    key = own if messages.has(own) else question.key
    return messages.text(key, **question.fields)


def _asked_now(asked: Asked, job: Job) -> str:
    """Return what the question's part shows: its number, whose it is, what hands are wanted for,
    and if the job is over."""
    desk = here.desk(asked)
    waiting = desk.questions.waiting(job.number)
    shown = [f"{each.id}{'m' if _is_mine(asked, each) else 'o'}" for each in waiting]
    hands = [
        f"{card.chip}.{card.code}.{card.fields.get('slot', '')}"
        for card in desk.cards(job.number)
        if card.outcome == cards.PERSON and card.question is None
    ]
    return "-".join([desk.job(job.number).state, *shown, *hands])


def _is_mine(asked: Asked, question: Waiting) -> bool:
    return question.held_by is None or question.held_by.person == asked.visit.person


def _kind(asked: Asked) -> str:
    return asked.request.url.path.split("/")[2]


def _job(asked: Asked) -> Job:
    """Return the job of the address. InputRefused `desk-job-unknown`."""
    text = asked.path["job"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise errors.InputRefused("desk-job-unknown", text[:10])
    job = here.desk(asked).job(int(text))
    if job.kind != _kind(asked):
        raise errors.InputRefused("desk-job-unknown", text)
    return job


def _number(asked: Asked, job: Job) -> int:
    """Return the question of the form, one of this very job: who may do the one kind of work does
    not answer for another. InputRefused `desk-question-gone`."""
    text = asked.form.get("number", "")
    open_here = {str(each.id) for each in here.desk(asked).questions.waiting(job.number)}
    if text not in open_here:
        raise errors.InputRefused("desk-question-gone", text[:10])
    return int(text)


def _of_kind(kind: str, action: str) -> list[Page]:
    one = f"/job/{kind}/{{job}}"
    return [
        Page("POST", f"/job/{kind}", action, start),
        Page("GET", one, "kit.see", show),
        Page("GET", f"{one}/cards", "kit.see", live_cards),
        Page("GET", f"{one}/question", "kit.see", live_question),
        Page("POST", f"{one}/answer", action, answer),
        Page("POST", f"{one}/mine", action, take_over),
        Page("GET", f"{one}/cannot", action, ask_why),
        Page("POST", f"{one}/cannot", action, cannot),
        Page("POST", f"{one}/stop", action, stop),
        Page("POST", f"{one}/resume", action, resume),
        Page("POST", f"{one}/dismiss", action, dismiss),
    ]


PAGES: Sequence[Page] = tuple(
    page for kind, action in ACTIONS.items() for page in _of_kind(kind, action)
)
assert set(ACTIONS) <= set(orders.KINDS)
