"""User Data Service 181C: who may see whose readings, by a consent code.

User Control Point 2A9F: register (u16 code), consent (u8 index, u16 code), list; the answer is an
indication 0x20, request op code, result. Without consent the profile is refused (0x80). A write of
the Database Change Increment 2A99 says that the profile is complete.
"""

import functools
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from varde_simulator.sensors.gatt_table import (
    CCCD_IMPROPERLY_CONFIGURED,
    OUT_OF_RANGE,
    refuse,
)
from varde_simulator.sensors.model import (
    ENCRYPTED,
    INDICATE,
    NOTIFY,
    READ,
    WRITE,
    Characteristic,
    Service,
)
from varde_simulator.sensors.standard_services import USER_DATA_SERVICE

if TYPE_CHECKING:
    from varde_simulator.sensors.virtual_sensor import VirtualSensor

CHANGE_INCREMENT = 0x2A99
USER_INDEX = 0x2A9A
USER_CONTROL_POINT = 0x2A9F
DATE_OF_BIRTH = 0x2A85
GENDER = 0x2A8C
HEIGHT = 0x2A8E
PROFILE = (DATE_OF_BIRTH, GENDER, HEIGHT)
_EMPTY_PROFILE = {DATE_OF_BIRTH: bytes(4), GENDER: b"\x00", HEIGHT: bytes(2)}

REGISTER, CONSENT, DELETE, LIST_ALL = range(1, 5)
RESPONSE = 0x20
SUCCESS, OP_NOT_SUPPORTED, INVALID_PARAMETER, FAILED, NOT_AUTHORISED = range(1, 6)
UNKNOWN_USER = 0xFF
MAX_CONSENT_CODE = 9999
ACCESS_NOT_PERMITTED = 0x80  # "User Data Access Not Permitted" (UDS 1.1, 1.6)


def user_data_service(protection: int = ENCRYPTED) -> Service:
    """With the profile that body composition needs."""
    control = Characteristic(USER_CONTROL_POINT, WRITE | INDICATE)
    increment = Characteristic(CHANGE_INCREMENT, READ | WRITE | NOTIFY, bytes(4))
    index = Characteristic(USER_INDEX, READ, bytes([UNKNOWN_USER]))
    profile = tuple(Characteristic(uuid, READ | WRITE) for uuid in PROFILE)
    return Service(USER_DATA_SERVICE, (control, increment, index, *profile), protection)


class UserData:
    """`users`: index to consent code; `consented`: whose turn it is on this connection, or None;
    `complete`: users whose profile a host has confirmed."""

    def __init__(self, sensor: "VirtualSensor", max_users: int = 8) -> None:
        self.users: dict[int, int] = {}
        self.complete: set[int] = set()
        self.consented: int | None = None
        self.when_consented: Callable[[], None] = lambda: None
        self._sensor = sensor
        self._max_users = max_users
        self._profiles: dict[tuple[int, int], bytes] = {}
        table = sensor.table
        table.when_written[USER_CONTROL_POINT] = self._on_control
        table.when_written[CHANGE_INCREMENT] = self._on_increment
        table.when_read[USER_INDEX] = self._index
        for uuid in PROFILE:
            table.when_read[uuid] = functools.partial(self._read, uuid)
            table.when_written[uuid] = functools.partial(self._write, uuid)

    def register(self, code: int) -> int | None:
        """A new user, by the scale's own keys or a host; None if all places are taken."""
        free = [n for n in range(1, self._max_users + 1) if n not in self.users]
        if not free:
            return None
        self.users[free[0]] = code
        return free[0]

    def wipe(self) -> None:
        """Its batteries were out."""
        self.users.clear()
        self.complete.clear()
        self._profiles.clear()
        self.consented = None

    def disconnected(self) -> None:
        """Consent ends with the connection."""
        self.consented = None

    def _on_control(self, data: bytes) -> None:
        if not self._sensor.table.indicates(USER_CONTROL_POINT):
            refuse(CCCD_IMPROPERLY_CONFIGURED)
        op_code = data[0] if data else 0
        result, parameter = self._do(op_code, data[1:])
        answer = bytes([RESPONSE, op_code, result]) + parameter
        self._sensor.outbox.indicate(USER_CONTROL_POINT, answer)
        if op_code == CONSENT and result == SUCCESS:
            self.when_consented()

    def _do(self, op_code: int, operand: bytes) -> tuple[int, bytes]:
        if op_code == REGISTER and len(operand) == 2:
            return self._register(struct.unpack("<H", operand)[0])
        if op_code == CONSENT and len(operand) == 3:
            return self._consent(*struct.unpack("<BH", operand)), b""
        if op_code == LIST_ALL:
            return SUCCESS, bytes([len(self.users)])
        known = op_code in {REGISTER, CONSENT}
        return (INVALID_PARAMETER if known else OP_NOT_SUPPORTED), b""

    def _register(self, code: int) -> tuple[int, bytes]:
        if code > MAX_CONSENT_CODE:
            return INVALID_PARAMETER, b""
        index = self.register(code)
        return (FAILED, b"") if index is None else (SUCCESS, bytes([index]))

    def _consent(self, index: int, code: int) -> int:
        if self.users.get(index) != code:
            return NOT_AUTHORISED
        self.consented = index
        return SUCCESS

    def _on_increment(self, data: bytes) -> None:
        user = self._permitted()
        if len(data) != 4:
            refuse(OUT_OF_RANGE)
        self._sensor.table.values[CHANGE_INCREMENT] = data
        self.complete.add(user)

    def _index(self) -> bytes:
        return bytes([UNKNOWN_USER if self.consented is None else self.consented])

    def _read(self, uuid: int) -> bytes:
        return self._profiles.get((self._permitted(), uuid), _EMPTY_PROFILE[uuid])

    def _write(self, uuid: int, data: bytes) -> None:
        user = self._permitted()
        if len(data) != len(_EMPTY_PROFILE[uuid]):
            refuse(OUT_OF_RANGE)
        self._profiles[user, uuid] = data

    def _permitted(self) -> int:
        if self.consented is None:
            refuse(ACCESS_NOT_PERMITTED)
        return self.consented
