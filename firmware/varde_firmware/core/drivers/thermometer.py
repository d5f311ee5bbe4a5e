"""Thermometers by the Health Thermometer Service 0x1809 (HTS 1.0).

The result 0x2A1C is indicated, intermediate values 0x2A1E are notified; 13 bytes at most.
"""

from varde_firmware.core import steps
from varde_firmware.core.drivers import plain


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """As most."""
    yield from plain.procedure(facts, needs_mtu=False)
