"""The radio's task: takes its events, asks scanner and sessions, does what they say."""

from varde_firmware.core import decider, scanner
from varde_firmware.core import sensor_words as words
from varde_firmware.shell import listeners, sensor_link
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from varde_firmware.core.advertising import AdvertMatcher
    from varde_firmware.core.value_ring import ValueRing
    from varde_firmware.ports import Radio
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_protocols.hub_config import Sensor
    from varde_protocols.value import Value


class RadioDeadError(Exception):
    """The radio does not come back by itself; only a reset can help."""


class SensorTask:
    """Owns the radio; `run` returns only by an exception."""

    def __init__(self, sensors: "List[Sensor]", radio: "Radio", matcher: "AdvertMatcher",
                 ring: "ValueRing", inbox: "Inbox", keeper: "Keeper", decisions: "scanner.Scanner",
                 upkeep: "Upkeep", clock: "Clock") -> None:  # fmt: skip
        self._sensors = sensors
        self._radio = radio
        self._matcher = matcher
        self._ring = ring
        self._inbox = inbox
        self._keeper = keeper
        self._scanner = decisions
        self._upkeep = upkeep
        self._clock = clock
        self._links: "List[sensor_link.SensorLink]" = []
        self._sighted: "Dict[int, bytes]" = {}  # sensor index: address it was last heard from
        self._listeners = listeners.Listeners()
        self._flushing: "List[sensor_link.SensorLink]" = []  # who wait for an empty ring
        self._had_room = True
        self._changes_seen = -1  # of keeper.changes
        self._dropped = 0  # of radio.dropped, as many are journaled

    async def run(self) -> None:
        """Switch the radio on and serve it."""
        self._radio.switch_on(self._inbox.put)
        self._scan(scanner.SwitchOn())
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
            self._sighted[event[1]] = event[2]
            self._scan(scanner.Sighted(event[1]))
        elif name == "scan_done":
            self._scan(scanner.ScanEnded())
        elif name == "fault":
            print("varde: radio handler:", event[1], event[2])
            self._scan(scanner.RadioFailed())
        elif name == "connected":
            self._connected(event[1], event[2])
        else:
            if name == "not_kept":
                print("varde: an indication was not kept:", repr(self._keeper.why_not))
            link = self._link_of(event[1])
            if link is not None:
                link.take(event)

    def _connected(self, connection: int, address: bytes) -> None:
        for link in self._links:
            if link.connection is None and link.address == address:
                link.connected(connection)
                return
        try:
            self._radio.disconnect(connection)  # it came after we had given up
        except OSError as error:
            print("varde: radio:", error)
            self._scan(scanner.RadioFailed())

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
        number, uptime_ms, value = item
        listener = self._listeners[number]
        if not self._keeper.keep_notification(listener, uptime_ms, value):
            print("varde: a notification was not kept:", repr(self._keeper.why_not))
            listener.lost += 1
            self._radio.dropped += 1

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
        if self._radio.dropped != self._dropped and self._ring.is_empty:
            lost, self._dropped = self._radio.dropped - self._dropped, self._radio.dropped
            self._keeper.dropped(self._clock.now_ms(), lost)
        if self._inbox.has_overflowed:
            self._inbox.has_overflowed = False
            self._matcher.none_told()
            self._scan(scanner.RadioFailed())
        if self._ring.is_empty:
            self._tell_flushed()
            self._listeners.tidy([link.connection for link in self._links])
        facts = self._upkeep.facts
        facts.sessions = len(self._links)
        facts.scanning = self._scanner.state in (scanner.SCANNING, scanner.SETTING_UP)
        facts.has_fault = self._scanner.state in (scanner.FULL, scanner.BROKEN)
        self._upkeep.show()

    def _look_for_room(self) -> None:
        has_room = self._keeper.has_room(self._had_room)
        if has_room != self._had_room:
            self._had_room = has_room
            if not has_room:
                self._keeper.event_once(self._clock.now_ms(), records.EVENT_JOURNAL_FULL, 0)
            self._scan(scanner.RoomChanged(has_room))

    def ended(
        self, link: "sensor_link.SensorLink", outcome: str, values: int, is_sure: bool
    ) -> None:
        """A link is over (called by it)."""
        self._links.remove(link)
        slot = self._sensors[link.index].slot
        self._keeper.over(slot, is_sure)
        print("varde: sensor %d: %s, %d values" % (slot, outcome, values))
        self._scan(scanner.SessionEnded(link.index, outcome))

    def flush(self, link: "sensor_link.SensorLink") -> None:
        """Send the link ("flushed", connection) when no value waits in the ring (called by it).

        All that was received is durable then, but for what its listeners count as `lost`.
        """
        if link not in self._flushing:
            self._flushing.append(link)
        self._inbox.wake()

    def _tell_flushed(self) -> None:
        waiting, self._flushing = self._flushing, []
        for link in waiting:
            if link in self._links and link.connection is not None:
                link.take(("flushed", link.connection))

    def clock_read(self, link: "sensor_link.SensorLink", characteristic: int, value: bytes,
                   occasion: int) -> None:  # fmt: skip
        """Journal a sensor's clock, read just now (called by the link)."""
        slot = self._sensors[link.index].slot
        self._keeper.clock(self._clock.now_ms(), slot, characteristic, value, occasion)

    def tell(self, link: "sensor_link.SensorLink", code: int) -> None:
        """Journal an event with the sensor's slot, once an hour at most (called by the link)."""
        self._keeper.event_once(self._clock.now_ms(), code, self._sensors[link.index].slot)

    def ready(self, link: "sensor_link.SensorLink") -> None:
        """A link has subscribed (called by it)."""
        self._scan(scanner.SetUp(link.index))

    def _scan(self, event: "Value") -> None:
        """Hand `event` to the scanner and do what it says."""
        for action in self._scanner.handle(event, self._clock.now_ms()):
            try:
                getattr(self, _PERFORM[type(action)])(action)
            except OSError as error:  # noqa: PERF203  (each action may fail by itself)
                print("varde: radio:", error)
                self._scan(scanner.RadioFailed())
                return

    def _start_scan(self, action: scanner.StartScan) -> None:
        self._radio.scan(action.duration_ms)

    def _stop_scan(self, _action: scanner.StopScan) -> None:
        self._radio.stop_scan()

    def _open_session(self, action: scanner.OpenSession) -> None:
        sensor = self._sensors[action.index]
        address = self._sighted[action.index]
        link = sensor_link.SensorLink(self, self._radio, self._clock, self._listeners,
                                      action.index, sensor, address)  # fmt: skip
        self._links.append(link)
        link.feed(words.Begin())

    def _stop_sessions(self, _action: scanner.StopSessions) -> None:
        for link in list(self._links):
            link.feed(words.Stop(words.STOPPED))

    def _mute(self, action: scanner.Mute) -> None:
        self._matcher.mute(action.index)

    def _unmute(self, action: scanner.Unmute) -> None:
        self._matcher.unmute(action.index)

    def _restart_radio(self, _action: scanner.RestartRadio) -> None:
        self._radio.switch_off()
        for link in list(self._links):
            link.cut_off()
        self._radio.switch_on(self._inbox.put)

    def _give_up(self, _action: scanner.GiveUp) -> None:
        raise RadioDeadError("after %d restarts" % scanner.MAX_RESTARTS)


_PERFORM = {
    scanner.StartScan: "_start_scan",
    scanner.StopScan: "_stop_scan",
    scanner.OpenSession: "_open_session",
    scanner.StopSessions: "_stop_sessions",
    scanner.Mute: "_mute",
    scanner.Unmute: "_unmute",
    scanner.RestartRadio: "_restart_radio",
    scanner.GiveUp: "_give_up",
}
