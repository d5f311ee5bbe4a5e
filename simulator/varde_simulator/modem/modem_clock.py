"""The modem's real-time clock, as AT+CCLK shows it: local time and its zone in quarter hours."""

import re
from datetime import UTC, datetime, timedelta

from varde_simulator.clock import VirtualClock

# What the clock shows before anybody has set it; modules of the family differ.
BEGINNINGS = {"1970": datetime(1970, 1, 1, tzinfo=UTC), "1980": datetime(1980, 1, 6, tzinfo=UTC)}
QUARTER_S = 900
_TIME = re.compile(r'"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?"')


class ModemClock:
    """Runs while the modem has supply, on or off."""

    def __init__(self, clock: VirtualClock, beginning: str) -> None:
        self._clock = clock
        self._beginning = BEGINNINGS[beginning]
        self.lose_power()

    def lose_power(self) -> None:
        """Its time and zone are gone."""
        self.is_set = False
        self.zone_quarters = 0
        self._set_utc(self._beginning)

    def set_utc(self, utc: datetime, zone_quarters: int) -> None:
        """By the operator's word, or by command."""
        self.is_set = True
        self.zone_quarters = zone_quarters
        self._set_utc(utc)

    def set_text(self, text: str) -> bool:
        """`"yy/MM/dd,hh:mm:ss+zz"`; False: it is none."""
        found = _TIME.fullmatch(text)
        if found is None:
            return False
        fields = [int(group) for group in found.groups("0")]
        try:
            naive = datetime(2000 + fields[0], *fields[1:6])  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            return False
        zone_s = fields[6] * QUARTER_S
        self.set_utc(naive.replace(tzinfo=UTC) - timedelta(seconds=zone_s), fields[6])
        return True

    def text(self) -> str:
        """As +CCLK shows it, without the quotes."""
        utc = self._base + timedelta(microseconds=self._clock.now_us())
        local = utc + timedelta(seconds=self.zone_quarters * QUARTER_S)
        return f"{local:%y/%m/%d,%H:%M:%S}{self.zone_quarters:+03d}"

    def _set_utc(self, utc: datetime) -> None:
        self._base = utc - timedelta(microseconds=self._clock.now_us())
