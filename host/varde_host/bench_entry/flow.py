"""A table of questions, and how one goes through it. What the questions are stands in `kit_flows`,
`stock_flows` and `note_flows`; the texts are `bench-page.ask.FLOW.QUESTION`.

The next question is the first that applies and has no answer. Whoever changes an answer is asked
the later ones again, with what stood there in the box.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench_entry.entries import Entry
from varde_host.inventory import birth_number, measuring_models
from varde_host.inventory.who import Who
from varde_host.site import files

# How a question is answered
TEXT: Final = "text"
SCAN: Final = "scan"
NUMBER: Final = "number"
CHOICE: Final = "choice"
SEEN: Final = "seen"
"""Something is shown, and the button says that it was looked at."""

NOTHING: Final = "-"
"""The answer that is kept where a question was left empty, and may be."""

Choice = tuple[str, str]
"""A value, and its text in the language in use."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a question and the end of a flow may look at: one transaction, one moment."""

    connection: sa.Connection
    site: files.Site
    by: Who
    now_ms: int
    known: measuring_models.Known
    keeps_separators: bool = False
    """The scanner was seen to send GS (SKANNETEST)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a flow: the kit or the thing that it was about."""

    kit: str | None = None
    item: str | None = None


Check = Callable[[Around, Entry, str], str]
Applies = Callable[[Around, Entry], bool]
Choices = Callable[[Around, Entry], Sequence[Choice]]
Default = Callable[[Around, Entry], str]


@dataclass(frozen=True, slots=True)
class Question:
    """`check` returns the answer as it is kept, or raises InputRefused. With `may_skip` an empty
    answer is one; with `remembers` the box holds what was answered last time."""

    name: str
    kind: str
    check: Check
    applies: Applies = lambda _around, _entry: True
    choices: Choices = lambda _around, _entry: ()
    default: Default = lambda _around, _entry: ""
    may_skip: bool = False
    remembers: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """`action` is of the role matrix. `end` is called once, in a transaction, with all answers."""

    name: str
    action: str
    questions: tuple[Question, ...]
    end: Callable[[Around, Entry], Ended]
    needs_about: bool = True
    picture: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)


def applying(flow: Flow, around: Around, entry: Entry) -> list[Question]:
    """Return the questions that apply, as far as the answers tell."""
    found = []
    for question in flow.questions:
        if question.applies(around, entry):
            found.append(question)
            if question.name not in entry.answers:
                break
    return found


def next_question(flow: Flow, around: Around, entry: Entry) -> Question | None:
    """Return the question that is open, None when all are answered."""
    for question in applying(flow, around, entry):
        if question.name not in entry.answers:
            return question
    return None


def answered(flow: Flow, around: Around, entry: Entry, name: str, text: str) -> Entry:
    """Return the entry with this answer; later answers are to be given again if it is another.

    Raises InputRefused `entry-question` for a question that is not asked, and as its check.
    """
    asked = {question.name: question for question in applying(flow, around, entry)}
    if name not in asked:
        raise errors.InputRefused("entry-question", name[:30])
    value = _checked(asked[name], around, entry, text)
    if entry.answers.get(name) == value:
        return dataclasses.replace(entry, typed={})
    names = [question.name for question in flow.questions]
    later = names[names.index(name) + 1 :]
    dropped = {each: entry.answers[each] for each in later if each in entry.answers}
    kept = {each: entry.answers[each] for each in entry.answers if each not in dropped}
    return dataclasses.replace(
        entry, answers={**kept, name: value}, earlier={**entry.earlier, **dropped}, typed={}
    )


def typed(flow: Flow, entry: Entry, name: str, text: str) -> Entry:
    """Return the entry with what stands in the box of an open question, not checked yet.

    Raises InputRefused `entry-question` for one that the flow does not have, `birth-number`: not
    even half-typed does one come to the disk.
    """
    if all(name != question.name for question in flow.questions):
        raise errors.InputRefused("entry-question", name[:30])
    birth_number.refuse_any(text, name)
    return dataclasses.replace(entry, typed={name: text[:_MOST_TYPED]})


_MOST_TYPED = 400


def is_last(flow: Flow, around: Around, entry: Entry, question: Question) -> bool:
    """Tell if nothing more is asked after a question, as far as can be known before its answer:
    what is chosen may bring more questions."""
    later = flow.questions[flow.questions.index(question) + 1 :]
    if later and question.kind == CHOICE:
        return False
    try:
        return not any(each.applies(around, entry) for each in later)
    except (KeyError, errors.InputRefused):  # what it looks at is not answered yet
        return False


def in_box(question: Question, around: Around, entry: Entry, last: Mapping[str, str]) -> str:
    """Return what stands in the box when a question is shown."""
    for held in (entry.typed, entry.answers, entry.earlier):
        if question.name in held:
            value = held[question.name]
            return "" if value == NOTHING else value
    remembered = last.get(f"{entry.flow}.{question.name}", "") if question.remembers else ""
    return question.default(around, entry) or remembered or _only_choice(question, around, entry)


def _only_choice(question: Question, around: Around, entry: Entry) -> str:
    choices = question.choices(around, entry)
    return choices[0][0] if len(choices) == 1 else ""


def to_remember(flow: Flow, entry: Entry) -> dict[str, str]:
    """Return the answers that the next entry begins with."""
    names = [question.name for question in flow.questions if question.remembers]
    return {
        f"{flow.name}.{name}": entry.answers[name]
        for name in names
        if entry.answers.get(name, NOTHING) != NOTHING
    }


def _checked(question: Question, around: Around, entry: Entry, text: str) -> str:
    given = text.strip()
    if not given and question.may_skip:
        return NOTHING
    if question.kind == CHOICE:
        choices = [value for value, _text in question.choices(around, entry)]
        if given not in choices:
            raise errors.InputRefused("entry-choice", question.name)
    return question.check(around, entry, given)
