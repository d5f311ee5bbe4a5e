"""How many bytes went over which link in this calendar month (UTC), and whether that is too much.

Readings always go, and so does the exchange that fetches what the site has decided. What waits
while a spent budget's modem is in use is said by `is_thrifty`: reports, a second proof a day;
heartbeats come at most four times as rarely.

Flash wears: the count is kept at every 64 KiB or once a day, so a power cut forgets that much.
"""

import struct

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional

KEEP_BYTES = const(65_536)
KEEP_MS = const(86_400_000)
THRIFTY_HEARTBEATS = const(4)
_KEPT = "<IIIB"  # month as YYYYMM, bytes over WiFi and modem, 1: that it is spent was told
KEPT_BYTES = const(13)
_MOST = const(0x3FFFFFFF)
_DAY_MS = const(86_400_000)


class DataBudget:
    """Counts; `month` is 0 until UTC is known."""

    def __init__(self, budget_kib: int, kept: bytes) -> None:
        """`kept`: as `keep` returned it once, b"" if never."""
        self._budget_kib = budget_kib
        if len(kept) != KEPT_BYTES:
            kept = bytes(KEPT_BYTES)
        self.month, self.wifi_bytes, self.modem_bytes, self._is_told = struct.unpack(_KEPT, kept)
        self._unkept = 0
        self._kept_ms = 0
        self._undated = [0, 0]  # counted in this boot before UTC was known: WiFi, modem
        self._is_dated = False

    def count(self, link: int, len_bytes: int, utc_ms: "Optional[int]") -> None:
        """Add what went over a link (records.LINK_...)."""
        if utc_ms is not None:
            self._enter(month_of(utc_ms))
        wifi, modem = (0, len_bytes) if link == records.LINK_MODEM else (len_bytes, 0)
        if not self._is_dated:
            self._undated[0] += wifi
            self._undated[1] += modem
        self.wifi_bytes = min(self.wifi_bytes + wifi, _MOST)
        self.modem_bytes = min(self.modem_bytes + modem, _MOST)
        self._unkept += len_bytes

    def _enter(self, month: int) -> None:
        """What was counted before the month was known belongs to the one that it turns out."""
        if month != self.month:
            self.wifi_bytes, self.modem_bytes = (0, 0) if self._is_dated else self._undated
            self._is_told = 0
            self._unkept = KEEP_BYTES
        self.month = month
        self._is_dated = True

    @property
    def is_spent(self) -> bool:
        return bool(0 < self._budget_kib <= self.modem_bytes // 1024)

    def is_thrifty(self, link: int) -> bool:
        """True while what can wait shall wait."""
        return link == records.LINK_MODEM and self.is_spent

    def allows_update(self, link: int) -> bool:
        """True if code may be fetched over this link."""
        return not self.is_thrifty(link)

    def heartbeat_s(self, link: int, heartbeat_s: int) -> int:
        return heartbeat_s * THRIFTY_HEARTBEATS if self.is_thrifty(link) else heartbeat_s

    def take_news(self) -> int:
        """Return the KiB used if the budget is spent and nobody was told this month, else 0."""
        if not self.is_spent or self._is_told:
            return 0
        self._is_told = 1
        self._unkept = KEEP_BYTES
        return int(self.modem_bytes // 1024)

    def keep(self, now_ms: int) -> bytes:
        """Return what to write to flash now, b"" for nothing."""
        is_old = self._unkept and now_ms - self._kept_ms >= KEEP_MS
        if not is_old and self._unkept < KEEP_BYTES:
            return b""
        self._unkept = 0
        self._kept_ms = now_ms
        return struct.pack(_KEPT, self.month, self.wifi_bytes, self.modem_bytes, self._is_told)


def month_of(utc_ms: int) -> int:
    """Return the month as YYYYMM, of a time from 2000 to 2099."""
    days = utc_ms // _DAY_MS - 10_957  # since 2000-01-01
    year = 2000 + days // 1461 * 4
    days %= 1461
    while True:
        for month in range(1, 13):
            len_days = 30 if month in (4, 6, 9, 11) else 31
            if month == 2:
                len_days = 29 if year % 4 == 0 else 28
            if days < len_days:
                return year * 100 + month
            days -= len_days
        year += 1
