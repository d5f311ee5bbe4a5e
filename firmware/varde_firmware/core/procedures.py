"""Rows of steps that all drivers use: find, listen, encrypt, subscribe, prove.

Handlers stand before a CCCD is written, and for a bonded sensor before it is encrypted: it keeps
its CCCDs with the bond, and may indicate at once. Where the handles are from the last session is
remembered; where they have changed, the rows find out.
"""

from varde_protocols import assigned
from varde_protocols._compat import TYPE_CHECKING, const

from . import sensor_words as words
from . import steps

if TYPE_CHECKING:
    from typing import Any, Generator, List, Optional, Tuple

    from varde_protocols.value import Value

    from .steps import Facts, Procedure

    Found = words.CharacteristicFound

READS = const(0x02)  # properties (Core 5.4, Vol 3, Part G, 3.3.1.1)
WRITES = const(0x08)
NOTIFIES = const(0x10)
INDICATES = const(0x20)
SENDS = NOTIFIES | INDICATES
# 0x0001 asks for notifications, 0x0002 for indications (Core 5.4, Vol 3, Part G, 3.3.3.3). Where a
# characteristic offers both we take indications: those are confirmed, so durable first.
ASK_NOTIFY = b"\x01\x00"
ASK_INDICATE = b"\x02\x00"
ASK_NOTHING = b"\x00\x00"


def find_service(number: int, is_needed: bool = True) -> "Generator[Value, Any, List[Found]]":
    """Return the characteristics of a service. Raises EndedError if it is needed and not there."""
    handles = None
    if _has_uuid(number):
        handles = yield steps.FindService(number)
    if handles is None:
        if is_needed:
            raise steps.EndedError(words.NO_SERVICE)
        return []
    found: "List[Found]" = yield steps.FindCharacteristics(*handles)
    return found


def _has_uuid(number: int) -> bool:
    """False for a number that a config names and this firmware does not know."""
    try:
        assigned.raw(number)
    except KeyError:
        return False
    return True


def seek(facts: "Facts", number: int, wanted: int) -> "Generator[Value, Any, Optional[Found]]":
    """Return a characteristic of a service that the sensor may not have; then not ask again."""
    if number in facts.lacks:
        return None
    facts.looking_at = number
    handles = yield steps.FindService(number)
    found = None
    if handles is not None:
        found = pick((yield steps.FindCharacteristics(*handles)), wanted)
    if found is None:
        facts.lacks.add(number)
    return found


def pick(found: "List[Found]", number: int) -> "Optional[Found]":
    """Return the characteristic of this number, None if there is none."""
    for each in found:
        if each.uuid == number:
            return each
    return None


def senders(found: "List[Found]", wanted: "List[int]") -> "List[Found]":
    """Return those of the wanted that can notify or indicate."""
    return [f for f in found if f.properties & SENDS and f.uuid in wanted]


def find_switches(found: "List[Found]") -> "Generator[Value, Any, List[int]]":
    """Return the CCCD of each. Raises EndedError if one has none."""
    switches = []
    for each in found:
        switch = 0
        if each.end_handle > each.value_handle:  # NimBLE refuses to look in nothing
            switch = yield steps.FindSwitch(each.value_handle, each.end_handle)
        if not switch:
            raise steps.EndedError(words.NO_SWITCH)
        switches.append(switch)
    return switches


def listen_early(facts: "Facts") -> "Procedure":
    """Listen where the last session did: a bonded sensor may send as soon as it is encrypted."""
    if facts.is_listening:
        return
    facts.is_listening = True
    for handle, service, number in facts.handles:
        yield words.Listen(handle, service, number)


def listen(facts: "Facts", found: "List[Found]", service: int) -> "Procedure":
    """Listen to these of one service, and know where for the next session."""
    handles = [(each.value_handle, service, each.uuid) for each in found]
    known = [place for place in facts.handles if place[1] == service]
    others = [place for place in facts.handles if place[1] != service]
    if known != handles:
        facts.handles = others + handles
        if facts.sensor.bond:
            yield words.KeepHandles(facts.handles)
        if facts.is_listening and known:
            yield words.Unlisten()
            handles = facts.handles
    elif facts.is_listening:
        return
    for handle in handles:
        yield words.Listen(*handle)


def secure(facts: "Facts") -> "Procedure":
    """Encrypt, if the config wants a bond."""
    if facts.sensor.bond and not facts.is_encrypted:
        yield steps.Encrypt()


def read(facts: "Facts", handle: int) -> "Generator[Value, Any, Tuple[int, bytes]]":
    """Read; if the sensor wants encryption first, encrypt and read again."""
    status, value = yield steps.Read(handle)
    if status in (words.NOT_AUTHENTICATED, words.NOT_ENCRYPTED) and _may_secure(facts):
        yield from secure(facts)
        status, value = yield steps.Read(handle)
    return status, value


def write(facts: "Facts", handle: int, data: bytes) -> "Generator[Value, Any, int]":
    """Write with response; if the sensor wants encryption first, encrypt and write again."""
    status: int = yield steps.Write(handle, data)
    if status in (words.NOT_AUTHENTICATED, words.NOT_ENCRYPTED) and _may_secure(facts):
        yield from secure(facts)
        status = yield steps.Write(handle, data)
    return status


def _may_secure(facts: "Facts") -> bool:
    return facts.sensor.bond > 0 and not facts.is_encrypted


def subscribe(facts: "Facts", found: "List[Found]", switches: "List[int]") -> "Procedure":
    """Switch all on, one after the other. Raises EndedError if one is refused."""
    facts.looking_at = facts.flights = 0
    for each, switch in zip(found, switches):
        data = ASK_INDICATE if each.properties & INDICATES else ASK_NOTIFY
        status = yield from write(facts, switch, data)
        if status:
            raise steps.EndedError(words.REFUSED)


def prove(switches: "List[int]") -> "Procedure":
    """Read a CCCD, which every sensor lets be read (Core 5.4, Vol 3, Part G, 3.3.3.3).

    Its answer proves that the sensor has got all that we sent before, the confirmation of its
    last reading above all.
    """
    yield steps.Read(switches[0])
