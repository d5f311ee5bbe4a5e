"""The battery's level 0x2A19 (Battery Service 1.0), journaled as a reading once a day."""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures
from .. import sensor_words as words

if TYPE_CHECKING:
    from typing import Any, Generator, Optional

    from varde_protocols.value import Value

    from .. import steps

SERVICE = const(0x180F)
LEVEL = const(0x2A19)
# Batteries last for months. Looking costs half a second, in which a sensor may switch off.
EVERY_MS = const(86_400_000)


def find(
    facts: "steps.Facts",
) -> "Generator[Value, Any, Optional[words.CharacteristicFound]]":
    """Return the level's characteristic if it is time to look at it."""
    if facts.battery_ms is not None and facts.now_ms - facts.battery_ms < EVERY_MS:
        return None
    found: "Optional[words.CharacteristicFound]"
    found = yield from procedures.seek(facts, SERVICE, LEVEL)
    return found


def look(facts: "steps.Facts", level: "words.CharacteristicFound") -> "steps.Procedure":
    """Read it."""
    status, value = yield from procedures.read(facts, level.value_handle)
    if status == 0 and value:
        facts.battery_ms = facts.now_ms
        yield words.KeepRead(SERVICE, LEVEL, value)
