"""What a bench did to empty a hub that came back, signed by the bench.

    {1: site id, 2: hub id, 3: chip id, 4: kit id or null, 5: started_ms, 6: finished_ms,
     7: unsent records, 8: unsent readings, 9: [function, person] or null,
     10: [[step, done_ms, SHA-256 of its evidence], ...], 11: tool version}

`hub_id` is the identity that the wipe ended, so the record is about that hub and no later one on
the same board; `chip_id` is the board's base MAC, which stays. What was unsent is what the
journal held when it was emptied: more than nothing takes somebody who decided so. A step is named
by a short word of the bench; its evidence lies in the audit log, and the hash ties it to this.

Errors: DocumentError, codes `wipe-...`. Shape: protocols/cddl/wipe_record.cddl.
"""

from . import cbor, documents, records
from ._compat import TYPE_CHECKING, const
from .errors import DocumentError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any

    from .trust import Trust

HUB_ID_BYTES = const(8)
CHIP_ID_BYTES = const(6)
DIGEST_BYTES = const(32)
MAX_KIT_ID_BYTES = const(32)
MAX_UNSENT = (1 << 31) - 1
MAX_STEPS = const(64)
MAX_WORD_BYTES = const(32)
MAX_VERSION_BYTES = const(64)
_WORD_CHARACTERS = "-.0123456789_abcdefghijklmnopqrstuvwxyz"

_checks = FieldChecks(DocumentError, "wipe")


class WipeRecord(Value):
    """See above; `decided_by` is [function, person] or None, `steps` a list of lists of three."""

    FIELDS = (
        "site_id", "hub_id", "chip_id", "kit_id", "started_ms", "finished_ms", "unsent_records",
        "unsent_readings", "decided_by", "steps", "tool_version",
    )  # fmt: skip
    site_id: bytes
    hub_id: bytes
    chip_id: bytes
    kit_id: "str | None"
    started_ms: int
    finished_ms: int
    unsent_records: int
    unsent_readings: int
    decided_by: "list[str] | None"
    steps: "list[list[Any]]"
    tool_version: str

    def _check(self) -> None:
        size = documents.SITE_ID_BYTES
        _checks.byte_string(self.site_id, size, size, "site id")
        _checks.byte_string(self.hub_id, HUB_ID_BYTES, HUB_ID_BYTES, "hub id")
        _checks.byte_string(self.chip_id, CHIP_ID_BYTES, CHIP_ID_BYTES, "chip id")
        if self.kit_id is not None:
            _checks.text(self.kit_id, 1, MAX_KIT_ID_BYTES, "kit id")
        _checks.uint(self.started_ms, 0, records.MAX_MS, "started_ms")
        _checks.uint(self.finished_ms, self.started_ms, records.MAX_MS, "finished_ms")
        _checks.uint(self.unsent_records, 0, MAX_UNSENT, "unsent records")
        _checks.uint(self.unsent_readings, 0, self.unsent_records, "unsent readings")
        self._check_decision()
        self._check_steps()
        _checks.text(self.tool_version, 1, MAX_VERSION_BYTES, "tool version")

    def _check_decision(self) -> None:
        if self.decided_by is None:
            if self.unsent_readings:
                raise DocumentError("wipe-undecided", "decided_by", "say who gave readings up")
            return
        if type(self.decided_by) is not list or len(self.decided_by) != 2:
            raise DocumentError("wipe-shape", "decided_by", "send function and person")
        for word in self.decided_by:
            _check_word(word, "decided_by")

    def _check_steps(self) -> None:
        if type(self.steps) is not list or not 0 < len(self.steps) <= MAX_STEPS:
            raise DocumentError("wipe-count", "steps", "send 1 to %d" % MAX_STEPS)
        for step in self.steps:
            if type(step) is not list or len(step) != 3:
                raise DocumentError("wipe-shape", "step", "send word, time and SHA-256")
            _check_word(step[0], "step")
            _checks.uint(step[1], self.started_ms, self.finished_ms, "step done_ms")
            _checks.byte_string(step[2], DIGEST_BYTES, DIGEST_BYTES, "step evidence")

    def encode(self) -> bytes:
        """Return the payload of the document."""
        return cbor.encode(dict(enumerate(self._items(), 1)))


def _check_word(word: "Any", name: str) -> None:
    _checks.text(word, 1, MAX_WORD_BYTES, name)
    if not all(c in _WORD_CHARACTERS for c in word):
        raise DocumentError("wipe-text", name, "send small letters, digits and . - _")


def decode(payload: bytes) -> WipeRecord:
    """Return the record of a payload; raises DocumentError, CborError."""
    fields = cbor.decode(payload, max_bytes=documents.MAX_DOCUMENT_BYTES)
    return WipeRecord(*_checks.values(fields, len(WipeRecord.FIELDS), "wipe record"))


def verify(data: bytes, trust: "Trust") -> WipeRecord:
    """Return the record in `data` if a bench of this site signed it.

    Raises DocumentError, CoseError, CborError.
    """
    given = decode(trust.open(data, documents.WIPE_RECORD))
    if given.site_id != trust.site_id:
        raise DocumentError("wipe-site", "wipe record", "give the trust of its site")
    return given
