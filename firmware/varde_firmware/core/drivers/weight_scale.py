"""Scales by the Weight Scale Service 0x181D (WSS 1.0): 0x2A9D, indicated, 15 bytes at most."""

from varde_firmware.core import steps
from varde_firmware.core.drivers import plain


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """As most."""
    yield from plain.procedure(facts, needs_mtu=False)
