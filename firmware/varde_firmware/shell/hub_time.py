"""The hub's clock: asks what UTC is, notes what it is told, and sets the chip's by it."""

from varde_firmware.core import decider, hub_clock, unload
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from varde_firmware.ports import Board, Ports
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.keeper import Keeper
    from varde_protocols.value import Value

# Question and answer with their headers (RFC 5905: 48 bytes each), and the look-up of the name.
ASK_BYTES = const(320)
# How far the time kept for the next start may lie behind: NVS is flash, and wears.
FLOOR_STEP_MS = const(86_400_000)


class HubTime:
    """Does what `core.hub_clock` decides."""

    def __init__(self, ntp_host: str, ntp_port: int, ports: "Ports", board: "Board",
                 keeper: "Keeper", clock: "Clock") -> None:  # fmt: skip
        self._server = (ntp_host, ntp_port)
        self._ports = ports
        self._board = board
        self._keeper = keeper
        self._clock = clock
        self._hub_clock = hub_clock.HubClock()
        self._offered: "Optional[hub_clock.Measured]" = None
        self._steps = 0
        self.on_bytes: "Callable[[int], None]" = _nobody

    def facts(self) -> "Dict[int, Any]":
        """Return what a report says of the clock."""
        found: "Dict[int, Any]" = {records.FACT_CLOCK_STEPS: self._steps}
        quality = self._hub_clock.quality(self._clock.now_ms())
        if quality is not None:
            found[records.FACT_CLOCK] = quality
        return found

    def utc_ms(self, uptime_ms: int) -> "Optional[int]":
        """Return Unix time in ms at an uptime, None while it is not known."""
        return self._hub_clock.utc_ms(uptime_ms)

    def offer(self, measured: hub_clock.Measured) -> None:
        """The mobile network's time: taken if no server tells, and the hub's clock wants it."""
        self._offered = measured

    async def measure(self) -> None:
        """Ask the time server if the hub's clock wants it; before certificates are judged."""
        now_ms = self._clock.now_ms()
        if not self._hub_clock.is_due(now_ms):
            return
        self._hub_clock.handle(decider.Expired(), now_ms)
        try:
            measured = await self._ask_server()
        except (OSError, WireError, MemoryError) as error:
            print("varde: time:", type(error).__name__, error)
            if self._offered is not None:
                self.tell(self._offered)
        else:
            self.tell(measured)
        self._offered = None
        unload.unload("varde_firmware.core.sntp")

    async def _ask_server(self) -> hub_clock.Measured:
        from varde_firmware.core import sntp  # noqa: PLC0415  (needed once in a boot, mostly)

        nonce = self._ports.random_bytes(sntp.NONCE_BYTES)
        host, port = self._server
        self.on_bytes(ASK_BYTES)
        raw, sent_ms, now_ms = await self._ports.ask_time(
            host, port, sntp.question(nonce), self._clock.now_ms
        )
        answer = sntp.read_answer(raw, nonce, now_ms - sent_ms)
        return hub_clock.Measured(
            records.SOURCE_SNTP, now_ms, answer.utc_ms, answer.uncertainty_ms
        )

    def note_signed(self, measured: hub_clock.Measured) -> None:
        """Only the collector's signed word outlives the power: anybody may answer for a server."""
        self.tell(measured)
        if hub_clock.EARLIEST_UTC_MS <= measured.utc_ms <= hub_clock.LATEST_UTC_MS:
            ahead_ms = measured.utc_ms - self._ports.store.utc_floor_ms()
            if not 0 <= ahead_ms < FLOOR_STEP_MS:
                self._ports.store.set_utc_floor_ms(measured.utc_ms)

    def floor_ms(self) -> int:
        """Return the last time known for sure, 0 if there is none."""
        return self._ports.store.utc_floor_ms()

    def judge_by(self, utc_ms: "Optional[int]") -> None:
        """Set the clock for certificates, None: to what is known; no record is stamped with it."""
        if utc_ms is None:
            known_ms = self.utc_ms(self._clock.now_ms()) or self.floor_ms()
            # A chip that has been told nothing must not stand before every certificate.
            utc_ms = max(known_ms, hub_clock.EARLIEST_UTC_MS)
        self._board.set_rtc_ms(utc_ms)

    def tell(self, event: "Value") -> None:
        """Hand in a measurement or a doubt."""
        now_ms = self._clock.now_ms()
        for action in self._hub_clock.handle(event, now_ms):
            if isinstance(action, hub_clock.WriteAnchor):
                if not self._keeper.anchor(action):
                    self._hub_clock.handle(hub_clock.AnchorLost(), now_ms)
            elif isinstance(action, hub_clock.WriteStep):
                self._steps += 1
                self._keeper.event(now_ms, records.EVENT_CLOCK_STEP, action.seconds)
            elif isinstance(action, hub_clock.SetRtc):
                self._board.set_rtc_ms(action.utc_ms)


def _nobody(_len_bytes: int) -> None:
    """Nobody counts."""
