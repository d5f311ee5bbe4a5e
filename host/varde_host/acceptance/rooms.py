"""Coverage by room: a run of test readings from the spots where the hub and sensors are used.

Whoever carries the hub through a home holds its button for five seconds in each place (or a bench
asks for a run by cable). The hub reports, makes twenty test readings, and reports again; all of it
is signed, and what it says of WiFi, 4G and sensors is judged here (`coverage`), beside how many
readings came and how soon. The result stands in the inventory under the hub's chip, with the loan
that the kit was out on; a room that is measured again takes the place of what was found before,
which stays in the log.

A home is told by words for its places, never by who lives there (`evidence.text` refuses numbers
of births; the rest is for whoever types).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.acceptance import coverage, steps, storage_test
from varde_host.acceptance.at_collector import Heard
from varde_host.acceptance.coverage import Level
from varde_host.inventory import evidence, loans, progress
from varde_host.inventory.who import Who
from varde_protocols import records, test_readings

MAX_SLUG: Final = 25
_LETTERS: Final = str.maketrans({"æ": "ae", "ø": "o", "å": "a"})
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Run:
    """One run of test readings as the collector has it. `at_ms` is when the first was made, by the
    hub's own time (None: it did not know it); `is_whole` tells that the hub has reported after."""

    event_seq: int
    count: int
    arrived: int
    longest_ms: int | None
    at_ms: int | None
    is_whole: bool
    levels: tuple[Level, ...]

    @property
    def colour(self) -> str:
        """The worst of it."""
        return coverage.worst(self.levels)

    def as_json(self) -> dict[str, Any]:
        """As it stands in the inventory, and in a handout's record."""
        return {
            "event": self.event_seq, "count": self.count, "arrived": self.arrived,
            "longest_ms": self.longest_ms, "made_ms": self.at_ms, "colour": self.colour,
            "levels": [level.as_json() for level in self.levels],
        }  # fmt: skip


def newest(heard: Heard, after: int, slots: list[int]) -> Run | None:
    """Return the newest run whose beginning has a number above `after`, None if there is none.

    `slots` are those of the kit's sensors.
    """
    events = [e for e in heard.of(records.Event) if e.code == records.EVENT_TEST and e.seq > after]
    if not events:
        return None
    event = events[-1]
    count = min(event.detail >> 8, test_readings.COUNT)
    came = [each for each in heard.tests if each.record.seq > event.seq]
    took = [storage_test.took_ms(heard, each) for each in came]
    known = [each for each in took if each is not None]
    around = _around(heard, event.seq)
    last = max((each.record.seq for each in came), default=event.seq)
    return Run(
        event_seq=event.seq,
        count=count,
        arrived=len(came),
        longest_ms=max(known, default=None),
        at_ms=heard.when(event).utc_ms,
        is_whole=len(came) >= count and any(report.seq > last for report in around),
        levels=(
            *_links(around),
            *coverage.sensors(around, slots),
            coverage.of_times(took, count),
        ),
    )


def _around(heard: Heard, seq: int) -> list[records.Report]:
    """Return the reports before and after a run: the last one before its event, and all after."""
    before = [report for report in heard.reports if report.seq < seq]
    return [*before[-1:], *(report for report in heard.reports if report.seq > seq)]


def _links(around: list[records.Report]) -> list[Level]:
    """Judge the link in use there; the hub has one up at a time."""
    used = {report.facts.get(records.FACT_LINK) for report in around}
    modem, wifi = records.LINK_MODEM in used, records.LINK_WIFI in used
    return coverage.links(around, has_modem=modem, has_wifi=wifi or not modem)


def keep(
    connection: sa.Connection,
    chip: str,
    kit_id: str,
    room: str,
    run: Run,
    by: Who,
    now_ms: int,
) -> dict[str, Any]:
    """Write down what was found in a room, with the kit's loan; return it.

    Raises InputRefused `text-form`, `birth-number`, `room-name`.
    """
    name = evidence.text(room, "--room")
    loan = loans.current(connection, kit_id)
    found = {"room": name, "loan": loan and loan.loan_id, **run.as_json(), "at_ms": now_ms}
    progress.finish(connection, chip, steps.ROOM + slug(name), found, by, now_ms)
    return found


def of_chip(
    connection: sa.Connection, chip: str, loan_id: str | None = None
) -> list[Mapping[str, Any]]:
    """Return what was found in each room, in the order it was done; of one loan if it is given."""
    done = progress.finished(connection, chip)
    found = [evidence for name, evidence in done.items() if name.startswith(steps.ROOM)]
    return [each for each in found if loan_id is None or each["loan"] == loan_id]


def slug(room: str) -> str:
    """Return the name under which a room is kept: letters of a to z and digits, no more than fit.

    Raises InputRefused `room-name` for a name without any.
    """
    plain = unicodedata.normalize("NFKD", room.lower().translate(_LETTERS))
    found = _NO_SLUG.sub("-", plain.encode("ascii", "ignore").decode()).strip("-")[:MAX_SLUG]
    if not found:
        raise errors.InputRefused("room-name", room[:40])
    return found
