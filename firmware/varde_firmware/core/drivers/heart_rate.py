"""Heart rate sensors by the Heart Rate Service 0x180D (HRS 1.0): 0x2A37, notified once a second.

With RR intervals a value may be longer than 20 bytes.
"""

from varde_firmware.core import steps
from varde_firmware.core.drivers import plain


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """As most."""
    yield from plain.procedure(facts)
