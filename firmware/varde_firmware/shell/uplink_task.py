"""The task of the exchange: delivers the journal over whatever link there is."""

from varde_firmware.core import decider, hub_clock, unload, uplink
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional

    from varde_firmware.ports import IdentityStore
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.exchange_round import Exchanger
    from varde_firmware.shell.hub_time import HubTime
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.link_task import LinkTask
    from varde_protocols.value import Value


# One refusal for its time makes the hub ask the time server anew; the second, the collector.
SEARCH_AFTER = const(2)
SEARCH_AGAIN_MS = const(3_600_000)
UPDATE_AGAIN_MS = const(3_600_000)  # after what should not happen


class UplinkTask:
    """Exchanges when `core.uplink` says so; `run` returns only by an exception."""

    def __init__(self, exchanger: "Exchanger", links: "LinkTask", hub_time: "HubTime",
                 keeper: "Keeper", store: "IdentityStore", decisions: "uplink.Uplink",
                 inbox: "Inbox", clock: "Clock") -> None:  # fmt: skip
        self.exchanger = exchanger
        self.links = links
        self._time = hub_time
        self._keeper = keeper
        self._store = store
        self._uplink = decisions
        self._inbox = inbox
        self.clock = clock
        self._changes_seen = -1
        self._readings_seen = 0
        self._doubts = 0  # certificates refused for their time, in a row
        self._search_from_ms = 0
        self.report_of: "Any" = None  # what state_report.write wants beside the time
        self._link_number = 0  # of the link that the decider knows, 0: of none
        # Of updates (updater.py): when to go on with one, None if none is under way; the newest
        # assignment that was looked at; failures in a row; what a report says beyond the record.
        self.update_from_ms: "Optional[int]" = None
        self.update_seen = 0xFFFFFFFF  # until somebody says what is in force
        self.update_tries = 0
        self.update_fact: "Optional[List[int]]" = None
        self.local_time: "List[int]" = []  # of the config
        links.on_change = inbox.wake
        self.on_healthy: "Callable[[], None]" = _nobody

    async def run(self) -> None:
        """Wait for a record, a link or the deadline; exchange."""
        while True:
            await self._inbox.wait(self._wait_ms())
            self._look_at_journal()
            self._look_at_link()
            if self._uplink.is_due(self.clock.now_ms()) or self._wait_ms() == 0:
                await self._exchange(self._handle(decider.Expired()))

    def _wait_ms(self) -> "Optional[int]":
        deadline_ms = self._uplink.deadline_ms
        if self._uplink.state == uplink.IDLE and self.update_from_ms is not None:
            # a sitting begins with an exchange, which also shows that the way is good
            deadline_ms = min(self.update_from_ms, deadline_ms or self.update_from_ms)
        return None if deadline_ms is None else max(0, deadline_ms - self.clock.now_ms())

    def _look_at_journal(self) -> None:
        if self._keeper.changes != self._changes_seen:
            self._changes_seen = self._keeper.changes
            is_measured = self._keeper.readings != self._readings_seen
            self._readings_seen = self._keeper.readings
            self._handle(uplink.Pending(self._keeper.pending_count(), is_measured))

    def _look_at_link(self) -> bool:
        """The link came, or went, or is another: the decider hears of it. True: it has changed."""
        number = self.links.number
        if number == self._link_number:
            return False
        if self._link_number:
            self._handle(uplink.LinkDown())
        self._link_number = number
        if number:
            self._handle(uplink.LinkUp(self.links.way))
        return True

    def _handle(self, event: "Value") -> "List[Value]":
        """Hang up if told to; return what else is to be done."""
        wanted = []
        for action in self._uplink.handle(event, self.clock.now_ms()):
            if isinstance(action, uplink.HangUp):
                self.exchanger.close()
            else:
                wanted.append(action)
        return wanted

    async def _exchange(self, wanted: "List[Value]") -> None:
        """Exchange once, over the link that is up."""
        for action in wanted:
            await self._time.measure()
            if isinstance(action, uplink.Exchange) and action.is_report_due:
                self.report()
            result = await self.exchanger.deliver()
            self._keeper.tell_vanished(self.clock.now_ms(), self._store)
            self._note(result)
            if isinstance(result, uplink.Acknowledged):  # the data budget may want it rarer
                heartbeat_s = self.links.heartbeat_s(result.heartbeat_s)
                result = uplink.Acknowledged(result.released, result.left, heartbeat_s)
            if self._doubts >= SEARCH_AFTER:
                await self._search_time()
            if self._is_update_due(result):
                await self._update()
            self._handle(result)
            self._look_at_link()

    def _is_update_due(self, result: "Value") -> bool:
        """Nothing is unsent, and there is something newer or something to go on with; or whoever
        answers has a key that only a newer trust can name."""
        now_ms = self.clock.now_ms()
        exchanger = self.exchanger
        if not isinstance(result, uplink.Acknowledged):
            return exchanger.is_stranger and now_ms >= (self.update_from_ms or 0)
        if exchanger.announced > self.update_seen:
            self.update_seen = exchanger.announced
            self.update_tries = 0
            self.update_from_ms = now_ms
        is_due = self.update_from_ms is not None and now_ms >= self.update_from_ms
        return is_due and not result.left

    async def _update(self) -> None:
        """Whatever is wrong with an update, readings go on."""
        before = unload.loaded()
        self.update_from_ms = None
        try:
            from varde_firmware.shell import updater  # noqa: PLC0415  (seldom needed)

            await updater.sit(self)
        except Exception as error:  # noqa: BLE001
            print("varde: update:", type(error).__name__, error)
            self.update_from_ms = self.clock.now_ms() + UPDATE_AGAIN_MS
        unload.since(before)

    def report(self) -> None:
        """Journal how the hub is. It is left out if anything speaks against it."""
        if self.report_of is None:
            return
        before = unload.loaded()
        try:
            from varde_firmware.shell import state_report  # noqa: PLC0415  (seldom needed)

            state_report.write(self.clock.now_ms(), self.update_fact, *self.report_of)
        except (OSError, ValueError, MemoryError, WireError) as error:
            print("varde: report:", type(error).__name__, error)
        unload.since(before)

    async def _search_time(self) -> None:
        """No clock that we know makes the server's certificate valid: ask the collector."""
        now_ms = self.clock.now_ms()
        if now_ms < self._search_from_ms:
            return
        self._search_from_ms = now_ms + SEARCH_AGAIN_MS
        from varde_firmware.shell import time_by_collector  # noqa: PLC0415  (seldom needed)

        await time_by_collector.ask(self.exchanger, self._time)
        unload.unload("varde_firmware.shell.time_by_collector")
        unload.unload("varde_firmware.core.time_search")

    def _note(self, result: "Value") -> None:
        """Tell time and links what came of an exchange."""
        exchanger = self.exchanger
        if exchanger.measured is not None:
            self._time.note_signed(exchanger.measured)
        if isinstance(result, uplink.Acknowledged):
            self._doubts = 0
            self.on_healthy()
            self.links.acknowledged(self._link_number)
        elif exchanger.was_reached:
            self.links.turned_away(self._link_number, exchanger.is_enrolled)
        else:
            if exchanger.doubts_time:
                self._doubts += 1
                self._time.tell(hub_clock.Doubted())
            self.links.failed(self._link_number)


def _nobody() -> None:
    """Nobody wants to know."""
