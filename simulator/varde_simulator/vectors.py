"""What sensors of a scenario send: the bytes of real devices and public test suites.

`protocols/vectors/ble.json` has them by id. A sensor sends each of its vectors as it was captured.
When it comes round to one again, the value's time stamp, where the format has one, is the sensor's
own clock, as a device would write it; all other bytes stay. A value without a stamp comes again as
it is, as a scale says the same weight twice.
"""

import json
import struct
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from varde_simulator.interpreter import ROOT

FILE = ROOT / "protocols" / "vectors" / "ble.json"

# Where the 7 bytes of Date Time (2A08) stand, and the flag that says they are there: blood and
# cuff pressure (BLS 1.1, 3.1.1), spot check (PLXS 1.0, 3.1.1), weight (WSS 1.0, 3.2.1).
_STAMPS = {0x2A35: (0x02, 7), 0x2A36: (0x02, 7), 0x2A5E: (0x01, 5), 0x2A9D: (0x02, 3)}
_DATE_TIME = struct.Struct("<HBBBBB")


class Vectors:
    """By id; `next` remembers what a sensor has sent."""

    def __init__(self, values: Mapping[str, tuple[int, bytes]]) -> None:
        self._values = values
        self._turns: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._sent: set[tuple[str, str]] = set()

    @classmethod
    def load(cls) -> "Vectors":
        """Those of the file that are GATT values."""
        rows = json.loads(FILE.read_text(encoding="utf-8"))
        return cls(
            {
                row["id"]: (int(row["char"], 16), bytes.fromhex(row["hex"]))
                for row in rows
                if len(row["char"]) == 4
            }
        )

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def plain(self, name: str) -> tuple[int, bytes]:
        """(characteristic, value) as captured."""
        return self._values[name]

    def next(
        self, sensor: str, names: tuple[str, ...], clock: datetime
    ) -> tuple[int, bytes] | None:
        """The next of `names` for this sensor, whose own clock shows `clock`; None of none."""
        if not names:
            return None
        turn = self._turns[sensor, names]
        self._turns[sensor, names] += 1
        name = names[turn % len(names)]
        characteristic, value = self._values[name]
        if (sensor, name) in self._sent:
            return characteristic, stamped(characteristic, value, clock)
        self._sent.add((sensor, name))
        return characteristic, value


def stamped(characteristic: int, value: bytes, clock: datetime) -> bytes:
    """The value with this time in its stamp; as it is if it has none."""
    flag, at = _STAMPS.get(characteristic, (0, 0))
    if not value or not value[0] & flag or len(value) < at + _DATE_TIME.size:
        return value
    stamp = _DATE_TIME.pack(
        clock.year, clock.month, clock.day, clock.hour, clock.minute, clock.second
    )
    return value[:at] + stamp + value[at + _DATE_TIME.size :]
