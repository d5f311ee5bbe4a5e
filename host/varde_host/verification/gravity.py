"""Gravity: what a scale shows more or less at another place than where it was tested.

Normal gravity on the WGS 84 ellipsoid by Somigliana's formula (NIMA TR 8350.2, 4-1), less 0.3086
mGal for each metre of height. What hangs on rock below and beside is left out: some 0.05 per mille
at most, a two-hundredth of what latitude does from Oslo to Hammerfest and the equator.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from varde_host.verification import exact

AT_EQUATOR = Decimal("9.7803253359")
"""m/s²."""
_K = Decimal("0.00193185265241")
_ECCENTRICITY_SQUARED = Decimal("0.00669437999013")
_PER_METRE = Decimal("0.000003086")

PLACES = Decimal("0.0000000001")
"""The formula's own digits; more would be decoration."""


def normal_gravity(latitude_deg: Decimal, height_m: Decimal) -> Decimal:
    """Return gravity in m/s² at a latitude (degrees, north or south) and height (metres)."""
    with localcontext(exact.CONTEXT):
        squared = (1 - exact.cosine(2 * latitude_deg)) / 2
        at_sea = AT_EQUATOR * (1 + _K * squared) / (1 - _ECCENTRICITY_SQUARED * squared).sqrt()
        return (at_sea - _PER_METRE * height_m).quantize(PLACES)


def shift(load: Decimal, tested_at: Decimal, used_at: Decimal) -> Decimal:
    """Return what `load` shows more where gravity is `used_at` than where it is `tested_at`.

    load * (g_used - g_tested) / g_tested, in the load's unit.
    """
    with localcontext(exact.CONTEXT):
        return load * (used_at - tested_at) / tested_at
