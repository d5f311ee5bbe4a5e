"""What a sensor's values say, one after the other; what comes in segments is joined."""

from __future__ import annotations

from collections.abc import Mapping

from varde_host.receiver import decoding
from varde_protocols.errors import GattError
from varde_protocols.gatt import segments

Fields = Mapping[str, object]


class Decoder:
    """Of one sensor. `model` has the rules, "" for the specification."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._unfinished: dict[int, segments.Segments] = {}

    def fields(self, number: int, raw: bytes) -> Fields:
        """Return the fields of a value. The last segment has those of the whole; the ones before
        it say what can be told of a part. Raises GattError."""
        if number not in decoding.SEGMENTED or decoding.is_whole_segment(raw):
            return decoding.decode(number, raw, self._model)
        body = self._joined(number, raw)
        if body is None:
            return decoding.decode(number, raw, self._model)
        return decoding.decode_joined(number, body, self._model)

    def _joined(self, number: int, raw: bytes) -> bytes | None:
        if segments.decode_header(raw[0] if raw else 0)["first_segment"]:
            self._unfinished[number] = segments.Segments(decoding.SEGMENTED[number])
        parts = self._unfinished.get(number)
        if parts is None:
            raise GattError("lost-segment", decoding.SEGMENTED[number], "the first one is missing")
        try:
            parts.receive(raw)
        except GattError:
            del self._unfinished[number]
            raise
        return parts.next_event()


def is_part(fields: Fields) -> bool:
    """Whether more must come before this says what was measured."""
    return fields.get("last_segment") is False
