"""«Kontrollrapport for kit»: what an acceptance proved, step by step, and what it did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from varde_host import messages
from varde_host.acceptance import steps
from varde_host.bench_record import form
from varde_host.paper import page, pdfa
from varde_host.paper.plots import coverage_bars, timeline
from varde_host.reporting import amounts, level_text, radio_bars, sheet
from varde_host.verification import judgement

NOT_CHECKED = ("not-home", "not-blood", "not-later")
_MILLISECONDS = 1000


def pdf(paper: sheet.Paper, attached: Sequence[pdfa.Attached] = ()) -> bytes:
    """Return the report of an acceptance; `beside` are the verifications of its things."""
    title = paper.words.text("sheet.acceptance.title")
    return sheet.drawn(paper, title, lambda pages: _draw(pages, paper), attached)


def _draw(pages: page.Pages, paper: sheet.Paper) -> None:
    words, content = paper.words, paper.content
    text = words.text
    kit = text("label.kit", kit=content["kit"])
    sheet.head(pages, paper, text("sheet.acceptance.title"), [kit])
    sheet.verdict(pages, paper, _verdict(paper))
    pages.heading(text("sheet.devices"))
    things(pages, paper)
    facts = {row["step"]: row["facts"] for row in content["steps"]}
    release = facts.get(steps.ROLLBACK, {}).get("release")
    version = text("sheet.not-said") if release is None else str(release)
    hub = (text("sheet.chip", chip=content["chip"]), text("sheet.firmware", version=version))
    pages.table([], [(text("sheet.hub"), ", ".join((content["hub"], *hub)))], [20.0], 8.5)
    pages.heading(text("sheet.not-checked"))
    pages.bullets([text(f"sheet.acceptance.{name}") for name in NOT_CHECKED])
    pages.paragraph(text("sheet.acceptance.only-this"), bold=True, size=9.0)
    pages.heading(text("sheet.acceptance.steps"))
    _steps(pages, paper)
    _storage(pages, words, facts.get(steps.STORAGE, {}))
    levels = facts.get(steps.COVERAGE, {}).get("levels")
    if isinstance(levels, list) and levels:
        place = str(facts[steps.COVERAGE].get("place", content["place"]))
        coverage(pages, words, [radio_bars.room(words, place, levels)])
    sheet.tail(pages, paper)


def _verdict(paper: sheet.Paper) -> list[str]:
    words, content = paper.words, paper.content
    rows = {row["step"]: row["outcome"] for row in content["steps"]}
    good = sum(steps.is_good(name, rows.get(name)) for name in steps.STEPS)
    lines = [words.text("sheet.acceptance.counted", good=good, steps=len(steps.STEPS))]
    bad = [name for name in steps.STEPS if not steps.is_good(name, rows.get(name))]
    if bad:
        named = ", ".join(words.text(steps.text_key(name)) for name in bad)
        lines.append(words.text("sheet.acceptance.missing", names=named))
        lines.append(words.text("sheet.acceptance.not-out"))
    else:
        until = amounts.date(words, content["valid_until"])
        lines.append(words.text("sheet.valid-until", date=until))
    return lines


def things(pages: page.Pages, paper: sheet.Paper) -> None:
    """Draw what is in the kit, each with the verification that it goes out on."""
    words = paper.words
    known = {one.sha256: one for one in paper.beside if one.kind == form.VERIFICATION}
    heads = [words.text(f"sheet.column.{name}") for name in ("item", "thing", "level", "until")]
    heads.append(words.text("sheet.column.record"))
    rows = [_thing(words, row, known.get(str(row["verification"])))
            for row in paper.content["items"]]  # fmt: skip
    pages.table(heads, rows, [20.0, 50.0, 46.0, 22.0], 8.5)


def _thing(
    words: messages.Speaker, row: Mapping[str, Any], record: form.Signed | None
) -> list[str]:
    if row["verification"] is None:
        return [row["item"], words.text("sheet.by-the-kit"), "", "", ""]
    if record is None:
        return [row["item"], "", "", "", str(row["verification"])[: sheet.HASH_DIGITS]]
    device = record.content["measured"]["device"]
    name = ", ".join(device[key] for key in ("model", "serial", "size") if device.get(key))
    level = level_text.of_record(words, record)
    if record.outcome != judgement.PASSED:
        level += f". {amounts.outcome(words, record.outcome)}"
    until = amounts.date(words, record.valid_until)
    named, number = name or words.text("sheet.not-said"), str(record.content["number"])
    return [row["item"], named, level, until, number]


def _steps(pages: page.Pages, paper: sheet.Paper) -> None:
    words = paper.words
    heads = [words.text(f"sheet.column.{name}") for name in ("step", "outcome", "moment")]
    heads.append(words.text("sheet.column.note"))
    found = {row["step"]: row for row in paper.content["steps"]}
    rows = []
    for name in steps.STEPS:
        row = found.get(name)
        outcome = steps.NOT_DONE if row is None else row["outcome"]
        is_done = row is not None and outcome != steps.NOT_DONE
        moment = amounts.moment(words, row["at_ms"]) if row is not None and is_done else ""
        note = "" if row is None else fault(words, row)
        named = words.text(steps.text_key(name))
        rows.append([named, amounts.short(words, outcome), moment, note])
    pages.table(heads, rows, [46.0, 25.0, 42.0], 8.5)


def fault(words: messages.Speaker, row: Mapping[str, Any]) -> str:
    """Return why a step failed, with its code; "" if it did not."""
    code = row["code"]
    if code is None:
        return ""
    key = f"bench.fault.{code.lower()}.what"
    if not words.has(key):
        return str(code)
    try:
        return f"{code.upper()}: {words.text(key, **row['facts'])}"
    except (KeyError, IndexError, ValueError):  # a fact that this version words otherwise
        return str(code).upper()


def _storage(pages: page.Pages, words: messages.Speaker, facts: Mapping[str, Any]) -> None:
    counted = ("count", "held", "arrived", "lost", "altered", "twice", "late")
    if any(type(facts.get(name)) is not int for name in counted):
        return
    text = words.text
    cuts = [text(f"sheet.cut.{_cut(cut)}") for cut in facts.get("cuts", [])]
    flow = timeline.Flow(
        [
            timeline.Station(text("sheet.storage.asked"), str(facts["count"])),
            timeline.Station(text("sheet.storage.held"), str(facts["held"])),
            timeline.Station(text("sheet.storage.arrived"), str(facts["arrived"])),
        ],
        [[], cuts],
    )
    title = text("sheet.storage.title")
    pages.figure(
        timeline.FLOW_HEIGHT_MM, page.drawing(timeline.draw_flow, flow),
        title,
    )  # fmt: skip
    times = facts.get("times")
    if isinstance(times, list) and times:
        lines = carried(words, facts)
        pages.figure(
            timeline.LINES_HEIGHT_MM,
            page.drawing(timeline.draw_lines, lines),
        )
    said = {name: facts[name] for name in counted}
    pages.paragraph(text("sheet.storage.counts", **said))
    longest = facts.get("longest_ms")
    if type(longest) is int:
        seconds = amounts.number(words, round(longest / _MILLISECONDS))
        pages.paragraph(text("sheet.storage.longest", seconds=seconds))
    if facts.get("journal_sha256"):
        pages.paragraph(text("sheet.storage.hash", sha256=facts["journal_sha256"]), size=8.0)


def _cut(named: object) -> str:
    """Return what was cut: the link, or the power (by the reset line, or a pulled cable)."""
    return "network" if named == "network" else "power"


def carried(words: messages.Speaker, facts: Mapping[str, Any]) -> timeline.Lines:
    """Return the moments of each test reading, where the record has them (`times`: number, made,
    stored in Unix ms; `cut_times`: when, which)."""
    start = min(row[1] for row in facts["times"])

    def seconds(utc_ms: int) -> float:
        return float(utc_ms - start) / _MILLISECONDS

    readings = [
        timeline.Carried(number, seconds(made_ms), seconds(stored_ms))
        for number, made_ms, stored_ms in facts["times"]
    ]
    cuts = [
        (seconds(row[0]), words.text(f"sheet.cut.{_cut(row[1])}"))
        for row in facts.get("cut_times", [])
    ]
    names = ("seconds", "reading", "made", "stored")
    axes = tuple(words.text(f"sheet.storage.{name}") for name in names)
    return timeline.Lines(
        readings, cuts, (axes[0], axes[1], axes[2], axes[3]),
        lambda value: amounts.number(words, value),
    )  # fmt: skip


def coverage(
    pages: page.Pages, words: messages.Speaker, rooms: Sequence[coverage_bars.Room]
) -> None:
    """Draw the bars of rooms."""
    pages.figure(
        coverage_bars.height_mm(rooms),
        page.drawing(coverage_bars.draw, rooms),
        words.text("sheet.coverage.title"),
    )
    pages.paragraph(words.text("sheet.coverage.explained"), size=page.SMALL_SIZE)
