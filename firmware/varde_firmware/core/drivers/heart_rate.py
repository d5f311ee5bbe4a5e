"""Heart rate sensors by the Heart Rate Service 0x180D (HRS 1.0): 0x2A37, notified once a second.

With RR intervals a value may be longer than 20 bytes.
"""

from . import plain

procedure = plain.procedure
