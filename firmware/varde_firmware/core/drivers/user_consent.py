"""The User Control Point 0x2A9F: consent to a user's data (User Data Service 1.1, 3.2).

Op code 2 with the user's index and consent code; the answer is 0x20, the op code, the result. The
hub only consents. Whom an index stands for, and the profile, are nothing that it knows or writes.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures, steps
from .. import sensor_words as words
from . import record_access

if TYPE_CHECKING:
    from typing import Any, Generator, Optional

    from varde_protocols.value import Value

SERVICE = const(0x181C)
CONTROL_POINT = const(0x2A9F)
_CONSENT = const(2)
_ANSWER = const(0x20)
_SUCCESS = const(1)
_LIMIT_MS = const(10_000)


def open_point(facts: "steps.Facts") -> "Generator[Value, Any, words.CharacteristicFound]":
    """Find the control point and switch it on. Raises EndedError if the sensor has none."""
    found = yield from procedures.find_service(SERVICE)
    control = procedures.pick(found, CONTROL_POINT)
    if control is None:
        raise steps.EndedError(words.NO_CHARACTERISTIC)
    yield from record_access.open_point(facts, control)
    return control


def consent(facts: "steps.Facts", control: "words.CharacteristicFound") -> "steps.Procedure":
    """Consent as the configured user. Raises EndedError if the sensor does not take it."""
    if facts.sensor.user is None:
        return
    index, code = facts.sensor.user
    request = bytes((_CONSENT, index, code & 0xFF, code >> 8))
    status = yield from procedures.write(facts, control.value_handle, request)
    if status:
        raise steps.EndedError(words.REFUSED)
    answer: "Optional[bytes]" = yield steps.AwaitControl(control.value_handle, _LIMIT_MS)
    if answer is None or answer[:3] != bytes((_ANSWER, _CONSENT, _SUCCESS)):
        raise steps.EndedError(words.REFUSED)
