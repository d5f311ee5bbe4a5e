"""Keys of bonds in NVS, namespace `varde-bonds`: one blob an entry, named by its place.

NVS replaces a blob as a whole (ESP-IDF, "Non-Volatile Storage Library", "Internals"): a power cut
leaves the old one or the new one.
"""

import esp32

NAMESPACE = "varde-bonds"
_NOT_FOUND = -0x1102  # ESP_ERR_NVS_NOT_FOUND


class BondStore:
    """See `ports.BondStore`; every write is committed at once."""

    def __init__(self) -> None:
        self._nvs = esp32.NVS(NAMESPACE)

    def load(self, place: int, buffer: bytearray) -> int:
        """Put the blob of a place into `buffer`; return its length, 0 if there is none."""
        try:
            return int(self._nvs.get_blob(_name(place), buffer))
        except OSError:  # none, or one that does not fit: none of ours
            return 0

    def save(self, place: int, blob: bytes) -> None:
        """Keep a blob; raises OSError when NVS has no room for it."""
        self._nvs.set_blob(_name(place), blob)
        self._nvs.commit()

    def erase(self, place: int) -> None:
        """Remove a blob; raises OSError if that fails, not if there is none."""
        try:
            self._nvs.erase_key(_name(place))
        except OSError as error:
            if error.args[0] != _NOT_FOUND:
                raise
            return
        self._nvs.commit()


def _name(place: int) -> str:
    return "b%d" % place
