"""`varde explain`: what a code means, what to do now, and who does it."""

from __future__ import annotations

from typing import Annotated

import typer

from varde_host import errors, explaining, messages, output
from varde_host.commands import options
from varde_host.inventory import words


def explain(
    code: Annotated[str | None, typer.Argument(metavar="CODE")] = None,
    json: options.Json = False,
) -> None:
    """Explain one code, or list all that a person may be shown."""
    told = _all() if code is None else [_one(code)]
    if json:
        output.as_json([one.as_json() for one in told])
    elif code is None:
        columns = [f"explain-column.{name}" for name in ("code", "what", "now", "who")]
        rows = [(one.code, one.what, one.now, words.function(one.who)) for one in told]
        output.table(columns, rows, whole={0})
    else:
        _say(told[0])


def _one(code: str) -> explaining.Explained:
    told = explaining.of_code(code)
    if told is None:
        raise errors.InputRefused("code-unknown", code[:30])
    return told


def _all() -> list[explaining.Explained]:
    return [told for family in explaining.FAMILIES for told in explaining.of_family(family)]


def _say(told: explaining.Explained) -> None:
    output.line(f"{told.code.upper()}: {told.what}")
    output.line(told.now)
    output.line(messages.text("explain.who", who=words.function(told.who)))
