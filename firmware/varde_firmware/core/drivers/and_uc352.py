"""A&D UC-352BLE, a scale: as its maker's cuff, see `and_ua651`.

It powers down when it likes: about one session in twenty finds it gone. What it did not get
confirmed it keeps, and offers again.
"""

from . import and_ua651

procedure = and_ua651.procedure
