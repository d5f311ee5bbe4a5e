"""Taking people in, giving them new factors, and sending them away."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.access import password, people, second_factor
from varde_host.inventory import who

_STAMP_BYTES: Final = 8


@dataclass(frozen=True)
class Enrolled:
    """What the person is to be given, once: nobody can show it again."""

    person: str
    functions: tuple[str, ...]
    address: str = field(repr=False)
    """For an app, as a QR code; holds the secret of the second factor."""
    recovery_codes: tuple[str, ...] = field(repr=False)


Give = Callable[[Enrolled], None]
"""Hands over what the person is given. If that fails, nothing is changed."""


def add(
    directory: Path,
    site_name: str,
    person: str,
    functions: Sequence[str],
    new_password: str,
    give: Give,
) -> None:
    """Take somebody in. Raises InputRefused `person-known`, `by-function`, `by-person`,
    `birth-number`, those of a weak password, and as `people.changing` and `give`."""
    chosen = _functions(functions, person)
    password.refuse_weak(new_password, person, person)
    kept = password.make(new_password)
    with people.changing(directory) as known:
        if person in known:
            raise errors.InputRefused("person-known", person)
        known[person], enrolled = _new(person, chosen, kept, site_name)
        give(enrolled)


def reset(directory: Path, site_name: str, person: str, new_password: str, give: Give) -> None:
    """Give somebody a new password and a new second factor; what they had is worth nothing.

    Sessions of theirs end. Who was disabled is let in again. Raises as `add`, `person-unknown`.
    """
    password.refuse_weak(new_password, person, person)
    kept = password.make(new_password)
    with people.changing(directory) as known:
        before = _known(known, person)
        known[person], enrolled = _new(person, before.functions, kept, site_name)
        give(enrolled)


def disable(directory: Path, person: str) -> None:
    """Let somebody in no more; sessions of theirs end. Raises as `reset`."""
    with people.changing(directory) as known:
        known[person] = replace(_known(known, person), is_disabled=True, stamp=_stamp())


def assign(directory: Path, person: str, functions: Sequence[str]) -> None:
    """Give somebody other functions; they log in anew. Raises as `reset`, `by-function`."""
    chosen = _functions(functions, person)
    with people.changing(directory) as known:
        known[person] = replace(_known(known, person), functions=chosen, stamp=_stamp())


def _new(
    person: str, functions: tuple[str, ...], kept: str, site_name: str
) -> tuple[people.Person, Enrolled]:
    secret, codes = second_factor.new_secret(), second_factor.new_recovery_codes()
    hashes = tuple(map(second_factor.recovery_hash, codes))
    made = people.Person(functions, kept, secret, hashes, _stamp())
    address = second_factor.address(secret, person, site_name)
    return made, Enrolled(person, functions, address, tuple(codes))


def _functions(given: Sequence[str], person: str) -> tuple[str, ...]:
    """Check the functions and the short id together."""
    for function in given:
        who.Who(function, person)
    return tuple(each for each in who.FUNCTIONS if each in given)


def _known(known: people.People, person: str) -> people.Person:
    if person not in known:
        raise errors.InputRefused("person-unknown", person[:30])
    return known[person]


def _stamp() -> str:
    return secrets.token_hex(_STAMP_BYTES)
