"""Xiaomi Mi Smart Scale (v1, 181D) and Mi Body Composition Scale (v2, 181B): weights in adverts.

What is simulated, and where it is known from:
- The reading is service data of the advertisement, in no layout of the specification, and is
  repeated in every advertisement while the scale is awake. v1, 10 bytes: control, weight u16,
  then the stamp. v2, 13 bytes: two control bytes, the stamp, impedance u16 (ohm), weight u16. The
  weight counts 0.005 kg, or 0.01 lb. The stamp is year u16, month, day, hour, minute, second
  (custom-components/ble_monitor, ble_parser/miscale.py; wiecosystem/Bluetooth,
  doc/devices/huami.health.scale2.md).
- Control bits, v1 and the second byte of v2: 5 stable, 7 load removed; v1: 0 pounds; v2: 1
  impedance measured; v2's first byte is 2 for kg, 3 for pounds (the same parser; catties, which
  it also knows, are not simulated).
- First it flickers, then the weight is stable, then (v2) the impedance is there, then the load is
  removed: each is a frame of its own with the same weight (esphome/esphome PR 1368: the frame is
  sent again until the person steps off).
- With socks on the impedance is 0xFFFD (same pull request).
- The clock is the device's and may be years off. Fault "ghost-weight": under 5 kg, stable, some
  seconds after the person stepped off (home-assistant/core #104300).
- One can connect; the history there is not simulated. The encrypted S400 is another protocol.
Not confirmed: the date that an unset scale shows; how long each frame lasts; that it names its
service besides; that bit 1 is set with 0xFFFD, too.
"""

import struct
from collections.abc import Sequence
from datetime import datetime

from varde_protocols.assigned import XIAOMI_ADVERT_BODY, XIAOMI_ADVERT_WEIGHT
from varde_simulator.sensors.behaviour import Behaviour, Values
from varde_simulator.sensors.ledger import Notification, Reading
from varde_simulator.sensors.meaning import Body, Meaning, Weight
from varde_simulator.sensors.model import ClockPlan, Model, advertisement
from varde_simulator.sensors.sensor_clock import UNKNOWN_STAMP
from varde_simulator.sensors.standard_services import (
    BODY_COMPOSITION_SERVICE,
    WEIGHT_SERVICE,
    device_information,
)
from varde_simulator.sensors.virtual_sensor import VirtualSensor

_POUNDS_V1, _KG_V1 = 0x01, 0x02
_KG_V2, _POUNDS_V2 = 2, 3
_HAS_IMPEDANCE, _ALWAYS_V2 = 0x02, 0x04
_STABLE, _REMOVED = 0x20, 0x80
_SOCKS = 0xFFFD
_COUNTS_PER_KG, _COUNTS_PER_POUND = 200, 100

FLICKER_S = 1.5
STABLE_S = 3.0  # v2: until the impedance is there
STANDING_S = 4.0
GHOST_AFTER_S = 7.0  # the report says 5 to 10 s, or up to a minute
GHOST_KG = (0.5, 4.9)


class XiaomiScale(Behaviour):
    """The frames of a weighing, one after the other. `number` is what a reading goes by."""

    number = 0
    service = 0

    def weighed(self, meaning: Weight | Body, stamp: bytes) -> bytes:
        """The frame that a scale ends up with while the person still stands on it."""
        raise NotImplementedError

    def before(self, frame: bytes) -> list[tuple[float, bytes]]:
        """Frames before that one, with the seconds that each is on the air."""
        raise NotImplementedError

    control = 0  # where the bits of a frame stand that say stable and removed

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        self.measures = (self.number,)
        self._frame = b""

    def advertisement(self) -> tuple[bytes, bytes]:
        data = (self.service, self._frame or self.weighed(Weight(0), self._stamp()))
        name = self.sensor.model.name.encode()
        return advertisement(name, self.sensor.model.advertised_services, service_data=data)

    def encode(self, meaning: Meaning, user: int) -> Values:
        if not isinstance(meaning, Weight | Body):
            return super().encode(meaning, user)
        return [(self.number, self.weighed(meaning, self._stamp()))]

    def measured(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            at_s = 0.0
            for seconds, frame in self.before(reading.value):
                self._show(at_s, frame, None)
                at_s += seconds
            self._show(at_s, reading.value, reading)
            self._show(at_s + STANDING_S, self._with(reading.value, _REMOVED), None)
            if self.sensor.faults.strikes("ghost-weight"):
                self.sensor.later("ghost", at_s + STANDING_S + GHOST_AFTER_S, self._ghost)

    def _ghost(self) -> None:
        kg = round(self.sensor.faults.random.uniform(*GHOST_KG), 2)
        value = self.weighed(Weight(kg), self._stamp())
        now_us = self.sensor.now_us()
        self._show(0, value, self.sensor.ledger.add(self.number, value, now_us))

    def _show(self, in_s: float, frame: bytes, reading: Reading | None) -> None:
        """Advertises this from then on."""

        def show() -> None:
            self._frame = frame
            self.sensor.wake()
            self.sensor.advertise()
            now_us = self.sensor.now_us()
            if reading is not None:
                reading.sent_us.append(now_us)
            else:  # a host may keep it, and need not
                passing = Notification(self.number, frame, now_us, carried=False)
                self.sensor.ledger.notifications.append(passing)

        self.sensor.later(f"frame {in_s}", in_s, show)

    def _with(self, frame: bytes, bits: int) -> bytes:
        if len(frame) <= self.control:
            return frame  # a fault has cut it
        changed = bytearray(frame)
        changed[self.control] |= bits
        return bytes(changed)

    def _without(self, frame: bytes, bits: int) -> bytes:
        changed = bytearray(self._with(frame, bits))
        if len(changed) > self.control:
            changed[self.control] ^= bits
        return bytes(changed)

    def _stamp(self) -> bytes:
        return self.sensor.clock.stamp() if self.sensor.clock else UNKNOWN_STAMP


class XiaomiScale1(XiaomiScale):
    """Weight only."""

    number = XIAOMI_ADVERT_WEIGHT
    service = WEIGHT_SERVICE

    def weighed(self, meaning: Weight | Body, stamp: bytes) -> bytes:
        unit = _POUNDS_V1 if _in_pounds(meaning) else _KG_V1
        return struct.pack("<BH", unit | _STABLE, _counts(meaning)) + stamp

    def before(self, frame: bytes) -> list[tuple[float, bytes]]:
        return [(FLICKER_S, self._without(frame, _STABLE))]


class XiaomiScale2(XiaomiScale):
    """Weight, then impedance through the soles."""

    number = XIAOMI_ADVERT_BODY
    service = BODY_COMPOSITION_SERVICE
    control = 1

    def weighed(self, meaning: Weight | Body, stamp: bytes) -> bytes:
        unit = _POUNDS_V2 if _in_pounds(meaning) else _KG_V2
        ohm = meaning.impedance if isinstance(meaning, Body) else None
        impedance = _SOCKS if ohm is None else round(ohm)
        state = _ALWAYS_V2 | _STABLE | _HAS_IMPEDANCE
        return bytes([unit, state]) + stamp + struct.pack("<HH", impedance, _counts(meaning))

    def before(self, frame: bytes) -> list[tuple[float, bytes]]:
        without = self._without(frame, _HAS_IMPEDANCE)
        without = without[:9] + bytes(2) + without[11:]
        return [(FLICKER_S, self._without(without, _STABLE)), (STABLE_S, without)]


def _in_pounds(meaning: Weight | Body) -> bool:
    return isinstance(meaning, Weight) and meaning.pounds


def _counts(meaning: Weight | Body) -> int:
    per_unit = _COUNTS_PER_POUND if _in_pounds(meaning) else _COUNTS_PER_KG
    return round((meaning.weight or 0) * per_unit)


def xiaomi_scale(serial: str = "XM200001", battery_percent: int = 60) -> Model:
    """Body composition scale (v2): weight and impedance in its advertisements."""
    del battery_percent  # it tells nobody
    return _model("MIBFS", "XMTZC05HM", serial, XiaomiScale2, BODY_COMPOSITION_SERVICE)


def xiaomi_scale_1(serial: str = "XM100001", battery_percent: int = 60) -> Model:
    """Weight scale (v1): the weight in its advertisements, its clock years off."""
    del battery_percent
    return _model("MI_SCALE", "XMTZC01HM", serial, XiaomiScale1, WEIGHT_SERVICE)


def _model(
    name: str, model: str, serial: str, behaviour: type[XiaomiScale], service: int
) -> Model:
    return Model(
        name=name,
        services=(device_information(model, serial, "Huami"),),
        advertised_services=(service,),
        burst_s=15.0,
        idle_s=5.0,
        max_stored=0,
        clock=ClockPlan(unset=datetime(2015, 1, 1)),  # noqa: DTZ001  a scale knows no zone
        driver="xiaomi-scale",
        behaviour=behaviour,
    )
