"""A rollout in words, tables and a drawn timeline, in the language in use."""

from __future__ import annotations

import rich.box
import rich.console
import rich.markup
import rich.table
import rich.text

from varde_host import messages, output
from varde_host.fleet import advancing, plan_file, rollout, rollout_view, standing
from varde_host.fleet.rollout import RingState
from varde_host.receiver import update_text, wording

NOTHING = "–"
TIMELINE_COLUMNS = 48
MAX_HUBS_SHOWN = 40
MAX_MOMENTS_SHOWN = 20
_HOUR_MS = plan_file.HOUR_MS

# The columns of the table of rings, and the states that each counts.
_COLUMNS = {
    "planned": (standing.PLANNED,),
    "waiting": (standing.WAITING,),
    "fetching": (standing.FETCHING, standing.STAGED),
    "trial": (standing.TRIAL,),
    "confirmed": (standing.CONFIRMED,),
    "returned": (standing.RETURNED, standing.FELL_BACK, standing.REFUSED),
    "silent": (standing.SILENT, standing.OVERDUE),
    "left": (standing.LEFT, standing.WITHDRAWN),
}
_GOOD = (standing.CONFIRMED, standing.PLANNED, standing.LEFT, standing.WITHDRAWN)


Part = rich.text.Text | rich.table.Table


def shown(looked: advancing.Looked) -> list[Part]:
    """Return all of it: head, rings, timeline, the hubs to look at, what comes next."""
    parts: list[Part] = [_line(head(looked)), _rings(looked), *_timeline(looked)]
    troubled = _troubled(looked)
    if troubled:
        parts.append(_hubs(troubled[:MAX_HUBS_SHOWN]))
    if len(troubled) > MAX_HUBS_SHOWN:
        left = len(troubled) - MAX_HUBS_SHOWN
        parts.append(_line(messages.text("fleet.more-hubs", hubs=left)))
    return parts + [_line(text) for text in next_steps(looked)]


def head(looked: advancing.Looked) -> str:
    """Return one line: which rollout, and how it is."""
    return messages.text(f"rollout-head.{rollout_view.state(looked)}", **_named(looked))


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


def next_steps(looked: advancing.Looked) -> list[str]:
    """Return what runs where, and what a person can do, if anything is theirs to do."""
    state = rollout_view.state(looked)
    lines = []
    if looked.found.ended is not None or state == rollout_view.HELD:
        for number, hubs in rollout_view.runs(looked).items():
            key = "fleet.runs" if number is not None else "fleet.runs-unknown"
            lines.append(messages.text(key, number=number, hubs=hubs))
    key = f"rollout-next.{state}"
    if messages.has(key):
        number = looked.found.number
        fields = {"name": looked.found.plan.name, "number": number, "next": number + 1}
        lines.append(messages.text(key, **fields))
    return lines


def reasons(looked: advancing.Looked) -> list[str]:
    """Return why it was stopped."""
    ended = looked.found.ended
    if ended is None or ended.how != rollout.STOPPED:
        return []
    found = [
        messages.text(
            f"stop-reason.{reason['why']}", ring=reason["ring"], hubs=len(reason["hubs"])
        )
        for reason in ended.reasons
        if messages.has(f"stop-reason.{reason.get('why')}")
    ]
    return found or [messages.text(f"stop-reason.{rollout.PERSON}", by=ended.by)]


def _named(looked: advancing.Looked) -> dict[str, object]:
    ended = looked.found.ended
    return {
        "name": looked.found.plan.name,
        "number": looked.found.number,
        "moment": wording.moment(looked.now_ms if ended is None else ended.at_ms),
        "why": "; ".join(reasons(looked)),
    }


def _line(text: str) -> rich.text.Text:
    return rich.text.Text(text, overflow="fold")


def _rings(looked: advancing.Looked) -> rich.table.Table:
    """Columns that say nothing of any ring are left out: a terminal has no room for them."""
    rows = [
        [sum(state.counts[name] for name in names) for names in _COLUMNS.values()]
        for state in looked.rings
    ]
    shown = [at for at in range(len(_COLUMNS)) if any(row[at] for row in rows)]
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    grid.add_column(messages.text("fleet-column.ring"), no_wrap=True)
    for name in ("hubs", *(list(_COLUMNS)[at] for at in shown)):
        grid.add_column(messages.text(f"fleet-column.{name}"), justify="right", no_wrap=True)
    grid.add_column(messages.text("fleet-column.now"), overflow="fold")
    for state, row in zip(looked.rings, rows, strict=True):
        cells = [str(row[at] or "") for at in shown]
        whole = (state.ring.name, str(len(state.hubs)), *cells, _now(state, looked.now_ms))
        grid.add_row(*map(rich.markup.escape, whole), style=None if state.is_begun else "dim")
    return grid


def _now(state: RingState, now_ms: int) -> str:
    """Return what a ring waits for."""
    if not state.is_begun:
        return messages.text("fleet.ring-planned")
    if state.is_bad:
        return "✖ " + messages.text("fleet.ring-bad")
    if state.is_done:
        return "✔ " + messages.text("fleet.ring-done")
    if state.is_settled:
        said = {"confirmed": state.counts[standing.CONFIRMED], "hubs": state.counted}
        return "! " + messages.text("fleet.ring-held", **said)
    ends = [
        hub.published_ms + state.ring.deadline_ms
        for hub, at in state.hubs
        if hub.published_ms is not None and at.state not in standing.FAILED
        and at.confirmed_ms is None
    ]  # fmt: skip
    if ends:
        return messages.text("fleet.ring-waits", hubs=len(ends), moment=wording.moment(max(ends)))
    moment = wording.moment(max(rollout_view.done_ms(state), now_ms))
    return messages.text("fleet.ring-soaks", moment=moment)


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
        if any(from_ms <= m.at_ms < to_ms and m.what in _BAD for m in own):
            sign = "✖"
        signs.append(sign)
    return "".join(signs)


_BAD = standing.FAILED | {rollout_view.LOST}


def _told(looked: advancing.Looked, moment: rollout_view.Moment) -> str:
    ring = "" if moment.ring is None else looked.found.plan.rings[moment.ring].name
    hub = "" if moment.hub is None else moment.hub.hex()
    what = messages.text(f"rollout-moment.{moment.what}")
    why = f": {update_text.reason(moment.reason)}" if moment.reason else ""
    place = " ".join(part for part in (ring, hub) if part)
    return f"  {wording.moment(moment.at_ms)}  {place:28} {what}{why}"


def _troubled(looked: advancing.Looked) -> list[tuple[str, ...]]:
    """Return the hubs about which there is something to say: failures first."""
    rows = []
    for state in looked.rings:
        for hub, at in state.hubs:
            if at.state in _GOOD and not at.losses and not hub.is_behind:
                continue
            heard = None if hub.truth is None else hub.truth.last_heard_ms
            cells = (
                hub.hub_id.hex(), state.ring.name, state_text(at),
                reason_text(hub, at), NOTHING if heard is None else wording.moment(heard),
            )  # fmt: skip
            rows.append((not at.is_failed, cells))
    return [cells for _order, cells in sorted(rows, key=lambda row: row[0])]


def state_text(at: standing.Standing) -> str:
    """Return a hub's state, never by colour alone."""
    sign = "✖ " if at.is_failed else ""
    return sign + messages.text(f"rollout-state.{at.state}")


def reason_text(hub: standing.HubFacts, at: standing.Standing) -> str:
    """Return why, as far as the hub has said it."""
    parts = []
    if at.before:
        parts.append(
            messages.text("fleet.before", state=messages.text(f"rollout-state.{at.before}"))
        )
    if at.blocks and at.state in (standing.FETCHING, standing.WAITING):
        parts.append(messages.text("fleet.blocks", held=at.blocks_held, blocks=at.blocks))
    if at.reason:
        parts.append(update_text.reason(at.reason))
    if at.returns:
        parts.append(messages.text("fleet.returns", count=at.returns))
    if at.losses:
        parts.append(messages.text("fleet.lost", count=at.lost))
    if hub.is_behind and hub.withdrawn_ms is None:
        parts.append(messages.text("fleet.behind"))
    return "; ".join(parts)


def _hubs(rows: list[tuple[str, ...]]) -> rich.table.Table:
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    for name in ("hub", "ring", "state", "reason", "heard"):
        is_whole = name in {"hub", "ring", "heard"}
        grid.add_column(messages.text(f"fleet-column.{name}"), overflow="fold", no_wrap=is_whole)
    for row in rows:
        grid.add_row(*map(rich.markup.escape, row))
    return grid
