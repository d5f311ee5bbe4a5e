"""How a site's trust goes from one epoch to the next, and how far a hub may follow.

A hub that slept through rotations replays them: each trust is signed by a threshold of the keys
of the one before it and by a threshold of its own, so that old holders agree and new holders show
that they have their keys. No epoch is skipped, none comes twice, and the site stays the same.
"""

from . import documents
from ._compat import TYPE_CHECKING, const
from .errors import DocumentError
from .trust import Trust, decode, unverified

if TYPE_CHECKING:
    from typing import Sequence

# A rotation a year for longer than any hub lives; each costs a hub some seconds.
MAX_REPLAYED = const(32)


def first(data: bytes) -> Trust:
    """Return the trust in `data` if enough of its own trust keys signed it.

    That says nothing of whose it is: only for what comes by cable, or from a place that is
    trusted already. Raises DocumentError, CoseError, CborError.
    """
    unverified_trust = unverified(data)
    # The keys are claims until the payload that names them turns out to be signed by them.
    unverified_trust.open(data, documents.TRUST)
    unverified_trust.check_peers()
    return unverified_trust


def following(current: Trust, data: bytes) -> Trust:
    """Return the trust in `data` if it follows `current`. Raises as `first`."""
    new = decode(current.open(data, documents.TRUST))
    if new.site_id != current.site_id:
        raise DocumentError("trust-site", "trust", "send this site's")
    if new.epoch != current.epoch + 1:
        where = "epoch %d after %d" % (new.epoch, current.epoch)
        raise DocumentError("trust-epoch", where, "send each epoch once, in order")
    if new.signed_ms < current.signed_ms:
        raise DocumentError("trust-time", "signed_ms", "sign after the one before")
    return first(data)


def replay(current: Trust, chain: "Sequence[bytes]") -> Trust:
    """Return the last trust of a chain that begins behind `current`. Raises as `first`.

    What is good up to the fault is not given: try `following` one by one where it matters.
    """
    if len(chain) > MAX_REPLAYED:
        hint = "send at most %d at a time" % MAX_REPLAYED
        raise DocumentError("trust-chain", "%d documents" % len(chain), hint)
    for data in chain:
        current = following(current, data)
    return current
