"""What a journal says of itself when it has been mounted."""

from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.value import Value

if TYPE_CHECKING:
    from typing import Optional


class MountReport(Value):
    """What mount() found.

    torn: writes cut off at the very end of what was written (a record, or a sector being opened)
    sectors, records: how many hold, and are, pending
    damaged: unreadable stretches and sectors elsewhere: flipped bits, dead sectors, and the torn
        writes of earlier boots; counted at every mount until their sector is reclaimed
    unsettled_seq: number of the newest record if its sender may not know that it is kept, or None
    """

    FIELDS = ("torn", "sectors", "records", "damaged", "unsettled_seq")
    torn: int
    sectors: int
    records: int
    damaged: int
    unsettled_seq: "Optional[int]"
