"""One thing to do for a kit: its words, and the jobs that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from varde_host import messages
from varde_host.bench_desk.kit_facts import KitFacts
from varde_host.inventory import who

# What there is to do. Each is one command, and one page.
MAKE: Final = "make"
"""`varde bench run`: the board of the kit's hub, and its sensors."""
CLEAN: Final = "clean"
"""To cleaned, with product and batch (and what became of the cuff, under infection control)."""
WIPE_NEW: Final = "wipe-new"
"""`varde kit fresh`: to wiped, for a hub that was erased and made here and has not been out."""
VERIFY: Final = "verify"
"""`varde verify run ITEM`."""
ACCEPT: Final = "accept"
"""`varde accept run`."""
CHECK: Final = "check"
"""To checked, by the acceptance that is there."""
LABEL: Final = "label"
"""Print the label, hang it on, scan it back: to ready."""
HANDOUT: Final = "handout"
TAKE_BACK: Final = "take-back"
"""To returned: is it complete, is it under infection control."""
QUARANTINE: Final = "quarantine"
"""To quarantine, with a reason."""
RETURN: Final = "return"
"""`varde bench return`: readings delivered, hub and sensors emptied, to wiped."""
REOPEN: Final = "reopen"
"""Back to wiped, with a reason: it is to be tested anew."""
REPAIR: Final = "repair"
"""Somebody sees to a thing or a deviation: changes it, closes it."""
WAIT: Final = "wait"
NONE: Final = "none"
JOBS: Final = (
    MAKE, CLEAN, WIPE_NEW, VERIFY, ACCEPT, CHECK, LABEL, HANDOUT, TAKE_BACK, QUARANTINE, RETURN,
    REOPEN, REPAIR, WAIT, NONE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do. `job` is one of `JOBS`, `who` the function whose it is.

    `kit` and `item` are what it is about (a thing alone has no kit); `fields` fill the texts
    `next-step.CODE.what` (how it stands) and `.now` (what to do), and hold what the job needs:
    of VERIFY the `procedure`, of CHECK the `record`, of WAIT `until_ms`, of a deviation `note`.
    """

    code: str
    job: str
    who: str
    kit: str | None = None
    item: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """How it stands, in the language in use."""
        return self._text("what")

    @property
    def now(self) -> str:
        """What to do, in the language in use."""
        return self._text("now")

    def _text(self, part: str) -> str:
        named = {"kit": self.kit or "-", "item": self.item or "-"}
        return messages.text(f"next-step.{self.code}.{part}", **{**named, **self.fields})

    def as_json(self) -> dict[str, Any]:
        """For programs, with its texts."""
        return {
            "code": self.code, "job": self.job, "who": self.who, "kit": self.kit,
            "item": self.item, "fields": dict(self.fields), "what": self.what, "now": self.now,
        }  # fmt: skip


def of(
    facts: KitFacts,
    code: str,
    job: str,
    whose: str = who.TECHNICIAN,
    item: str | None = None,
    **fields: Any,
) -> NextStep:
    """Return a step about a kit, or about a thing in it."""
    return NextStep(code, job, whose, facts.kit.kit_id, item, fields)
