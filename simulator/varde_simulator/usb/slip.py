"""SLIP frames (RFC 1055) as the loader's protocol has them: C0 ... C0, DB DC is C0, DB DD is DB.

Bytes outside frames are dropped: what a host says to an application that is not there.
"""

END, ESCAPE = b"\xc0", b"\xdb"
ESCAPED_END, ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"

# The longest request is a block of the stub's 16 KiB behind headers of 8 and 16 bytes; escaping at
# most doubles it. Longer ones are nobody's, and are dropped to their end.
MAX_FRAME_BYTES = 16 * 1024 + 24
MAX_RAW_BYTES = 2 * MAX_FRAME_BYTES


def encode(frame: bytes) -> bytes:
    """One frame for the wire."""
    return END + frame.replace(ESCAPE, ESCAPED_ESCAPE).replace(END, ESCAPED_END) + END


class Decoder:
    """Bytes in any pieces -> whole frames. `dropped` counts frames that were none."""

    def __init__(self) -> None:
        self.dropped = 0
        self._begun: bytearray | None = None  # what came since a frame's first C0; None: outside

    def receive(self, data: bytes) -> list[bytes]:
        """The frames that end in `data`, in order; never empty ones."""
        frames = []
        first, *pieces = data.split(END)
        self._add(first)
        for piece in pieces:
            frame = self._end()
            if frame:
                frames.append(frame)
                self._begun = None  # this C0 closed one; the next opens
            else:
                self._begun = bytearray()
            self._add(piece)
        return frames

    def _add(self, piece: bytes) -> None:
        if self._begun is None or not piece:
            return
        if len(self._begun) + len(piece) > MAX_RAW_BYTES:
            self.dropped += 1
            self._begun = None
            return
        self._begun += piece

    def _end(self) -> bytes:
        """What has been begun as a frame; empty if it is none."""
        raw = bytes(self._begun or b"")
        if ESCAPE not in raw:
            frame = raw
        else:
            parts = raw.split(ESCAPE)
            if any(part[:1] not in (b"\xdc", b"\xdd") for part in parts[1:]):
                self.dropped += 1
                return b""
            frame = raw.replace(ESCAPED_END, END).replace(ESCAPED_ESCAPE, ESCAPE)
        if len(frame) > MAX_FRAME_BYTES:
            self.dropped += 1
            return b""
        return frame
