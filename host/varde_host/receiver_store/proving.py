"""Check each record that comes in: whole, and signed by the hub that it is said to be of.

What opens readings checks that once more. It is checked here as well since the first that comes
under a number stays: what a collector made up, or its disk spoiled, would keep out for good what
the hub sent. What is refused is asked for again with each fetch, so once the collector is mended
the hub's own comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from varde_host.collector import envelope, verification
from varde_host.feed.page import Delivered, Hub
from varde_protocols import cose
from varde_protocols.errors import WireError


class Refused(NamedTuple):
    """A record that is not what it is said to be."""

    hub_id: bytes
    seq: int


class Proved(NamedTuple):
    """What may be put in, and what may not."""

    hubs: list[Hub]
    records: list[Delivered]
    refused: list[Refused]


def proved(hubs: Iterable[Hub], records: Iterable[Delivered]) -> Proved:
    """Tell what proves itself from what does not; each record's hub is among `hubs`."""
    true = [hub for hub in hubs if cose.key_id(hub.public_key) == hub.hub_id]
    verifiers = {
        hub.hub_id: verification.RecordVerifier(hub.hub_id, hub.public_key) for hub in true
    }
    done = Proved(true, [], [])
    for each in records:
        verifier = verifiers.get(each.hub_id)
        if verifier is not None and _is_true(each, verifier):
            done.records.append(each)
        else:
            done.refused.append(Refused(each.hub_id, each.seq))
    return done


def _is_true(each: Delivered, verifier: verification.RecordVerifier) -> bool:
    raw = each.record
    if not raw.startswith(verifier.start) or cose.sign1_end(raw, 0) != len(raw):
        return False
    if not verifier.is_signed(raw):
        return False
    try:
        clear = envelope.read(cose.Sign1.parse(raw).unverified_payload)
    except WireError:
        return False
    said = (each.kind, each.seq, each.boot, each.uptime_ms)
    return tuple(clear) == said
