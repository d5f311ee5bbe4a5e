"""What survives everything but a wipe: NVS, namespace `varde`.

seed     blob   the hub's Ed25519 seed, 32 bytes
boot     i32    how often the hub has started
utc_min  i32    the last time known for sure, in minutes since 1970
data     blob   bytes of this month by link, as core/data_budget.py
pin      i32    what became of the modem's PIN: 4 * (1 before its digits) + modem_words.PIN_...
locked   i32    1: no prompt (boot.py); open, update, crashes, board: there, choice.py, main.py
remind   blob   reminders shown and counted, as core/reminders.py (ports/signals.py)
damaged  i32    how many unreadable places of the journal were told, or are known as torn writes
"""

import esp32

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional

NAMESPACE = "varde"
SEED_BYTES = const(32)
_DATA_BYTES = const(32)


class IdentityStore:
    """Reads and writes these; every write is committed at once."""

    def __init__(self) -> None:
        self._nvs = esp32.NVS(NAMESPACE)

    def seed(self) -> "Optional[bytes]":
        """Return the seed, or None on a hub that has never started."""
        seed = bytearray(SEED_BYTES)
        try:
            len_bytes = self._nvs.get_blob("seed", seed)
        except OSError:
            len_bytes = 0
        if len_bytes == SEED_BYTES:
            return bytes(seed)
        if self._number("boot"):
            # A hub that has started before has records under its key: a new one would orphan them.
            raise OSError("identity_store: the seed cannot be read; wipe the hub to begin anew")
        return None

    def set_seed(self, seed: bytes) -> None:
        self._nvs.set_blob("seed", seed)
        self._nvs.commit()

    def count_boot(self) -> int:
        """Count this start and return its number, 1 for the first."""
        boot = self._number("boot") + 1
        self._set_number("boot", boot)
        return boot

    def utc_floor_ms(self) -> int:
        """Return a time that has certainly passed, 0 if none is known."""
        return self._number("utc_min") * 60_000

    def set_utc_floor_ms(self, utc_ms: int) -> None:
        self._set_number("utc_min", utc_ms // 60_000)

    def damage_told(self) -> int:
        """Return how many unreadable places of the journal were told."""
        return self._number("damaged")

    def set_damage_told(self, count: int) -> None:
        self._set_number("damaged", count)

    def data_used(self) -> bytes:
        """Return what was set last, b"" if nothing was."""
        blob = bytearray(_DATA_BYTES)
        try:
            return bytes(blob[: self._nvs.get_blob("data", blob)])
        except OSError:
            return b""

    def set_data_used(self, blob: bytes) -> None:
        self._nvs.set_blob("data", blob)
        self._nvs.commit()

    def pin_tried(self) -> int:
        return self._number("pin")

    def set_pin_tried(self, number: int) -> None:
        self._set_number("pin", number)

    def _number(self, key: str) -> int:
        try:
            return int(self._nvs.get_i32(key))
        except OSError:
            return 0

    def _set_number(self, key: str, number: int) -> None:
        self._nvs.set_i32(key, number)
        self._nvs.commit()
