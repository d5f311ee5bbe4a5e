"""The attributes of a sensor: Bumble's GATT server filled from a `Model`, with a hook for each.

    table.when_read[uuid] = lambda: b"..."            what a read gives instead of the value
    table.when_written[uuid] = lambda data: ...       may `refuse(ATT error)`
    table.when_subscribed[uuid] = lambda notify, indicate: ...

Characteristics go by their number (`varde_protocols.assigned`); one number, one characteristic.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from bumble import att, core, gatt

from varde_protocols import assigned
from varde_simulator.air.att_client import READ_BY_TYPE_REQUEST
from varde_simulator.air.station import Station
from varde_simulator.sensors.model import (
    AUTHENTICATED,
    ENCRYPTED,
    INDICATE,
    NOTIFY,
    READ,
    WRITE,
    WRITE_NO_RESPONSE,
    Characteristic,
    Model,
    Service,
)

# ATT errors that health sensors answer with (Core 5.4, Vol 3, Part F, 3.4.1.1; CSS part B).
WRITE_NOT_PERMITTED = 0x03
VALUE_NOT_ALLOWED = 0x13
APPLICATION_ERROR = 0x80
CCCD_IMPROPERLY_CONFIGURED = 0xFD
PROCEDURE_IN_PROGRESS = 0xFE
OUT_OF_RANGE = 0xFF

_WRITABLE = WRITE | WRITE_NO_RESPONSE
_SUBSCRIBABLE = NOTIFY | INDICATE
_Permissions = gatt.Characteristic.Permissions
_PROTECTED = {
    ENCRYPTED: (_Permissions.READ_REQUIRES_ENCRYPTION, _Permissions.WRITE_REQUIRES_ENCRYPTION),
    AUTHENTICATED: (
        _Permissions.READ_REQUIRES_AUTHENTICATION | _Permissions.READ_REQUIRES_ENCRYPTION,
        _Permissions.WRITE_REQUIRES_AUTHENTICATION | _Permissions.WRITE_REQUIRES_ENCRYPTION,
    ),
}


def refuse(error: int) -> NoReturn:
    """Answer a read or a write with this ATT error."""
    raise att.ATT_Error(error_code=error)


class GattTable:
    """`subscribed`: number to (notify, indicate), of the connection there is."""

    def __init__(self, station: Station, model: Model) -> None:
        self.when_read: dict[int, Callable[[], bytes]] = {}
        self.when_written: dict[int, Callable[[bytes], None]] = {}
        self.when_subscribed: dict[int, Callable[[bool, bool], None]] = {}
        self.subscribed: dict[int, tuple[bool, bool]] = {}
        self.values: dict[int, bytes] = {}
        self.writes: list[tuple[int, bytes]] = []  # what hosts wrote, refused or not
        self.on_use: Callable[[], None] = lambda: None  # somebody reads or writes
        # Characteristics were asked for in this range of handles.
        self.when_discovered: Callable[[int, int], None] = lambda _start, _end: None
        self.rest_s = 0.0  # between the last two requests of the host
        self._last_request_s = 0.0
        self._attributes: dict[int, Any] = {}
        self._server = station.device.gatt_server
        self._serve = self._server.on_gatt_pdu
        self._server.on_gatt_pdu = self._on_pdu
        self._server.add_service(_gap_service(model.name))
        for service in model.services:
            self._add(service)

    def connected(self) -> None:
        """A connection begins: nothing is subscribed yet, no request has come."""
        self.subscribed.clear()
        self._last_request_s = _loop_s()

    def _on_pdu(self, connection: Any, request: Any) -> None:
        now_s = _loop_s()
        self.rest_s, self._last_request_s = now_s - self._last_request_s, now_s
        if request.op_code == READ_BY_TYPE_REQUEST:
            self.when_discovered(request.starting_handle, request.ending_handle)
        self._serve(connection, request)

    def services_in(self, start: int, end: int) -> set[int]:
        """Those of the model that have handles in this range."""
        return {
            service.handle
            for service in self._server.services
            if service.handle <= end and service.end_group_handle >= start
        }

    def handle(self, uuid: int) -> int:
        """The value handle of a characteristic."""
        return int(self._attributes[uuid].handle)

    def __contains__(self, uuid: int) -> bool:
        return uuid in self._attributes

    def subscribe(self, attribute: Any, notify: bool, indicate: bool) -> int | None:
        """A CCCD was written; the number of its characteristic. To ask an indicate-only
        characteristic to notify gives nothing."""
        for uuid, known in self._attributes.items():
            if known is attribute:
                can = int(attribute.properties)
                bits = notify and bool(can & NOTIFY), indicate and bool(can & INDICATE)
                self.subscribed[uuid] = bits
                if uuid in self.when_subscribed:
                    self.when_subscribed[uuid](*bits)
                return uuid
        return None

    def subscribe_all(self) -> None:
        """As if a host had asked for everything."""
        for uuid, attribute in self._attributes.items():
            can = int(attribute.properties)
            self.subscribed[uuid] = bool(can & NOTIFY), bool(can & INDICATE)

    def notifies(self, uuid: int) -> bool:
        return self.subscribed.get(uuid, (False, False))[0]

    def indicates(self, uuid: int) -> bool:
        return self.subscribed.get(uuid, (False, False))[1]

    # Building

    def _add(self, service: Service) -> None:
        built = [self._build(each, service.protection) for each in service.characteristics]
        self._server.add_service(gatt.Service(_uuid(service.uuid, service.raw), built))

    def _build(self, plan: Characteristic, protection: int) -> Any:
        uuid = plan.uuid
        if uuid in self._attributes:
            raise ValueError(f"characteristic {assigned.name(uuid)} is there twice")
        self.values[uuid] = plan.value
        attribute: Any = gatt.Characteristic(
            _uuid(uuid, plan.raw),
            gatt.Characteristic.Properties(plan.properties),
            _permissions(plan.properties, protection),
            att.AttributeValue(
                read=lambda _connection: self._read(uuid),
                write=lambda _connection, data: self._write(uuid, data),
            ),
        )
        if plan.properties & _SUBSCRIBABLE:
            cccd = gatt.Descriptor(
                gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
                _permissions(READ | WRITE, protection),
                self._server.make_descriptor_value(attribute),
            )
            attribute.descriptors = [cccd]
        self._attributes[uuid] = attribute
        return attribute

    def _read(self, uuid: int) -> bytes:
        self.on_use()
        hook = self.when_read.get(uuid)
        return self.values[uuid] if hook is None else hook()

    def _write(self, uuid: int, data: bytes) -> None:
        self.on_use()
        self.writes.append((uuid, bytes(data)))
        hook = self.when_written.get(uuid)
        if hook is None:
            self.values[uuid] = bytes(data)
        else:
            hook(bytes(data))


def _loop_s() -> float:
    return asyncio.get_running_loop().time()


def _uuid(number: int, raw: bytes) -> core.UUID:
    return core.UUID.from_bytes(raw or assigned.raw(number))


def _permissions(properties: int, protection: int) -> Any:
    permissions = _Permissions(0)
    read, write = _PROTECTED.get(protection, (_Permissions(0), _Permissions(0)))
    if properties & READ:
        permissions |= _Permissions.READABLE | read
    if properties & _WRITABLE:
        permissions |= _Permissions.WRITEABLE | write
    return permissions


def _gap_service(name: str) -> Any:
    characteristic: Any = gatt.Characteristic(
        gatt.GATT_DEVICE_NAME_CHARACTERISTIC,
        gatt.Characteristic.Properties.READ,
        gatt.Characteristic.READABLE,
        name.encode(),
    )
    return gatt.Service(gatt.GATT_GENERIC_ACCESS_SERVICE, [characteristic])
