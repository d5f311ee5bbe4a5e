"""A level in words: where it was verified also at which points and with which U, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from varde_host import messages
from varde_host.bench_record import form
from varde_host.reporting import amounts
from varde_host.verification import judgement, measured, procedure

VERIFIED, CALIBRATED = 3, 4


def of(
    words: messages.Speaker,
    judged: judgement.Judgement,
    references: Sequence[measured.ReferenceUsed],
    unit: str,
) -> str:
    """Return the words of a judgement's level; `unit` is that of its points."""
    name = amounts.level(words, judged.level)
    if judged.level == CALIBRATED:
        found = next((one for one in references if one.kind == "external-certificate"), None)
        if found is not None:
            lab, number = found.traceable_to or "?", found.certificate or "?"
            return words.text("sheet.calibrated-by", lab=lab, certificate=number)
    at = [each for each in judged.handed_out if each.expanded_u and each.nominal is not None]
    if judged.level != VERIFIED or not at:
        return name
    widest = max(at, key=lambda each: each.expanded_u or 0)
    nominals = sorted({each.nominal for each in at if each.nominal is not None})
    places = ", ".join(amounts.number(words, value) for value in nominals)
    u = amounts.number(words, widest.shown_u, unit)
    return words.text("sheet.verified-at", points=f"{places} {unit}", u=u)


def of_record(words: messages.Speaker, record: form.Signed) -> str:
    """Return the same for a verification beside; without points if its procedure's unit is not
    known, as that of a municipality's own."""
    seen = measured.from_json(record.content["measured"])
    known = {each.sha256: each for each in procedure.every_shipped()}
    used = known.get(seen.procedure.sha256)
    if used is None:
        return amounts.level(words, record.level or 0)
    judged = judgement.from_json(record.content["judgement"])
    return of(words, judged, seen.references, used.unit)
