"""The Record Access Control Point 0x2A52 (GLS 1.0.1, 3.3; PLXS 1.0.1, 3.5), requests and answers.

"No records" is an answer like "done": nothing is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

_REPORT, _DELETE, _COUNT, _COUNT_ANSWER, _ANSWER = 1, 2, 4, 5, 6
_NULL, _ALL, _AT_MOST = 0, 1, 2
_SEQUENCE_NUMBER = 1
_SUCCESS, _NO_RECORDS = 1, 6

COUNT_ALL = bytes((_COUNT, _ALL))
REPORT_ALL = bytes((_REPORT, _ALL))
DELETE_ALL = bytes((_DELETE, _ALL))


def delete_up_to(sequence_number: int) -> bytes:
    """Return the request to delete all records up to and with this number, and no later one."""
    return bytes((_DELETE, _AT_MOST, _SEQUENCE_NUMBER)) + sequence_number.to_bytes(2, "little")


@dataclass(frozen=True)
class Answer:
    """What the sensor says to a request. `count` is of records, for a count; `result` the code of
    the specification, 1 done, 6 no records."""

    count: int | None = None
    result: int = _SUCCESS

    @property
    def is_good(self) -> bool:
        """Done, or nothing there to do it with."""
        return self.result in (_SUCCESS, _NO_RECORDS)


def answer(raw: bytes) -> Answer | None:
    """Return the answer in an indicated value; None for bytes that are none."""
    if len(raw) >= 4 and raw[0] == _COUNT_ANSWER and raw[1] == _NULL:
        return Answer(count=int.from_bytes(raw[2:4], "little"))
    if len(raw) >= 4 and raw[0] == _ANSWER and raw[1] == _NULL:
        asked, result = raw[2], raw[3]
        is_empty = asked == _COUNT and result == _NO_RECORDS
        return Answer(count=0 if is_empty else None, result=result)
    return None


def sequence_number(glucose_measurement: bytes) -> int | None:
    """Return the sequence number of a 0x2A18 value (GLS 1.0.1, 3.1.1.2), None if it is cut."""
    if len(glucose_measurement) < 3:
        return None
    return int.from_bytes(glucose_measurement[1:3], "little")
