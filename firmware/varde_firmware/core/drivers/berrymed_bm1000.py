"""BerryMed BM1000, an oximeter for the fingertip: five bytes, a hundred times a second.

It does not advertise its service, 49535343-FE7D-..., and sends nothing before its CCCD is written.

Sources: ehborisov/BerryMed-Pulse-Oximeter-tool, zh2x/BCI_Protocol.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import stream

if TYPE_CHECKING:
    from .. import steps

_TAKE_MS = const(0)  # every packet holds all there is


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """A packet or some, every five seconds."""
    yield from stream.procedure(facts, _TAKE_MS)
