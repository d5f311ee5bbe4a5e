"""Whoever fails waits: five tries at once, then one a minute, one in two minutes, up to an hour.

After a hundred in a row nothing but a new enrolment helps (NIST SP 800-63B-4 section 3.2.2). All
of it counts for a person whom we do not know as well, so nobody learns who is known. A try counts
before it is looked at: many at once are not looked at for the price of one.
"""

from __future__ import annotations

import hashlib
from typing import Final

from varde_host import errors
from varde_host.access.sessions import Sessions

FREE_TRIES: Final = 5
MOST_TRIES: Final = 100
_FIRST_WAIT_MS: Final = 60_000
_LONGEST_WAIT_MS: Final = 60 * 60_000
_FORGOTTEN_MS: Final = 30 * 24 * 3_600_000
MOST_REMEMBERED: Final = 20_000
"""Those who failed most and last; an attacker who makes up people drives out made-up people."""


def whom(site: str, person: str, stamp: str) -> bytes:
    """Return whose failures are counted; a new enrolment (`stamp`) begins at none."""
    return hashlib.sha256("\0".join((site, person[:100], stamp)).encode()).digest()


def take_try(store: Sessions, who: bytes, now_ms: int) -> None:
    """Count a try; raises InputRefused `til-03` for one that comes too early, `til-08`."""
    with store.counting(who) as failed:
        if failed.count >= MOST_TRIES:
            raise errors.InputRefused("til-08")
        # a clock that was set back does not make anybody wait for longer than the longest
        wait_ms = min(failed.until_ms - now_ms, _LONGEST_WAIT_MS)
        if wait_ms > 0:
            raise errors.InputRefused("til-03", minutes=1 + (wait_ms - 1) // 60_000)
        failed.count += 1
        failed.until_ms = now_ms + wait_after(failed.count)
        failed.at_ms = now_ms
    store.forget_failures(now_ms - _FORGOTTEN_MS, MOST_REMEMBERED)


def wait_after(count: int) -> int:
    """Return how long to wait after so many failures, in milliseconds."""
    if count < FREE_TRIES:
        return 0
    return min(_FIRST_WAIT_MS << min(count - FREE_TRIES, 10), _LONGEST_WAIT_MS)
