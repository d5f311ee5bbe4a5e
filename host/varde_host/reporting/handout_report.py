"""«Utleveringsrapport»: what went out under a loan, what each thing goes out on, what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from varde_host.acceptance import coverage
from varde_host.bench_record import form
from varde_host.paper import page, pdfa, signs
from varde_host.reporting import acceptance_report, amounts, handing_out, radio_bars, sheet

_LOAN_GROUP = 4


def pdf(paper: sheet.Paper, attached: Sequence[pdfa.Attached] = ()) -> bytes:
    """Return the report of a handout; `beside` are its acceptance and the verifications."""
    title = paper.words.text("sheet.handout.title")
    return sheet.drawn(paper, title, lambda pages: _draw(pages, paper), attached)


def _draw(pages: page.Pages, paper: sheet.Paper) -> None:
    words, content = paper.words, paper.content
    text = words.text
    kit = text("label.kit", kit=content["kit"])
    loan = text("sheet.handout.loan", loan=grouped(content["loan"]))
    sheet.head(pages, paper, text("sheet.handout.title"), [kit, loan])
    is_whole = content["instructed"] and not _is_weak(content["coverage"])
    sign = signs.GOOD if is_whole else signs.OPEN
    pages.verdict(sign, text("sheet.handout.done"), _verdict(paper))
    pages.heading(text("sheet.devices"))
    acceptance_report.things(pages, paper)
    _changes(pages, paper)
    pages.heading(text("sheet.not-checked"))
    pages.bullets([text(f"sheet.acceptance.{name}") for name in ("not-blood", "not-later")])
    rooms = content["coverage"]
    if isinstance(rooms, list) and rooms:
        bars = [radio_bars.room(words, str(row["room"]), row["levels"]) for row in rooms]
        acceptance_report.coverage(pages, words, bars)
    else:
        pages.heading(text("sheet.coverage.title"))
        pages.paragraph(text("sheet.handout.no-coverage"))
    sheet.tail(pages, paper)


def grouped(loan: str) -> str:
    """Return a loan's number in groups, as it is read out over the telephone."""
    return " ".join(
        loan[start : start + _LOAN_GROUP] for start in range(0, len(loan), _LOAN_GROUP)
    )


def _verdict(paper: sheet.Paper) -> list[str]:
    words, content = paper.words, paper.content
    accepted = next((one for one in paper.beside if one.kind == form.ACCEPTANCE), None)
    lines = []
    if accepted is not None:
        until = amounts.date(words, accepted.valid_until)
        number = accepted.content["number"]
        lines.append(words.text("sheet.handout.accepted", number=number, date=until))
    else:
        digits = str(content["acceptance"])[: sheet.HASH_DIGITS]
        lines.append(words.text("sheet.handout.accepted-hash", sha256=digits))
    key = "instructed" if content["instructed"] else "not-instructed"
    lines.append(words.text(f"sheet.handout.{key}"))
    if _is_weak(content["coverage"]):
        lines.append(words.text("sheet.handout.weak"))
    return lines


def _is_weak(rooms: Any) -> bool:
    """Tell if something was too weak in a room, which nobody may read past."""
    if not isinstance(rooms, list):
        return False
    levels = [row for room in rooms for row in room["levels"]]
    return any(row.get("colour") == coverage.RED for row in levels)


def _changes(pages: page.Pages, paper: sheet.Paper) -> None:
    """Draw what differs from the kit's loan before this one."""
    text, config = paper.words.text, paper.content["config"]
    pages.heading(text("sheet.handout.changes"))
    rows = [_change(row) for row in config] if isinstance(config, list) else _mapped(config)
    known = {handing_out.CONTENTS: text("sheet.handout.contents")}
    rows = [[known.get(row[0], row[0]), *row[1:]] for row in rows]
    if not rows:
        pages.paragraph(text("sheet.handout.no-changes"))
        return
    heads = [text(f"sheet.column.{name}") for name in ("setting", "before", "now")]
    pages.table(heads, rows, [60.0, 55.0], 9.0)


def _change(row: Any) -> list[str]:
    """A row is {"setting", "before", "now"}; any other shape stands as it is."""
    if isinstance(row, Mapping) and "setting" in row:
        return [str(row["setting"]), _plain(row.get("before")), _plain(row.get("now"))]
    return [str(row), "", ""]


def _mapped(config: Mapping[str, Any]) -> list[list[str]]:
    return [[str(name), "", _plain(value)] for name, value in sorted(config.items())]


def _plain(value: object) -> str:
    return amounts.NOTHING if value is None else str(value)
