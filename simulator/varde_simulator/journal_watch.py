"""What has stood in a hub's flash, found there by its signatures, by looking from time to time.

Sealed is what a reading holds; its number, slot and characteristic are plain, and so are gaps and
anchors. A record that comes and goes between two looks is not seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from varde_protocols import cose, errors, records
from varde_protocols.crypto import ed25519
from varde_simulator import flash_image

# Array of four; protected header of 13 bytes: {1: -8, 4: kid of 8 bytes} (records: COSE_Sign1).
_SIGNED_BY = bytes.fromhex("84 4d a2 01 27 04 48")

Key = tuple[bytes, int]  # hub, sequence number
Boot = tuple[bytes, int]  # hub, number of its start
Place = tuple[int, int]  # slot, characteristic


@dataclass(frozen=True)
class Journaled:
    """Readings in a hub's flash, by slot and characteristic: all that were `ever` seen there, and
    what stands there now. `timeless`: boots with records and no anchor among them. `named`: the
    numbers that a gap says are given up, each with the places it may be of. `others`: the numbers
    of what is no reading."""

    ever: Mapping[Key, Place] = field(default_factory=dict)
    standing: Mapping[Key, Place] = field(default_factory=dict)
    timeless: frozenset[Boot] = frozenset()
    named: Mapping[Key, frozenset[Place]] = field(default_factory=dict)
    others: frozenset[Key] = frozenset()


class JournalWatch:
    """Of one flash; `readings` by hub and number."""

    def __init__(self, flash: Path) -> None:
        self._flash = flash
        self._keys: dict[bytes, ed25519.VerifyKey] = {}
        self.readings: dict[Key, records.Reading] = {}
        self._known: dict[bytes, Key | None] = {}  # by its bytes; None: no reading
        self._boots: set[Boot] = set()
        self._anchored: set[Boot] = set()
        self._named: dict[Key, frozenset[Place]] = {}
        self._others: set[Key] = set()

    def add_hub(self, hub_id: bytes, public: bytes) -> None:
        """An identity whose records count."""
        self._keys[hub_id] = ed25519.VerifyKey(public)

    def look(self) -> Journaled:
        """What has ever been seen, and what stands there now."""
        image = flash_image.read(self._flash, "journal")
        found = {key for hub_id in self._keys for key in self._look_for(image, hub_id)}
        ever = {key: (each.slot, each.characteristic) for key, each in self.readings.items()}
        return Journaled(
            ever,
            {key: ever[key] for key in found},
            frozenset(self._boots - self._anchored),
            dict(self._named),
            frozenset(self._others),
        )

    def _look_for(self, image: bytes, hub_id: bytes) -> Iterable[Key]:
        pattern = _SIGNED_BY + hub_id
        start = image.find(pattern)
        while start >= 0:
            key = self._take(image, start, hub_id)
            if key is not None:
                yield key
            start = image.find(pattern, start + 1)

    def _take(self, image: bytes, start: int, hub_id: bytes) -> Key | None:
        try:
            raw = image[start : cose.sign1_end(image, start)]
            if raw in self._known:
                return self._known[raw]
            payload = cose.Sign1.parse(raw).verify(self._keys[hub_id])
            record = records.decode(payload)
        except errors.WireError:
            return None  # torn, or bytes that only look like one
        self._known[raw] = None
        self._note(hub_id, record)
        if isinstance(record, records.Reading):
            self._known[raw] = hub_id, record.seq
            self.readings[hub_id, record.seq] = record
        else:
            self._others.add((hub_id, record.seq))
        return self._known[raw]

    def _note(self, hub_id: bytes, record: Any) -> None:
        self._boots.add((hub_id, record.boot))
        if isinstance(record, records.Anchor):
            self._anchored.add((hub_id, record.boot))
        elif isinstance(record, records.Gap):
            places = frozenset((slot, number) for slot, number in record.sources)
            for first, last in record.ranges:
                for seq in range(first, last + 1):
                    key = hub_id, seq
                    self._named[key] = self._named.get(key, frozenset()) | places
