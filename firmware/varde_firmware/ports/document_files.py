"""The documents on the hub's file system: whom it believes, and what it shall run.

Signatures were verified when they were put in place, which takes seconds; here they are only
decoded, and must be of one site and for this hub. An assignment on trial stands beside the one in
force, under TRIAL, until `settle`.
"""

import os

from varde_protocols import documents
from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.assignment import unverified as assignment_in
from varde_protocols.errors import WireError
from varde_protocols.trust import unverified as trust_in

from . import atomic_file

if TYPE_CHECKING:
    from typing import Tuple

    from varde_protocols.assignment import Assignment
    from varde_protocols.trust import Trust

TRUST = "/trust.cbor"
ASSIGNMENT = "/assignment.cbor"
TRIAL = "/assignment.trial"


def trust(path: str = TRUST) -> "Trust":
    """Return the trust in place. Raises OSError without a file, WireError for a bad one."""
    return trust_in(atomic_file.read(path, documents.MAX_DOCUMENT_BYTES))


def both(hub_id: bytes, is_on_trial: bool = False) -> "Tuple[Trust, Assignment]":
    """Return trust and assignment; raises WireError also if they are not for this hub."""
    mine = trust()
    given = _assignment(TRIAL if is_on_trial else ASSIGNMENT)
    given.check_for(mine, hub_id)
    return mine, given


def settle(number: int) -> None:
    """After a trial: the assignment of this number takes its place, any other goes.

    `number` is the one confirmed last (core/update_record.py). May be called at any time when
    nothing is fetched or tried: the end of a trial may have been cut before this.
    """
    try:
        os.stat(TRIAL)
    except OSError:
        return
    try:
        is_confirmed = _assignment(TRIAL).number == number
    except WireError:
        is_confirmed = False
    if is_confirmed:
        os.rename(TRIAL, ASSIGNMENT)
    else:
        os.remove(TRIAL)


def _assignment(path: str) -> "Assignment":
    return assignment_in(atomic_file.read(path, documents.MAX_DOCUMENT_BYTES))
