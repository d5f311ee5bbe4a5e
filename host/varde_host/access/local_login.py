"""Logging in with a password and a second factor, for a bench without a network.

One answer for every failure: nobody learns whether the person, the password or the code was
wrong, by the words or by the time it takes. What waits and counts is in `lockout`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from varde_host import errors
from varde_host.access import lockout, password, people, second_factor
from varde_host.access.identity import Local
from varde_host.access.people import Person
from varde_host.access.sessions import Sessions
from varde_host.access.tenants import Tenant

_MOST_CHARACTERS: Final = 30


@dataclass(frozen=True)
class Given:
    """What somebody typed."""

    person: str
    password: str
    code: str

    def __repr__(self) -> str:
        return "Given()"


def log_in(store: Sessions, tenant: Tenant, given: Given, now_ms: int) -> Local:
    """Return who it is; takes a quarter of a second, so call it in a thread.

    Raises InputRefused `til-02` (wrong, whatever it was), `til-03`, `til-08` (too many tries), and
    as `people.load`.
    """
    if not tenant.rules.is_local_allowed:
        raise errors.InputRefused("til-02")
    person = given.person.strip().lower()[:_MOST_CHARACTERS]
    known = people.load(tenant.directory).get(person)
    counted = lockout.whom(tenant.key, person, known.stamp if known else "")
    lockout.take_try(store, counted, now_ms)
    is_right = password.fits(given.password, known.password if known else "")
    stamp = _second(tenant, person, known, given.code, now_ms, is_right=is_right)
    store.forgive(counted)
    return Local(tenant.key, person, stamp)


def _second(
    tenant: Tenant, person: str, known: Person | None, code: str, now_ms: int, *, is_right: bool
) -> str:
    """Use up the second factor, and return the person's stamp; raises InputRefused `til-02`."""
    with people.changing(tenant.directory) as everybody:
        now = _used(everybody, person, code, now_ms)
        is_same = known is not None and now is not None and now.stamp == known.stamp
        if not is_right or not is_same or now is None or now.is_disabled:
            raise errors.InputRefused("til-02")
        everybody[person] = now
        return now.stamp


def _used(everybody: Mapping[str, Person], person: str, code: str, now_ms: int) -> Person | None:
    """Return the person as they are after this code, None if it is none of theirs."""
    known = everybody.get(person)
    if known is None:
        return None
    step = second_factor.used_step(known.totp, code, now_ms, known.last_step)
    if step is not None:
        return replace(known, last_step=step)
    spent = second_factor.recovery_hash(code)
    if spent not in known.recovery:
        return None
    return replace(known, recovery=tuple(each for each in known.recovery if each != spent))
