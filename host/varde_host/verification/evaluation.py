"""From what was measured to what may be said: one function, without clock, file or chance."""

from __future__ import annotations

from varde_host.verification import judgement, measured, procedure


def evaluate(used: procedure.Procedure, seen: measured.Measured) -> judgement.Judgement:
    """Return the judgement that follows from `seen` by the procedure `used`.

    Deterministic and total: whatever was measured gives a judgement; what misses is NOT_DONE. The
    level is never rounded up: N3 wants all points and a reference whose certificate holds
    on the day and is good enough, N4 an accredited laboratory's certificate of the sensor itself.
    """
    raise NotImplementedError
