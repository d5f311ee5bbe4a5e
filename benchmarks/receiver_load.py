"""What hubs of homes have sent in a month, made fast, and what a bare check of it takes.

A hub has 20 readings a day: fingers without a stamp, cuffs and scales with one, temperatures; four
looks at its sensors' clocks, four anchors, a report an hour, and starts anew every week. Keys and
values follow from numbers; only libsodium signs, as the bench is not about signing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from collector_load import Signer

from varde_protocols import cose, records, sealing
from varde_protocols.crypto import x25519

BEGIN_MS = 1_800_000_000_000
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
DAYS_A_BOOT = 7
SPO2, PRESSURE, WEIGHT, TEMPERATURE = 0x2A5E, 0x2A35, 0x2A9D, 0x2A1C
_DATE_TIME = 0x2A08
_CUFF_SLOT, _SCALE_SLOT = 2, 3


class Row(NamedTuple):
    """A record as a collector keeps it."""

    seq: int
    boot: int
    kind: int
    uptime_ms: int
    received_ms: int
    raw: bytes


class Sealed(NamedTuple):
    """What AES-CCM takes of a reading."""

    key: bytes
    nonce: bytes
    data: bytes
    aad: bytes


@dataclass
class Home:
    """One hub, its records, and the prepared inputs of the bare check."""

    public: bytes
    hub_id: bytes
    rows: list[Row] = field(default_factory=list)
    signed: list[bytes] = field(default_factory=list)
    """Of each record: signature and message, as libsodium takes them."""
    sealed: list[Sealed] = field(default_factory=list)

    @property
    def readings(self) -> int:
        return len(self.sealed)


def homes(receiver_private: bytes, count: int, days: int) -> list[Home]:
    """Return so many hubs of so many days, always the same."""
    return [_Hub(receiver_private, number).lived(days) for number in range(count)]


class _Hub:
    def __init__(self, receiver_private: bytes, number: int) -> None:
        self._key = Signer(hashlib.sha256(b"bench home %d" % number).digest())
        self._receiver = receiver_private
        self._number = number
        self._seq = 0
        self._home = Home(self._key.public, sealing.key_id(self._key.public))

    def lived(self, days: int) -> Home:
        for boot in range(1, 2 + (days - 1) // DAYS_A_BOOT):
            first = (boot - 1) * DAYS_A_BOOT
            self._begin(boot, BEGIN_MS + first * _DAY_MS)
            for day in range(min(DAYS_A_BOOT, days - first)):
                for hour in range(24):
                    self._hour(day * 24 + hour)
        return self._home

    def _begin(self, boot: int, began_ms: int) -> None:
        self._boot, self._began_ms = boot, began_ms
        private = hashlib.sha256(b"session %d %d" % (self._number, boot)).digest()
        self._session_seq = self._seq + 1
        public = x25519.public_key(self._receiver)
        self._sealer = sealing.SessionSealer(
            self._home.hub_id, boot, self._session_seq, private, public
        )
        kid = self._sealer.receiver_kid
        self._add(0, lambda seq, at: records.Session(seq, boot, at, self._sealer.public_key, kid))
        # The opener's own key, taken once a boot: X25519 is no part of what a reading costs.
        session = records.Session(self._session_seq, boot, 0, self._sealer.public_key, kid)
        self._opening = sealing.SessionOpener(self._home.hub_id, session, self._receiver)._key

    def _hour(self, hour: int) -> None:
        at_ms = hour * _HOUR_MS + 60_000
        if hour % 6 == 0:
            utc_ms = self._began_ms + at_ms
            source = records.SOURCE_EXCHANGE
            self._add(
                at_ms, lambda seq, at: records.Anchor(seq, self._boot, at, utc_ms, source, 300)
            )
        facts = {records.FACT_BATTERY_MV: 3980, records.FACT_LINK: records.LINK_WIFI}
        self._add(at_ms, lambda seq, at: records.Report(seq, self._boot, at, facts))
        of_day = hour % 24
        if of_day in (8, 20):
            self._look(at_ms + 1000, _CUFF_SLOT)
            self._look(at_ms + 2000, _SCALE_SLOT)
            for number in range(10):
                self._reading(at_ms + 10_000 * (number + 1), number)

    def _look(self, at_ms: int, slot: int) -> None:
        shown = self._stamp(at_ms)
        make = lambda seq, at: records.Clock(seq, self._boot, at, slot, _DATE_TIME, shown, 0)  # noqa: E731
        self._add(at_ms, make)

    def _reading(self, at_ms: int, number: int) -> None:
        slot, characteristic, value = self._value(at_ms, number)
        service = {1: 0x1822, 2: 0x1810, 3: 0x181D, 4: 0x1809}[slot]
        content = sealing.Content(value, service, bytes([0, 0xA1, 0, 0, 0, 0, slot]), "")

        def make(seq: int, at: int) -> records.Reading:
            sealed = self._sealer.seal(seq, at, slot, characteristic, content)
            aad = sealing._aad(self._home.hub_id, self._boot, seq, at, slot, characteristic)
            nonce = sealing._iv(seq, self._boot)
            start, end = cose.byte_string_at(sealed, cose._CIPHERTEXT_AT)
            whole = cose.enc_structure(cose._ENCRYPT_HEADERS, aad)
            self._home.sealed.append(Sealed(self._opening, nonce, sealed[start:end], whole))
            return records.Reading(
                seq, self._boot, at, slot, characteristic, self._session_seq, sealed, bytes(8)
            )

        self._add(at_ms, make)

    def _value(self, at_ms: int, number: int) -> tuple[int, int, bytes]:
        """Four fingers, three cuffs, one weight and two temperatures of ten."""
        some = self._seq % 7
        if number < 4:
            return 1, SPO2, struct.pack("<BHH", 0, 90 + some, 60 + some)
        stamp = self._stamp(at_ms - 5000)
        if number < 7:
            pressures = struct.pack("<BHHH", 0x06, 120 + some, 80, 93)
            return _CUFF_SLOT, PRESSURE, pressures + stamp + struct.pack("<H", 72)
        if number < 8:
            return _SCALE_SLOT, WEIGHT, struct.pack("<BH", 0x02, 16_000 + some) + stamp
        return 4, TEMPERATURE, bytes([0, 0x70 + some, 0x01, 0, 0xFF])

    def _stamp(self, at_ms: int) -> bytes:
        """Return what a sensor's clock shows: local time, an hour ahead."""
        at = dt.datetime.fromtimestamp((self._began_ms + at_ms + _HOUR_MS) // 1000, dt.UTC)
        return struct.pack("<HBBBBB", at.year, at.month, at.day, at.hour, at.minute, at.second)

    def _add(self, at_ms: int, make: Callable[[int, int], records._Record]) -> None:
        self._seq += 1
        record = make(self._seq, at_ms)
        raw = cose.sign1(self._key, self._home.hub_id, record.payload())
        received_ms = self._began_ms + at_ms + 2000
        self._home.rows.append(Row(self._seq, self._boot, record.KIND, at_ms, received_ms, raw))
        parsed = cose.Sign1.parse(raw)
        message = cose.sig_structure(raw[2:15], b"", parsed.unverified_payload)
        self._home.signed.append(parsed.signature + message)
