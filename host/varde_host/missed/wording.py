"""A miss in words, in the language in use: what is missing, why as far as is known, what now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from varde_host import messages
from varde_host.missed import causes
from varde_host.missed.telling import Told
from varde_host.receiver import wording


def what(told: Told) -> str:
    """Say what is missing, or that nothing was."""
    type_ = messages.text(f"missed.type.{told.type}")
    if told.is_taken_back:
        why = messages.text(f"missed.closed.{told.closed}")
        return messages.text("missed.taken-back", type=type_, why=why)
    cause = messages.text(f"missed.code.{told.code}.what")
    key = "missed.final" if told.is_final else "missed.provisional"
    return messages.text(key, type=type_, cause=cause)


def now(told: Told) -> str:
    """Say what to do now."""
    if told.is_taken_back:
        return messages.text("missed.nothing-to-do")
    return messages.text(f"missed.code.{told.code}.now")


def evidence(told: Told) -> Iterator[str]:
    """Say what it rests on."""
    return (each.text() for each in told.evidence)


def detail(told: Told) -> str:
    """Say all of it in one text: when, why, what now, whose it is and until when."""
    begin, end = (wording.moment(each) for each in told.window)
    said = [messages.text("missed.window", begin=begin, end=end), *evidence(told), now(told)]
    if told.state == "open":
        by = wording.moment(told.due_by_ms)
        owner = messages.text(f"function.{told.owner}")
        said.append(messages.text("missed.whose", owner=owner, by=by))
    return " ".join(said)


def as_json(told: Told, now_ms: int) -> dict[str, Any]:
    """For programs."""
    return {
        "key": told.key, "hub": told.hub_id, "loan": told.loan_id or None, "type": told.type,
        "due_ms": told.due_ms, "from_ms": told.window[0], "until_ms": told.window[1],
        "code": told.code, "cause": told.cause, "final": told.is_final, "owner": told.owner,
        "deadline_ms": told.due_by_ms, "is_late": told.is_late(now_ms), "state": told.state,
        "closed": told.closed or None, "told_ms": told.told_ms, "version": told.version,
        "evidence": [each.as_json() for each in told.evidence],
        "what": what(told), "now": now(told),
    }  # fmt: skip


def codes() -> Iterator[str]:
    """Yield all codes that can be told of, for tests of the texts."""
    return (code for code in causes.RULES if code != causes.PAUSE)
