"""What a kit lacks before somebody may have it: every reason by itself, in words of its own.

`kits.move` to checked, ready and handed-out refuses as long as there is one. All of it is read
from the inventory, where signed records are (`records`): nobody ticks a box.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from varde_host import messages


@dataclass(frozen=True, slots=True)
class Lack:
    """One reason. `code` names its text, `subject` is the kit or the thing that it is about.

    Codes: `accept.lack.STEP` for a step of the acceptance (docs/acceptance.md), else one of
    `lack.CODE` in the messages; `fields` fill the text in.
    """

    code: str
    subject: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reason in the language in use."""
        return messages.text(self.code, subject=self.subject, **self.fields)


def lacks(connection: sa.Connection, kit_id: str, now_ms: int) -> list[Lack]:
    """Return all that keeps a kit from being handed out now; nothing if it may be.

    Asked of a kit in any state: what is not yet done is lacking.
    """
    raise NotImplementedError
