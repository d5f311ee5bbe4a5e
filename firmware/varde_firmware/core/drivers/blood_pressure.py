"""Blood pressure cuffs by the Blood Pressure Service 0x1810 (BLS 1.1.1).

The result 0x2A35 is indicated, the cuff's pressure meanwhile 0x2A36 notified. 19 bytes at most, so
no MTU exchange: a round trip less is a cuff less that switches off.
"""

from . import plain

procedure = plain.short_procedure
