"""What a sensor sends, as decimals by the decoders' names; heard by the laptop's own radio
(`hub_values`: by a hub's).

The radio runs in a thread of its own, from before the first question to after the last: a scale
sends when it has weighed, not when it is asked. Values keep the moment they came, so that none is
taken for a load that was not on yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from varde_host import errors
from varde_host.sensor import listening, models, radio, transfer
from varde_host.sensor import session as sensor_session
from varde_host.sensor.decoder import Decoder, is_part
from varde_host.verification import measured
from varde_protocols.errors import GattError
from varde_protocols.gatt import number

UNITS = {"weight": "kg", "temperature": "Cel", "systolic": "mmHg", "diastolic": "mmHg"}
"""What a value's `unit` must say: nothing is converted here."""
MAX_KEPT = 2_000
_COMES_AGAIN = {"sensor-left", "sensor-silent", "sensor-not-heard"}


def decimals(fields: Mapping[str, object]) -> dict[str, Decimal]:
    """Return what is measured in a decoded value; nothing where its unit is another."""
    found = {
        name: Decimal(value.mantissa).scaleb(value.exponent)
        for name, value in fields.items()
        if isinstance(value, number.Number)
    }
    unit = fields.get("unit")
    return {
        name: one
        for name, one in found.items()
        if UNITS.get(name) in (None, unit) and _can_be_kept(one)
    }


def _can_be_kept(value: Decimal) -> bool:
    """Tell if a record holds it. A float of IEEE 11073 goes to 10 to the 127th: no such weight
    was measured, and a session with one in it could never be signed."""
    exponent = value.as_tuple().exponent
    is_fine = isinstance(exponent, int) and exponent >= measured.SMALLEST_PLACE
    return is_fine and abs(value) <= measured.MAX_VALUE


class Heard:
    """Values of one sensor, newest last; any thread may add, any may wait."""

    def __init__(self, model: str) -> None:
        self._decoder = Decoder(model)
        self._values: list[tuple[int, dict[str, Decimal]]] = []
        self._changed = threading.Condition()
        self._failure: errors.HostError | None = None

    def add(self, characteristic: int, raw: bytes, at_ms: int) -> None:
        """Take a value as it came; what cannot be decoded is no value."""
        try:
            fields = self._decoder.fields(characteristic, raw)
        except GattError:
            return
        if not is_part(fields):
            with self._changed:
                self._values = [*self._values[-MAX_KEPT:], (at_ms, decimals(fields))]
                self._changed.notify_all()

    def fail(self, error: errors.HostError) -> None:
        """Say that nothing more will come."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def wait(self, quantity: str, since_ms: int, for_s: float) -> Decimal | None:
        """Return the newest value since a moment; None if none comes in time. Raises as `fail`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(quantity, since_ms), for_s)
            found = self._newest(quantity, since_ms)
            if found is None and self._failure is not None:
                raise self._failure
            return found

    def wait_whole(self, since_ms: int, for_s: float) -> dict[str, Decimal] | None:
        """Return all of the newest value since a moment, as `wait`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(None, since_ms), for_s)
            if self._newest(None, since_ms) is None and self._failure is not None:
                raise self._failure
            later = [found for at_ms, found in self._values if at_ms >= since_ms and found]
            return later[-1] if later else None

    def _is_over(self, quantity: str | None, since_ms: int) -> bool:
        return self._failure is not None or self._newest(quantity, since_ms) is not None

    def _newest(self, quantity: str | None, since_ms: int) -> Decimal | None:
        for at_ms, found in reversed(self._values):
            wanted = next(iter(found), None) if quantity is None else quantity
            if at_ms >= since_ms and wanted is not None and wanted in found:
                return found[wanted]
        return None


@contextmanager
def by_radio(
    option: str | None, address: str, model: str, now_ms: Callable[[], int]
) -> Iterator[Heard]:
    """Hear a sensor with the laptop's radio, or another that `option` names, until the end."""
    known = models.MODELS.get(model)
    heard, chosen = Heard("" if known is None else known.name), radio.chosen(option)

    def emit(_service: int, characteristic: int, raw: bytes) -> None:
        heard.add(characteristic, raw, now_ms())

    with in_background(heard, _hear(chosen, address, known, emit, now_ms)):
        yield heard


@contextmanager
def in_background(heard: Heard, work: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Let the work that hears run in a thread of its own, until the end of the context."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                loop.run_until_complete(task)
            except errors.HostError as error:
                heard.fail(error)

    thread = threading.Thread(target=run, name="values", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


async def _hear(
    chosen: radio.Radio,
    address: str,
    known: models.Model | None,
    emit: transfer.Emit,
    now_ms: Callable[[], int],
) -> None:
    if known is not None and known.only_advertises:
        await listening.adverts(chosen, address, lambda n, raw: emit(0, n, raw), None, None)
    services = None if known is None else known.reading

    def now() -> dt.datetime:
        return dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC).astimezone()

    while True:
        try:
            device = await sensor_session.find(chosen, address, None)
            async with sensor_session.connected(chosen, device, services) as opened:
                await transfer.Transfer(opened, known, emit).watch(now, None)
        except errors.WorldFailed as error:
            if error.code not in _COMES_AGAIN:
                raise
