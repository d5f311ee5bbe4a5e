"""Samples of a sensor that sends more than is worth keeping.

Some oximeters send waveforms, up to a hundred packets a second; sealed and signed one by one they
would fill the journal in an hour. So the stream is switched on until something came, and off again
for some seconds. What comes in between, whole packets in order, is kept as it is.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures, steps
from .. import sensor_words as words
from . import plain

if TYPE_CHECKING:
    from typing import List

EVERY_MS = const(5_000)
# The first valid values take some seconds; nobody keeps a finger in for longer than this.
_FIRST_MS = const(15_000)
_ROUNDS = const(180)


def procedure(facts: "steps.Facts", take_ms: int) -> "steps.Procedure":
    """Take `take_ms` of the stream every five seconds, as long as there is one."""
    wanted, _found = yield from plain.set_up(facts, (facts.sensor.service,))
    switches = yield from procedures.find_switches(wanted)
    yield words.Ready()
    for _turn in range(_ROUNDS):
        yield from procedures.subscribe(facts, wanted, switches)
        if not (yield steps.AwaitValue(_FIRST_MS)):
            return
        yield steps.Wait(take_ms)
        yield from silence(facts, switches)
        yield steps.Wait(EVERY_MS)


def silence(facts: "steps.Facts", switches: "List[int]") -> "steps.Procedure":
    """Switch the stream off."""
    for switch in switches:
        yield from procedures.write(facts, switch, procedures.ASK_NOTHING)
