"""What the steps of an exchange hand to each other. Immutable; nothing here does anything."""

from __future__ import annotations

from typing import NamedTuple

# The reasons of an answer's `refused` list, as the protocol numbers them.
BAD_SIGNATURE = 1
WRONG_HUB = 2
MALFORMED = 3
TOO_LARGE = 4
CONFLICT = 5

REASON_NAMES = {
    BAD_SIGNATURE: "bad-signature",
    WRONG_HUB: "wrong-hub",
    MALFORMED: "malformed",
    TOO_LARGE: "too-large",
    CONFLICT: "conflict",
}


Row = tuple[int, int, int, int, int, int, bytes]
"""A verified record: hub, seq, boot, kind, uptime_ms, received_ms, record. A plain tuple, in the
order of the insert statement, as there is one for each record."""

Differing = tuple[int, int, bytes]
"""A row that came under a number that is taken by other bytes: hub, seq, record."""


class Refused(NamedTuple):
    """A record that is not stored as such. `position` counts the request's records from 0."""

    position: int
    seq: int | None
    reason: int
    raw: bytes


class Batch(NamedTuple):
    """One request's records after judgement; `rows[i]` stood at `positions[i]` of the request."""

    hub: int
    received_ms: int
    rows: list[Row]
    positions: list[int]
    refused: list[Refused]


class Committed(NamedTuple):
    """What stands in the database for good: sequence numbers to acknowledge, ascending; refusals.

    `config_number` is that of the newest assignment published for the hub, 0 for none. None
    stands in its place for a hub that has been revoked meanwhile: nothing is stored.
    """

    acknowledged: list[int]
    refused: list[Refused]
    config_number: int = 0
