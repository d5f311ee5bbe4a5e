"""The task of link, time and exchange: joins networks, asks the time, delivers the journal."""

from varde_firmware.core import decider, hub_clock, link, unload, uplink
from varde_firmware.shell import upkeep_task
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Callable, List, Optional

    from varde_firmware.ports import Board, Ports
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.exchange_round import Exchanger
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_protocols.hub_config import HubConfig
    from varde_protocols.value import Value

# How often to look whether the network has let us in, and whether it still stands. The interface
# does not tell by itself; an exchange that fails tells sooner.
# It is looked for often at first, then ever less; once joined, at every fourth pulse.
LOOK_LEAST_MS = const(500)
LOOK_SHARE = const(4)
LOOK_PULSES = const(4)
# How far the time kept for the next start may lie behind: NVS is flash, and wears.
FLOOR_STEP_MS = const(86_400_000)


class UplinkTask:
    """Owns WiFi, the hub's clock and the exchange; `run` returns only by an exception."""

    def __init__(self, config: "HubConfig", ports: "Ports", board: "Board",
                 exchanger: "Exchanger", keeper: "Keeper", decisions: "uplink.Uplink",
                 link_decisions: "link.Link", inbox: "Inbox", upkeep: "Upkeep",
                 clock: "Clock") -> None:  # fmt: skip
        self._config = config
        self._ports = ports
        self._wifi = ports.wifi
        self._board = board
        self._exchanger = exchanger
        self._keeper = keeper
        self._uplink = decisions
        self._link = link_decisions
        self._hub_clock = hub_clock.HubClock()
        self._inbox = inbox
        self._upkeep = upkeep
        self._clock = clock
        self._changes_seen = -1
        self._was_usable = False
        self.on_healthy: "Callable[[], None]" = _nobody

    def utc_ms(self, uptime_ms: int) -> "Optional[int]":
        """Return Unix time in ms at an uptime, None while it is not known."""
        return self._hub_clock.utc_ms(uptime_ms)

    async def run(self) -> None:
        """Bring the link up and serve it."""
        self._handle_link(link.SwitchOn())
        while True:
            await self._inbox.wait(self._wait_ms())
            self._look_at_wifi()
            self._look_at_journal()
            if self._link.is_due(self._clock.now_ms()):
                self._handle_link(decider.Expired())
            self._tell_uplink()
            if self._uplink.is_due(self._clock.now_ms()):
                await self._handle_uplink(decider.Expired())

    def _wait_ms(self) -> int:
        now_ms = self._clock.now_ms()
        look_ms = upkeep_task.to_next_pulse_ms(now_ms, LOOK_PULSES)
        if self._link.state == link.JOINING:
            look_ms = max(LOOK_LEAST_MS, self._link.joining_ms(now_ms) // LOOK_SHARE)
        for deadline_ms in (self._link.deadline_ms, self._uplink.deadline_ms):
            if deadline_ms is not None:
                look_ms = min(look_ms, max(0, deadline_ms - now_ms))
        return look_ms

    def _look_at_wifi(self) -> None:
        if self._wifi.is_joined():
            self._handle_link(link.Joined())
        elif self._link.state in link.USABLE:
            self._handle_link(link.Dropped())

    def _look_at_journal(self) -> None:
        if self._keeper.changes != self._changes_seen:
            self._changes_seen = self._keeper.changes
            self._uplink.handle(uplink.Pending(self._keeper.pending_count()), self._clock.now_ms())

    def _handle_link(self, event: "Value") -> None:
        for action in self._link.handle(event, self._clock.now_ms()):
            if isinstance(action, link.Join):
                network = self._config.networks[action.index]
                try:
                    self._wifi.join(network.ssid, network.password)
                except OSError as error:  # the deadline for joining stands
                    print("varde: wifi:", error)
            else:
                try:
                    self._wifi.leave()
                except OSError as error:  # the next join says whether that matters
                    print("varde: wifi:", error)
        self._upkeep.facts.link_up = self._link.state == link.UP
        self._upkeep.show()

    def _tell_uplink(self) -> None:
        """The link came, or went: the uplink hears of the change."""
        is_usable = self._link.state in link.USABLE
        if is_usable == self._was_usable:
            return
        self._was_usable = is_usable
        event = uplink.LinkUp() if is_usable else uplink.LinkDown()
        self._perform_now(self._uplink.handle(event, self._clock.now_ms()))

    def _perform_now(self, actions: "List[Value]") -> "Optional[Value]":
        """Hang up if told to; return the exchange, if one is wanted."""
        for action in actions:
            if isinstance(action, uplink.HangUp):
                self._exchanger.close()
            else:
                return action
        return None

    async def _handle_uplink(self, event: "Value") -> None:
        """Exchange, again and again while a backlog drains."""
        wanted = self._perform_now(self._uplink.handle(event, self._clock.now_ms()))
        while wanted is not None:
            await self._measure()
            result = await self._exchanger.deliver()
            self._keeper.tell_vanished(self._clock.now_ms(), self._ports.store)
            acknowledged = isinstance(result, uplink.Acknowledged)
            if acknowledged:
                self._note_signed_time(self._exchanger.measured)
                self.on_healthy()
            elif self._exchanger.doubts_time:
                self._tell_clock(hub_clock.Doubted())
            self._handle_link(
                link.ExchangeAcknowledged() if acknowledged else link.ExchangeFailed()
            )
            wanted = self._perform_now(self._uplink.handle(result, self._clock.now_ms()))

    async def _measure(self) -> None:
        """Ask the time server if the hub's clock wants it; before certificates are judged."""
        now_ms = self._clock.now_ms()
        if not self._hub_clock.is_due(now_ms):
            return
        self._hub_clock.handle(decider.Expired(), now_ms)
        try:
            measured = await self._ask_time()
        except (OSError, WireError, MemoryError) as error:
            print("varde: time:", type(error).__name__, error)
        else:
            self._tell_clock(measured)
        unload.unload("varde_firmware.core.sntp")

    async def _ask_time(self) -> hub_clock.Measured:
        from varde_firmware.core import sntp  # noqa: PLC0415  (needed once in a boot, mostly)

        nonce = self._ports.random_bytes(sntp.NONCE_BYTES)
        raw, sent_ms, now_ms = await self._ports.ask_time(
            self._config.ntp_host, self._config.ntp_port, sntp.question(nonce),
            self._clock.now_ms,
        )  # fmt: skip
        answer = sntp.read_answer(raw, nonce, now_ms - sent_ms)
        return hub_clock.Measured(
            records.SOURCE_SNTP, now_ms, answer.utc_ms, answer.uncertainty_ms
        )

    def _note_signed_time(self, measured: "Optional[hub_clock.Measured]") -> None:
        """Only the collector's signed word outlives the power: anybody may answer for a server."""
        if measured is None:
            return
        self._tell_clock(measured)
        if hub_clock.EARLIEST_UTC_MS <= measured.utc_ms <= hub_clock.LATEST_UTC_MS:
            ahead_ms = measured.utc_ms - self._ports.store.utc_floor_ms()
            if not 0 <= ahead_ms < FLOOR_STEP_MS:
                self._ports.store.set_utc_floor_ms(measured.utc_ms)

    def _tell_clock(self, event: "Value") -> None:
        now_ms = self._clock.now_ms()
        for action in self._hub_clock.handle(event, now_ms):
            if isinstance(action, hub_clock.WriteAnchor):
                if not self._keeper.anchor(action):
                    self._hub_clock.handle(hub_clock.AnchorLost(), now_ms)
            elif isinstance(action, hub_clock.WriteStep):
                self._keeper.event(now_ms, records.EVENT_CLOCK_STEP, action.seconds)
            elif isinstance(action, hub_clock.SetRtc):
                self._board.set_rtc_ms(action.utc_ms)


def _nobody() -> None:
    """Nobody wants to know."""
