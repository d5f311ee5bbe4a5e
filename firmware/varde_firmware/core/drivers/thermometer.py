"""Thermometers by the Health Thermometer Service 0x1809 (HTS 1.0).

The result 0x2A1C is indicated, intermediate values 0x2A1E are notified; 13 bytes at most.
"""

from . import plain

procedure = plain.short_procedure
