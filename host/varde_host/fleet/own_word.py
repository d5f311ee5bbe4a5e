"""What a hub says of itself, as one value: what it runs, how its updates went, what it lost.

All of it is the hub's own signed word (`hub_truth` reads it); only when a record arrived is the
collector's. A report is a state at one moment, an event says that something happened. So the
state is that of the newest report, with what events of higher numbers changed since. What a hub
has not said is None: not zero, and not what somebody meant it to run.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from varde_host.receiver import gaps
from varde_protocols import records, update_words

_UPDATE_NUMBERS: Final = 7  # of FACT_UPDATE

_STATES: Final = {
    records.EVENT_UPDATE_REFUSED: update_words.REFUSED,
    records.EVENT_UPDATE_RETURNED: update_words.RETURNED,
    records.EVENT_UPDATE_CONFIRMED: update_words.CONFIRMED,
}
UPDATE_EVENTS: Final = frozenset(_STATES)

LOSS_EVENTS: Final = frozenset(
    {
        records.EVENT_JOURNAL_FULL,
        records.EVENT_NOTIFICATIONS_DROPPED,
        records.EVENT_RECORD_REFUSED,
        records.EVENT_JOURNAL_DAMAGED,
    }
)
"""After any of them a reading may be missing that no gap record names."""

# What the hub's uplink keeps to (`REPORT_EVERY_MS` there). An exchange that delivers nothing
# leaves no record, so a hub without readings is heard from by its reports alone.
REPORT_EVERY_MS: Final = 3_600_000

_RELEASE: Final = (update_words.APPLICATION, update_words.INTERPRETER)


class Update(NamedTuple):
    """An update as FACT_UPDATE of a report has it; words are those of `update_words`.

    `number` is the assignment's for CONFIG and the release's for code. `tries` counts its trials.
    """

    what: int
    number: int
    state: int
    reason: int
    blocks_held: int
    blocks_in_all: int
    tries: int


class UpdateEvent(NamedTuple):
    """One of the events 25 to 27; `state` is REFUSED, RETURNED or CONFIRMED."""

    seq: int
    boot: int
    uptime_ms: int
    received_ms: int
    state: int
    what: int
    reason: int
    number: int


class Alarm(NamedTuple):
    """One of LOSS_EVENTS; `detail` as docs/formats.md has it."""

    seq: int
    boot: int
    uptime_ms: int
    received_ms: int
    code: int
    detail: int


class Said(NamedTuple):
    """The last word on one update: in the record `seq`, which came at `received_ms`."""

    state: int
    reason: int
    seq: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class HubTruth:
    """One hub. `is_revoked` is the site's word, times are Unix ms by the collector's clock.

    `last_heard_ms` is when the newest of its records arrived, by its number: older ones that are
    drained after an outage do not count, nor exchanges that delivered nothing
    (`longest_pause_ms`). `boot` counts its starts. `events`, `alarms` and `losses` are in order of
    their numbers; a loss is a gap record less what arrived all the same.
    """

    hub_id: bytes
    is_revoked: bool
    last_heard_ms: int | None
    boot: int | None
    report: records.Report | None
    reported_ms: int | None
    events: tuple[UpdateEvent, ...]
    alarms: tuple[Alarm, ...]
    losses: tuple[gaps.Loss, ...]

    @property
    def readings_lost(self) -> int:
        """How many readings it gave up for good, by its gap records (`gaps`: an upper bound)."""
        return sum(loss.numbers for loss in self.losses)

    @property
    def assignment_number(self) -> int | None:
        """The assignment that it runs, if only on trial (`said_of`); 0 is one that it was made
        with, None is not known."""
        return self._in_force(records.FACT_CONFIG_NUMBER, (update_words.CONFIG,))

    @property
    def release_number(self) -> int | None:
        """The release that runs, if only on trial; 0 is what the bench installed without one."""
        return self._in_force(records.FACT_RELEASE, _RELEASE)

    @property
    def trust_epoch(self) -> int | None:
        """The epoch of the trust that it believes."""
        return self._number(records.FACT_TRUST_EPOCH)

    @property
    def application(self) -> str | None:
        """The application's version."""
        return self._text(records.FACT_APPLICATION)

    @property
    def interpreter(self) -> str | None:
        """The interpreter's version."""
        return self._text(records.FACT_INTERPRETER)

    @property
    def battery_mv(self) -> int | None:
        """The battery, in mV."""
        return self._number(records.FACT_BATTERY_MV)

    @property
    def has_external_power(self) -> bool | None:
        """Whether something charges it."""
        found = self.fact(records.FACT_EXTERNAL_POWER)
        return found if isinstance(found, bool) else None

    @property
    def link(self) -> int | None:
        """The link that it reports over, records.LINK_..."""
        return self._number(records.FACT_LINK)

    @property
    def pending(self) -> int | None:
        """How many records it had not delivered when it wrote the report."""
        return self._number(records.FACT_PENDING)

    @property
    def update(self) -> Update | None:
        """The update that the newest report tells of; None also for what is none."""
        found = self.fact(records.FACT_UPDATE)
        if not isinstance(found, list) or len(found) != _UPDATE_NUMBERS:
            return None
        return Update(*found) if all(map(_is_count, found)) else None

    def fact(self, key: int) -> Any:
        """Return a fact of the newest report as it stands there, None without."""
        return None if self.report is None else self.report.facts.get(key)

    def said_of(self, whats: Collection[int], number: int) -> Said | None:
        """Return the last word on an update, None if there is none.

        `whats` are the words of what it was: a release may be told of as application and as
        interpreter.
        """
        said = self._reported() if self._tells_of(whats, number) else None
        for event in self.events:
            is_it = event.what in whats and event.number == number
            if is_it and (said is None or event.seq > said.seq):
                said = Said(event.state, event.reason, event.seq, event.received_ms)
        return said

    def _tells_of(self, whats: Collection[int], number: int) -> bool:
        """Tell if the update of the newest report is this one.

        An assignment is tried with the release that it names, and a report has room for one: that
        of the code. The other is then what it says that it runs.
        """
        update = self.update
        if update is None:
            return False
        if update.what in whats and update.number == number:
            return True
        is_with_code = update.state == update_words.TRIAL and update.what in _RELEASE
        is_config = update_words.CONFIG in whats
        return is_with_code and is_config and self._number(records.FACT_CONFIG_NUMBER) == number

    def _reported(self) -> Said | None:
        if self.report is None or self.reported_ms is None or self.update is None:
            return None
        update = self.update
        return Said(update.state, update.reason, self.report.seq, self.reported_ms)

    def _in_force(self, fact: int, whats: Collection[int]) -> int | None:
        """Return the report's number, changed by what was confirmed or taken back after it."""
        number = self._number(fact)
        reported = -1 if self.report is None else self.report.seq
        for event in self.events:
            if event.seq < reported or event.what not in whats:
                continue
            if event.state == update_words.CONFIRMED:
                number = event.number
            elif event.state == update_words.RETURNED and event.number == number:
                number = None  # what it went back to stands in the next report
        return number

    def _number(self, key: int) -> int | None:
        found = self.fact(key)
        return found if _is_count(found) else None

    def _text(self, key: int) -> str | None:
        found = self.fact(key)
        return found if isinstance(found, str) else None


def longest_pause_ms(heartbeat_ms: int) -> int:
    """Return for how long a hub that is well may leave nothing in the database.

    It reports with the first heartbeat that comes an hour or more after the last report.
    """
    return max(REPORT_EVERY_MS, heartbeat_ms) + heartbeat_ms


def update_event(record: records.Event, received_ms: int) -> UpdateEvent:
    """Return what an event of UPDATE_EVENTS says."""
    what, reason, number = update_words.of_detail(record.detail)
    place = (record.seq, record.boot, record.uptime_ms, received_ms)
    return UpdateEvent(*place, _STATES[record.code], what, reason, number)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
