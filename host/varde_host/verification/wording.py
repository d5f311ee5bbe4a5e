"""The words of a judgement in the language in use; the same on screen and on paper."""

from __future__ import annotations

from varde_host import messages
from varde_host.verification import judgement

LEVEL_NAMES = ("identified", "functional", "compared", "verified", "calibrated")
"""N0 to N4, as the texts are named."""


def outcome(value: str) -> str:
    """Return an outcome in words, as «Bestått, men innenfor usikkerheten»."""
    return messages.text(f"verification.outcome.{value}")


def level(value: int) -> str:
    """Return what may be said of a level, as «Sammenlignet, ikke sporbar nøyaktighet»."""
    return messages.text(f"verification.level.{LEVEL_NAMES[value]}")


def level_code(value: int) -> str:
    """Return N0 to N4."""
    return f"N{value}"


def banner(key: str) -> str:
    """Return what a banner says, a sentence or two."""
    return messages.text(f"verification.banner.{key}")


def note(finding: judgement.Finding) -> str:
    """Return why a finding is as it is; empty if there is nothing to say."""
    return "" if finding.note is None else messages.text(f"verification.note.{finding.note}")


def source(line: judgement.BudgetLine) -> str:
    """Return what a contribution to the uncertainty comes from."""
    return messages.text(f"verification.source.{line.source}")


def reference(kind: str) -> str:
    """Return what kind of thing was compared with."""
    return messages.text(f"verification.reference.{kind}")
