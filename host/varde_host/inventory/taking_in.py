"""Take a thing in by its maker's barcode: what the code says of it, and what it cannot be."""

from __future__ import annotations

from varde_host import errors
from varde_host.inventory import scanning
from varde_host.inventory.scanned import Scanned

_FACTS = ("serial", "lot", "made_on", "expires_on")


def model_of(found: scanning.Found) -> str:
    """Return the model of what was scanned.

    Raises InputRefused `model-new` for one that nobody has named, `item-known` for a thing that is
    there already, `barcode-form` for what is no maker's code.
    """
    if found.what == scanning.NEW_MODEL and found.code is not None:
        raise errors.InputRefused("model-new", found.code.code or "")
    if found.what == scanning.ITEM:
        raise errors.InputRefused("item-known", "--scan", item=found.id)
    if found.model is None:
        raise errors.InputRefused("barcode-form", "--scan")
    return found.model.model


def facts_of(code: Scanned | None) -> dict[str, str]:
    """Return what a code says of the thing itself, as `items.add` takes it."""
    facts = {name: getattr(code, name, None) for name in _FACTS}
    return {name: value for name, value in facts.items() if value is not None}
