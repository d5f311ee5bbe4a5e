"""The order that most sensors take, and that every driver by specification starts from.

Find what is configured and listen to it, be encrypted if the config wants a bond, look at the
clock, subscribe, receive until it is quiet, look at the battery. The values come first: what is
not needed for them waits until they are there, as far as the stack allows (it discovers before
`Ready` only). The last step reads something, which proves that the last confirmation arrived.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures, steps
from .. import sensor_words as words
from . import battery, sensor_clock

if TYPE_CHECKING:
    from typing import Any, Generator, List, Sequence, Tuple

    from varde_protocols.value import Value

    Found = List[words.CharacteristicFound]

# A cuff may be connected while it still measures, which takes up to a minute.
FIRST_MS = const(60_000)
# Stored readings come tens of milliseconds apart; a second of silence ends a transfer, and is
# sooner than the 2 s after which sensors of this kind hang up or start advertising again.
QUIET_MS = const(1_000)
# Continuous values (PLX 2A5F) come about once a second, so silence takes longer to be sure of.
STREAM_QUIET_MS = const(5_000)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """All of it, with an MTU for values of more than 20 bytes."""
    yield steps.ExchangeMtu()
    yield from short_procedure(facts)


def short_procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Set up, receive, look at the battery."""
    wanted, found = yield from set_up(facts, (facts.sensor.service,))
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield from sensor_clock.look_after(facts, found)
    level = yield from battery.find(facts)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from receive(wanted)
    if level is None:
        yield from procedures.prove(switches)
    else:
        yield from battery.look(facts, level)


def set_up(
    facts: "steps.Facts", services: "Sequence[int]"
) -> "Generator[Value, Any, Tuple[Found, Found]]":
    """Find the configured characteristics in these services and listen to them.

    Returns those, and all of these services. Raises EndedError if what the config names is not
    there.
    """
    yield from procedures.listen_early(facts)
    wanted: "Found" = []
    everything: "Found" = []
    for service in services:
        found = yield from procedures.find_service(service, service == facts.sensor.service)
        senders = procedures.senders(found, facts.sensor.characteristics)
        yield from procedures.listen(facts, senders, service)
        wanted = wanted + senders
        everything = everything + found
    if not wanted:
        raise steps.EndedError(words.NO_CHARACTERISTIC)
    return wanted, everything


def receive(wanted: "Found", first_ms: int = FIRST_MS) -> "steps.Procedure":
    """Receive until it is quiet."""
    quiet_ms = QUIET_MS
    for each in wanted:
        if not each.properties & procedures.INDICATES:
            quiet_ms = STREAM_QUIET_MS
    yield steps.Receive(first_ms, quiet_ms)
