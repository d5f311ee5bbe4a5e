"""What is fixed when a verification begins, and stays so until it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from varde_host import errors
from varde_host.verification import measured, plain_form


@dataclass(frozen=True, slots=True)
class Setup:
    """`device` and `references` as they stood; `where` is place and conditions known beforehand.

    `kit` is the kit that the thing was in. `small_weights`: the change point of a display is
    looked for with small weights.
    """

    procedure: measured.ProcedureName
    device: measured.Device
    began_ms: int
    place: str
    references: tuple[measured.ReferenceUsed, ...] = ()
    where: measured.Conditions | None = None
    kit: str | None = None
    small_weights: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dict(plain_form.plain(self))

    def reference(self, kinds: tuple[str, ...]) -> measured.ReferenceUsed | None:
        """Return the reference that is used where one of these kinds is wanted."""
        return next((one for kind in kinds for one in self.references if one.kind == kind), None)


def from_json(value: object, where: str) -> Setup:
    """Return what `Setup.as_json` gave. Raises InputRefused `verify-state`."""
    try:
        return plain_form.built(Setup, value)
    except plain_form.Malformed as error:
        raise errors.InputRefused("verify-state", where, field=error.where) from None
