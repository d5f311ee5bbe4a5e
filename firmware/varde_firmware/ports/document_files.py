"""The documents on the hub's file system: whom it believes, and what it shall run.

Signatures were verified when they were put in place, which takes seconds; here they are only
decoded, and must be of one site and for this hub.
"""

from varde_protocols import documents
from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.assignment import unverified as assignment_in
from varde_protocols.trust import unverified as trust_in

from . import atomic_file

if TYPE_CHECKING:
    from typing import Tuple

    from varde_protocols.assignment import Assignment
    from varde_protocols.trust import Trust

TRUST = "/trust.cbor"
ASSIGNMENT = "/assignment.cbor"


def trust(path: str = TRUST) -> "Trust":
    """Return the trust in place. Raises OSError without a file, WireError for a bad one."""
    return trust_in(atomic_file.read(path, documents.MAX_DOCUMENT_BYTES))


def both(hub_id: bytes) -> "Tuple[Trust, Assignment]":
    """Return trust and assignment; raises WireError also if they are not for this hub."""
    mine = trust()
    given = assignment_in(atomic_file.read(ASSIGNMENT, documents.MAX_DOCUMENT_BYTES))
    given.check_for(mine, hub_id)
    return mine, given
