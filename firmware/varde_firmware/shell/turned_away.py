"""What to do when the collector answers, and not with an acknowledgement. Loaded when it does.

Over verified TLS it is the collector that speaks, or the proxy before it. Nothing is ever released
for such an answer; and it is not the link's fault.

    403 unknown-hub, revoked-hub   event not-enrolled once an hour; asked again in 15 s, then later
                                   and later, up to the heartbeat
    429, 5xx with Retry-After      asked again then
    400, 413                       the whole batch is not taken: half of it, down to one record
    anything else                  a failure as any other; redirects are not followed

A single record that is not taken by itself is *set aside*: it stays in the journal, the others go
on, and in an hour it is tried again. That is told by event 8, once others were taken: until then
it may well be that nothing is.
"""

from varde_firmware.core import uplink
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import List

    from varde_firmware.ports import Response
    from varde_firmware.shell.exchange_round import Exchanger
    from varde_protocols.value import Value

# A journal with more such records than these is nothing to go on with: then it waits.
MOST_ASIDE = const(8)
ASIDE_MS = const(3_600_000)
HALVED_AGAIN_MS = const(200)
UNKNOWN = const(1)
REVOKED = const(2)


def outcome(exchanger: "Exchanger", response: "Response", seqs: "List[int]") -> "Value":
    """Return `uplink.TurnedAway` or `uplink.Failed`."""
    status = response.status
    if status == 403:
        detail = _not_enrolled(response.body)
        if detail:
            exchanger.is_enrolled = False
            exchanger._complain(records.EVENT_NOT_ENROLLED, detail)
            return uplink.TurnedAway(0)
    elif (status == 429 or status >= 500) and response.retry_after_s:
        return uplink.TurnedAway(min(response.retry_after_s * 1000, uplink.RETRY_MOST_MS))
    elif status in (400, 413):
        return _not_taken(exchanger, seqs)
    return uplink.Failed()


def _not_enrolled(body: bytes) -> int:
    if b'"unknown-hub"' in body:
        return UNKNOWN
    return REVOKED if b'"revoked-hub"' in body else 0


def _not_taken(exchanger: "Exchanger", seqs: "List[int]") -> "Value":
    if len(seqs) > 1:
        exchanger.most_records = len(seqs) // 2
        return uplink.TurnedAway(HALVED_AGAIN_MS)
    if seqs and len(exchanger.aside) < MOST_ASIDE:
        exchanger.aside.append(seqs[0])
        exchanger.untold_aside.append(seqs[0])
        exchanger.aside_until_ms = exchanger._clock.now_ms() + ASIDE_MS
        return uplink.TurnedAway(HALVED_AGAIN_MS)
    exchanger.most_records = 1
    return uplink.TurnedAway(0)
