"""One question at a time (`bench_entry`): an answer is on the disk when the next is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.bench_desk import scan
from varde_host.bench_entry import entries, flow, going_on, table
from varde_host.bench_entry.flow import Flow
from varde_host.bench_page import here, loan_settings, pictures
from varde_host.inventory import kit_id
from varde_host.pages import paths
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page

_OWN_LABEL = (scan.KIT, scan.ITEM, scan.TEST)
_GIVEN = ("seen", "note", "reason", "code", "back")
_AFTER_TAKING_IN = "/stock?taken={item}"


def begin_with(asked: Asked, name: str, about: str, given: Mapping[str, str]) -> Response:
    """Begin an entry, or go on with the one there is."""
    with asked.tenant.inventory.reading() as connection:
        entry = going_on.begun(here.around(asked, connection), name, about, given)
    return asked.go(_path(entry))


def _begin(chosen: Flow) -> Callable[[Asked], Awaitable[Response]]:
    async def begin(asked: Asked) -> Response:
        """Answer `POST /entry/FLOW`."""
        about = asked.form.get("about", "").strip()
        if about:
            about = kit_id.check(about)
        elif chosen.needs_about:
            raise errors.InputRefused("entry-about", chosen.name)
        given = {name: asked.form[name] for name in _GIVEN if asked.form.get(name)}
        return begin_with(asked, chosen.name, about, given)

    return begin


async def show(asked: Asked) -> Response:
    """Answer `GET /entry/FLOW/ID`; `?at=QUESTION` shows an earlier one again."""
    entry = _entry(asked)
    with asked.tenant.inventory.reading() as connection:
        opened = going_on.opened(here.around(asked, connection), entry, asked.query.get("at", ""))
    return _question(asked, opened)


async def answer(asked: Asked) -> Response:
    """Answer `POST /entry/FLOW/ID`."""
    entry = _entry(asked)
    name, text = asked.form.get("question", ""), asked.form.get("answer", "")
    with asked.tenant.inventory.reading() as connection:
        around = here.around(asked, connection)
        opened = going_on.opened(around, entry, name)
        away = "" if opened.question.kind == flow.SCAN else _label(asked, text)
        if away:
            return asked.go(away)
        try:
            entry = going_on.answered(around, entry, name, text)
        except errors.InputRefused as error:
            return _refused(asked, opened, error, text)
        is_complete = going_on.is_complete(around, entry)
    return _end(asked, entry) if is_complete else asked.go(_path(entry))


async def keep_typed(asked: Asked) -> Response:
    """Answer `POST /entry/FLOW/ID/typed`: what stands in the box, not checked yet."""
    entry = _entry(asked)
    name, text = asked.form.get("question", ""), asked.form.get("answer", "")
    going_on.typed(asked.tenant.directory, entry, name, text)
    return Response(status_code=204)


async def drop(asked: Asked) -> Response:
    """Answer `POST /entry/FLOW/ID/drop`: forget it; nothing of it was in the inventory."""
    entry = _entry(asked)
    entries.drop(asked.tenant.directory, entry.id)
    return asked.go(_about_path(entry))


def _end(asked: Asked, entry: entries.Entry) -> Response:
    """Do what the entry says; if that is refused, its last question is asked again."""
    try:
        with asked.tenant.inventory.writing() as connection:
            ended = going_on.ended(here.around(asked, connection), entry)
    except errors.InputRefused as error:
        with asked.tenant.inventory.reading() as connection:
            around = here.around(asked, connection)
            opened = going_on.opened(around, going_on.without_last(around, entry))
        return _refused(asked, opened, error, None)
    going_on.forget(asked.tenant.directory, entry, asked.now_ms)
    return asked.go(_afterwards(entry, ended))


def _afterwards(entry: entries.Entry, ended: flow.Ended) -> str:
    """Return where one goes on: to the kit, back to the scanning, to the papers."""
    if entry.given.get("back"):
        return paths.local(entry.given["back"])
    if entry.flow == "handout":
        return f"/kit/{ended.kit}/papers"
    if entry.flow == "take-in" and ended.kit:
        return f"/kit/{ended.kit}/fill?put={ended.item}"
    if entry.flow == "take-in":
        return _AFTER_TAKING_IN.format(item=ended.item)
    if ended.kit:
        return f"/kit/{ended.kit}?done={entry.flow}"
    return f"/item/{ended.item}" if ended.item else "/stock"


def _label(asked: Asked, text: str) -> str:
    """Return the page of a label of ours that was scanned into a question that wants none."""
    told = here.told(asked, text)
    if told.kind not in _OWN_LABEL or (told.found is not None and told.found.code is not None):
        return ""
    if told.kind == scan.TEST:
        return "/scan-test"
    return f"/kit/{told.kit}" if told.kit else f"/item/{told.item}"


def _refused(
    asked: Asked, opened: going_on.Open, error: errors.InputRefused, text: str | None
) -> Response:
    """Show the question again with what is wrong; a birth number is not shown again."""
    box = "" if error.code == "birth-number" or text is None else text[:400]
    return _question(asked, opened, error, box)


def _question(
    asked: Asked,
    opened: going_on.Open,
    error: errors.InputRefused | None = None,
    box: str | None = None,
) -> Response:
    entry, question = opened.entry, opened.question
    with asked.tenant.inventory.reading() as connection:
        around = here.around(asked, connection)
        choices = list(question.choices(around, entry))
        if question.may_skip and choices:
            choices.append(("", messages.text("bench-page.choice.none")))
        is_last = flow.is_last(opened.flow, around, entry, question)
        shown: Any = None
        if question.kind == flow.SEEN:
            shown = loan_settings.of_kit(asked, connection, entry.about)
        answered = [
            (each.name, _said(each, around, entry))
            for each in flow.applying(opened.flow, around, entry)
            if each.name in entry.answers and each.name != question.name
        ]
    return asked.page(
        "bench_page/entry.html",
        200 if error is None else 422,
        entry=entry,
        flow=opened.flow,
        question=question,
        box=opened.box if box is None else box,
        choices=choices,
        is_last=is_last,
        picture=pictures.of_flow(opened.flow.picture),
        answered=answered,
        shown=shown,
        problem=error and explaining.of_error(error),
        path=_path(entry),
        back=f"{_path(entry)}?at={opened.before}" if opened.before else _about_path(entry),
        about_path=_about_path(entry),
    )


def _said(question: flow.Question, around: flow.Around, entry: entries.Entry) -> str:
    """Return an answer as people read it."""
    value = entry.answers[question.name]
    if value == flow.NOTHING:
        return "–"
    if question.kind == flow.SEEN:
        return messages.text("bench-page.choice.seen")
    return dict(question.choices(around, entry)).get(value, value)


def _entry(asked: Asked) -> entries.Entry:
    """Return the entry of the address: of this site, and of this flow."""
    entry = entries.load(asked.tenant.directory, asked.path["entry"])
    if entry.flow != asked.request.url.path.split("/")[2]:
        raise errors.InputRefused("entry-gone", entry.id)
    return entry


def _path(entry: entries.Entry) -> str:
    return f"/entry/{entry.flow}/{entry.id}"


def _about_path(entry: entries.Entry) -> str:
    return f"/about/{entry.about}" if entry.about else "/"


async def go_to_about(asked: Asked) -> Response:
    """Answer `GET /about/ID`: the page of a kit or of a thing."""
    told = here.told(asked, asked.path["id"])
    if told.kind == scan.ITEM and told.kit is None:
        return asked.go(f"/item/{told.item}")
    return asked.go(f"/kit/{told.kit}" if told.kit else "/")


def _of_flow(chosen: Flow) -> list[Page]:
    path, action = f"/entry/{chosen.name}", chosen.action
    return [
        Page("POST", path, action, _begin(chosen)),
        Page("GET", path + "/{entry}", action, show),
        Page("POST", path + "/{entry}", action, answer),
        Page("POST", path + "/{entry}/typed", action, keep_typed),
        Page("POST", path + "/{entry}/drop", action, drop),
    ]


PAGES: Sequence[Page] = (
    Page("GET", "/about/{id}", "kit.see", go_to_about),
    *(page for chosen in table.FLOWS for page in _of_flow(chosen)),
)
