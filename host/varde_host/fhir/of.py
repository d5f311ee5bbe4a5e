"""One measurement as FHIR: its Observations, and the devices and clocks around them.

Pure, and the same each time: what is the same measurement has the same identifiers, references
and bytes, whoever asks and whenever.
"""

from __future__ import annotations

from dataclasses import dataclass

from varde_host.fhir import measured as measured_module
from varde_host.fhir.style import Resource, Style


@dataclass(frozen=True, slots=True)
class Made:
    """`observations` are what was measured, in order, none where nothing was.

    The first identifier of each is its own for ever (`identifier.of`), by which it is created
    conditionally, amended and known in the ledger. `around` are Devices, DeviceMetrics and the
    coincident time that the observations refer to as `urn:uuid:`, what is referred to first; empty
    where the style puts them inside.
    """

    observations: list[Resource]
    around: list[Resource]


def of(measured: measured_module.Measured, style: Style) -> Made:
    """Return all that is handed on of a measurement in a target's style."""
    raise NotImplementedError
