"""The life of a kit: one table of moves, each with what it needs and who may do it.

    received > quarantine > cleaned > wiped > checked > ready > handed-out > in-use > returned
                  ^                                                                       |
                  +-----------------------------------------------------------------------+

An absent entry is the illegal move, and only `kits.move` changes a state. Four rules follow from
it, and tests walk it at random to see that they hold:

1. From returned (or received, or quarantine) to handed-out there is no way that leaves out
   cleaned, wiped and checked, in this order.
2. A kit that came back under infection control is opened by its own move alone (`INFECTION`),
   after its time in quarantine; the normal cleaning is not for it.
3. What measures is not put into a kit, nor taken out of it, between its check and its handout; it
   goes back to wiped first. Into a kit that is out only what was itself found good is put.
   Rule 1 holds for each thing as well: nothing is taken out of a kit that came back before it is
   cleaned, and what came back alone is not put into one that is.
4. Scrapped is the end. A lost kit is scrapped with its loss as the reason; found again, its things
   are received into a new kit.
"""

from __future__ import annotations

from dataclasses import dataclass

from varde_host.inventory import who

RECEIVED = "received"
QUARANTINE = "quarantine"
CLEANED = "cleaned"
WIPED = "wiped"
CHECKED = "checked"
READY = "ready"
HANDED_OUT = "handed-out"
IN_USE = "in-use"
RETURNED = "returned"
SCRAPPED = "scrapped"
STATES = (
    RECEIVED, QUARANTINE, CLEANED, WIPED, CHECKED, READY, HANDED_OUT, IN_USE, RETURNED, SCRAPPED,
)  # fmt: skip

OUT = (HANDED_OUT, IN_USE)
"""Where somebody else has the kit."""
SEALED = (CHECKED, READY)
"""Where the check is about all that measures in the kit, so none of that is changed."""

# For which kits a move is there.
ANY = "any"
NORMAL = "normal"
INFECTION = "infection"


@dataclass(frozen=True, slots=True)
class Move:
    """One way from a state to another; `needs` are kinds of evidence (`evidence.KINDS`)."""

    source: str
    target: str
    needs: tuple[str, ...]
    functions: tuple[str, ...]
    flow: str = ANY

    def is_for(self, *, is_infectious: bool) -> bool:
        """Tell if a kit may go this way, by whether it is under infection control."""
        return self.flow in (ANY, INFECTION if is_infectious else NORMAL)


_STORE = (who.TECHNICIAN,)
_STORE_IT = (who.TECHNICIAN, who.IT)
_CHECK = who.CHECKERS
_OUT = (who.TECHNICIAN, who.FOLLOW_UP)
_END = (who.TECHNICIAN, who.OWNER)
_LOSS = (who.IT, who.OWNER)
_FAULT = (who.TECHNICIAN, who.CALIBRATION, who.IT)

MOVES = (
    Move(RECEIVED, QUARANTINE, ("reason",), _STORE),
    Move(RECEIVED, CLEANED, ("cleaning",), _STORE, NORMAL),
    Move(RETURNED, QUARANTINE, ("reason",), _STORE),
    Move(RETURNED, CLEANED, ("cleaning",), _STORE, NORMAL),
    Move(QUARANTINE, CLEANED, ("cleaning",), _STORE, NORMAL),
    Move(QUARANTINE, CLEANED, ("infection-cleaning",), _STORE, INFECTION),
    Move(CLEANED, WIPED, ("wipe",), _STORE_IT),
    Move(WIPED, CHECKED, ("check",), _CHECK),
    Move(CHECKED, READY, ("packing",), _STORE),
    Move(READY, HANDED_OUT, ("handout",), _OUT),
    Move(HANDED_OUT, IN_USE, ("first-reading",), (who.FOLLOW_UP, who.IT)),
    Move(HANDED_OUT, RETURNED, ("return",), _OUT),
    Move(IN_USE, RETURNED, ("return",), _OUT),
    # a fault found on the way, another thing put in, and a check that ran out on the shelf
    Move(CLEANED, QUARANTINE, ("reason",), _FAULT),
    Move(WIPED, QUARANTINE, ("reason",), _FAULT),
    Move(CHECKED, QUARANTINE, ("reason",), _FAULT),
    Move(READY, QUARANTINE, ("reason",), _FAULT),
    Move(CHECKED, WIPED, ("reason",), _CHECK),
    Move(READY, WIPED, ("reason",), _CHECK),
    # the end: what could be on it is wiped, or destroyed with it
    Move(RECEIVED, SCRAPPED, ("reason", "destruction"), _END),
    Move(RETURNED, SCRAPPED, ("reason", "destruction"), _END),
    Move(RETURNED, SCRAPPED, ("reason", "wipe"), _END, NORMAL),
    Move(QUARANTINE, SCRAPPED, ("reason", "destruction"), _END),
    Move(QUARANTINE, SCRAPPED, ("reason", "wipe"), _END, NORMAL),
    Move(CLEANED, SCRAPPED, ("reason", "destruction"), _END),
    Move(CLEANED, SCRAPPED, ("reason", "wipe"), _END),
    Move(WIPED, SCRAPPED, ("reason",), _END),
    Move(CHECKED, SCRAPPED, ("reason",), _END),
    Move(READY, SCRAPPED, ("reason",), _END),
    Move(HANDED_OUT, SCRAPPED, ("loss",), _LOSS),
    Move(IN_USE, SCRAPPED, ("loss",), _LOSS),
)


def ways(source: str, target: str) -> list[Move]:
    """Return the moves between two states; there may be several, with other evidence."""
    return [move for move in MOVES if (move.source, move.target) == (source, target)]


def targets(source: str, *, is_infectious: bool) -> list[str]:
    """Return where a kit may go from a state, in the table's order."""
    found = [
        m.target for m in MOVES if m.source == source and m.is_for(is_infectious=is_infectious)
    ]
    return list(dict.fromkeys(found))
