"""Which delivered readings rest on a thing's verifications, by what stands in clear.

Hub, number, slot and the name of the verification stand beside the sealed value, under the hub's
signature. So the readings that a bad cuff made are counted, and named by their numbers, without a
key that opens one. What a reading says of its time is derived as everywhere (`timeline`): one that
may lie in the span is counted, and whether it surely does is told beside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from varde_host.receiver import timeline, verified_log
from varde_protocols import records, test_readings
from varde_protocols.errors import WireError


class Resting(NamedTuple):
    """Readings of one slot under one name, with their lowest and highest number.

    `verification` is b"" for readings that name none: of which sensor they are, the hub's config
    of that time says. `surely` counts those whose whole interval of time lies in the span.
    """

    hub_id: bytes
    slot: int
    verification: bytes
    readings: int
    surely: int
    first_seq: int
    last_seq: int


def count(
    hub_id: bytes,
    public_key: bytes,
    delivered: Iterable[verified_log.Delivered],
    names: Collection[bytes],
    from_ms: int | None,
    until_ms: int | None,
) -> list[Resting]:
    """Return a hub's readings that may have been made in a span and name one of `names`, or none.

    `delivered` is in order of its numbers. What its key has not signed is not counted; test
    readings are of no sensor. Ends that are None are open.
    """
    log = verified_log.VerifiedLog(hub_id, public_key)
    readings = [each for each in _readings(log, delivered) if _may_be(each, names)]
    found: dict[tuple[int, bytes], list[tuple[int, bool]]] = {}
    for each in readings:
        when = log.timeline.when(each.boot, each.uptime_ms)
        place = _place(when, from_ms, until_ms)
        if place is not None:
            key = (each.slot, each.verification)
            found.setdefault(key, []).append((each.seq, place))
    return [
        Resting(
            hub_id, slot, name, len(rows), sum(sure for _seq, sure in rows), rows[0][0],
            rows[-1][0],
        )
        for (slot, name), rows in sorted(found.items())
    ]  # fmt: skip


def _readings(
    log: verified_log.VerifiedLog, delivered: Iterable[verified_log.Delivered]
) -> list[records.Reading]:
    found = []
    for entry in delivered:
        try:
            record = log.take(log.payload(entry), entry.received_ms)
        except WireError:
            continue
        if isinstance(record, records.Reading):
            found.append(record)
    return found


def _may_be(reading: records.Reading, names: Collection[bytes]) -> bool:
    is_ours = not reading.verification or reading.verification in names
    return is_ours and not test_readings.is_one(reading)


def _place(when: timeline.Instant, from_ms: int | None, until_ms: int | None) -> bool | None:
    """Return whether it surely lies in the span; None if it surely does not."""
    earliest, latest = when.earliest_ms, when.latest_ms
    if latest is not None and from_ms is not None and latest < from_ms:
        return None
    if earliest is not None and until_ms is not None and earliest > until_ms:
        return None
    begins = from_ms is None or (earliest is not None and earliest >= from_ms)
    ends = until_ms is None or (latest is not None and latest <= until_ms)
    return begins and ends
