"""The GATT server's ops of a hub's radio: attributes live here, handlers live in the hub.

A remote read or write costs one round trip to the hub (its handler may refuse a read or change the
value first) and no two of them are in the hub at once: on an ESP32 the handler runs before the
stack looks at the next PDU.
"""

import asyncio
import errno
from typing import TYPE_CHECKING, Any

from bumble import att, core, gatt

from varde_simulator.air.att_client import HANDLE_VALUE_NOTIFICATION
from varde_simulator.air.channel import ChannelClosed
from varde_simulator.air.station import Station

if TYPE_CHECKING:
    from varde_simulator.air.radio import Radio

IRQ_GATTS_WRITE = 3
IRQ_GATTS_READ_REQUEST = 4
IRQ_GATTS_INDICATE_DONE = 20
IRQ_MTU_EXCHANGED = 21

MAX_SERVICES = 8  # MP_BLUETOOTH_NIMBLE_MAX_SERVICES
DEFAULT_VALUE_BYTES = 20  # longer remote writes are cut until gatts_write or set_buffer grows it

FLAG_READ = 0x0002
FLAG_WRITE_NO_RESPONSE = 0x0004
FLAG_WRITE = 0x0008
FLAG_NOTIFY = 0x0010
FLAG_INDICATE = 0x0020
# What the security of the connection must be; MicroPython's documentation has these numbers, its
# module no names for them. NimBLE knows none of it for descriptors.
_NEEDS = {
    0x0200: att.Attribute.Permissions.READ_REQUIRES_ENCRYPTION,
    0x0400: att.Attribute.Permissions.READ_REQUIRES_AUTHENTICATION,
    0x0800: att.Attribute.Permissions.READ_REQUIRES_AUTHORIZATION,
    0x1000: att.Attribute.Permissions.WRITE_REQUIRES_ENCRYPTION,
    0x2000: att.Attribute.Permissions.WRITE_REQUIRES_AUTHENTICATION,
    0x4000: att.Attribute.Permissions.WRITE_REQUIRES_AUTHORIZATION,
}
_PROPERTY_FLAGS = 0xFF  # the low byte is the characteristic's properties as on the air
_DESCRIPTOR_READ = 0x02
_DESCRIPTOR_WRITE = 0x08


class _Value:
    """What MicroPython's attribute database keeps of one value."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.max_bytes = DEFAULT_VALUE_BYTES
        self.appends = False

    def set(self, data: bytes) -> None:
        self.max_bytes = max(self.max_bytes, len(data))
        self.data[:] = data

    def set_remotely(self, data: bytes) -> None:
        start = len(self.data) if self.appends else 0
        self.data[start:] = data[: self.max_bytes - start]

    def read(self) -> bytes:
        data = bytes(self.data)
        if self.appends:
            self.data.clear()
        return data


class RadioServer:
    """Registers `ble.gatts_...` on the radio's channel."""

    def __init__(self, radio: "Radio") -> None:
        self._radio = radio
        self._values: dict[int, _Value] = {}
        self._one_at_a_time = asyncio.Lock()
        for name in (
            "gatts_register_services", "gatts_read", "gatts_write", "gatts_set_buffer",
            "gatts_notify", "gatts_indicate",
        ):  # fmt: skip
            radio.channel.handle("ble." + name, getattr(self, name))

    def attach(self, station: Station) -> None:
        """A station just started: it has the GAP and GATT services and no others."""
        station.device.gatt_server.max_mtu = self._radio.mtu_wish
        self._rebuild(station, [])

    def on_connection(self, connection: Any) -> None:
        connection.on("connection_att_mtu_update", lambda: self._on_mtu(connection))

    # Ops

    def gatts_register_services(self, services: list[Any]) -> list[object]:
        """Each service: [uuid, [[uuid, flags, [[uuid, flags], ...]], ...]]; the handles alike."""
        station = self._radio.need_station()
        if len(services) > MAX_SERVICES:
            raise OSError(errno.E2BIG)
        return self._rebuild(station, services)

    def gatts_read(self, value_handle: int) -> bytes:
        self._radio.need_station()
        return self._value(value_handle).read()

    def gatts_write(self, value_handle: int, data: bytes, send_update: bool) -> None:
        station = self._radio.need_station()
        self._value(value_handle).set(data)
        if send_update:
            self._update_subscribers(station, value_handle)

    def gatts_set_buffer(self, value_handle: int, max_bytes: int, appends: bool) -> None:
        self._radio.need_station()
        value = self._value(value_handle)
        value.data.clear()
        value.max_bytes = max_bytes
        value.appends = appends

    def gatts_notify(self, handle: int, value_handle: int, data: bytes | None) -> None:
        client = self._radio.need_client(handle)
        if data is None:
            data = bytes(self._value(value_handle).data)
        pdu = bytes([HANDLE_VALUE_NOTIFICATION]) + value_handle.to_bytes(2, "little")
        self._radio.need_station().send_att(handle, pdu + data[: client.mtu - 3])

    def gatts_indicate(self, handle: int, value_handle: int, data: bytes | None) -> None:
        client = self._radio.need_client(handle)
        indications = self._radio.need_station().indications
        if indications.is_open(handle):
            raise OSError(errno.EALREADY)
        if data is None:
            data = bytes(self._value(value_handle).data)
        report = self._radio.report
        indications.send(
            handle,
            value_handle,
            data[: client.mtu - 3],
            lambda status: report(IRQ_GATTS_INDICATE_DONE, handle, value_handle, status),
        )

    def _update_subscribers(self, station: Station, value_handle: int) -> None:
        for connection, subscriptions in list(station.device.gatt_server.subscribers.items()):
            wanted = (subscriptions.get(value_handle) or b"\0")[0]
            if wanted & 1:
                self.gatts_notify(connection.handle, value_handle, None)
            elif wanted & 2 and not station.indications.is_open(connection.handle):
                self.gatts_indicate(connection.handle, value_handle, None)

    def _value(self, value_handle: int) -> _Value:
        value = self._values.get(value_handle)
        if value is None:
            raise OSError(errno.EINVAL)
        return value

    def _on_mtu(self, connection: Any) -> None:
        client = self._radio.clients.get(connection.handle)
        if client is not None:
            client.mtu = connection.att_mtu
        self._radio.report(IRQ_MTU_EXCHANGED, connection.handle, connection.att_mtu)

    # The attribute database

    def _rebuild(self, station: Station, services: list[Any]) -> list[object]:
        server = station.device.gatt_server
        server.services.clear()
        server.attributes.clear()
        server.attributes_by_handle.clear()
        server.subscribers.clear()
        self._values.clear()
        self._add_gap_and_gatt(server)
        return [self._add_service(server, *service) for service in services]

    def _add_gap_and_gatt(self, server: Any) -> None:
        name: Any = gatt.Characteristic(
            gatt.GATT_DEVICE_NAME_CHARACTERISTIC,
            gatt.Characteristic.Properties.READ,
            gatt.Characteristic.READABLE,
            att.AttributeValue(read=lambda _connection: bytes(self._radio.gap_name)),
        )
        appearance: Any = gatt.Characteristic(
            gatt.GATT_APPEARANCE_CHARACTERISTIC,
            gatt.Characteristic.Properties.READ,
            gatt.Characteristic.READABLE,
            bytes(2),
        )
        changed: Any = gatt.Characteristic(
            gatt.GATT_SERVICE_CHANGED_CHARACTERISTIC,
            gatt.Characteristic.Properties.INDICATE,
            gatt.Characteristic.Permissions(0),
            bytes(4),
        )
        server.add_service(gatt.Service(gatt.GATT_GENERIC_ACCESS_SERVICE, [name, appearance]))
        server.add_service(gatt.Service(gatt.GATT_GENERIC_ATTRIBUTE_SERVICE, [changed]))

    def _add_service(self, server: Any, uuid: bytes, characteristics: list[Any]) -> list[int]:
        built = [self._characteristic(server, *item) for item in characteristics]
        server.add_service(gatt.Service(core.UUID.from_bytes(uuid), [c for c, _ in built]))
        handles = []
        for characteristic, values in built:
            for attribute, value in [(characteristic, values[0]), *values[1]]:
                self._values[attribute.handle] = value
                handles.append(attribute.handle)
        return handles

    def _characteristic(
        self, server: Any, uuid: bytes, flags: int, descriptors: list[Any]
    ) -> tuple[Any, Any]:
        value = _Value()
        built: Any = gatt.Characteristic(
            core.UUID.from_bytes(uuid),
            gatt.Characteristic.Properties(flags & _PROPERTY_FLAGS),
            _permissions(flags & FLAG_READ, flags & (FLAG_WRITE | FLAG_WRITE_NO_RESPONSE))
            | _needs(flags),
        )
        self._bind(built, value)
        pairs = []
        if flags & (FLAG_NOTIFY | FLAG_INDICATE):
            # Directly after the value, where NimBLE puts it; Bumble would put it last.
            cccd: Any = gatt.Descriptor(
                gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
                _permissions(1, 1),
                server.make_descriptor_value(built),
            )
            built.descriptors += (cccd,)
        for descriptor_uuid, descriptor_flags in descriptors:
            descriptor: Any = gatt.Descriptor(
                core.UUID.from_bytes(descriptor_uuid),
                _permissions(
                    descriptor_flags & _DESCRIPTOR_READ, descriptor_flags & _DESCRIPTOR_WRITE
                ),
            )
            descriptor_value = _Value()
            self._bind(descriptor, descriptor_value)
            built.descriptors += (descriptor,)
            pairs.append((descriptor, descriptor_value))
        return built, (value, pairs)

    def _bind(self, attribute: Any, value: _Value) -> None:
        async def read(connection: Any) -> bytes:
            async with self._one_at_a_time:
                refusal = await self._ask(IRQ_GATTS_READ_REQUEST, connection, attribute)
                if refusal:
                    raise att.ATT_Error(refusal)
                return bytes(value.data)

        async def write(connection: Any, data: bytes) -> None:
            async with self._one_at_a_time:
                value.set_remotely(data)
                await self._ask(IRQ_GATTS_WRITE, connection, attribute)

        attribute.value = att.AttributeValue(read=read, write=write)

    async def _ask(self, irq: int, connection: Any, attribute: Any) -> int:
        try:
            answer = await self._radio.channel.ask(
                "ble.irq", irq, connection.handle, attribute.handle
            )
        except ChannelClosed:
            return int(att.ATT_UNLIKELY_ERROR_ERROR)
        return answer if isinstance(answer, int) else 0


def _permissions(is_readable: int, is_writable: int) -> att.Attribute.Permissions:
    permissions = att.Attribute.Permissions(0)
    if is_readable:
        permissions |= att.Attribute.READABLE
    if is_writable:
        permissions |= att.Attribute.WRITEABLE
    return permissions


def _needs(flags: int) -> att.Attribute.Permissions:
    permissions = att.Attribute.Permissions(0)
    for flag, need in _NEEDS.items():
        if flags & flag:
            permissions |= need
    return permissions
