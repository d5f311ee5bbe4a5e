"""The modem as a whole: its power, its modes, and how commands, radio and calls hang together."""

import asyncio
import random
from collections.abc import Callable
from functools import partial

from varde_simulator.air.channel import Channel
from varde_simulator.clock import VirtualClock
from varde_simulator.modem import commands
from varde_simulator.modem.cell import IDLE, Cell
from varde_simulator.modem.command_line import Command, CommandError, CommandLine
from varde_simulator.modem.data_call import DataCall
from varde_simulator.modem.faults import Faults
from varde_simulator.modem.modem_clock import ModemClock
from varde_simulator.modem.noise import Noise
from varde_simulator.modem.power import Power
from varde_simulator.modem.serial_line import SerialLine
from varde_simulator.modem.settings import Settings
from varde_simulator.modem.sim_card import READY, SimCard
from varde_simulator.modem.wiring import T_SIM7670G_S3, Wiring
from varde_simulator.network import SLOW, STALL, HubNetwork

READY_S = (8.0, 15.0)  # from the power key to the first word
SIM_S, SMS_S, PB_S = 0.5, 3.0, 2.0  # each after the one before
CONNECT_S = (0.5, 2.0)
NO_CARRIER_S = 1.0
LATENCY_S = 0.06  # of one piece of data over LTE, one way
LINE_BYTES_PER_S = 10_000  # 115200 baud without PPP's own bytes
WEAK_BYTES_PER_S = 2_000
QUIET_LINES = 3  # after ATE0, then the echo of `echo-comes-back` is there again


class VirtualModem:
    """One modem. `faults` by name (docs/modem.md): `fault(name, ...)`, `mend(name)`."""

    def __init__(
        self,
        clock: VirtualClock,
        on_delivery: Callable[[], None],
        seed: int = 0,
        wiring: Wiring = T_SIM7670G_S3,
        settings: Settings | None = None,
    ) -> None:
        self.clock = clock
        self.settings = settings or Settings()
        self.dice = random.Random(f"modem {seed}")  # noqa: S311  replayable, not secret
        self.faults = Faults()
        self.sim = SimCard(self.settings.pin)
        self.wiring = wiring
        self.line = SerialLine(clock, wiring, self._receive, seed)
        self.network = HubNetwork(clock, on_delivery)
        self.network.latency_s = LATENCY_S
        self.rtc = ModemClock(clock, self.settings.clock_begins)
        self.cell = Cell(clock, self.faults, self.dice, self.later)
        self.cell.on_change = self._registration_changed
        self.cell.on_time = self._time_told
        self.cell.signal = self.settings.signal
        self.cell.register_s = self.settings.register_s
        self.cell.zone_quarters = self.settings.zone_quarters
        self.power = Power(self)
        self.commands = CommandLine(self._execute, self.say, self.later)
        self.commands.on_line = self._line_answered
        self.on_note: Callable[[str], None] = lambda _text: None
        self.calls = 0  # that came up
        self.boots = 0
        self.state = commands.State()
        self.call: DataCall | None = None
        self.is_in_data_mode = False
        self.is_hung = False
        self._noise = Noise(self.faults, seed)
        self._stalled: DataCall | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._sim_power_us = 0
        self._supply_cuts = 0
        self._quiet_lines = 0
        self._apply_rate()

    # For stories and tests

    def fault(self, name: str, **parameters: float) -> None:
        """From now on; see `faults.NAMES`."""
        self.faults.set(name, **parameters)
        self._review()

    def mend(self, name: str | None = None) -> None:
        """This fault is over, or all are. What has hung stays hung until its power goes."""
        self.faults.clear(name)
        self._review()

    @property
    def is_on(self) -> bool:
        """It runs, or boots."""
        return self.power.is_on

    # The hub's side

    def attach(self, channel: Channel) -> None:
        """The hub's program has begun."""
        self.line.attach(channel)

    def hub_stopped(self) -> None:
        """Its chip was reset or has no power: its pins float, and its PPP knows nothing."""
        self.line.detach()
        self.power.release_pins()
        self.network.set_link(False)

    def supply(self, is_there: bool) -> None:
        """The board's own power comes or goes; the modem stays off until its key is pressed."""
        if not is_there:
            self.power.lose_supply()
            self.rtc.lose_power()
            self._supply_cuts += 1

    def pin(self, number: int, level: int) -> None:
        """The hub drives a pin."""
        if number == self.wiring.dtr:
            self._dtr(level)
        else:
            self.power.pin(number, level)

    # Power, as `Power` decides it

    def boot(self) -> None:
        """From off; some seconds later it speaks."""
        self.stop()
        self.boots += 1
        self.on_note("modem: starts")
        self._sim_power_us = self.clock.now_us()
        if self.settings.pin is None:
            wants = "sim-pin" in self.faults or "wrong-pin" in self.faults
            self.sim.pin = self.settings.fault_pin if wants else None
        self.sim.power_up()
        self.later(self.dice.uniform(*READY_S), self._ready)

    def stop(self) -> None:
        """Off, or hung, or about to start anew: nothing of before goes on."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.is_in_data_mode = False
        self.is_hung = False
        self.call = None
        self.state = commands.State(saved=self.state.saved)
        self.commands.reset()
        self.line.baud = self.wiring.baud
        self.cell.stop()
        self._apply_rate()

    def hang(self) -> None:
        """The module's own program is stuck; only reset or its supply help."""
        self.stop()
        self.is_hung = True
        self.on_note("modem: hangs")

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Unless it is switched off before."""

        def run() -> None:
            self._timers.discard(timer)
            act()

        timer = self.clock.call_later(round(delay_s * 1e6), run)
        self._timers.add(timer)

    def _ready(self) -> None:
        self.state.is_ready = True
        self.say("\r\n*ATREADY: 1\r\n")
        self.later(SIM_S, self._tell_sim)

    def _tell_sim(self) -> None:
        try:
            self.say(f"\r\n+CPIN: {self.sim_state()}\r\n")
        except CommandError as error:
            if error.code == commands.SIM_BUSY:
                left_s = self.faults.value("sim-busy", "busy_s")
                self.later(left_s, self._tell_sim)
                return
            self.say("\r\n+CPIN: SIM REMOVED\r\n")
            return
        self.sim_changed()
        self.later(SMS_S, lambda: self.say("\r\nSMS DONE\r\n"))
        self.later(SMS_S + PB_S, lambda: self.say("\r\nPB DONE\r\n"))

    # SIM and radio

    def sim_state(self) -> str:
        """As +CPIN says it; raises CommandError where it answers with one."""
        if "no-sim" in self.faults:
            raise CommandError(commands.SIM_MISSING)
        if "sim-busy" in self.faults:
            busy_s = self.faults.value("sim-busy", "busy_s")
            if self.clock.now_us() - self._sim_power_us < busy_s * 1e6:
                raise CommandError(commands.SIM_BUSY)
        return self.sim.state

    def sim_is_ready(self) -> bool:
        """It lets calls be made."""
        try:
            return self.sim_state() == READY
        except CommandError:
            return False

    def sim_changed(self) -> None:
        """The SIM is open now, or the radio on: search, if both."""
        if self.state.radio_on and self.sim_is_ready():
            if self.cell.stat == IDLE:
                self.cell.start()
        else:
            self.cell.stop()

    def _registration_changed(self) -> None:
        for name, mode in self.state.reports.items():
            if mode:
                self.say(f"\r\n+{name}: {commands.stat_of(self, name)}\r\n")
        if self.call is not None and not self.cell.is_registered:
            self.call.drop()

    def _time_told(self) -> None:
        if self.state.saved.get("CTZU", 0):
            self.cell.set_clock(self.rtc)
        if self.state.saved.get("CTZR", 0):
            self.say(f"\r\n+CTZV: {self.cell.zone_quarters:+03d}\r\n")

    # Calls

    def dial(self) -> None:
        """ATD*99#; answers for itself."""
        if self.call is not None:
            self.say(f"\r\nCONNECT {self.line.baud}\r\n")
            self.is_in_data_mode = True
        elif not (self.cell.is_registered and self.sim_is_ready() and self.state.attached):
            self.later(NO_CARRIER_S, lambda: self.say("\r\nNO CARRIER\r\n"))
        else:
            self.later(self.dice.uniform(*CONNECT_S), self._connect)

    def _connect(self) -> None:
        if self.call is None:
            self.call = DataCall(self)
            self.say(f"\r\nCONNECT {self.line.baud}\r\n")
            self.is_in_data_mode = True
            self.call.begin()

    def accepts(self, login: list[str]) -> bool:
        """Whether the operator takes this APN and this login (authmode, user, key in hex)."""
        wanted = self.settings.login
        given = tuple(bytes.fromhex(part.strip("-")).decode() for part in login[1:3])
        apn_fits = self.settings.apn is None or self.settings.apn == self.state.apn
        return "ppp-refused" not in self.faults and apn_fits and wanted in (None, given)

    @property
    def address(self) -> str:
        """The hub's, for this call."""
        return f"10.{self.calls % 250 + 1}.17.42"

    def call_is_up(self) -> None:
        """PPP is there; what the faults have in store begins."""
        self.calls += 1
        self.on_note("modem: call up")
        self._review()

    def call_ended(self, result: str | None) -> None:
        """By whomever."""
        self.call = None
        self.is_in_data_mode = False
        self._apply_rate()
        self.on_note("modem: call over")
        if "hangs" in self.faults:
            self.hang()
        elif result is not None:
            self.say(f"\r\n{result}\r\n")

    def to_command_mode(self) -> None:
        """The call stays, AT is heard again."""
        self.is_in_data_mode = False
        self.say("\r\nOK\r\n")

    def _dtr(self, level: int) -> None:
        is_off = bool(level)  # active low
        if is_off and not self.state.dtr_off and self.call is not None:
            if self.state.dtr_mode == 2:
                self.call.end()
            elif self.state.dtr_mode == 1 and self.is_in_data_mode:
                self.to_command_mode()
        self.state.dtr_off = is_off

    def _review(self) -> None:
        """The faults are others, or a call has come up."""
        if self.state.is_ready and (self.cell.stat == IDLE or "no-sim" in self.faults):
            self.sim_changed()
        self.cell.review()
        self._apply_rate()
        call = self.call
        if call is None or not call.is_up:
            return
        for name, act in (("ppp-drops", call.drop), ("hangs", self.hang)):
            after_s = self.faults.value(name, "after_s") if name in self.faults else 0
            if after_s:
                self.later(after_s, partial(self._strike, call, name, act))
        if "ppp-stalls" in self.faults:
            self.later(self.faults.value("ppp-stalls", "after_s"), partial(self._stall, call))

    def _stall(self, call: DataCall) -> None:
        self._strike(call, "ppp-stalls", partial(setattr, self, "_stalled", call))
        self._apply_rate()

    def _strike(self, call: DataCall, name: str, act: Callable[[], None]) -> None:
        if self.call is call and name in self.faults:
            act()

    def _apply_rate(self) -> None:
        if "ppp-stalls" not in self.faults:
            self._stalled = None
        flows = self.call is not None and self.call.is_up and self._stalled is not self.call
        rate = WEAK_BYTES_PER_S if "weak" in self.faults else LINE_BYTES_PER_S
        self.network.limit(SLOW if flows else STALL, rate)

    # The line

    def say(self, text: str) -> None:
        """In command mode; what the line makes of it is `Noise`'s."""
        if self.state.is_ready and not self.is_in_data_mode:
            self.send(self._noise.spoil(text.encode("latin-1")))

    def send(self, data: bytes) -> None:
        """As it is."""
        if self.power.is_on and not self.is_hung and "silent" not in self.faults:
            self.line.send(data)

    def _receive(self, data: bytes) -> None:
        if not self.state.is_ready or self.is_hung:
            return
        if self.is_in_data_mode and self.call is not None:
            self.call.receive(data)
        else:
            self.commands.receive(data)

    def _execute(self, command: Command) -> list[str]:
        return commands.execute(self, command)

    def _line_answered(self) -> None:
        self._quiet_lines = 0 if self.commands.echo else self._quiet_lines + 1
        if "echo-comes-back" in self.faults and self._quiet_lines > QUIET_LINES:
            self.commands.echo = True
