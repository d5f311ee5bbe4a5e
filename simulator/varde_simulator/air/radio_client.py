"""The GATT client's ops of a hub's radio, and what a server sends the hub unasked."""

import asyncio
import errno
from typing import TYPE_CHECKING, Any

from varde_simulator.air import att_client
from varde_simulator.air.att_client import AttClient
from varde_simulator.air.station import Station

if TYPE_CHECKING:
    from varde_simulator.air.radio import Radio

IRQ_GATTC_SERVICE_RESULT = 9
IRQ_GATTC_SERVICE_DONE = 10
IRQ_GATTC_CHARACTERISTIC_RESULT = 11
IRQ_GATTC_CHARACTERISTIC_DONE = 12
IRQ_GATTC_DESCRIPTOR_RESULT = 13
IRQ_GATTC_DESCRIPTOR_DONE = 14
IRQ_GATTC_READ_RESULT = 15
IRQ_GATTC_READ_DONE = 16
IRQ_GATTC_WRITE_DONE = 17
IRQ_GATTC_NOTIFY = 18
IRQ_GATTC_INDICATE = 19
IRQ_MTU_EXCHANGED = 21

WRITE_NO_RESPONSE = 0
WRITE_WITH_RESPONSE = 1


class RadioClient:
    """Registers `ble.gattc_...` on the radio's channel."""

    def __init__(self, radio: "Radio") -> None:
        self._radio = radio
        self._discovering_characteristics = False
        self._mtu_asked: set[int] = set()
        for name in (
            "gattc_discover_services", "gattc_discover_characteristics",
            "gattc_discover_descriptors", "gattc_read", "gattc_write", "gattc_exchange_mtu",
        ):  # fmt: skip
            radio.channel.handle("ble." + name, getattr(self, name))

    def new_client(self, station: Station, connection: Any) -> AttClient:
        handle = connection.handle
        self._mtu_asked.discard(handle)
        client = AttClient(
            send=lambda pdu: station.send_att(handle, pdu),
            on_value=lambda *value: self._on_value(client, handle, *value),
            on_dead=lambda: self._radio.start_task(station.disconnect(handle)),
        )
        return client

    def gattc_discover_services(self, handle: int, uuid: bytes | None) -> None:
        report = self._radio.report
        procedure = att_client.discover_services(
            uuid, lambda *found: report(IRQ_GATTC_SERVICE_RESULT, handle, *found)
        )
        self._radio.need_client(handle).run(
            procedure, lambda status: report(IRQ_GATTC_SERVICE_DONE, handle, status)
        )

    def gattc_discover_characteristics(
        self, handle: int, start: int, end: int, uuid: bytes | None
    ) -> None:
        client = self._radio.need_client(handle)
        if self._discovering_characteristics:
            raise OSError(errno.EBUSY)  # MicroPython keeps the state of one, for all connections
        report = self._radio.report

        def done(status: int) -> None:
            self._discovering_characteristics = False
            report(IRQ_GATTC_CHARACTERISTIC_DONE, handle, status)

        self._discovering_characteristics = True
        procedure = att_client.discover_characteristics(
            start,
            end,
            uuid,
            lambda *found: report(IRQ_GATTC_CHARACTERISTIC_RESULT, handle, *found),
        )
        client.run(procedure, done)

    def gattc_discover_descriptors(self, handle: int, start: int, end: int) -> None:
        report = self._radio.report
        procedure = att_client.discover_descriptors(
            start, end, lambda *found: report(IRQ_GATTC_DESCRIPTOR_RESULT, handle, *found)
        )
        self._radio.need_client(handle).run(
            procedure, lambda status: report(IRQ_GATTC_DESCRIPTOR_DONE, handle, status)
        )

    def gattc_read(self, handle: int, value_handle: int) -> None:
        report = self._radio.report
        procedure = att_client.read(
            value_handle, lambda data: report(IRQ_GATTC_READ_RESULT, handle, value_handle, data)
        )
        self._radio.need_client(handle).run(
            procedure, lambda status: report(IRQ_GATTC_READ_DONE, handle, value_handle, status)
        )

    def gattc_write(self, handle: int, value_handle: int, data: bytes, mode: int) -> None:
        client = self._radio.need_client(handle)
        if mode == WRITE_NO_RESPONSE:
            client.write_command(value_handle, data)
        elif mode == WRITE_WITH_RESPONSE:
            report = self._radio.report
            client.run(
                att_client.write(value_handle, data, client.mtu),
                lambda status: report(IRQ_GATTC_WRITE_DONE, handle, value_handle, status),
            )
        else:
            raise OSError(errno.EINVAL)

    def gattc_exchange_mtu(self, handle: int) -> None:
        client = self._radio.need_client(handle)
        if handle in self._mtu_asked:
            raise OSError(errno.EALREADY)
        self._mtu_asked.add(handle)
        station = self._radio.need_station()
        connection = station.device.connections[handle]

        def agreed(mtu: int) -> None:
            client.mtu = mtu
            connection.att_mtu = mtu  # our server's answers keep to it as well
            self._radio.report(IRQ_MTU_EXCHANGED, handle, mtu)

        client.run(att_client.exchange_mtu(self._radio.mtu_wish, agreed), lambda _status: None)

    def _on_value(
        self, client: AttClient, handle: int, value_handle: int, data: bytes, is_indication: bool
    ) -> None:
        if not is_indication:
            self._radio.report(IRQ_GATTC_NOTIFY, handle, value_handle, data)
            return
        answer = self._radio.channel.ask_now(
            "ble.irq", IRQ_GATTC_INDICATE, handle, value_handle, data
        )
        answer.add_done_callback(lambda future: _confirm(client, future))


def _confirm(client: AttClient, answer: "asyncio.Future[object]") -> None:
    """Only once the hub's handler has returned. If the hub died in it, never: a sensor that keeps
    what was not confirmed still has the reading."""
    if not answer.cancelled() and answer.exception() is None:
        client.confirm()
