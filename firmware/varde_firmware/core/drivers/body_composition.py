"""Body composition scales by the Body Composition Service 0x181B (BCS 1.0).

0x2A9C is indicated; with all its fields it passes 20 bytes, and a scale that was not asked for a
larger MTU splits it: bit 12 of the flags says that more comes with the next indication. Each part
is a reading of its own here, in order; who decodes merges them. Many of these scales hold a Weight
Scale Service too, which the config may ask for.
"""

from . import plain

procedure = plain.procedure
