"""A sensor on the air: a Bumble GATT server with the behaviour that a `Model` describes.

Its life: asleep; a measurement wakes it and it advertises for a burst; a hub connects, discovers,
writes a CCCD, and gets what is stored, one indication after the other; a reading is deleted when
its indication has been confirmed and not before; idle, it hangs up; if something is left it
advertises again. What a model does otherwise is in its `Behaviour`, what goes wrong in `Faults`.
All timers are the running loop's, so they are virtual when the loop is.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from bumble import hci

from varde_simulator.air.controller import ADV_IND, ADV_NONCONN_IND
from varde_simulator.air.link import Air
from varde_simulator.air.station import PUBLIC, RANDOM_STATIC, Station, address_bytes, address_of
from varde_simulator.sensors import faults as fault_kinds
from varde_simulator.sensors.behaviour import Behaviour
from varde_simulator.sensors.bonding import Bonding
from varde_simulator.sensors.faults import Faults, Repeats
from varde_simulator.sensors.gatt_table import GattTable
from varde_simulator.sensors.ledger import Ledger, Reading
from varde_simulator.sensors.meaning import Meaning
from varde_simulator.sensors.model import HELD, Model
from varde_simulator.sensors.outbox import Outbox
from varde_simulator.sensors.sensor_clock import SensorClock

_BATTERY_LEVEL = 0x2A19
BATTERY_CHANGE_S = 5.0  # how long batteries are out while they are changed
VANISHED_S = 20.0
_AFTER_SUPERVISION_S = 0.5
_VANISHES_WITHIN_LATENCIES = 4  # an indication and its confirmation take two
Values = Iterable[tuple[int, bytes]]
LiveValues = Iterable[tuple[float, int, bytes]]
StationMaker = Callable[[Air, str, hci.Address], Station]  # air.adapter has one for real adapters


class VirtualSensor:
    """`await start()`, then `measure(...)` as the scenario says. `label` decides the address and,
    with `seed`, when faults strike."""

    def __init__(
        self,
        air: Air,
        model: Model,
        label: str,
        new_station: StationMaker = Station,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.label = label
        self.ledger = Ledger()
        self.faults = Faults(f"{label} {seed}")
        self.clock = SensorClock(model.clock) if model.clock is not None else None
        address = address_of(label, RANDOM_STATIC if model.random_address else PUBLIC)
        self.station = new_station(air, label, address)
        self.station.on_connection = self._on_connection
        self.station.device.gatt_server.on("characteristic_subscription", self._on_subscription)
        self.table = GattTable(self.station, model)
        self.table.on_use = self.touch
        self.outbox = Outbox(self.station, self.table, self.ledger, self._on_sent)
        self.bonding = (
            Bonding(self.station, model.security, self._on_secured) if model.security else None
        )
        self.connection: Any = None
        self.sent_now: set[int] = set()  # numbers of the readings sent on this connection
        self._repeats = Repeats(self.faults)
        self._fruitless = 0  # connections in a row that confirmed nothing
        self._is_awake = False  # in a burst, or about to be
        self.is_dead = False  # its battery is out for good
        self._measuring = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.behaviour: Behaviour = (model.behaviour or Behaviour)(self)

    @property
    def address(self) -> bytes:
        """Type and six bytes, most significant first, as in a hub's config."""
        kind = PUBLIC if self.station.is_public else RANDOM_STATIC
        return bytes([kind]) + address_bytes(self.station.address)

    @property
    def is_connected(self) -> bool:
        return self.connection is not None

    @property
    def is_advertising(self) -> bool:
        return self.station.is_advertising

    @property
    def writes(self) -> list[tuple[int, bytes]]:
        """What hubs wrote, by characteristic."""
        return self.table.writes

    async def start(self) -> None:
        await self.station.start()

    # What people do with it

    def measure(
        self, stored: Values, live: LiveValues = (), duration_s: float = 0.0, user: int = 0
    ) -> None:
        """A measurement begins now. `live` values (seconds from now, characteristic, value) go to
        whoever is subscribed at that moment; `stored` ones are kept from the end on."""
        loop = asyncio.get_running_loop()
        for offset_s, characteristic, value in live:
            loop.call_later(offset_s, self.send_live, characteristic, value)
        stored = list(stored)
        self._measure(lambda: stored, duration_s, user)

    def take(
        self,
        *results: Meaning,
        live: Iterable[tuple[float, Meaning]] = (),
        duration_s: float = 0.0,
        user: int = 0,
    ) -> None:
        """As `measure`, with values by their meaning: the model encodes them, its clock stamps."""
        loop = asyncio.get_running_loop()
        for offset_s, meaning in live:
            loop.call_later(offset_s, self._send_live_meaning, meaning, user)

        def encode() -> list[tuple[int, bytes]]:
            return [each for result in results for each in self.behaviour.encode(result, user)]

        self._measure(encode, duration_s, user)

    def wake(self) -> None:
        """Advertises for a burst, as after a press of its button."""
        if self.connection is None and not self.is_dead:
            self.later("burst end", self.model.burst_s, self._sleep)
            self.cancel("retry")
            if not self._is_awake:
                self._is_awake = True
                self.ledger.bursts += 1
                if self.bonding is not None and self.faults.strikes("lost-bond"):
                    self.bonding.forget_all()
                self.advertise()

    def press_button(self) -> None:
        """Short."""
        self._fruitless = 0
        self.behaviour.button_pressed()

    def hold_button(self) -> None:
        """Long: the way to pair, on sensors that have one."""
        self._fruitless = 0
        self.behaviour.button_held()

    def begin_pairing(self) -> None:
        """It accepts a new host for a while."""
        if self.bonding is not None:
            self.bonding.begin_pairing()

    def hang_up(self) -> None:
        """Ends the connection, whatever is going on."""
        if self.connection is not None:
            self._start(self.station.disconnect(self.connection.handle))

    def vanish(self, for_s: float = VANISHED_S) -> None:
        """Silent from one moment to the next; its peer finds out by the supervision timeout. Not
        back before that one is over: a sensor that was off does not go on where it was."""
        self.station.go_silent()
        if self.connection is not None:
            for_s = max(for_s, self.outbox.supervision_s + _AFTER_SUPERVISION_S)
        self.later("vanished", for_s, self._appear)

    def change_batteries(self) -> None:
        """Off for some seconds. What it then still knows is the model's affair."""
        self._go_to_sleep()
        self.vanish(BATTERY_CHANGE_S)
        if self.clock is not None:
            self.clock.lose()
        if self.bonding is not None and not self.bonding.plan.survives_batteries:
            self.bonding.forget_all()
        self.behaviour.batteries_changed()

    def battery_out(self) -> None:
        """Dead for good, from one moment to the next; its memory survives in the ledger."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.connection = None
        self.is_dead = True
        self.station.power_off()

    async def close(self) -> None:
        """The end of the simulation, not of the battery: what its radio does now ends first."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.battery_out()

    def set_value(self, characteristic: int, value: bytes) -> None:
        """What a read gives from now on."""
        self.table.values[characteristic] = value

    # Measurements

    def _measure(
        self, values: Callable[[], list[tuple[int, bytes]]], duration_s: float, user: int
    ) -> None:
        self._measuring += 1
        self._fruitless = 0
        if self.model.advertises_while_measuring:
            self.wake()
        self.touch()
        loop = asyncio.get_running_loop()
        loop.call_later(duration_s, self._measured, values, user)

    def _measured(self, values: Callable[[], list[tuple[int, bytes]]], user: int) -> None:
        self._measuring -= 1
        if self.is_dead:
            return
        if self.clock is not None and self.faults.strikes("wrong-clock"):
            jump_s = self.faults.random.choice(fault_kinds.CLOCK_JUMPS_S)
            self.clock.shift(timedelta(seconds=jump_s))
        readings = []
        for characteristic, value in self.faults.spoiled(values()):
            sequence = self.behaviour.sequence(characteristic, value, user)
            readings.append(self.ledger.add(characteristic, value, self.now_us(), user, sequence))
        keeps = self.model.keeps_confirmed or self.model.sends != HELD
        self.ledger.make_room(user, self.behaviour.capacity(), keeps)
        self._weaken()
        if self.ledger.held:
            self.wake()
        self.behaviour.measured(readings)
        self.touch()
        self.send_next()

    def _weaken(self) -> None:
        if _BATTERY_LEVEL in self.table and self.faults.strikes("low-battery"):
            self.set_value(_BATTERY_LEVEL, bytes([fault_kinds.LOW_BATTERY_PERCENT]))
            if self.table.notifies(_BATTERY_LEVEL):
                self.outbox.notify(_BATTERY_LEVEL, self.table.values[_BATTERY_LEVEL])

    # Sending

    def send_live(self, characteristic: int, value: bytes) -> None:
        """To whoever is subscribed now; else it is gone, and the ledger counts it."""
        if self.connection is None or not self.table.notifies(characteristic):
            self.ledger.live_values_missed += 1
        else:
            self.outbox.notify_live(characteristic, value)
            self.touch()

    def _send_live_meaning(self, meaning: Meaning, user: int) -> None:
        for characteristic, value in self.behaviour.encode(meaning, user):
            self.send_live(characteristic, value)

    def send_next(self) -> None:
        """What is queued, or the next reading that the host has asked for."""
        if self.connection is None or self.outbox.is_busy:
            return
        if self.outbox.send_queued():
            return
        reading = self._repeats.next(self.table.indicates) or self.behaviour.next_reading()
        if reading is not None:
            self.sent_now.add(reading.number)
            self.outbox.indicate_reading(reading, self._on_confirmed)
            self.touch()
            if self.faults.strikes("vanish-mid-burst"):
                # Before it arrives, before it is confirmed, or just after: all of them happen.
                latencies = self.faults.random.uniform(0, _VANISHES_WITHIN_LATENCIES)
                self.later("vanishing", latencies * self.station.air.latency_us / 1e6, self.vanish)

    def _on_confirmed(self, reading: Reading) -> None:
        self._fruitless = 0
        self.behaviour.confirmed(reading)
        self._repeats.confirmed(reading)
        self.touch()

    def _on_sent(self, is_good: bool) -> None:
        """An indication is over: the next one, or it was never confirmed and that is the end."""
        if is_good:
            self.touch()
            self.later("next reading", self.model.between_readings_s, self.send_next)
        else:
            self.hang_up()

    # Connections

    def _on_connection(self, connection: Any) -> None:
        self.connection = connection
        self.outbox.connection = connection
        self._is_awake = False
        self.table.connected()
        self.sent_now.clear()
        self._repeats.connected()
        self.ledger.connections += 1
        self.cancel("burst end")
        connection.once("disconnection", lambda why: self._on_disconnection(connection, why))
        self.touch()
        if self.bonding is not None:
            self.bonding.connected(connection)
        self.behaviour.connected()
        if self.faults.strikes("indication-without-cccd"):
            self.table.subscribe_all()
            self.later("next reading", self.model.between_readings_s, self.send_next)

    def _on_secured(self) -> None:
        if self.connection is None or self.bonding is None:
            return
        for uuid, bits in self.bonding.kept_subscriptions(self.connection).items():
            self.table.subscribed.setdefault(uuid, bits)
        self.touch()
        self.behaviour.secured()
        asyncio.get_running_loop().call_soon(self.send_next)

    def _on_disconnection(self, connection: Any, reason: int) -> None:
        if connection is not self.connection:
            return
        self.outbox.disconnected(reason)
        if self.bonding is not None:
            self.bonding.disconnected(connection, self.table.subscribed)
        self.connection = None
        self.table.subscribed.clear()
        self.cancel("idle")
        self.cancel("next reading")
        self.behaviour.disconnected()
        self._fruitless += 1
        tries = self.model.gives_up_after is None or self._fruitless < self.model.gives_up_after
        has_more = bool(self.ledger.held or self._repeats.later)
        if (has_more and tries) or self.faults.strikes("stuck-advertising"):
            self.later("retry", self.model.retry_pause_s, self.wake)

    def _on_subscription(
        self, connection: Any, characteristic: Any, notify: bool, indicate: bool
    ) -> None:
        if connection is self.connection:
            self.table.subscribe(characteristic, notify, indicate)
        self.touch()
        # After the write response: the hub learns first that it has subscribed.
        asyncio.get_running_loop().call_soon(self.send_next)

    def touch(self) -> None:
        """Something moved: the idle time begins anew."""
        if self.connection is not None:
            self.later("idle", self.model.idle_s, self._on_idle)

    def _on_idle(self) -> None:
        if self.outbox.is_busy or self._measuring:
            self.touch()  # the 30 s of the indication itself decide
        else:
            self.behaviour.idle()

    # Advertising

    def advertise(self) -> None:
        """As the behaviour has it now; again, if that changed in the middle of a burst."""
        self._start(self._advertise())

    async def _advertise(self) -> None:
        data, response = self.behaviour.advertisement()
        kind = ADV_IND if self.model.connectable else ADV_NONCONN_IND
        await self.station.advertise(kind, self.model.advertising_interval_us, data, response)

    def _sleep(self) -> None:
        if self.faults.strikes("stuck-advertising"):
            self.later("burst end", self.model.burst_s, self._sleep)
            return
        self._go_to_sleep()
        if not self.model.max_stored and not self._measuring:
            self.ledger.forget()
        if self.ledger.held and self.model.retry_every_s is not None:
            self.later("retry", self.model.retry_every_s, self.wake)

    def _go_to_sleep(self) -> None:
        self._is_awake = False
        self.cancel("burst end")
        self._start(self.station.stop_advertising())

    def _appear(self) -> None:
        """Back on the air."""
        self.station.come_back()

    # Timers and tasks

    def now_us(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e6)

    def later(self, name: str, delay_s: float, call: Any) -> None:
        """One timer a name; a new one replaces it."""
        self.cancel(name)
        self._timers[name] = asyncio.get_running_loop().call_later(delay_s, call)

    def cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
