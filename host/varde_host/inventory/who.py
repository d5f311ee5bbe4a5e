"""Who does something: a function of the service, and in the log the person who acted for it.

Tasks belong to functions, never to named persons; a person stands in the audit log alone, by the
short id that the municipality's own user list knows ("t17"), never by name or birth number.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from varde_host import errors
from varde_host.inventory import birth_number

BY_VARIABLE = "VARDE_BY"

TECHNICIAN = "lagertekniker"
CALIBRATION = "kalibreringsansvarlig"
IT = "it-drift"
FOLLOW_UP = "oppfolgingstjeneste"
OWNER = "tjenesteeier"
AUDITOR = "revisor"
CHECKERS = (TECHNICIAN, CALIBRATION)
"""Who may say of a kit or a thing that it was found good."""
FUNCTIONS = (TECHNICIAN, CALIBRATION, IT, FOLLOW_UP, OWNER, AUDITOR)

# Room for the user ids that municipalities have, and not for a full name with its spaces.
_PERSON = re.compile(r"[a-z][a-z0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Who:
    """A function and a person. Raises InputRefused `by-function`, `by-person`, `birth-number`."""

    function: str
    person: str

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise errors.InputRefused("by-function", self.function[:30], known=known)
        birth_number.refuse_any(self.person, "--by")
        if not _PERSON.fullmatch(self.person):
            raise errors.InputRefused("by-person", self.person[:30])

    def __str__(self) -> str:
        return f"{self.function}:{self.person}"


def parse(text: str | None) -> Who:
    """Read `function:person`, from the environment's VARDE_BY if there is no text.

    Raises InputRefused `by-missing`, and as `Who`.
    """
    given = text or os.environ.get(BY_VARIABLE, "")
    function, colon, person = given.strip().partition(":")
    if not colon:
        raise errors.InputRefused("by-missing", given[:30], known=", ".join(FUNCTIONS))
    return Who(function, person)
