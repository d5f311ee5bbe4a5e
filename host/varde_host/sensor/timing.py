"""A sensor's clock, read and set in the sensor's own way."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bleak.backends.characteristic import BleakGATTCharacteristic

from varde_host import errors

from . import moment, table
from .models import BY_ANSWER, BY_DATE_TIME, Model
from .session import Session

# An Omron notifies its time at once when it is subscribed to; this is ample.
NOTIFICATION_TIMEOUT_S = 10.0
# It refuses to be set when it is nearly right, and wants to be left alone then.
ANSWERED_FROM_S = 600

Now = Callable[[], dt.datetime]
"""Local time, with its zone."""


@dataclass(frozen=True)
class Setting:
    """`before` and `after` as read; `after` is None if nothing was written."""

    before: moment.Shown | None
    after: moment.Shown | None
    written: bool


async def read(session: Session, model: Model | None, now: Now) -> moment.Shown | None:
    """Return what the clock shows; None if there is none that can be read."""
    characteristic = _clock_of(session, model)
    if characteristic is not None and "read" in characteristic[1].properties:
        return await _shown(session, *characteristic, now)
    if model is not None and model.clock == BY_ANSWER and characteristic is not None:
        return await _notified(session, *characteristic, now)
    return None


async def set_to_now(session: Session, model: Model | None, now: Now) -> Setting:
    """Set the clock and read it back.

    Raises InputRefused `sensor-no-clock`, WorldFailed `clock-not-confirmed` and what `Session`
    raises.
    """
    found = _clock_of(session, model)
    if found is None or found[0] == table.ELAPSED_TIME:
        raise errors.InputRefused("sensor-no-clock", session.address)
    number, characteristic = found
    if model is not None and model.clock == BY_ANSWER:
        before = await _notified(session, number, characteristic, now)
        if _is_near(before):
            return Setting(before, None, False)
    else:
        before = await _shown_if_readable(session, number, characteristic, now)
    await session.write_time(characteristic, moment.written(number, now()))
    after = await _shown_if_readable(session, number, characteristic, now)
    if after is None or after.ahead_s is None or abs(after.ahead_s) > moment.TOLERANCE_S:
        shows = "-" if after is None or after.local is None else str(after.local)
        raise errors.WorldFailed("clock-not-confirmed", session.address, shows=shows)
    return Setting(before, after, True)


async def set_first(session: Session, model: Model | None, now: Now) -> bool:
    """Write the time if this model wants that before all else; tell if it did."""
    if model is None or model.clock != BY_DATE_TIME:
        return False
    found = _clock_of(session, model)
    if found is None:
        return False
    await session.write_time(found[1], moment.written(found[0], now()))
    return True


def _is_near(shown: moment.Shown | None) -> bool:
    return (
        shown is not None and shown.ahead_s is not None and abs(shown.ahead_s) < ANSWERED_FROM_S
    )


def _clock_of(
    session: Session, model: Model | None
) -> tuple[int, BleakGATTCharacteristic] | None:
    if model is not None and model.clock == BY_DATE_TIME:
        places = [(table.DATE_TIME, service) for service in model.reading]
    else:
        places = [(table.CURRENT_TIME, table.CURRENT_TIME_SERVICE)]
        places += [(table.DATE_TIME, service) for service in table.FINAL]
        places += [(table.ELAPSED_TIME, table.ELAPSED_TIME_SERVICE)]
    for number, service in places:
        characteristic = session.find(number, service)
        if characteristic is not None:
            return number, characteristic
    return None


async def _shown(
    session: Session, number: int, characteristic: BleakGATTCharacteristic, now: Now
) -> moment.Shown:
    raw = await session.read(characteristic)
    return moment.shown(number, raw, now())


async def _shown_if_readable(
    session: Session, number: int, characteristic: BleakGATTCharacteristic, now: Now
) -> moment.Shown | None:
    if "read" not in characteristic.properties:
        return None
    try:
        return await _shown(session, number, characteristic, now)
    except errors.WorldFailed as error:
        if error.code == "sensor-refused":  # writable only
            return None
        raise


async def _notified(
    session: Session, number: int, characteristic: BleakGATTCharacteristic, now: Now
) -> moment.Shown | None:
    """Return the time that the sensor tells by itself once it is subscribed to."""
    told: asyncio.Queue[bytes] = asyncio.Queue()
    await session.subscribe(characteristic, told.put_nowait)
    try:
        async with asyncio.timeout(NOTIFICATION_TIMEOUT_S):
            return moment.shown(number, await told.get(), now())
    except TimeoutError:
        raise errors.WorldFailed("clock-not-told", session.address) from None
