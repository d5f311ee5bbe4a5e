"""What a hub says of itself: its signed events and gaps, dated, in words that say what to do.

No key is needed: events are signed, not sealed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from varde_host import messages
from varde_host.receiver import gaps, timeline, update_text, verified_log, wording
from varde_protocols import assigned, records
from varde_protocols.errors import WireError

NAMES = {
    records.EVENT_BOOT: "boot",
    records.EVENT_TORN_WRITE: "torn-write",
    records.EVENT_BAD_ACK: "bad-ack",
    records.EVENT_SERVER_REFUSED: "server-refused",
    records.EVENT_CLOCK_STEP: "clock-step",
    records.EVENT_JOURNAL_FULL: "journal-full",
    records.EVENT_NOTIFICATIONS_DROPPED: "notifications-dropped",
    records.EVENT_RECORD_REFUSED: "record-refused",
    records.EVENT_READING_UNSETTLED: "reading-unsettled",
    records.EVENT_BOND_LOST: "bond-lost",
    records.EVENT_PAIRING_FAILED: "pairing-failed",
    records.EVENT_PAIRED: "paired",
    records.EVENT_CLOCK_REFUSED: "clock-refused",
    records.EVENT_HEAP_LOW: "heap-low",
    records.EVENT_SENSOR_REFUSED: "sensor-refused",
    records.EVENT_JOURNAL_DAMAGED: "journal-damaged",
    records.EVENT_NOT_ENROLLED: "not-enrolled",
    records.EVENT_WIFI_FAILED: "wifi-failed",
    records.EVENT_MODEM_FAILED: "modem-failed",
    records.EVENT_LINK_SWITCHED: "link-switched",
    records.EVENT_DATA_BUDGET: "data-budget",
    records.EVENT_RESERVE_PROOF: "reserve-proof",
    records.EVENT_SERVICE_REFUSED: "service-refused",
    records.EVENT_SERVICE_OPENED: "service-opened",
    records.EVENT_UPDATE_REFUSED: "update-refused",
    records.EVENT_UPDATE_RETURNED: "update-returned",
    records.EVENT_UPDATE_CONFIRMED: "update-confirmed",
    records.EVENT_TEST: "test",
}
_OF_UPDATES = (
    records.EVENT_UPDATE_REFUSED, records.EVENT_UPDATE_RETURNED, records.EVENT_UPDATE_CONFIRMED,
)  # fmt: skip

# Events whose detail is a number of a list: the table of the catalogue that has its words.
DETAIL_WORDS = {
    records.EVENT_BOOT: "boot-cause",
    records.EVENT_NOT_ENROLLED: "standing",
    records.EVENT_WIFI_FAILED: "wifi-fault",
    records.EVENT_MODEM_FAILED: "modem-fault",
    records.EVENT_LINK_SWITCHED: "link",
    records.EVENT_RESERVE_PROOF: "proof",
    records.EVENT_SERVICE_REFUSED: "service-refusal",
    records.EVENT_TEST: "test-by",
}
_LOW_BYTE = 0xFF

GIVEN_UP = "given-up"  # the name of a gap record, which is no event and has no code
_WHY_GIVEN_UP = {records.GAP_JOURNAL_FULL: "given-up.journal-full"}


class Happening(NamedTuple):
    """One event, or a gap record: then `code` is None, and `detail` is the `numbers` of `loss`.

    `name` is None for a code of a later version.
    """

    hub_id: bytes
    seq: int
    code: int | None
    name: str | None
    detail: int
    when: timeline.Instant
    loss: gaps.Loss | None = None

    def text(self) -> str:
        """Say it in the language in use."""
        if self.loss is not None:
            return _said(self.loss)
        if self.name is None or self.code is None:
            return messages.text("event.unknown", code=self.code, detail=self.detail)
        if self.code in _OF_UPDATES:
            return messages.text(f"event.{self.name}", **update_text.of_detail(self.detail))
        number = self.detail
        network = 0
        if self.code == records.EVENT_WIFI_FAILED:
            network, number = (number >> 8) + 1, number & _LOW_BYTE
        count = number >> 8
        if self.code == records.EVENT_TEST:
            number &= _LOW_BYTE
        words = f"{DETAIL_WORDS.get(self.code)}.{number}"
        detail = messages.text(words) if messages.has(words) else number
        if self.code == records.EVENT_SERVICE_OPENED:
            detail = f"{number:06x}"  # as a key's id begins
        return messages.text(f"event.{self.name}", detail=detail, network=network, count=count)


def of_hub(
    hub_id: bytes, public_key: bytes, delivered: Iterable[verified_log.Delivered]
) -> list[Happening]:
    """Return the hub's events and gaps by number; what cannot be verified or read is left out.

    Those are `varde readings`' to show, as faults. Gaps of which all has arrived, or is said again
    by a later one, are left out as well.
    """
    log = verified_log.VerifiedLog(hub_id, public_key)
    found: list[records.Event | records.Gap] = []
    for entry in delivered:
        try:
            record = log.take(log.payload(entry), entry.received_ms)
        except WireError:
            continue
        if isinstance(record, records.Event | records.Gap):
            found.append(record)
    losses = {loss.seq: loss for loss in log.losses()}
    return [
        _happening(
            hub_id, record, log.timeline.when(record.boot, record.uptime_ms),
            losses.get(record.seq),
        )
        for record in found
        if isinstance(record, records.Event) or record.seq in losses
    ]  # fmt: skip


def _happening(
    hub_id: bytes,
    record: records.Event | records.Gap,
    when: timeline.Instant,
    loss: gaps.Loss | None,
) -> Happening:
    if isinstance(record, records.Event):
        name = NAMES.get(record.code)
        return Happening(hub_id, record.seq, record.code, name, record.detail, when)
    if loss is None:
        raise TypeError("a gap record without a loss is left out")
    return Happening(hub_id, record.seq, None, GIVEN_UP, loss.numbers, when, loss)


def _said(loss: gaps.Loss) -> str:
    sensors = [
        messages.text("given-up.sensor", slot=slot, characteristic=assigned.name(characteristic))
        for slot, characteristic in loss.sources
    ]
    return messages.text(
        _WHY_GIVEN_UP.get(loss.reason, "given-up.unknown"),
        readings=loss.numbers,
        sensors=", ".join(sensors),
        after=wording.moment(loss.not_before_ms),
        before=wording.moment(loss.not_after_ms),
        reason=loss.reason,
    )
