"""What an answer must be: the checks of the inventory, before anything is kept."""

from __future__ import annotations

import re

from varde_host import errors, messages
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import Around, Check, Choice
from varde_host.inventory import evidence, items, places

YES, NO = "yes", "no"

_NORWEGIAN_DAY = re.compile(r"(\d{1,2})[./ ](\d{1,2})[./ ](\d{4})")


def text(_around: Around, _entry: Entry, given: str) -> str:
    """A sentence or two (`evidence.text`)."""
    return evidence.text(given, "")


def choice(_around: Around, _entry: Entry, given: str) -> str:
    """What was chosen; that it is one of the choices has been looked at."""
    return given


def day(_around: Around, _entry: Entry, given: str) -> str:
    """A date, as people write it (31.12.2027) or as machines do. InputRefused `date-form`."""
    found = _NORWEGIAN_DAY.fullmatch(given)
    if found:
        given = f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    return evidence.date(given, "")


def hours(_around: Around, _entry: Entry, given: str) -> str:
    """A whole number of hours. InputRefused `evidence-hours`."""
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else -1
    return str(evidence.hours(number, ""))


def printed(fact: str) -> Check:
    """Return the check of what stands printed on a thing: serial, lot."""

    def check(_around: Around, _entry: Entry, given: str) -> str:
        return items.fact(fact, given)

    return check


def place(around: Around, _entry: Entry, given: str) -> str:
    """A place that is known. InputRefused `place-unknown`."""
    return places.find(around.connection, given).place


def yes_no(_around: Around, _entry: Entry) -> list[Choice]:
    """Yes, and no."""
    return [(each, messages.text(f"bench-page.choice.{each}")) for each in (YES, NO)]


def all_places(around: Around, _entry: Entry) -> list[Choice]:
    """The places of the inventory."""
    return [
        (each.place, f"{each.place} · {each.name}") for each in places.listing(around.connection)
    ]


def needed(value: str | None, name: str) -> str:
    """Return an answer that a flow cannot end without; a file that was altered has none."""
    if value is None:
        raise errors.InputRefused("entry-question", name)
    return value
