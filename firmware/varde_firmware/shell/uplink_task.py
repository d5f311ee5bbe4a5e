"""The task of the exchange: delivers the journal over whatever link there is."""

from varde_firmware.core import decider, hub_clock, uplink
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable, List, Optional

    from varde_firmware.ports import IdentityStore
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.exchange_round import Exchanger
    from varde_firmware.shell.hub_time import HubTime
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.link_task import LinkTask
    from varde_protocols.value import Value


class UplinkTask:
    """Exchanges when `core.uplink` says so; `run` returns only by an exception."""

    def __init__(self, exchanger: "Exchanger", links: "LinkTask", hub_time: "HubTime",
                 keeper: "Keeper", store: "IdentityStore", decisions: "uplink.Uplink",
                 inbox: "Inbox", clock: "Clock") -> None:  # fmt: skip
        self._exchanger = exchanger
        self._links = links
        self._time = hub_time
        self._keeper = keeper
        self._store = store
        self._uplink = decisions
        self._inbox = inbox
        self._clock = clock
        self._changes_seen = -1
        self._link_number = 0  # of the link that the decider knows, 0: of none
        links.on_change = inbox.wake
        self.on_healthy: "Callable[[], None]" = _nobody

    async def run(self) -> None:
        """Wait for a record, a link or the deadline; exchange."""
        while True:
            await self._inbox.wait(self._wait_ms())
            self._look_at_journal()
            self._look_at_link()
            if self._uplink.is_due(self._clock.now_ms()):
                await self._exchange(self._handle(decider.Expired()))

    def _wait_ms(self) -> "Optional[int]":
        deadline_ms = self._uplink.deadline_ms
        return None if deadline_ms is None else max(0, deadline_ms - self._clock.now_ms())

    def _look_at_journal(self) -> None:
        if self._keeper.changes != self._changes_seen:
            self._changes_seen = self._keeper.changes
            self._handle(uplink.Pending(self._keeper.pending_count()))

    def _look_at_link(self) -> bool:
        """The link came, or went, or is another: the decider hears of it. True: it has changed."""
        number = self._links.number
        if number == self._link_number:
            return False
        if self._link_number:
            self._handle(uplink.LinkDown())
        self._link_number = number
        if number:
            self._handle(uplink.LinkUp())
        return True

    def _handle(self, event: "Value") -> "List[Value]":
        """Hang up if told to; return what else is to be done."""
        wanted = []
        for action in self._uplink.handle(event, self._clock.now_ms()):
            if isinstance(action, uplink.HangUp):
                self._exchanger.close()
            else:
                wanted.append(action)
        return wanted

    async def _exchange(self, wanted: "List[Value]") -> None:
        """Exchange, again and again while a backlog drains over this link."""
        while wanted:
            await self._time.measure()
            result = await self._exchanger.deliver()
            self._keeper.tell_vanished(self._clock.now_ms(), self._store)
            if isinstance(result, uplink.Acknowledged):
                if self._exchanger.measured is not None:
                    self._time.note_signed(self._exchanger.measured)
                self.on_healthy()
                self._links.acknowledged(self._link_number)
            else:
                if self._exchanger.doubts_time:
                    self._time.tell(hub_clock.Doubted())
                self._links.failed(self._link_number)
            wanted = self._handle(result)
            if self._look_at_link():
                break


def _nobody() -> None:
    """Nobody wants to know."""
