"""What a sensor says of itself, read and not changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from varde_host import errors

from . import moment, table, timing
from .models import Model
from .session import Session

_NOT_READABLE = {"sensor-refused", "sensor-wants-pairing"}
_ASKED_BESIDE = (
    table.DEVICE_INFORMATION,
    table.BATTERY,
    table.CURRENT_TIME_SERVICE,
    table.ELAPSED_TIME_SERVICE,
)

FITS, OTHER_SERVICES, OTHER_NUMBER = "fits", "other-services", "other-model-number"


@dataclass(frozen=True)
class Info:
    """`identity` has the keys of `table.IDENTITY`; `features` are (service, characteristic,
    bytes); `verdict` compares with the model that was named, None if none was; `locked` tells if
    something is only for those who have paired."""

    services: list[int]
    identity: dict[str, bytes]
    battery: bytes | None
    features: list[tuple[int, int, bytes]]
    clock: moment.Shown | None
    verdict: str | None
    locked: bool


def services_of(model: Model | None) -> tuple[int, ...] | None:
    """The services to ask for: some models stand no more than they need (docs/sensor-command.md);
    None, all, of a sensor that is not known."""
    return None if model is None else model.reading + _ASKED_BESIDE


async def ask(session: Session, model: Model | None, now: Callable[[], dt.datetime]) -> Info:
    """Read identity, clock, battery and abilities, in the order that most sensors stand."""
    asked = _Asked(session)
    identity = {key: await asked.value(number) for number, key in table.IDENTITY.items()}
    clock = await asked.clock(model, now)
    battery = await asked.value(table.BATTERY_LEVEL)
    services = session.services
    features = []
    for service, number in table.FEATURES.items():
        raw = await asked.value(number) if service in services else None
        if raw is not None:
            features.append((service, number, raw))
    given = {key: raw for key, raw in identity.items() if raw is not None}
    return Info(
        services=services,
        identity=given,
        battery=battery,
        features=features,
        clock=clock,
        verdict=None if model is None else verdict(model, services, given.get("model-number")),
        locked=asked.locked,
    )


def verdict(model: Model, services: list[int], model_number: bytes | None) -> str:
    """Compare a sensor with the model that it should be."""
    if not set(model.reading) & set(services):
        return OTHER_SERVICES
    if model_number is not None and model.says:
        said = model_number.decode("utf-8", "replace").lower()
        if not any(word.lower() in said for word in model.says):
            return OTHER_NUMBER
    return FITS


class _Asked:
    """Reads what can be read, and remembers if something wanted a bond."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.locked = False

    async def value(self, number: int) -> bytes | None:
        characteristic = self._session.find(number)
        if characteristic is None or "read" not in characteristic.properties:
            return None
        try:
            return await self._session.read(characteristic)
        except errors.WorldFailed as error:
            self._excuse(error)
            return None

    async def clock(
        self, model: Model | None, now: Callable[[], dt.datetime]
    ) -> moment.Shown | None:
        try:
            return await timing.read(self._session, model, now)
        except errors.WorldFailed as error:
            self._excuse(error)
            return None

    def _excuse(self, error: errors.WorldFailed) -> None:
        if error.code not in _NOT_READABLE:
            raise error
        self.locked = self.locked or error.code == "sensor-wants-pairing"
