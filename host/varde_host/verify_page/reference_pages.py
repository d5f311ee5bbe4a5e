"""References: what stands for each and until when; a new certificate entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.inventory import items, kit_id, references
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page
from varde_host.verification import procedure
from varde_host.verifying import reference_states

_LOOKS: Final = {
    reference_states.HOLDS: "good", reference_states.SOON: "note",
    reference_states.PAST: "bad", reference_states.NONE: "none",
}  # fmt: skip
FIELDS: Final = (
    "certificate", "issuer", "calibrated_on", "due", "unit", "expanded_u", "k", "weights_class",
    "accreditation", "traceable_to", "points",
)  # fmt: skip
REQUIRED: Final = FIELDS[:5]
DATES: Final = ("calibrated_on", "due")


async def show_list(asked: Asked) -> Response:
    """Answer `GET /references`."""
    with asked.tenant.inventory.reading() as connection:
        listed = reference_states.listing(connection, asked.now_ms)
    return asked.page("verify_page/references.html", references=listed, looks=_LOOKS)


async def show(asked: Asked) -> Response:
    """Answer `GET /references/ITEM`."""
    return _show(asked)


def _show(asked: Asked, refused: errors.InputRefused | None = None) -> Response:
    wanted = kit_id.check(asked.path["item"])
    with asked.tenant.inventory.reading() as connection:
        item = items.find(connection, wanted)
        history = references.of_item(connection, item.item_id)
    stands = max(history, key=lambda one: (one.given.calibrated_on, one.number), default=None)
    kept = dict(asked.form) if refused is not None else _before(stands)
    return asked.page(
        "verify_page/reference.html",
        200 if refused is None else 422,
        item=item,
        history=list(reversed(history)),
        state=reference_states.state(stands, asked.now_ms),
        looks=_LOOKS,
        kinds=[(kind, _kind(kind)) for kind in sorted(procedure.REFERENCE_KINDS)],
        fields=FIELDS,
        required=REQUIRED,
        dates=DATES,
        kept=kept,
        problem=None if refused is None else explaining.of_error(refused),
    )


def _before(stands: references.Certificate | None) -> Mapping[str, str]:
    """Return what a new certificate has in common with the one before."""
    if stands is None:
        return {}
    given = stands.given
    said = {
        "kind": given.kind, "issuer": given.issuer, "unit": given.unit,
        "weights_class": given.weights_class, "accreditation": given.accreditation,
        "traceable_to": given.traceable_to,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def _kind(kind: str) -> str:
    own = f"verification.reference.{kind}"
    return messages.text(own) if messages.has(own) else kind


async def add(asked: Asked) -> Response:
    """Answer `POST /references/ITEM`: enter a certificate, as `varde verify reference add`."""
    wanted = kit_id.check(asked.path["item"])
    try:
        given = _given(asked.form)
        with asked.tenant.inventory.writing() as connection:
            references.add(connection, wanted, given, asked.visit.by, asked.now_ms)
    except errors.InputRefused as error:
        return _show(asked, error)
    return asked.go(f"/references/{wanted}")


def _given(form: Mapping[str, str]) -> references.Given:
    said = {name: form.get(name, "").strip() or None for name in ("kind", *FIELDS)}
    points = (said["points"] or "").split()
    numbers = {
        name: None if said[name] is None else references.value(said[name] or "")
        for name in ("expanded_u", "k")
    }
    return references.Given(
        said["kind"] or "", said["certificate"] or "", said["issuer"] or "",
        said["calibrated_on"] or "", said["due"] or "", said["unit"] or "",
        said["accreditation"], said["traceable_to"], numbers["expanded_u"], numbers["k"],
        said["weights_class"], None, tuple(references.point(one) for one in points),
    )  # fmt: skip


PAGES: Sequence[Page] = (
    Page("GET", "/references", "report.see", show_list),
    Page("GET", "/references/{item}", "report.see", show),
    Page("POST", "/references/{item}", "reference.change", add),
)
