"""How a run of the bench is shown: a live table, lines of text where nobody watches, or JSON."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

import rich.box
import rich.console
import rich.live
import rich.markup
import rich.table

from varde_host import explaining, messages, output
from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench import events, faults
from varde_host.bench.events import Event

UPDATES_A_SECOND = 8
SILENT = {events.BEGUN, events.TOOL, events.PROGRESS, events.STANDS}
"""Of no interest to a person who reads lines."""


class View(Protocol):
    """Hears events while it is open."""

    def __enter__(self) -> View: ...
    def __exit__(self, *_: object) -> None: ...
    def tell(self, event: Event) -> None:
        """Show what has happened."""


class JsonLines:
    """One line an event, on standard output."""

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, event: Event) -> None:
        """Print it at once."""
        output.as_json(event.as_json())


class TextLines:
    """One line for what a person wants to know, on standard error."""

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, event: Event) -> None:
        """Print it, if it is worth a line."""
        if event.kind not in SILENT and not _is_said_again(event):
            board, port = event.board or messages.text("bench.unknown-board"), event.port
            text = " ".join(part for part in (step_text(event.step), words(event)) if part)
            output.progress(messages.text("bench.board-line", board=board, port=port, text=text))


def _is_said_again(event: Event) -> bool:
    """Tell if the board is given up for this fault, which says the same in the next event."""
    outcome = (event.fields or {}).get("outcome")
    is_last = outcome in (faults.FAILED, faults.UNFIT, faults.CANNOT)
    return event.kind == events.FAULT and bool(event.board) and is_last


@dataclass
class Row:
    """What the table says of a board."""

    port: str
    step: str = ""
    text: str = ""
    percent: float = 0.0
    style: str = ""


class Table:
    """A row for each board, on standard error."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._live = rich.live.Live(
            console=rich.console.Console(file=sys.stderr, highlight=False),
            get_renderable=self._table,
            refresh_per_second=UPDATES_A_SECOND,
        )

    def __enter__(self) -> View:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        """Change the board's row."""
        if event.kind in (events.BEGUN, events.TOOL, events.STANDS):
            return
        if event.board:
            self._rows.pop(event.port, None)  # what was said of the port before it was known
        row = self._rows.setdefault(event.board or event.port, Row(event.port))
        row.port, row.step = event.port, event.step
        if event.kind == events.PROGRESS:
            row.percent = float((event.fields or {}).get("percent", 0))
            return
        row.percent, row.text, row.style = 0.0, words(event), _STYLES.get(event.kind, "")

    def _table(self) -> rich.table.Table:
        grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
        for name in ("chip", "port", "board-step", "state"):
            grid.add_column(messages.text(f"bench.column.{name}"), overflow="fold")
        for name, row in self._rows.items():
            percent = f" {row.percent:.0f} %" if row.percent else ""
            cells = (name, row.port, step_text(row.step), row.text + percent)
            grid.add_row(*map(rich.markup.escape, cells), style=row.style or None)
        return grid


_STYLES = {
    events.DONE: "green",
    events.GIVEN_UP: "red",
    events.LEFT: "red",
    events.FAULT: "yellow",
    events.PERSON: "bold yellow",
    events.WAITING: "yellow",
}
# Never by colour alone.
_SIGNS = {
    events.DONE: "✔",
    events.FINISHED: "✔",
    events.GIVEN_UP: "✖",
    events.LEFT: "✖",
    events.FAULT: "!",
    events.PERSON: "!",
    events.WAITING: "!",
}
_WORDS = {
    events.SEEN: "bench.seen",
    events.DONE: "bench.done",
    events.FINISHED: "bench.done",
    events.STANDS: "bench.stands",
    events.WAITING: "bench.waits",
}


def words(event: Event) -> str:
    """Return what has happened, in the language in use."""
    fields = dict(event.fields or {})
    sign = _SIGNS.get(event.kind, "")
    if "code" in fields and event.kind != events.WAITING:
        text = fault_text(str(fields["code"]), fields)
    elif "question" in fields:
        text = messages.text(str(fields["question"]), **fields)
    else:
        text = messages.text(_WORDS.get(event.kind, "bench.works"))
    return f"{sign} {text}".strip()


def fault_text(code: str, fields: dict[str, object]) -> str:
    """Return what is wrong, and what to do."""
    told = explaining.of_fault(code, fields)
    return f"{told.what}. {told.now}"


def step_text(name: str) -> str:
    """Return a step's name for people; "" for none."""
    if name.startswith(acceptance_steps.PREFIX):
        return messages.text(acceptance_steps.text_key(name.removeprefix(acceptance_steps.PREFIX)))
    if name.startswith(acceptance_steps.ROOM):
        room = name.removeprefix(acceptance_steps.ROOM)
        return messages.text("accept.step.coverage") + f" ({room})"
    return messages.text(f"bench.step.{name}") if name else ""
