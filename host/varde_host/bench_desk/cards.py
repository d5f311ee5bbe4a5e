"""Cards: how a board, or a kit's work, is seen at a glance.

A card is made of what is told of the work (`bench.events`), or of what the inventory has where
nothing is at work. Its outcome is a word, and with it a sign and a colour class, so that nobody
needs the colour. Nothing here is text: `step`, `word` and `code` name texts of the catalogues.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from varde_host import explaining, messages
from varde_host.bench import events, faults, live

# Outcomes
WORKING: Final = "working"
DONE: Final = "done"
WAITING: Final = "waiting"
"""For a board to come back; nothing is broken."""
PERSON: Final = "person"
"""Somebody must do something, or answer."""
FAILED: Final = "failed"
STOPPED: Final = "stopped"
"""Broken off by a person, or by a computer that lost its power: it goes on when it is told to."""
PERCENT_STEP: Final = 5
"""Of progress: a page that is drawn anew for each hundredth of eight boards keeps a computer busy
that has boards to flash."""
OUTCOMES: Final = (WORKING, DONE, WAITING, PERSON, FAILED, STOPPED)

SIGNS: Final[Mapping[str, str]] = {
    WORKING: "·", DONE: "✔", WAITING: "!", PERSON: "!", FAILED: "✖", STOPPED: "!",
}  # fmt: skip
COLOURS: Final[Mapping[str, str]] = {
    WORKING: "calm", DONE: "good", WAITING: "warn", PERSON: "warn", FAILED: "bad",
    STOPPED: "warn",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """One board in one job. `chip` is "" while only a `port` is known; `kit` "" while no kit is.

    `step` is the step's name and `made` of `steps` are done; `percent` is of this step, None where
    nothing tells. `code` is a fault or what a person is to do, `fields` fill its texts, `who` is
    the function that does something about it. `question` is the number of the one that waits.
    """

    job: int
    chip: str = ""
    kit: str = ""
    port: str = ""
    step: str = ""
    made: int = 0
    steps: int = 0
    percent: int | None = None
    outcome: str = WORKING
    code: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    who: str = ""
    question: int | None = None
    changed_ms: int = 0

    @property
    def is_at_work(self) -> bool:
        """Tell if the board is on its port, for this job."""
        return self.outcome in (WORKING, PERSON)

    @property
    def sign(self) -> str:
        """A shape for the outcome."""
        return SIGNS[self.outcome]

    @property
    def colour(self) -> str:
        """The class that a style sheet colours: good, warn, bad or calm."""
        return COLOURS[self.outcome]

    @property
    def word(self) -> str:
        """The outcome in the language in use."""
        return messages.text(f"desk.outcome.{self.outcome}")

    @property
    def step_text(self) -> str:
        """The step's name in the language in use, "" for none."""
        return live.step_text(self.step)

    @property
    def explained(self) -> explaining.Explained | None:
        """What the code means: what, what now, who; None where there is none."""
        known = self.code in faults.CODES
        return explaining.of_fault(self.code, self.fields) if known else None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**dataclasses.asdict(self), "sign": self.sign, "colour": self.colour}


def after(card: Card, event: events.Event) -> Card:
    """Return the card as it is after what was told."""
    fields = dict(event.fields or {})
    if event.kind == events.PROGRESS:
        return dataclasses.replace(card, percent=_percent(fields.get("percent")))
    now: dict[str, Any] = {
        "chip": event.board or card.chip,
        "port": event.port or card.port,
        "step": event.step or card.step,
        "changed_ms": event.at_ms,
    }
    if event.kind in _PLAIN:
        now |= {"outcome": _PLAIN[event.kind], **_NOTHING}
        counts = event.kind in (events.FINISHED, events.STANDS)
        now |= {"made": min(card.made + counts, card.steps or card.made + counts)}
    elif event.kind in _SAYING:
        now |= _said(event.kind, fields)
    return dataclasses.replace(card, **now)


_NOTHING: Final[Mapping[str, Any]] = {"percent": None, "code": "", "fields": {}, "who": ""}
_PLAIN: Final[Mapping[str, str]] = {
    events.SEEN: WORKING, events.STARTED: WORKING, events.FINISHED: WORKING,
    events.STANDS: WORKING, events.DONE: DONE,
}  # fmt: skip
_SAYING: Final[Mapping[str, str]] = {
    events.FAULT: WAITING, events.WAITING: WAITING, events.PERSON: PERSON,
    events.GIVEN_UP: FAILED, events.LEFT: FAILED,
}  # fmt: skip


def _said(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A fault, a board that is waited for, a person who must do something, the end without it."""
    code = str(fields.pop("code", ""))
    outcome = _SAYING[kind]
    if kind == events.FAULT and fields.get("outcome") in (faults.FAILED, faults.UNFIT):
        outcome = FAILED
    whose = str(fields.pop("who", "")) or faults.CODES.get(code, ("", ""))[1]
    fields.pop("outcome", None)
    question = str(fields.pop("question", ""))
    return {
        "outcome": outcome, "percent": None, "code": code or question, "who": whose,
        "fields": fields,
    }  # fmt: skip


def _percent(value: object) -> int | None:
    """Return it in steps of `PERCENT_STEP`, None for what is no number."""
    if not isinstance(value, int):
        return None
    return max(0, min(100, value)) // PERCENT_STEP * PERCENT_STEP
