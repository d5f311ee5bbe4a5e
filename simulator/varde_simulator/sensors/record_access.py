"""Record Access Control Point 2A52: a host asks for stored records, counts and deletes them.

A request is a write (op code, operator, operand), its answer an indication that comes after the
last record; so the records are complete when the answer has come, and not before. The server
refuses a request at once if it could not answer it (CCCD) or has one under way.
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from varde_simulator.sensors.gatt_table import (
    CCCD_IMPROPERLY_CONFIGURED,
    PROCEDURE_IN_PROGRESS,
    refuse,
)
from varde_simulator.sensors.ledger import Reading
from varde_simulator.sensors.standard_services import RECORD_ACCESS

if TYPE_CHECKING:
    from varde_simulator.sensors.virtual_sensor import VirtualSensor

REPORT, DELETE, ABORT, COUNT, COUNT_RESPONSE, RESPONSE = range(1, 7)
ALL, AT_MOST, AT_LEAST, RANGE, FIRST, LAST = range(1, 7)
SUCCESS, OP_NOT_SUPPORTED, INVALID_OPERATOR, OPERATOR_NOT_SUPPORTED, INVALID_OPERAND = range(1, 6)
NO_RECORDS, ABORT_FAILED, NOT_COMPLETED, OPERAND_NOT_SUPPORTED = range(6, 10)

SEQUENCE_FILTER = 1


class RefusedError(Exception):
    """A request that ends with this result code."""

    def __init__(self, result: int) -> None:
        super().__init__(result)
        self.result = result


class RecordAccess:
    """Serves the records of one characteristic, the oldest first. `filters`: the filter types that
    mean the sequence number. `between_s`: the sensor's pace. `extra`: op codes of a vendor."""

    def __init__(
        self,
        sensor: "VirtualSensor",
        records: int,
        filters: tuple[int, ...] = (SEQUENCE_FILTER,),
        between_s: float = 0.0,
        extra: dict[int, Callable[[], bytes]] | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self._sensor = sensor
        self._records = records
        self._filters = filters
        self._between_s = between_s
        self._extra = extra or {}
        self._under_way: list[Reading] | None = None
        self._connection: object = None
        sensor.table.when_written[RECORD_ACCESS] = self._on_write

    @property
    def is_busy(self) -> bool:
        return self._under_way is not None and self._connection is self._sensor.connection

    def _on_write(self, data: bytes) -> None:
        table = self._sensor.table
        is_subscribed = table.notifies(self._records) or table.indicates(self._records)
        if not (table.indicates(RECORD_ACCESS) and is_subscribed):
            refuse(CCCD_IMPROPERLY_CONFIGURED)
        op_code = data[0] if data else 0
        if self.is_busy and op_code != ABORT:
            refuse(PROCEDURE_IN_PROGRESS)
        self.requests.append(data)
        try:
            self._do(op_code, data[1] if len(data) > 1 else 0, data[2:])
        except RefusedError as error:
            self._answer(op_code, error.result)

    def _do(self, op_code: int, operator: int, operand: bytes) -> None:
        if op_code in self._extra:
            self._sensor.outbox.indicate(RECORD_ACCESS, self._extra[op_code]())
        elif op_code == ABORT:
            self._abort(operator)
        elif op_code == COUNT:
            count = len(self._select(operator, operand))
            value = struct.pack("<BBH", COUNT_RESPONSE, 0, count)
            self._sensor.outbox.indicate(RECORD_ACCESS, value)
        elif op_code == REPORT:
            self._report(self._found(operator, operand))
        elif op_code == DELETE:
            for reading in self._found(operator, operand):
                reading.deleted_us = self._sensor.now_us()
            self._answer(DELETE, SUCCESS)
        else:
            raise RefusedError(OP_NOT_SUPPORTED)

    # Which records

    def _found(self, operator: int, operand: bytes) -> list[Reading]:
        records = self._select(operator, operand)
        if not records:
            raise RefusedError(NO_RECORDS)
        return records

    def _select(self, operator: int, operand: bytes) -> list[Reading]:
        stored = self._sensor.ledger.stored
        records = [reading for reading in stored if reading.characteristic == self._records]
        if operator == 0:
            raise RefusedError(INVALID_OPERATOR)
        if operator in {ALL, FIRST, LAST}:
            if operand:
                raise RefusedError(INVALID_OPERAND)
            return {ALL: records, FIRST: records[:1], LAST: records[-1:]}[operator]
        if operator not in {AT_MOST, AT_LEAST, RANGE}:
            raise RefusedError(OPERATOR_NOT_SUPPORTED)
        low, high = self._limits(operator, operand)
        return [reading for reading in records if low <= reading.sequence <= high]

    def _limits(self, operator: int, operand: bytes) -> tuple[int, int]:
        numbers = operand[1:]
        if len(numbers) != (4 if operator == RANGE else 2):
            raise RefusedError(INVALID_OPERAND)
        if operand[0] not in self._filters:
            raise RefusedError(OPERAND_NOT_SUPPORTED)
        first = int.from_bytes(numbers[:2], "little")
        if operator == AT_MOST:
            return 0, first
        if operator == AT_LEAST:
            return first, 0xFFFF
        last = int.from_bytes(numbers[2:], "little")
        if last < first:
            raise RefusedError(INVALID_OPERAND)
        return first, last

    # Sending them

    def _report(self, records: list[Reading]) -> None:
        self._under_way, self._connection = list(records), self._sensor.connection
        self._next(records, list(records))

    def _next(self, records: list[Reading], left: list[Reading]) -> None:
        """One record after the other, at the sensor's pace; then the answer."""
        if not self.is_busy:
            return  # aborted, or the host has gone
        sensor = self._sensor
        sensor.touch()
        if not left:
            self._under_way = None
            self._answer(REPORT, SUCCESS, records)
            return
        reading = left.pop(0)
        if sensor.table.notifies(self._records):
            sensor.outbox.notify_reading(reading)
            sensor.later("record", self._between_s, lambda: self._next(records, left))
        else:
            sensor.outbox.indicate(
                self._records,
                reading.value,
                lambda confirmed: self._next(records, left) if confirmed else None,
                reading,
            )

    def _abort(self, operator: int) -> None:
        if operator:
            raise RefusedError(INVALID_OPERATOR)
        self._under_way = None
        self._answer(ABORT, SUCCESS)

    def _answer(self, op_code: int, result: int, records: list[Reading] | None = None) -> None:
        def done(confirmed: bool) -> None:
            for reading in records or () if confirmed else ():
                if reading.confirmed_us is None:
                    reading.confirmed_us = self._sensor.now_us()

        value = bytes([RESPONSE, 0, op_code, result])
        self._sensor.outbox.indicate(RECORD_ACCESS, value, done)
