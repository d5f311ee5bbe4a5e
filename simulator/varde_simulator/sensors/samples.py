"""What a sensor measures when nobody has written a scenario: plausible values of a person at rest.

Kind by kind of what a model serves; the numbers have the digits of a usual display. Invented, and
meant for trying things out; test vectors are elsewhere.
"""

import random

from varde_protocols import assigned
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors.virtual_sensor import VirtualSensor

FINGER_S = 10  # an oximeter is worn this long: short, so that a try does not take a minute
INFLATION_S = 5
_INFLATION_MMHG = 35  # a second

_OXYGEN_STREAMS = {
    0x2A5F,
    assigned.NONIN_CONTINUOUS,
    assigned.VIATOM_NOTIFY,
    assigned.BERRYMED_NOTIFY,
    assigned.JUMPER_NOTIFY,
}
_BODY = {0x2A9C, assigned.XIAOMI_ADVERT_BODY}
_TEMPERATURE = {0x2A1C, 0x2B8B}  # a health sensor (GHS) could measure anything
_WEIGHT = {0x2A9D, assigned.XIAOMI_ADVERT_WEIGHT}

Live = list[tuple[float, m.Meaning]]


def measure(sensor: VirtualSensor, draw: random.Random) -> None:
    """One measurement of what this sensor is for, as a person would take it now."""
    kinds = {*sensor.table.values, *sensor.behaviour.measures}
    live = _live(kinds, draw)
    duration_s = max((at_s for at_s, _ in live), default=0.0)
    sensor.take(*_results(kinds, draw), live=live, duration_s=duration_s)


def _results(kinds: set[int], draw: random.Random) -> list[m.Meaning]:
    """What stands on the display at the end."""
    results: list[m.Meaning] = []
    if 0x2A35 in kinds:
        systolic, diastolic = draw.randint(105, 165), draw.randint(62, 98)
        mean = round((systolic + 2 * diastolic) / 3)
        results.append(m.Pressure(systolic, diastolic, mean, _pulse(draw)))
    kg = round(draw.uniform(48, 112), 2)
    if kinds & _BODY:
        fat, ohm = round(draw.uniform(12, 38), 1), draw.randint(380, 620)
        results.append(m.Body(fat, impedance=ohm, weight=kg))
    if kinds & _WEIGHT:
        results.append(m.Weight(kg))
    if 0x2A5E in kinds:
        amplitude = round(draw.uniform(1, 12), 1)
        results.append(m.Oxygen(draw.randint(88, 99), _pulse(draw), amplitude))
    if kinds & _TEMPERATURE:
        results.append(m.Temperature(round(draw.uniform(35.8, 39.4), 1)))
    if 0x2A18 in kinds:
        results.append(m.Glucose(round(draw.uniform(3.9, 14.5), 1)))
    return results


def _live(kinds: set[int], draw: random.Random) -> Live:
    """What is shown on the way there, a value a second."""
    live: Live = []
    if kinds & _OXYGEN_STREAMS:
        spo2, pulse, amplitude = draw.randint(88, 98), _pulse(draw), round(draw.uniform(1, 12), 1)
        for second in range(FINGER_S):
            now = m.OxygenNow(spo2 + draw.randint(0, 1), pulse + draw.randint(-2, 2), amplitude)
            live.append((second + 1.0, now))
    if 0x2A36 in kinds:
        for second in range(INFLATION_S):
            live.append((second + 1.0, m.CuffPressure(_INFLATION_MMHG * (second + 1))))
    if 0x2A37 in kinds:
        pulse = _pulse(draw)
        for second in range(FINGER_S):
            live.append((second + 1.0, m.HeartRate(pulse + draw.randint(-2, 2))))
    return live


def _pulse(draw: random.Random) -> int:
    return draw.randint(48, 104)
