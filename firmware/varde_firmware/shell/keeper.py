"""What happens to a value between the radio and the journal: sealed, signed, appended.

All of it runs through `exclusive`: the journal and the keys have one user at a time. `keep` is
for the radio's handler, everything else for main code.
"""

from varde_firmware.core import journal, known_values, unload
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    from varde_firmware.core.hub_clock import WriteAnchor
    from varde_firmware.core.recorder import Recorder
    from varde_firmware.ports import Exclusive, IdentityStore
    from varde_firmware.shell.listeners import Listener
    from varde_firmware.shell.reminder_task import ReminderTask

# A session starts only with room for the whole store of a cuff (30 values of some 300 bytes), so
# that a sensor is not stopped in the middle; below the second figure sessions are ended.
ROOM_TO_START_BYTES = const(12_288)
ROOM_TO_GO_ON_BYTES = const(2_048)
# The last room is for what is confirmed, or was advertised and does not come back: streams fill
# any journal when nobody fetches it, and stored records that are only notified are kept by their
# sensor and asked for again. Below it what is continuous is given up, oldest first (overflow.py).
ROOM_FOR_STREAMS_BYTES = const(16_384)
# The same complaint at most once an hour: a fault that lasts must not fill the journal.
REPEAT_MS = const(3_600_000)


class Keeper:
    """Holds the recorder for the tasks; `on_record` is called after each new record."""

    def __init__(self, exclusive: "Exclusive", recorder: "Recorder") -> None:
        self._exclusive = exclusive
        self._recorder = recorder
        self._journal = recorder.journal
        self._known = known_values.KnownValues()
        self._said_ms: "Dict[Tuple[int, int], int]" = {}
        self.on_record: "Callable[[], None]" = _nobody
        self._no_room_at = -1  # the journal's head when nothing could be given up
        self.why_not: "Optional[Exception]" = None  # why the last value that was not kept was not
        self.changes = 0  # grows whenever the journal's room may have changed
        self.readings = 0  # grows with each value that a sensor sent
        self.reminders: "Optional[ReminderTask]" = None  # hears of each

    def keep(self, listener: "Listener", uptime_ms: int, value: bytes) -> bool:
        """Journal an indication, in the handler. True: it is durable. False: it is not."""
        return self._keep(self._exclusive.run_in_handler, listener, uptime_ms, value, True)

    def keep_notification(self, listener: "Listener", uptime_ms: int, value: bytes) -> bool:
        """Journal a notification, in main code; a full journal makes room for it."""
        reading = (listener, uptime_ms, value, False)
        if self._keep(self._exclusive.run, *reading):
            return True
        is_full = isinstance(self.why_not, journal.JournalFull)
        return is_full and self.make_room(uptime_ms) and self._keep(self._exclusive.run, *reading)

    def _keep(self, run: "Callable[..., Any]", *reading: "Any") -> bool:
        try:
            run(self._record, *reading)
        except Exception as error:  # noqa: BLE001  (no room, no heap, our own fault: all the same)
            self.why_not = error
            return False
        return True

    def _record(self, listener: "Listener", uptime_ms: int, value: bytes, indicated: bool) -> None:
        place = (listener.slot, listener.characteristic, listener.address)
        if self._known.has(*place, value):  # durable already, and one measurement
            self._recorder.came_again(*place, value)
            listener.latest = value
            return
        is_stream = not indicated and listener.connection >= 0
        if is_stream and self._journal.free_bytes < ROOM_FOR_STREAMS_BYTES:
            raise journal.JournalFull("keeper: no room for streams")
        self._recorder.reading(uptime_ms, listener.slot, listener.characteristic, value,
                               listener.service, listener.address, indicated,
                               listener.sensor.model, listener.sensor.verification)  # fmt: skip
        listener.latest = value
        self._known.add(*place, value)
        self.readings += 1
        if self.reminders is not None:
            self.reminders.note(listener.slot)
        self.note_change()

    @property
    def session_seq(self) -> int:
        """The record without which this boot's readings cannot be opened; 0 if there is none."""
        return self._recorder.session_seq

    def over(self, slot: int, is_sure: bool) -> None:
        """The connection is over; `is_sure`: the sensor has got its last confirmation."""
        self._exclusive.run(self._recorder.told if is_sure else self._recorder.in_doubt, slot)

    def note_change(self) -> None:
        """The journal has a record more, or some less."""
        self.changes += 1
        self.on_record()

    def event(self, now_ms: int, code: int, detail: int) -> None:
        """Journal an event. One that does not fit is dropped: readings come first."""
        self._append(self._recorder.event, now_ms, code, detail)

    def event_once(self, now_ms: int, code: int, detail: int) -> None:
        """Journal an event unless the same was journaled within the last hour."""
        said_ms = self._said_ms.get((code, detail))
        if said_ms is None or now_ms - said_ms >= REPEAT_MS:
            self._said_ms[(code, detail)] = now_ms
            self.event(now_ms, code, detail)

    def event_hourly(self, now_ms: int, code: int, detail: int) -> None:
        """Journal an event unless one of this code was journaled so within the last hour."""
        said_ms = self._said_ms.get((code, -1))
        if said_ms is None or now_ms - said_ms >= REPEAT_MS:
            self._said_ms[(code, -1)] = now_ms
            self.event(now_ms, code, detail)

    def anchor(self, anchor: "WriteAnchor") -> bool:
        """Journal an anchor; False if it found no room."""
        return self._append(self._recorder.anchor, anchor.uptime_ms, anchor.utc_ms, anchor.source,
                            anchor.uncertainty_ms)  # fmt: skip

    def clock(
        self, uptime_ms: int, slot: int, characteristic: int, value: bytes, occasion: int
    ) -> bool:
        """Journal a sensor's clock (records.CLOCK_...); False if it found no room.

        A clock's value that is no clock (empty, or too long) is the sensor's fault: not journaled.
        """
        if not 1 <= len(value) <= records.MAX_CLOCK_BYTES:
            return False
        return self._append(self._recorder.clock, uptime_ms, slot, characteristic, value, occasion)

    def write(self, record: "Callable[..., Any]", *fields: "Any") -> bool:
        """Journal what `record` appends to the journal; False if it found no room."""
        return self._append(record, *fields)

    def pending_count(self) -> int:
        """Return how many records wait for an acknowledgement."""
        return int(self._exclusive.run(self._pending_count))

    def _pending_count(self) -> int:
        return self._journal.pending_count

    def _append(self, record: "Callable[..., Any]", *fields: "Any") -> bool:
        try:
            self._exclusive.run(record, *fields)
        except OSError:
            return False
        self.note_change()
        return True

    def tell_vanished(self, now_ms: int, store: "IdentityStore") -> None:
        """Journal that records can no longer be read, if so; without room or heap later."""
        if self._journal.vanished:
            try:
                from varde_firmware.shell import damage  # noqa: PLC0415  (seldom needed)

                self._append(damage.tell_vanished, self._recorder, store, now_ms)
            except MemoryError as error:
                print("varde: journal:", error)
            unload.unload("varde_firmware.shell.damage")

    def has_room(self, had_room: bool, now_ms: int) -> bool:
        """True if sensors may be connected to; it takes more room to start than to go on."""
        free_bytes = self._exclusive.run(self._free_bytes)
        if free_bytes < ROOM_FOR_STREAMS_BYTES and self.make_room(now_ms):
            free_bytes = self._exclusive.run(self._free_bytes)
        return bool(free_bytes >= (ROOM_TO_GO_ON_BYTES if had_room else ROOM_TO_START_BYTES))

    def make_room(self, now_ms: int) -> bool:
        """Free one sector of the journal, in main code; False if nothing can be given up.

        Whoever looks after a new record (a gap is one) comes here again while room is short.
        """
        if self._journal.head_seq == self._no_room_at:
            return False  # nothing was closed since that could be given up
        is_freed = None
        try:
            from varde_firmware.core import overflow  # noqa: PLC0415  (seldom needed)

            while is_freed is None:
                is_freed = self._exclusive.run(overflow.make_room, self._recorder, now_ms)
        except (OSError, MemoryError) as error:
            print("varde: journal:", error)
        unload.unload("varde_firmware.core.overflow")
        unload.unload("varde_firmware.core.journal_moving")
        if is_freed:
            self.note_change()
            return True
        self._no_room_at = self._journal.head_seq
        return False

    def _free_bytes(self) -> int:
        return self._journal.free_bytes

    def dropped(self, now_ms: int, count: int) -> None:
        """Journal that so many values could not be kept."""
        self.event(now_ms, records.EVENT_NOTIFICATIONS_DROPPED, count)


def _nobody() -> None:
    """Nobody wants to know."""
