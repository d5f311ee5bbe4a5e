"""Readings: what a sensor has stored, and what it measures while one looks on.

A value goes to `emit` inside the callback that brings it, before anything is asked of the sensor
again: what has been printed cannot be lost any more. Where the operating system lets a program
decide, the sensor is told "received" after that (docs/sensor-command.md).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bleak.backends.characteristic import BleakGATTCharacteristic

from varde_host import errors
from varde_protocols import assigned

from . import records, table, timing
from .models import Model
from .session import Session

# Sensors send the first stored value within a second of the subscription; those that first
# measure take a minute.
FIRST_VALUE_S = 60.0
# After this much silence it was the last. Sensors hang up after 2 s without a word, and then keep
# our subscription with the bond: the next connection would begin with values that no program
# takes yet. So we end it first, and what a slow sensor still holds stays there.
QUIET_S = 1.8
# A sensor that reports records shows a sign of life between them.
RECORD_TIMEOUT_S = 30.0
CONTROL_TIMEOUT_S = 30.0

_THAT_WAS_ALL = {"sensor-left", "sensor-silent"}
_START_LIVE = b"\x01"
_CONSENT, _CONTROL_ANSWER, _CONTROL_SUCCESS = 0x02, 0x20, 0x01

Emit = Callable[[int, int, bytes], None]
"""service, characteristic, value"""


@dataclass(frozen=True)
class Consent:
    """Who of a scale's users we are (User Data Service 1.1, 3.9)."""

    user: int
    code: int


@dataclass(frozen=True)
class Outcome:
    """`stored` is what the sensor said it has (None: it does not count); `complete` tells if the
    sensor said that this was all, None if it cannot say; `deleted` if they are gone from it."""

    values: int
    stored: int | None
    complete: bool | None
    deleted: bool


class Transfer:
    """The transfer of one connection. `values` counts what came."""

    def __init__(self, session: Session, model: Model | None, emit: Emit) -> None:
        self.values = 0
        self._session = session
        self._model = model
        self._emit = emit
        self._last_sequence_number: int | None = None
        # Signs of life: an answer of a control point, b"" for a value, or why `emit` failed. That
        # stands before all answers that come later, so nothing is deleted that was not printed.
        self._signs: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    async def read(self, now: timing.Now, consent: Consent | None, delete: bool) -> Outcome:
        """Take what is stored.

        Raises InputRefused `sensor-nothing-to-read`, `sensor-cannot-delete`, `consent-refused`,
        WorldFailed `records-refused`, `records-changed`, `records-left`, and what `Session`
        raises.
        """
        await self._begin(now, consent)
        access = self._record_access()
        if delete and access is None:
            raise errors.InputRefused("sensor-cannot-delete", self._session.address)
        if not await self._subscribe(table.FINAL):
            raise errors.InputRefused("sensor-nothing-to-read", self._session.address)
        if access is None:
            await self._until_quiet()
            return Outcome(self.values, None, None, False)
        return await self._report(access, delete)

    async def clear(self, now: timing.Now) -> Outcome:
        """Delete what is stored: by record access without having it sent, else by taking it.

        What comes goes to `emit`, which here counts at most. Raises as `read`.
        """
        await self._begin(now, None)
        access = self._record_access()
        if not await self._subscribe(table.FINAL):
            raise errors.InputRefused("sensor-nothing-to-read", self._session.address)
        if access is None:
            await self._until_quiet()
            return Outcome(self.values, None, None, False)
        await self._session.subscribe(access, self._signs.put_nowait)
        stored = (await self._ask(access, records.COUNT_ALL)).count
        if stored:
            await self._demand(access, records.DELETE_ALL)
            left = (await self._ask(access, records.COUNT_ALL)).count
            if left:
                raise errors.WorldFailed("records-left", self._session.address, left=left)
        return Outcome(self.values, stored, True, True)

    async def watch(self, now: timing.Now, consent: Consent | None) -> None:
        """Give everything to `emit` until the sensor leaves."""
        await self._begin(now, consent)
        if not await self._subscribe(table.LIVE) + await self._subscribe(table.FINAL):
            raise errors.InputRefused("sensor-nothing-to-read", self._session.address)
        await self._start_health_sensor()
        while await self._is_there():
            pass

    async def _start_health_sensor(self) -> None:
        """A Generic Health Sensor tells what it observes once it is asked to (GHSS 1.0, 3.4)."""
        control = self._session.find(table.HEALTH_CONTROL)
        if control is not None:
            await self._session.subscribe(control, lambda _answer: None)
            await self._session.write(control, _START_LIVE)

    # Before values

    async def _begin(self, now: timing.Now, consent: Consent | None) -> None:
        await timing.set_first(self._session, self._model, now)
        if consent is not None:
            await self._agree(consent)
        if self._model is not None:
            await asyncio.sleep(self._model.rest_s)

    async def _agree(self, consent: Consent) -> None:
        """Say who we are; the sensor then gives that user's readings."""
        control = self._session.find(table.USER_CONTROL)
        if control is None:
            raise errors.InputRefused("sensor-has-no-users", self._session.address)
        await self._session.subscribe(control, self._signs.put_nowait)
        request = bytes((_CONSENT, consent.user)) + consent.code.to_bytes(2, "little")
        await self._session.write(control, request)
        while True:
            raw = await self._sign(CONTROL_TIMEOUT_S)
            if raw[:2] == bytes((_CONTROL_ANSWER, _CONSENT)):
                break
        if raw[2:3] != bytes((_CONTROL_SUCCESS,)):
            raise errors.InputRefused("consent-refused", self._session.address, user=consent.user)

    async def _subscribe(self, kinds: Mapping[int, tuple[int, ...]]) -> int:
        """Subscribe to what is there of these characteristics; return how many there were."""
        count = 0
        for service, numbers in kinds.items():
            for number in numbers:
                characteristic = self._session.find(number, service)
                if characteristic is not None:
                    take = functools.partial(self._take, service, number)
                    await self._session.subscribe(characteristic, take)
                    count += 1
        return count

    def _take(self, service: int, number: int, raw: bytes) -> None:
        self.values += 1
        try:
            self._emit(service, number, raw)
        except Exception as error:  # noqa: BLE001  who called this only logs it; `_sign` raises it
            self._signs.put_nowait(error)
            return
        if number == table.GLUCOSE_MEASUREMENT:
            sequence_number = records.sequence_number(raw)
            if sequence_number is not None:
                highest = self._last_sequence_number
                self._last_sequence_number = max(sequence_number, highest or 0)
        self._signs.put_nowait(b"")

    # Stored values

    async def _until_quiet(self) -> None:
        limit_s = FIRST_VALUE_S
        while True:
            try:
                await self._sign(limit_s)
            except errors.WorldFailed as error:
                if error.code not in _THAT_WAS_ALL:
                    raise
                return
            limit_s = QUIET_S

    def _record_access(self) -> BleakGATTCharacteristic | None:
        for service in (*table.FINAL, assigned.OMRON_SERVICE):
            access = self._session.find(table.RECORD_ACCESS, service)
            if access is not None:
                return access
        return None

    async def _report(self, access: BleakGATTCharacteristic, delete: bool) -> Outcome:
        await self._session.subscribe(access, self._signs.put_nowait)
        counted = await self._ask(access, records.COUNT_ALL)
        if counted.count == 0:
            return Outcome(self.values, 0, True, False)
        before = self.values
        await self._demand(access, records.REPORT_ALL)
        deleted = delete and await self._delete(access, self.values - before)
        return Outcome(self.values, counted.count, True, deleted)

    async def _delete(self, access: BleakGATTCharacteristic, reported: int) -> bool:
        """Delete what has been emitted, and nothing that came to it since."""
        request = records.DELETE_ALL
        if self._last_sequence_number is not None:
            request = records.delete_up_to(self._last_sequence_number)
        elif (await self._ask(access, records.COUNT_ALL)).count != reported:
            raise errors.WorldFailed("records-changed", self._session.address)
        await self._demand(access, request)
        left = (await self._ask(access, records.COUNT_ALL)).count
        if left:
            raise errors.WorldFailed("records-left", self._session.address, left=left)
        return True

    async def _demand(self, access: BleakGATTCharacteristic, request: bytes) -> None:
        done = await self._ask(access, request)
        if not done.is_good:
            raise errors.WorldFailed("records-refused", self._session.address, result=done.result)

    async def _ask(self, access: BleakGATTCharacteristic, request: bytes) -> records.Answer:
        """Write a request; return the answer, however many values come before it."""
        await self._session.write(access, request)
        while True:
            answer = records.answer(await self._sign(RECORD_TIMEOUT_S))
            if answer is not None:
                return answer

    async def _is_there(self) -> bool:
        """Wait for the next sign of life; False once the sensor has left."""
        try:
            await self._sign(None)
        except errors.WorldFailed as error:
            if error.code == "sensor-left":
                return False
            raise
        return True

    async def _sign(self, limit_s: float | None) -> bytes:
        """Return the next sign of life. Raises WorldFailed `sensor-left`, `sensor-silent`, and
        what `emit` raised."""
        sign = asyncio.ensure_future(self._signs.get())
        end = asyncio.ensure_future(self._session.left.wait())
        try:
            await asyncio.wait({sign, end}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if sign.done():
                told = sign.result()
                if isinstance(told, Exception):
                    raise told
                return told
            if end.done():
                raise errors.WorldFailed("sensor-left", self._session.address)
            raise errors.WorldFailed("sensor-silent", self._session.address)
        finally:
            sign.cancel()
            end.cancel()
