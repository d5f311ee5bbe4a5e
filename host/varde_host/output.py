"""How commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Sequence

import rich.box
import rich.console
import rich.markup
import rich.table

from varde_host import errors, explaining, json_text, messages
from varde_protocols.errors import WireError

# A pipe has no width, unless COLUMNS says one; rich would cut a table's cells at 80 there.
WIDE = 200


def as_json(value: object) -> None:
    """Print one JSON document on one line, numbers exact: what `--json` promises."""
    line(json_text.dumps(value))


def line(text: str) -> None:
    """Print one line; when this returns it has left this program.

    Raises WorldFailed `file-write` (a full disk), and BrokenPipeError: who reads has had enough,
    and the command ends in silence.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still in the buffer would fail once more at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise errors.WorldFailed("file-write", "stdout", reason=error.strerror) from error


def good(text: str) -> None:
    """Print one line in green: what has been done and checked, and nothing less."""
    console = rich.console.Console(highlight=False)
    with console.capture() as made:
        console.print(text, style="green", markup=False, soft_wrap=True)
    line(made.get().rstrip("\n"))


def progress(text: str) -> None:
    """Say what is being waited for, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def width() -> int:
    """Return the columns that a table may have."""
    return _told_width() or rich.console.Console().width


def _told_width() -> int | None:
    """Return WIDE where nobody says how wide it is, else None: rich finds out."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    dim: Container[int] = (),
    whole: Container[int] = (),
    width: int | None = None,
) -> None:
    """Print a table; the columns are the keys of their headings in `messages`.

    `dim` holds the numbers, from 0, of the rows that matter less, `whole` those of the columns
    that are never folded, because somebody will copy what stands there. `width` is in
    columns, by default what there is.
    """
    grid = rich.table.Table(box=rich.box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        grid.add_column(messages.text(column), overflow="fold", no_wrap=number in whole)
    for number, row in enumerate(rows):
        style = "dim" if number in dim else None
        grid.add_row(*(rich.markup.escape(cell) for cell in row), style=style)
    console = rich.console.Console(width=width or _told_width(), highlight=False)
    with console.capture() as made:
        console.print(grid)
    line(made.get().removesuffix("\n"))


def failure(error: errors.HostError | WireError, *, json_wanted: bool) -> None:
    """Say what is wrong, where, and what to do next: one line, or a JSON object as well."""
    told = explaining.of_error(error)
    if json_wanted:
        texts = {"where": told.where, "what": told.what, "next": told.now, "who": told.who}
        as_json({"error": told.code, **texts})
    sys.stderr.write("varde: " + ": ".join(part for part in (told.where, told.what) if part))
    sys.stderr.write(f". {told.now}\n")


def bug(text: str, *, json_wanted: bool) -> None:
    """Say that we failed ourselves; the traceback has been printed."""
    if json_wanted:
        as_json({"error": "bug", "where": "", "what": text, "next": ""})
    sys.stderr.write(f"varde: {text}\n")
