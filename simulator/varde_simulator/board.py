"""One virtual board: a VM process with its flash, radio, WiFi and wire, and when it runs."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from varde_simulator import hub_process, interpreter
from varde_simulator.air.channel import Channel
from varde_simulator.air.station import address_bytes, address_of
from varde_simulator.board_page import IN_BOOT, IN_FRIENDLY, IN_RAW, BoardPage
from varde_simulator.board_signals import BoardSignals
from varde_simulator.board_watchdog import Watchdog
from varde_simulator.clock import NEVER, VirtualClock
from varde_simulator.hub_process import HARD_RESET, POWER_ON, SOFT_RESET, WATCHDOG_RESET
from varde_simulator.links import Links
from varde_simulator.modem.settings import Settings
from varde_simulator.modem.virtual_modem import VirtualModem
from varde_simulator.network import HubNetwork
from varde_simulator.usb import boot_rom, chips
from varde_simulator.usb.console import Console
from varde_simulator.wifi import AccessPoint, VirtualWifi

# From reset to boot.py takes an ESP32-S3 about this long; it also bounds a loop of resets.
BOOT_US = 300_000
SOFT_BOOT_US = 30_000  # seen by somebody at the console, who waits for it
BLUETOOTH_MAC_OFFSET = 2  # an ESP32's Bluetooth address is its base address plus two

# How a VM with a console begins (`simulator/micropython/_repl.py`).
_START, _START_RAW = "bm", "br"


class VirtualBoard:
    """`power_on()` starts it. `on_console(line)`, `on_note(text)`, `on_cut()` are for others.

    With a `chip` it boots as one: only what its flash holds (`usb/boot_rom.py`). Without, a slot
    that was never written is the VM. Whoever asks for its `console` puts a serial cable on it."""

    def __init__(
        self,
        clock: VirtualClock,
        vm: interpreter.Interpreter,
        node: str,
        flash: Path,
        access_points: list[AccessPoint],
        environment: dict[str, str],
        chip: chips.Chip | None = None,
    ) -> None:
        self.clock = clock
        self.vm = vm
        self.node = node
        self.flash = flash
        self.page = BoardPage(flash)
        self._watchdog = Watchdog(clock, self.page, self._runs, self._bite)
        self.links = Links(clock, self._wake, access_points, node)
        self.channel: Channel | None = None
        self.signals = BoardSignals(clock, lambda: self.channel)
        self.pins: dict[int, int] = {}
        self.boots = 0
        self.crashes = 0
        self.watchdog_bites = 0
        self.heap_at_start_bytes = 0
        self.on_console: Callable[[str], None] = lambda _line: None
        self.on_note: Callable[[str], None] = lambda _text: None
        self.on_cut: Callable[[], None] = lambda: None
        self.on_bootloader: Callable[[], None] | None = None
        self.chip = chip
        self.slot = ""  # label of the interpreter slot that the bootloader has started
        self._console: Console | None = None
        self._letters = _START  # of the VM that runs
        self._next_letters = _START
        self._is_held = False
        self._lives = 0  # how often it was stopped from outside
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

    @property
    def console(self) -> Console:
        """Its serial port's inner end. First asked for before it has power."""
        if self._console is None:
            self._console = Console(self.clock, self.page, self._wake)
            self._console.on_line = self._pass_line
            self._console.on_deaf = self._end_by_force
        return self._console

    def _pass_line(self, line: str) -> None:
        self.on_console(line)

    # Power

    @property
    def is_on(self) -> bool:
        """Has power (it may be between two boots, or held in reset)."""
        return self._process is not None or self._boot_timer is not None or self._is_held

    async def power_on(self, cut: tuple[int, float] | None = None) -> None:
        """From nothing: the RTC stands at 2000-01-01. `cut` as for `arm_cut`, from the start. Held
        in reset it stays dark."""
        self.page.lose_power(self.clock.now_us())
        self.links.supply(True)
        if not self._is_held:
            await self._start(POWER_ON, cut)

    async def cut_power(self) -> None:
        """Now, whatever it is doing."""
        self.links.supply(False)
        self._is_held = False
        self._stop()
        await self._kill(None)

    def hold_in_reset(self) -> None:
        """EN low, or the ROM's loader has the chip: nothing runs until `release`; power stays."""
        self._is_held = True
        self._stop()
        self._kill_now(None)

    async def release(self, cause: int) -> None:
        """EN high: boots from flash. `cause` POWER_ON also for EN, which takes the RTC's power."""
        lives = self._lives
        await self._ended()
        if not self._is_held or self._lives != lives:
            return
        self._is_held = False
        if self._console is not None:
            self._console.reset()
        if cause == POWER_ON:
            self.page.lose_power(self.clock.now_us())
        await self._start(cause)

    def _stop(self) -> None:
        """Whatever is about to start does not."""
        self._lives += 1
        self._next_letters = _START
        if self._boot_timer is not None:
            self._boot_timer.cancel()
            self._boot_timer = None
        if self._console is not None:
            self._console.reset()
            self._console.drop_output()

    def arm_cut(self, in_operations: int, fraction: float, over_resets: bool = False) -> None:
        """The power goes in the n-th flash operation from now; `on_cut()` tells."""
        self.page.arm_cut(in_operations, fraction, over_resets)

    async def close(self) -> None:
        """Off for good; the page can still be read."""
        await self.cut_power()
        self.clock.remove_gate(self.silence_needed_s)
        if self._console is not None:
            self._console.close()
        await self.links.close()

    async def _start(self, cause: int, cut: tuple[int, float] | None = None) -> None:
        self._boot_timer = None
        self.page.start_boot()
        if cut is not None:
            self.page.arm_cut(*cut)
        if cause != SOFT_RESET and not self._boots(cause):
            return
        lives = self._lives
        self.boots += 1
        self._killed_for = None
        self._idle_seen = -1
        self._letters, self._next_letters = self._next_letters, _START
        with self.clock.busy(f"hub {self.node} starts"):
            process = await hub_process.start(self.vm, self._vm_environment(cause), self._console)
        self._process = process
        self._watcher = asyncio.ensure_future(self._watch(process))
        if self._lives != lives:  # stopped before it was there
            self._kill_now(None)

    def _boots(self, cause: int) -> bool:
        """Boot ROM and bootloader have their say, at the console too; True: a VM starts."""
        found = boot_rom.look(self.flash, cause, self.chip)
        if self.chip is not None:
            self.console.say(found.text)
        if not boot_rom.carry_out(self.flash, found, self.page.count):
            self.links.supply(False)
            self.on_cut()
            return False
        self.slot = found.label
        if found.again is not None:
            self.on_note(f"interpreter {self.slot}: {found.reason or found.ends}")
            self._start_later(*found.again)
        return found.again is None

    def _vm_environment(self, cause: int) -> dict[str, str]:
        return {
            **self._environment,
            "MICROPYPATH": f"{interpreter.STAND_INS}:.frozen",
            "TZ": "UTC0",
            "VARDE_NODE": self.node,
            "VARDE_FLASH": str(self.flash),
            "VARDE_CLOCK": str(self.clock.path),
            "VARDE_RESET_CAUSE": str(cause),
            "VARDE_SLOT": self.slot,
            **({"VARDE_CONSOLE": self._letters} if self._console is not None else {}),
            **self.signals.environment,
            **({"VARDE_MODEM": self.modem.settings.ppp_of} if self.modem is not None else {}),
        }

    async def _kill(self, cause: int | None) -> None:
        self._kill_now(cause)
        await self._ended()

    async def _ended(self) -> None:
        """What runs, or was about to, is over; unless it is what asks."""
        while self._watcher is not None and not self._watcher.done():
            if self._watcher is asyncio.current_task():
                return
            await asyncio.wait([self._watcher])

    def _runs(self, process: object) -> bool:
        return self._process is process

    def _kill_now(self, cause: int | None) -> None:
        if self._process is not None:
            self._killed_for = cause
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)

    def _end_by_force(self) -> None:
        """Code that hears no Ctrl-C: the flash sees a power cut, the console its prompt."""
        self.on_note("busy and deaf to Ctrl-C: the interpreter was ended, as by a power cut")
        phase = self.page.phase
        in_raw = phase == IN_RAW or (phase != IN_FRIENDLY and "r" in self._letters)
        boot = "" if phase == IN_BOOT else "b"
        self._next_letters = f"{boot}{'r' if in_raw else ''}i"
        self._kill_now(SOFT_RESET)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """The console until the end, then the end."""
        if process.stdout is not None:
            async for line in process.stdout:
                self.on_console(line.decode("utf-8", "replace").rstrip("\r\n"))
        code = await process.wait()
        self._process = None
        if self._console is not None:
            self._console.stop()
        self.links.chip_stopped()
        self._stop_wake_timer()
        if not self._is_held:
            self._decide(code)

    def _decide(self, code: int) -> None:
        if code == hub_process.EXIT_BOOTLOADER and self.on_bootloader is not None:
            self.on_bootloader()
        elif code in hub_process.EXIT_CAUSES:
            delay_us = self._sleep_ms * 1000 if code == hub_process.EXIT_DEEP_SLEEP else 0
            if code == hub_process.EXIT_SOFT_RESET_RAW:
                self._next_letters = _START_RAW
            self._start_later(hub_process.EXIT_CAUSES[code], delay_us)
        elif self._killed_for is not None:
            self._start_later(self._killed_for)
        elif code == -signal.SIGKILL:
            if self.page.cut_happened:
                self.links.supply(False)
                self.on_cut()
        else:
            self.crashes += 1
            self.on_note(f"interpreter ended with {code}; starting again as after a panic")
            self._start_later(HARD_RESET)

    def _start_later(self, cause: int, delay_us: int = 0) -> None:
        if cause != SOFT_RESET and self._console is not None:
            self._console.reset()

        def start() -> None:
            self._watcher = asyncio.ensure_future(self._start(cause))

        is_seen = cause == SOFT_RESET and self._console is not None
        boot_us = SOFT_BOOT_US if is_seen else BOOT_US
        self._boot_timer = self.clock.call_later(boot_us + delay_us, start)

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
            **self.signals.ops,
            "board.pin": self._on_pin,
            "board.sleep": self._on_sleep,
            "board.watchdog": self._on_watchdog,
        }
        if self._console is not None:
            ops["console.unread"] = self._console.unread
            ops["console.moment"] = self._console.on_moment
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
        self._watchdog.look_later(self._process, timeout_ms)

    def _bite(self, timeout_ms: int) -> None:
        self.watchdog_bites += 1
        self.on_note(f"watchdog: not fed for {timeout_ms} ms")
        self._kill_now(WATCHDOG_RESET)
