"""What a hub says of itself: its signed events, dated, in words that say what to do.

No key is needed: events are signed, not sealed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from varde_host import messages
from varde_host.receiver import timeline, verified_log
from varde_protocols import records
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
}

# Events whose detail is a number of a list: the table of the catalogue that has its words.
DETAIL_WORDS = {
    records.EVENT_BOOT: "boot-cause",
    records.EVENT_NOT_ENROLLED: "standing",
    records.EVENT_WIFI_FAILED: "wifi-fault",
    records.EVENT_MODEM_FAILED: "modem-fault",
    records.EVENT_LINK_SWITCHED: "link",
    records.EVENT_RESERVE_PROOF: "proof",
}
_LOW_BYTE = 0xFF


class Happening(NamedTuple):
    """One event. `name` is None for a code of a later version."""

    hub_id: bytes
    seq: int
    code: int
    name: str | None
    detail: int
    when: timeline.Instant

    def text(self) -> str:
        """Say it in the language in use."""
        if self.name is None:
            return messages.text("event.unknown", code=self.code, detail=self.detail)
        number = self.detail
        network = 0
        if self.code == records.EVENT_WIFI_FAILED:
            network, number = (number >> 8) + 1, number & _LOW_BYTE
        words = f"{DETAIL_WORDS.get(self.code)}.{number}"
        detail = messages.text(words) if messages.has(words) else number
        return messages.text(f"event.{self.name}", detail=detail, network=network)


def of_hub(
    hub_id: bytes, public_key: bytes, delivered: Iterable[verified_log.Delivered]
) -> list[Happening]:
    """Return the hub's events by number; what cannot be verified or read is left out.

    Those are `varde readings`' to show, as faults.
    """
    log = verified_log.VerifiedLog(hub_id, public_key)
    found = []
    for entry in delivered:
        try:
            record = log.take(log.payload(entry), entry.received_ms)
        except WireError:
            continue
        if isinstance(record, records.Event):
            found.append(record)
    return [
        Happening(
            hub_id, event.seq, event.code, NAMES.get(event.code), event.detail,
            log.timeline.when(event.boot, event.uptime_ms),
        )
        for event in found
    ]  # fmt: skip
