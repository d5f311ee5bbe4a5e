"""Omron cuffs and scales of the SIG type (Evolv, X4/M4, BP5250/7000, SC-150).

It bonds, by Just Works and while its button is held, and refuses in every other mode; the name
says which ("BLEsmart_" pairing, "BLESmart_" transfer). The bond comes before everything else, also
before the first look at its services. Its clock 0x2A2B notifies once when it is switched on; that
is the moment to set it, as an answer, and only if it is off by about ten minutes. The readings
come by themselves then, indicated; the store is one a user, and deleted by some models when it was
transferred.

Its option service 5DF5E817-... has a Record Access Control Point with op codes of its own (0x10:
which is the newest number). Nothing there is needed to get the readings, so nothing is written.

Sources: StanfordSpezi/SpeziDevices f6d0b16 (SpeziOmron), weliem/blessed-android 44bba83,
eigger/hass-omron d6758ed (bond first, clock).
"""

from varde_protocols._compat import const

from .. import procedures, steps
from .. import sensor_words as words
from . import battery, plain, record_access, sensor_clock

_RIGHT_MS = const(600_000)
_CLOCK_WAIT_MS = const(3_000)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """The bond, the clock when it asks, the readings."""
    yield from procedures.listen_early(facts)
    yield from procedures.secure(facts)
    wanted, _found = yield from plain.set_up(facts, (facts.sensor.service,))
    switches = yield from procedures.find_switches(wanted)
    level = yield from battery.find(facts)
    clock = yield from procedures.seek(facts, sensor_clock.SERVICE, sensor_clock.CURRENT_TIME)
    if clock is not None and clock.properties & procedures.SENDS:
        yield from answer_clock(facts, clock)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from plain.receive(wanted)
    if level is not None:
        yield from battery.look(facts, level)


def answer_clock(facts: "steps.Facts", clock: "words.CharacteristicFound") -> "steps.Procedure":
    """Wait for the clock's notification and answer it."""
    yield from record_access.open_point(facts, clock)
    value = yield steps.AwaitControl(clock.value_handle, _CLOCK_WAIT_MS)
    if value is not None:
        yield from sensor_clock.correct(facts, clock, value, _RIGHT_MS)
