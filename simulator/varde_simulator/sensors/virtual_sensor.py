"""A sensor on the air: a Bumble GATT server with the behaviour that a `Model` describes.

Its life: asleep; a measurement wakes it and it advertises for a burst; a hub connects, discovers,
writes a CCCD, and gets what is stored, one indication after the other; a reading is deleted when
its indication has been confirmed and not before; idle, it hangs up; if something is left it
advertises again. All timers are the running loop's, so they are virtual when the loop is.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from bumble import core, gatt, hci

from varde_simulator.air.controller import ADV_IND
from varde_simulator.air.indications import STATUS_CONFIRMED
from varde_simulator.air.link import Air
from varde_simulator.air.station import PUBLIC, RANDOM_STATIC, Station, address_bytes, address_of
from varde_simulator.sensors.ledger import Ledger, Notification, Reading
from varde_simulator.sensors.model import INDICATE, NOTIFY, READ, WRITE, Model

_WRITABLE = WRITE | 0x04
ATT_HEADER_BYTES = 3
Values = Iterable[tuple[int, bytes]]
LiveValues = Iterable[tuple[float, int, bytes]]
StationMaker = Callable[[Air, str, hci.Address], Station]  # air.adapter has one for real adapters


class VirtualSensor:
    """`await start()`, then `measure(...)` as the scenario says. `label` decides the address."""

    def __init__(
        self, air: Air, model: Model, label: str, new_station: StationMaker = Station
    ) -> None:
        self.model = model
        self.label = label
        self.ledger = Ledger()
        self.writes: list[tuple[int, bytes]] = []  # what hubs wrote, by characteristic
        address = address_of(label, RANDOM_STATIC if model.random_address else PUBLIC)
        self.station = new_station(air, label, address)
        self.station.on_connection = self._on_connection
        self.station.device.gatt_server.on("characteristic_subscription", self._on_subscription)
        self._characteristics: dict[int, Any] = {}
        self._connection: Any = None
        self._subscribed: dict[int, tuple[bool, bool]] = {}  # UUID: notify, indicate
        self._is_awake = False  # in a burst, or about to be
        self._measuring = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._add_services()

    @property
    def address(self) -> bytes:
        """Type and six bytes, most significant first, as in a hub's config."""
        kind = PUBLIC if self.station.is_public else RANDOM_STATIC
        return bytes([kind]) + address_bytes(self.station.address)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def is_advertising(self) -> bool:
        return self.station.is_advertising

    async def start(self) -> None:
        await self.station.start()

    # What people do with it

    def measure(self, stored: Values, live: LiveValues = (), duration_s: float = 0.0) -> None:
        """A measurement begins now. `live` values (seconds from now, characteristic, value) go to
        whoever is subscribed at that moment; `stored` ones are kept from the end on."""
        self._measuring += 1
        loop = asyncio.get_running_loop()
        for offset_s, characteristic, value in live:
            loop.call_later(offset_s, self._send_live, characteristic, value)
        if self.model.advertises_while_measuring:
            self.wake()
        self._touch()
        loop.call_later(duration_s, self._measured, list(stored))

    def wake(self) -> None:
        """Advertises for a burst, as after a press of its button."""
        if self._connection is None:
            self._later("burst end", self.model.burst_s, self._sleep)
            self._cancel("retry")
            if not self._is_awake:
                self._is_awake = True
                self.ledger.bursts += 1
                self._start(self._advertise())

    def hang_up(self) -> None:
        """Ends the connection, whatever is going on."""
        if self._connection is not None:
            self._start(self.station.disconnect(self._connection.handle))

    def battery_out(self) -> None:
        """Dead for good, from one moment to the next; its memory survives in the ledger."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._connection = None
        self.station.power_off()

    def set_value(self, characteristic: int, value: bytes) -> None:
        """What a read gives from now on."""
        self._characteristics[characteristic].value = value

    # Measurements

    def _measured(self, stored: list[tuple[int, bytes]]) -> None:
        self._measuring -= 1
        for characteristic, value in stored:
            self.ledger.add(characteristic, value, self._now_us())
        held = self.ledger.held
        for reading in held[: max(0, len(held) - self.model.max_stored)]:
            reading.overwritten = True
        if held:
            self.wake()
        self._touch()
        self._send_next()

    def _send_live(self, characteristic: int, value: bytes) -> None:
        notify, _ = self._subscribed.get(characteristic, (False, False))
        if self._connection is None or not notify:
            self.ledger.live_values_missed += 1
            return
        sent = self._cut(value)
        handle = self._characteristics[characteristic].handle
        pdu = b"\x1b" + handle.to_bytes(2, "little") + sent
        self.station.send_att(self._connection.handle, pdu)
        self.ledger.notifications.append(Notification(characteristic, sent, self._now_us()))
        self._touch()

    def _send_next(self) -> None:
        """The oldest reading that the hub has asked for, if none is under way."""
        connection = self._connection
        if connection is None or self.station.indications.is_open(connection.handle):
            return
        for reading in self.ledger.held:
            _, indicate = self._subscribed.get(reading.characteristic, (False, False))
            if indicate:
                self._indicate(connection, reading)
                return

    def _indicate(self, connection: Any, reading: Reading) -> None:
        def done(status: int) -> None:
            if status == STATUS_CONFIRMED:
                reading.confirmed_us = self._now_us()
                self._touch()
                self._later("next reading", self.model.between_readings_s, self._send_next)
            else:
                self.hang_up()

        reading.sent_us.append(self._now_us())
        value_handle = self._characteristics[reading.characteristic].handle
        data = self._cut(reading.value)
        self.station.indications.send(connection.handle, value_handle, data, done)
        self._touch()

    def _cut(self, value: bytes) -> bytes:
        """What of `value` fits the MTU of this connection; the rest is lost, as on the device."""
        return bytes(value[: self._connection.att_mtu - ATT_HEADER_BYTES])

    # Connections

    def _on_connection(self, connection: Any) -> None:
        self._connection = connection
        self._is_awake = False
        self._subscribed.clear()
        self.ledger.connections += 1
        self._cancel("burst end")
        connection.once("disconnection", lambda _reason: self._on_disconnection(connection))
        self._touch()

    def _on_disconnection(self, connection: Any) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        self._subscribed.clear()
        self._cancel("idle")
        self._cancel("next reading")
        if self.ledger.held:
            self._later("retry", self.model.retry_pause_s, self.wake)

    def _on_subscription(
        self, connection: Any, characteristic: Any, notify: bool, indicate: bool
    ) -> None:
        for uuid, known in self._characteristics.items():
            if known is characteristic and connection is self._connection:
                # To ask an indicate-only characteristic to notify gives nothing.
                can = int(characteristic.properties)
                notify, indicate = notify and bool(can & NOTIFY), indicate and bool(can & INDICATE)
                self._subscribed[uuid] = (notify, indicate)
        self._touch()
        # After the write response: the hub learns first that it has subscribed.
        asyncio.get_running_loop().call_soon(self._send_next)

    def _touch(self) -> None:
        """Something moved: the idle time begins anew."""
        if self._connection is not None:
            self._later("idle", self.model.idle_s, self._on_idle)

    def _on_idle(self) -> None:
        waits = self._connection is not None and self.station.indications.is_open(
            self._connection.handle
        )
        if waits or self._measuring:
            self._touch()  # the 30 s of the indication itself decide
        else:
            self.hang_up()

    def _sleep(self) -> None:
        self._is_awake = False
        self._start(self.station.stop_advertising())
        if self.ledger.held and self.model.retry_every_s is not None:
            self._later("retry", self.model.retry_every_s, self.wake)

    async def _advertise(self) -> None:
        data, response = self.model.advertising_data()
        await self.station.advertise(ADV_IND, self.model.advertising_interval_us, data, response)

    # Services

    def _add_services(self) -> None:
        server = self.station.device.gatt_server
        server.add_service(self._gap_service())
        for service in self.model.services:
            built = []
            for characteristic in service.characteristics:
                attribute: Any = gatt.Characteristic(
                    core.UUID.from_16_bits(characteristic.uuid),
                    gatt.Characteristic.Properties(characteristic.properties),
                    _permissions(characteristic.properties),
                    characteristic.value,
                )
                uuid = characteristic.uuid
                attribute.on("write", lambda _c, data, uuid=uuid: self._on_write(uuid, data))
                attribute.on("read", lambda *_: self._touch())
                self._characteristics[characteristic.uuid] = attribute
                built.append(attribute)
            server.add_service(gatt.Service(core.UUID.from_16_bits(service.uuid), built))

    def _gap_service(self) -> Any:
        name: Any = gatt.Characteristic(
            gatt.GATT_DEVICE_NAME_CHARACTERISTIC,
            gatt.Characteristic.Properties.READ,
            gatt.Characteristic.READABLE,
            self.model.name.encode(),
        )
        return gatt.Service(gatt.GATT_GENERIC_ACCESS_SERVICE, [name])

    def _on_write(self, characteristic: int, data: bytes) -> None:
        self.writes.append((characteristic, bytes(data)))
        self._touch()

    # Timers and tasks

    def _now_us(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e6)

    def _later(self, name: str, delay_s: float, call: Any) -> None:
        """One timer a name; a new one replaces it."""
        self._cancel(name)
        self._timers[name] = asyncio.get_running_loop().call_later(delay_s, call)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _permissions(properties: int) -> Any:
    permissions = gatt.Characteristic.Permissions(0)
    if properties & READ:
        permissions |= gatt.Characteristic.READABLE
    if properties & _WRITABLE:
        permissions |= gatt.Characteristic.WRITEABLE
    return permissions
