"""One virtual board: a VM process with its flash, radio, WiFi and wire, and when it runs.

The VM's end says what the board does next:

    64  machine.reset()           starts again, reset cause "hard"
    65  soft reset                starts again, reset cause "soft"
    66  deep sleep                starts again after the time asked for
    killed, by us                 power cut or watchdog, as we know
    killed, not by us             the armed power cut: the flash did it in its n-th operation
    anything else                 the interpreter crashed: noted, starts again as after a panic
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from varde_simulator import interpreter
from varde_simulator.air.channel import Channel
from varde_simulator.air.station import address_bytes, address_of
from varde_simulator.board_page import BoardPage
from varde_simulator.clock import NEVER, VirtualClock
from varde_simulator.links import Links
from varde_simulator.modem.settings import Settings
from varde_simulator.modem.virtual_modem import VirtualModem
from varde_simulator.network import HubNetwork
from varde_simulator.wifi import AccessPoint, VirtualWifi

POWER_ON, HARD_RESET, WATCHDOG_RESET, DEEP_SLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_EXIT_CAUSES = {64: HARD_RESET, 65: SOFT_RESET, 66: DEEP_SLEEP_RESET}

# From reset to boot.py takes an ESP32-S3 about this long; it also bounds a loop of resets.
BOOT_US = 300_000
BLUETOOTH_MAC_OFFSET = 2  # an ESP32's Bluetooth address is its base address plus two

CONSOLE_LINE_LIMIT = 65536


class VirtualBoard:
    """`power_on()` starts it. `on_console(line)`, `on_note(text)`, `on_cut()` are for others."""

    def __init__(
        self,
        clock: VirtualClock,
        vm: interpreter.Interpreter,
        node: str,
        flash: Path,
        access_points: list[AccessPoint],
        environment: dict[str, str],
    ) -> None:
        self.clock = clock
        self.vm = vm
        self.node = node
        self.flash = flash
        self.page = BoardPage(flash)
        self.links = Links(clock, self._wake, access_points, node)
        self.channel: Channel | None = None
        self.light = b""
        self.pins: dict[int, int] = {}
        self.boots = 0
        self.crashes = 0
        self.watchdog_bites = 0
        self.heap_at_start_bytes = 0
        self.on_console: Callable[[str], None] = lambda _line: None
        self.on_note: Callable[[str], None] = lambda _text: None
        self.on_cut: Callable[[], None] = lambda: None
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._killed_for: int | None = None  # the reset cause of the next start; None = stays off
        self._sleep_ms = 0
        self._idle_seen = -1
        self._wake_timer: asyncio.TimerHandle | None = None
        self._boot_timer: asyncio.TimerHandle | None = None
        clock.add_gate(self.silence_needed_s, f"hub {node} at work")

    # What connects it

    @property
    def network(self) -> HubNetwork:
        """The wire behind its WiFi."""
        return self.links.wire

    @property
    def wifi(self) -> VirtualWifi:
        """Its station."""
        return self.links.wifi

    @property
    def modem(self) -> VirtualModem | None:
        """What `fit_modem` has given it."""
        return self.links.modem

    def fit_modem(self, settings: Settings | None = None) -> VirtualModem:
        """Solder one to its pins; before it has power."""
        modem = self.links.fit_modem(settings)
        modem.on_note = self._pass_note
        return modem

    def _pass_note(self, text: str) -> None:
        self.on_note(text)  # who listens may change

    # Power

    @property
    def is_on(self) -> bool:
        """Has power (it may be between two boots)."""
        return self._process is not None or self._boot_timer is not None

    async def power_on(self, cut: tuple[int, float] | None = None) -> None:
        """From nothing: the RTC stands at 2000-01-01. `cut` as for `arm_cut`, from the start."""
        self.page.lose_power(self.clock.now_us())
        self.links.supply(True)
        await self._start(POWER_ON, cut)

    async def cut_power(self) -> None:
        """Now, whatever it is doing."""
        self.links.supply(False)
        if self._boot_timer is not None:
            self._boot_timer.cancel()
            self._boot_timer = None
        await self._kill(None)

    def arm_cut(self, in_operations: int, fraction: float) -> None:
        """The power goes in the n-th flash operation from now; `on_cut()` tells."""
        self.page.arm_cut(in_operations, fraction)

    async def close(self) -> None:
        """Off for good; the page can still be read."""
        await self.cut_power()
        self.clock.remove_gate(self.silence_needed_s)
        await self.links.close()

    async def _start(self, cause: int, cut: tuple[int, float] | None = None) -> None:
        self._boot_timer = None
        self.boots += 1
        self._killed_for = None
        self._idle_seen = -1
        self.page.start_boot()
        if cut is not None:
            self.page.arm_cut(*cut)
        with self.clock.busy(f"hub {self.node} starts"):
            self._process = await asyncio.create_subprocess_exec(
                str(self.vm.path),
                "-X",
                f"heapsize={interpreter.HEAP}",
                str(interpreter.START_SCRIPT),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=CONSOLE_LINE_LIMIT,
                env=self._vm_environment(cause),
            )
        self._watcher = asyncio.ensure_future(self._watch(self._process))

    def _vm_environment(self, cause: int) -> dict[str, str]:
        return {
            **self._environment,
            "MICROPYPATH": f"{interpreter.STAND_INS}:.frozen",
            "TZ": "UTC0",
            "VARDE_NODE": self.node,
            "VARDE_FLASH": str(self.flash),
            "VARDE_CLOCK": str(self.clock.path),
            "VARDE_RESET_CAUSE": str(cause),
            **({"VARDE_MODEM": self.modem.settings.ppp_of} if self.modem is not None else {}),
        }

    async def _kill(self, cause: int | None) -> None:
        if self._process is None:
            return
        self._killed_for = cause
        watcher = self._watcher
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        if watcher is not None and watcher is not asyncio.current_task():
            await watcher

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """The console until the end, then the end."""
        assert process.stdout is not None
        async for line in process.stdout:
            self.on_console(line.decode("utf-8", "replace").rstrip("\r\n"))
        code = await process.wait()
        self._process = None
        self.links.chip_stopped()
        self._stop_wake_timer()
        self._decide(code)

    def _decide(self, code: int) -> None:
        if code in _EXIT_CAUSES:
            delay_us = BOOT_US + (self._sleep_ms * 1000 if code == 66 else 0)
            self._start_later(_EXIT_CAUSES[code], delay_us)
        elif self._killed_for is not None:
            self._start_later(self._killed_for, BOOT_US)
        elif code == -signal.SIGKILL:
            if self.page.cut_happened:
                self.links.supply(False)
                self.on_cut()
        else:
            self.crashes += 1
            self.on_note(f"interpreter ended with {code}; starting again as after a panic")
            self._start_later(HARD_RESET, BOOT_US)

    def _start_later(self, cause: int, delay_us: int) -> None:
        def start() -> None:
            self._watcher = asyncio.ensure_future(self._start(cause))

        self._boot_timer = self.clock.call_later(delay_us, start)

    # The channel

    def attach(self, channel: Channel) -> None:
        """The VM has said who it is."""
        self.channel = channel
        base = bytearray(address_bytes(address_of(self.node)))
        base[5] = (base[5] - BLUETOOTH_MAC_OFFSET) & 0xFF
        ops: dict[str, Callable[..., object]] = {
            "time.idle": self._on_idle,
            "board.mac": lambda: bytes(base),
            "board.started": self._on_started,
            "board.ended": self._on_ended,
            "board.light": self._on_light,
            "board.pin": self._on_pin,
            "board.sleep": self._on_sleep,
            "board.watchdog": self._on_watchdog,
        }
        for op, handler in ops.items():
            channel.handle(op, handler)
        self.links.attach(channel)
        channel.on_frame = self._on_frame
        channel.on_close.append(lambda: self._on_channel_closed(channel))

    def _on_channel_closed(self, channel: Channel) -> None:
        if self.channel is channel:
            self.channel = None

    def _on_started(self, heap_bytes: int, has_certificate_time: bool) -> None:
        self.heap_at_start_bytes = heap_bytes
        if not has_certificate_time:
            self.on_note("certificates are judged by this machine's clock, not by the hub's")

    def _on_ended(self, how: str) -> None:
        self.on_note(f"main.py: {how}")

    def _on_pin(self, pin: int, level: int) -> None:
        self.pins[pin] = level
        self.links.pin(pin, level)

    def _on_light(self, colours: bytes) -> None:
        self.light = colours

    def _on_sleep(self, sleep_ms: int) -> None:
        self._sleep_ms = sleep_ms

    # Time

    def silence_needed_s(self) -> float:
        """This hub's word on leaping (see clock)."""
        if self._process is None:
            return 0
        channel = self.channel
        if channel is None or channel.has_unsent_events:
            return NEVER
        if self._idle_seen != channel.frames_sent:
            return NEVER
        return 0

    def _on_frame(self) -> None:
        self._idle_seen = -1

    def _on_idle(self, until_us: int | None, frames_seen: int) -> None:
        assert self.channel is not None
        self._idle_seen = frames_seen
        if frames_seen != self.channel.frames_sent:
            return
        self._stop_wake_timer()
        if until_us is not None:
            self._wake_timer = self.clock.call_at(until_us, self._wake)

    def _wake(self) -> None:
        """Its time has come, and if time leapt there its poll does not know yet; or bytes are on
        their way into its sockets. This frame, which it has not seen, makes its last "idle" void:
        the next one comes after it has looked."""
        if self.channel is not None:
            self.channel.event("time.wake")

    def _stop_wake_timer(self) -> None:
        if self._wake_timer is not None:
            self._wake_timer.cancel()
            self._wake_timer = None

    # The watchdog

    def _on_watchdog(self, timeout_ms: int) -> None:
        self._look_at_watchdog(self._process, timeout_ms)

    def _look_at_watchdog(self, process: object, wait_ms: int) -> None:
        def look() -> None:
            if self._process is not process:
                return
            timeout_ms, fed_ms = self.page.watchdog
            now_ms = self.clock.now_us() // 1000
            left_ms = timeout_ms - ((now_ms - fed_ms) & 0xFFFFFFFF)
            if left_ms > 0:
                self._look_at_watchdog(process, left_ms)
                return
            self.watchdog_bites += 1
            self.on_note(f"watchdog: not fed for {timeout_ms} ms")
            self._watcher_of_kill = asyncio.ensure_future(self._kill(WATCHDOG_RESET))

        self.clock.call_later(wait_ms * 1000, look)
