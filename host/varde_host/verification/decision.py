"""The decision rule, fixed before anything is measured: four outcomes with a guard band w = U.

ILAC-G8:09/2019, 4.2.3 (non-binary statement with guard band), as ISO/IEC 17025:2017, 7.8.6 asks a
laboratory to state. With U at k = 2 an outcome `passed` at the edge of the guard band is wrong at
most about once in 44 times (2.3 %, one tail of two standard deviations); without a guard band it
would be up to every second time.

  |E| <= MPE - U              passed
  MPE - U < |E| <= MPE        passed, but within the uncertainty
  MPE < |E| <= MPE + U        failed, but within the uncertainty
  MPE + U < |E|               failed
"""

from __future__ import annotations

from decimal import Decimal

from varde_host.verification import judgement


def decide(error: Decimal, mpe: Decimal, expanded_u: Decimal) -> str:
    """Return the outcome of an error under a limit, with the guard band w = `expanded_u`."""
    size = abs(error)
    if size <= mpe - expanded_u:
        return judgement.PASSED
    if size <= mpe:
        return judgement.PASSED_WITHIN
    return judgement.FAILED_WITHIN if size <= mpe + expanded_u else judgement.FAILED


def decide_simply(error: Decimal, mpe: Decimal) -> str:
    """Return passed or failed: simple acceptance, for what has no budget of uncertainty."""
    return judgement.PASSED if abs(error) <= mpe else judgement.FAILED
