"""A rollout in words, tables and a drawn timeline, in the language in use."""

from __future__ import annotations

import rich.box
import rich.console
import rich.markup
import rich.table
import rich.text

from varde_host import messages, output
from varde_host.fleet import advancing, plan_file, rollout, rollout_view
from varde_host.fleet.rollout import RingState
from varde_host.fleet_view import rollout_words
from varde_host.receiver import wording

NOTHING = "–"
TIMELINE_COLUMNS = 48
MAX_HUBS_SHOWN = 40
MAX_MOMENTS_SHOWN = 20
_HOUR_MS = plan_file.HOUR_MS

Part = rich.text.Text | rich.table.Table


def shown(looked: advancing.Looked) -> list[Part]:
    """Return all of it: head, rings, timeline, the hubs to look at, what comes next."""
    parts: list[Part] = [_line(rollout_words.head(looked)), _rings(looked), *_timeline(looked)]
    troubled = _troubled(looked)
    if troubled:
        parts.append(_hubs(troubled[:MAX_HUBS_SHOWN]))
    if len(troubled) > MAX_HUBS_SHOWN:
        left = len(troubled) - MAX_HUBS_SHOWN
        parts.append(_line(messages.text("fleet.more-hubs", hubs=left)))
    return parts + [_line(text) for text in rollout_words.next_steps(looked)]


def show(looked: advancing.Looked) -> None:
    """Print it on standard output; only tables know how wide that is."""
    console = rich.console.Console(width=output.width(), highlight=False)
    for part in shown(looked):
        if isinstance(part, rich.text.Text):
            output.line(part.plain)
            continue
        with console.capture() as made:
            console.print(part)
        output.line("\n".join(line.rstrip() for line in made.get().rstrip().split("\n")))


def _line(text: str) -> rich.text.Text:
    return rich.text.Text(text, overflow="fold")


def _rings(looked: advancing.Looked) -> rich.table.Table:
    """Columns that say nothing of any ring are left out: a terminal has no room for them."""
    rows = [
        [sum(state.counts[name] for name in names) for names in rollout_words.COLUMNS.values()]
        for state in looked.rings
    ]
    shown = [at for at in range(len(rollout_words.COLUMNS)) if any(row[at] for row in rows)]
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    grid.add_column(messages.text("fleet-column.ring"), no_wrap=True)
    for name in ("hubs", *(list(rollout_words.COLUMNS)[at] for at in shown)):
        grid.add_column(messages.text(f"fleet-column.{name}"), justify="right", no_wrap=True)
    grid.add_column(messages.text("fleet-column.now"), overflow="fold")
    for state, row in zip(looked.rings, rows, strict=True):
        cells = [str(row[at] or "") for at in shown]
        now = rollout_words.ring_now(state, looked.now_ms)
        whole = (state.ring.name, str(len(state.hubs)), *cells, now)
        grid.add_row(*map(rich.markup.escape, whole), style=None if state.is_begun else "dim")
    return grid


def _timeline(looked: advancing.Looked) -> list[Part]:
    """Draw a line a ring, from the first publication until now, or until the end."""
    moments = rollout_view.moments(looked)
    if not moments:
        return []
    start_ms = moments[0].at_ms
    ended = looked.found.ended
    end_ms = max(looked.now_ms if ended is None else ended.at_ms, start_ms + 1)
    width = max(len(ring.name) for ring in looked.found.plan.rings)
    lines: list[Part] = [
        _line(f"  {state.ring.name:{width}}  {_drawn(state, moments, start_ms, end_ms)}")
        for state in looked.rings
        if state.is_begun
    ]
    scale = f"  {'':{width}}  {wording.moment(start_ms)}"
    hours = messages.text("fleet.hours", hours=round((end_ms - start_ms) / _HOUR_MS))
    lines.append(_line(f"{scale}{hours:>{max(TIMELINE_COLUMNS - 20, 1)}}"))
    last = moments[-MAX_MOMENTS_SHOWN:]
    return [*lines, _line(""), *(_line(_told(looked, each)) for each in last)]


def _drawn(
    state: RingState, moments: list[rollout_view.Moment], start_ms: int, end_ms: int
) -> str:
    """░ published, ▒ some, ▓ 95 % confirmed, █ done, ✖ a failure."""
    own = [moment for moment in moments if moment.ring == state.number]
    confirmed = sorted(at.confirmed_ms for _hub, at in state.hubs if at.confirmed_ms)
    done_ms = rollout_view.done_ms(state) if state.is_done else None
    step_ms = (end_ms - start_ms) / TIMELINE_COLUMNS
    signs = []
    for column in range(TIMELINE_COLUMNS):
        from_ms, to_ms = start_ms + column * step_ms, start_ms + (column + 1) * step_ms
        share = sum(at_ms < to_ms for at_ms in confirmed) * 100 / max(state.counted, 1)
        sign = "▓" if share >= rollout.CONFIRMED_PERCENT else "▒" if share else "░"
        if own[0].at_ms >= to_ms:
            sign = "·"
        elif done_ms is not None and done_ms < to_ms:
            sign = "█"
        if any(from_ms <= m.at_ms < to_ms and m.what in rollout_words.BAD for m in own):
            sign = "✖"
        signs.append(sign)
    return "".join(signs)


def _told(looked: advancing.Looked, moment: rollout_view.Moment) -> str:
    place = rollout_words.place(looked, moment)
    return f"  {wording.moment(moment.at_ms)}  {place:28} {rollout_words.happened(moment)}"


def _troubled(looked: advancing.Looked) -> list[tuple[str, ...]]:
    """Return the hubs about which there is something to say: failures first."""
    return [
        (
            hub.hub_id.hex(), ring.ring.name, rollout_words.state_text(at),
            rollout_words.reason_text(hub, at),
            NOTHING if heard is None else wording.moment(heard),
        )
        for ring, hub, at in rollout_words.troubled(looked)
        for heard in [None if hub.truth is None else hub.truth.last_heard_ms]
    ]  # fmt: skip


def _hubs(rows: list[tuple[str, ...]]) -> rich.table.Table:
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    for name in ("hub", "ring", "state", "reason", "heard"):
        is_whole = name in {"hub", "ring", "heard"}
        grid.add_column(messages.text(f"fleet-column.{name}"), overflow="fold", no_wrap=is_whole)
    for row in rows:
        grid.add_row(*map(rich.markup.escape, row))
    return grid
