"""Where the update record survives: NVS, namespace `varde`, blob `update`. Loaded when needed.

core/update_record.py says what its bytes mean: `update_record.load(UpdateStore())`.
"""

import esp32
import machine

from varde_protocols._compat import const

from .identity_store import NAMESPACE

_RECORD_BYTES = const(48)  # core/update_record.py


class UpdateStore:
    """Reads and writes the blob whole; errors are OSError."""

    def load(self) -> bytes:
        """Return the record's bytes, b"" if there is none that can be read."""
        data = bytearray(_RECORD_BYTES)
        try:
            return bytes(data[: esp32.NVS(NAMESPACE).get_blob("update", data)])
        except OSError:
            return b""

    def save(self, data: bytes) -> None:
        """Durable on return; after a cut the old one or this one is there."""
        nvs = esp32.NVS(NAMESPACE)
        nvs.set_blob("update", data)
        nvs.commit()

    def restart(self) -> None:
        """Start the chip again: the supervisor does what the record says."""
        machine.reset()
