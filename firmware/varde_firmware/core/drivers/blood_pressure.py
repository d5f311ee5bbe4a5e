"""Blood pressure cuffs by the Blood Pressure Service 0x1810 (BLS 1.1.1).

The result 0x2A35 is indicated, the cuff's pressure meanwhile 0x2A36 notified. 19 bytes at most, so
no MTU exchange: a round trip less is a cuff less that switches off.
"""

from varde_firmware.core import steps
from varde_firmware.core.drivers import plain


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """As most."""
    yield from plain.procedure(facts, needs_mtu=False)
