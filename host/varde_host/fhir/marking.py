"""What is said of a measurement beside its value: marks as tags, and everything in words."""

from __future__ import annotations

from collections.abc import Sequence

from varde_host import messages
from varde_host.fhir import coded, quality
from varde_host.fhir import measured as measured_module
from varde_host.fhir.measured import Measured
from varde_host.fhir.style import Resource, Style


def meta(measured: Measured, style: Style, *, is_test: bool) -> Resource:
    """Return tags for what a program reads, and the label of test data."""
    is_labelled = is_test or measured_module.TEST in measured.marks
    tags = [{"system": style.system("mark"), "code": each} for each in measured.marks]
    return coded.without_nothing({"security": [quality.TEST] if is_labelled else [], "tag": tags})


def notes(measured: Measured, words: Sequence[str]) -> list[str]:
    """Return the same for people, in the language in use: status words, then marks."""
    marks = [
        messages.text(f"fhir.mark.{each}", detail=measured.details.get(each, "-"))
        for each in measured.marks
    ]
    said = ", ".join(words)
    return [each for each in (said, *marks) if each]
