"""The radio's task: takes its events, asks scanner and sessions, does what they say."""

from varde_firmware.core import decider, hold_offs, scanner
from varde_firmware.core import scanner_words as air
from varde_firmware.core import sensor_words as words
from varde_firmware.shell import link_services, listeners, sensor_link
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

    from varde_firmware.core.advertising import AdvertMatcher
    from varde_firmware.core.value_ring import ValueRing
    from varde_firmware.ports import Radio
    from varde_firmware.shell.bond_keeper import BondKeeper
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_protocols.hub_config import Sensor
    from varde_protocols.value import Value


# A session, its values' seals and signatures, and what the stack itself takes for a connection.
HEAP_TO_CONNECT_BYTES = const(12_288)
# A stream without room loses a value a second; to say so each time would take the room's rest.
TELL_LOST_MS = const(60_000)


class RadioDeadError(Exception):
    """The radio does not come back by itself; only a reset can help."""


class SensorTask(link_services.LinkServices):
    """Owns the radio; `run` returns only by an exception."""

    def __init__(self, sensors: "List[Sensor]", radio: "Radio", matcher: "AdvertMatcher",
                 ring: "ValueRing", inbox: "Inbox", keeper: "Keeper", decisions: "scanner.Scanner",
                 upkeep: "Upkeep", clock: "Clock", keys: "BondKeeper",
                 spare_heap_bytes: "Callable[[], int]") -> None:  # fmt: skip
        super().__init__(sensors, keeper, keys, inbox, clock)
        self._spare_heap_bytes = spare_heap_bytes
        self._radio = radio
        self._matcher = matcher
        self._ring = ring
        self._scanner = decisions
        self._upkeep = upkeep
        self._sighted: "Dict[int, bytes]" = {}  # sensor index: address it was last heard from
        self.least_heap = 0  # of what connections found; 0: there was none
        self._listeners = listeners.Listeners()
        self._had_room = True
        self._changes_seen = -1  # of keeper.changes
        self._not_kept = 0  # notifications that found no room in the journal
        self._told_lost = 0  # as many losses are journaled
        self._tell_lost_from_ms = 0
        self._listen_to_adverts()

    def _listen_to_adverts(self) -> None:
        """Say whom the values are for that come without a connection."""
        values = self._matcher.values
        if values is None:
            return
        for index in values.indexes:
            sensor = self._sensors[index]
            for characteristic, service in values.services().items():
                listener = self._listeners.add(listeners.NO_CONNECTION, sensor, service,
                                               characteristic, sensor.address or bytes(7))
                values.listen(index, characteristic, listener)

    @property
    def is_measuring(self) -> bool:
        """A sensor is connected, or being connected to; or somebody tests the hub."""
        return bool(self._links) or self._upkeep.facts.is_testing

    async def run(self) -> None:
        """Switch the radio on and serve it."""
        self._radio.switch_on(self._inbox)
        self._scan(air.SwitchOn())
        while True:
            await self._inbox.wait(self._wait_ms())
            event = self._inbox.take()
            while event is not None:
                self._take(event)
                event = self._inbox.take()
            self._keep_one()
            self._expire()
            self._look_after()

    def _wait_ms(self) -> "Optional[int]":
        if not self._ring.is_empty:
            return 0
        deadlines = [link.session.deadline_ms for link in self._links]
        deadlines.append(self._scanner.deadline_ms)
        known = [at_ms for at_ms in deadlines if at_ms is not None]
        return min(known) - self._clock.now_ms() if known else None

    def _take(self, event: "Any") -> None:
        """One event of the radio, a tuple (name, ...), to whom it concerns."""
        name = event[0]
        if name == "sighted":
            self._matcher.heard(event[1])
            self._sighted[event[1]] = event[3]
            self.heard[self._sensors[event[1]].slot] = (self._clock.now_ms(), event[2])
            self._scan(air.Sighted(event[1]))
        elif name == "advert":
            event[1].is_told = False  # the ring has it, and is emptied anyway
            self.heard[event[1].slot] = (self._clock.now_ms(), None)
        elif name == "scan_done":
            self._scan(air.ScanEnded())
        elif name == "fault":
            print("varde: radio handler:", event[1], event[2])
            self._scan(air.RadioFailed())
        elif name == "connected":
            self._connected(event[1], event[2])
        elif name == "bond_refused":
            self.bond_refused(event[1])
        else:
            self._take_for_link(name, event)

    def _take_for_link(self, name: str, event: "Any") -> None:
        if name == "not_kept":
            print("varde: an indication was not kept:", repr(self._keeper.why_not))
        link = self._link_of(event[1])
        if link is not None:
            if name in ("value", "control"):
                self._scan(air.ValueCame(link.index))
            link.take(event)

    def _connected(self, connection: int, address: bytes) -> None:
        for link in self._links:
            if link.connection is None and self.is_of(link, address):
                link.address = bytes((address[0] & 1,)) + address[1:]
                link.connected(connection)
                return
        try:
            self._radio.disconnect(connection)  # it came after we had given up
        except OSError as error:
            print("varde: radio:", error)
            self._scan(air.RadioFailed())

    def _link_of(self, connection: int) -> "Optional[sensor_link.SensorLink]":
        """The link of a connection; a number that is none means the one being connected."""
        for link in self._links:
            if link.connection == connection:
                return link
        if connection == sensor_link.NO_CONNECTION:
            for link in self._links:
                if link.connection is None:
                    return link
        return None

    def _keep_one(self) -> None:
        """Journal one notification, then look again at what the radio says."""
        item = self._ring.take()
        if item is None:
            return
        number, ticks_ms, value = item
        uptime_ms = self._clock.at_ms(ticks_ms)
        listener = self._listeners[number]
        if not self._keeper.keep_notification(listener, uptime_ms, value):
            print("varde: a notification was not kept:", repr(self._keeper.why_not))
            listener.lost += 1
            self._not_kept += 1

    def _expire(self) -> None:
        now_ms = self._clock.now_ms()
        for link in list(self._links):
            if link.session.is_due(now_ms):
                link.feed(decider.Expired())
        if self._scanner.is_due(now_ms):
            self._scan(decider.Expired())

    def _look_after(self) -> None:
        """What no event tells: room, losses, lost events, the light."""
        if self._keeper.changes != self._changes_seen:
            self._changes_seen = self._keeper.changes
            self._look_for_room()
        if self._inbox.has_overflowed:
            self._inbox.has_overflowed = False
            self._matcher.none_told()
            self._scan(air.RadioFailed())
        if self._ring.is_empty:
            self._tell_lost()
            self.tell_flushed()
            self._listeners.tidy([link.connection for link in self._links])
        facts = self._upkeep.facts
        facts.sessions = len(self._links)
        facts.scanning = self._scanner.state in (scanner.SCANNING, scanner.SETTING_UP)
        facts.has_fault = self._scanner.state in (scanner.FULL, scanner.BROKEN)
        self._upkeep.show()

    def _tell_lost(self) -> None:
        lost = self._radio.dropped + self._not_kept
        now_ms = self._clock.now_ms()
        if lost != self._told_lost and now_ms >= self._tell_lost_from_ms:
            self._keeper.dropped(now_ms, lost - self._told_lost)
            self._told_lost = lost
            self._tell_lost_from_ms = now_ms + TELL_LOST_MS

    def _look_for_room(self) -> None:
        has_room = self._keeper.has_room(self._had_room, self._clock.now_ms())
        if has_room != self._had_room:
            self._had_room = has_room
            if not has_room:
                self._keeper.event_once(self._clock.now_ms(), records.EVENT_JOURNAL_FULL, 0)
            self._scan(air.RoomChanged(has_room))

    def ended(
        self, link: "sensor_link.SensorLink", outcome: str, values: int, is_sure: bool
    ) -> None:
        """A link is over (called by it)."""
        self._links.remove(link)
        slot = self._sensors[link.index].slot
        self._keeper.over(slot, is_sure)
        print("varde: sensor %d: %s, %d values" % (slot, outcome, values))
        self._scan(air.SessionEnded(link.index, outcome))

    def ready(self, link: "sensor_link.SensorLink") -> None:
        """A link has subscribed (called by it)."""
        self._scan(air.SetUp(link.index))

    def _scan(self, event: "Value") -> None:
        """Hand `event` to the scanner and do what it says."""
        for action in self._scanner.handle(event, self._clock.now_ms()):
            try:
                getattr(self, _PERFORM[type(action)])(action)
            except OSError as error:  # noqa: PERF203  (each action may fail by itself)
                print("varde: radio:", error)
                self._scan(air.RadioFailed())
                return

    def _start_scan(self, action: air.StartScan) -> None:
        self._radio.scan(action.duration_ms)

    def _stop_scan(self, _action: air.StopScan) -> None:
        self._radio.stop_scan()

    def _open_session(self, action: air.OpenSession) -> None:
        if not self._has_heap():
            self._scan(air.SessionEnded(action.index, hold_offs.NO_HEAP))
            return
        sensor = self._sensors[action.index]
        address = self._sighted[action.index]
        self._radio.demand(sensor.bond)
        link = sensor_link.SensorLink(self, self._radio, self._clock, self._listeners,
                                      action.index, sensor, address)  # fmt: skip
        self._links.append(link)
        link.feed(words.Begin())

    def _has_heap(self) -> bool:
        """True if there is heap for a session: where it runs out, the stack itself may abort."""
        spare_bytes = self._spare_heap_bytes()
        self.least_heap = min(spare_bytes, self.least_heap or spare_bytes)
        if spare_bytes < HEAP_TO_CONNECT_BYTES:
            now_ms = self._clock.now_ms()
            self._keeper.event_hourly(now_ms, records.EVENT_HEAP_LOW, spare_bytes)
            return False
        return True

    def _stop_session(self, action: air.StopSession) -> None:
        for link in list(self._links):
            if link.index == action.index:
                link.feed(words.Stop(words.STOPPED))

    def _stop_sessions(self, _action: air.StopSessions) -> None:
        for link in list(self._links):
            link.feed(words.Stop(words.STOPPED))

    def _mute(self, action: air.Mute) -> None:
        self._matcher.mute(action.index)

    def _unmute(self, action: air.Unmute) -> None:
        self._matcher.unmute(action.index)

    def _restart_radio(self, _action: air.RestartRadio) -> None:
        self._radio.switch_off()
        for link in list(self._links):
            link.cut_off()
        self._radio.switch_on(self._inbox)

    def _give_up(self, _action: air.GiveUp) -> None:
        raise RadioDeadError("after %d restarts" % scanner.MAX_RESTARTS)


_PERFORM = {
    air.StartScan: "_start_scan",
    air.StopScan: "_stop_scan",
    air.OpenSession: "_open_session",
    air.StopSession: "_stop_session",
    air.StopSessions: "_stop_sessions",
    air.Mute: "_mute",
    air.Unmute: "_unmute",
    air.RestartRadio: "_restart_radio",
    air.GiveUp: "_give_up",
}
