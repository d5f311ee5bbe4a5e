"""The golden vectors of what a bench signs: one record of each kind, and what is refused."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from golden import site
from golden.values import HUB_ID
from varde_host.acceptance import steps
from varde_host.verification import evaluation, measured, procedure
from varde_protocols import documents

DAY = "2026-02-16"
BEGAN_MS = site.SIGNED_MS
ENDED_MS = BEGAN_MS + 600_000
SENSOR, KIT, HUB_ITEM, REFERENCE = "EXF18F", "4NYX29", "122C5A", "793WE3"
CHIP = "7cdfa1000102"
LOAN = "0123456789012345"
BY = ["kalibreringsansvarlig", "k2"]
KINDS = {
    "verification": documents.VERIFICATION,
    "acceptance": documents.ACCEPTANCE,
    "handout": documents.HANDOUT,
}


def head(kind: str, number: str) -> dict[str, Any]:
    """What every record says."""
    return {
        "form": 1, "kind": kind, "number": number, "site": site.SITE_ID.hex(),
        "municipality": "Eksempel kommune", "place": "Benk 1", "began_ms": BEGAN_MS,
        "ended_ms": ENDED_MS, "by": BY, "approved": None, "tool": "varde 0.8.0",
    }  # fmt: skip


def seen() -> measured.Measured:
    """A thermometer at four points, with an error of a tenth at one."""
    used = procedure.shipped()["thermometer"]
    device = measured.Device(
        SENSOR, "sensor", model="own-thermometer", serial="T77", resolution=Decimal("0.1")
    )
    reference = measured.ReferenceUsed(
        REFERENCE, "thermometer", certificate="T-4", calibrated_on="2026-01-10",
        due="2027-01-10", expanded_u=Decimal("0.03"), k=Decimal(2), unit="°C",
        traceable_to="Justervesenet",
    )  # fmt: skip
    plans = [p for c in used.checks if c.nominals for p in procedure.planned(c, device)]
    points = tuple(
        measured.Point(
            plan.check.id, plan.direction, plan.nominal, plan.nominal,
            plan.nominal + (Decimal("0.1") if number == 1 else 0), indication_source="typed",
        )
        for number, plan in enumerate(plans)
    )  # fmt: skip
    answers = tuple(
        measured.Answer(c.id, yes=True, text="T77" if c.text_needed else None)
        for c in used.checks
        if c.rule == procedure.ANSWER
    )
    run = measured.Run(points, answers=answers)
    return measured.Measured(used.name, device, DAY, run, references=(reference,))


def verification() -> dict[str, Any]:
    """Of `seen`, with the judgement that follows."""
    judged = evaluation.evaluate(procedure.shipped()["thermometer"], seen())
    return head("verification", f"2026{SENSOR}") | {
        "measured": seen().as_json(), "judgement": judged.as_json(), "valid_until": "2026-08-17",
        "kit": None,
    }  # fmt: skip


def acceptance(verification_sha256: str) -> dict[str, Any]:
    """All steps passed."""
    rows = [
        {"step": name, "outcome": "passed", "code": None, "facts": {}, "at_ms": BEGAN_MS}
        for name in steps.STEPS
    ]
    named = {SENSOR: verification_sha256, HUB_ITEM: None}
    return head("acceptance", f"2026{KIT}") | {
        "kit": KIT, "hub": HUB_ID.hex(), "chip": CHIP, "steps": rows, "outcome": "passed",
        "items": [{"item": item, "verification": sha256} for item, sha256 in named.items()],
        "valid_until": "2026-08-17",
    }  # fmt: skip


def handout(accepted: dict[str, Any], acceptance_sha256: str) -> dict[str, Any]:
    """Of the kit that was accepted."""
    return head("handout", "2026P8WCYM") | {
        "kit": KIT, "loan": LOAN, "items": accepted["items"],
        "config": {"heartbeat_s": [900, 600]},
        "acceptance": acceptance_sha256, "coverage": None, "instructed": True,
    }  # fmt: skip


def text(content: dict[str, Any]) -> bytes:
    """The one spelling of a record's JSON."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def signed(kind: str, content: dict[str, Any], signer: str = "service-1") -> bytes:
    """The document."""
    return documents.sign(KINDS[kind], text(content), [site.key(signer)])


def messages() -> dict[str, bytes]:
    """One document of each kind; the later ones name the earlier ones."""
    first = signed("verification", verification())
    accepted = acceptance(hashlib.sha256(first).hexdigest())
    second = signed("acceptance", accepted)
    given = handout(accepted, hashlib.sha256(second).hexdigest())
    return {"verification": first, "acceptance": second, "handout": signed("handout", given)}


def bench_record_vectors() -> dict[str, Any]:
    """The content of bench_records.json."""
    return {
        "documents": [
            {"kind": KINDS[kind], "type": kind, "signers": ["service-1"],
             "sha256": hashlib.sha256(message).hexdigest(),
             "payload": documents.unverified(message, KINDS[kind]).decode(), "message": message}
            for kind, message in messages().items()
        ],
        "refused": [
            {"type": kind, "error": error, "case": case, "message": message}
            for kind, error, case, message in refused()
        ],
    }  # fmt: skip


def refused() -> list[tuple[str, str, str, bytes]]:
    """(kind, error, case, document), all but the first three signed by the bench itself."""
    good = verification()
    judged = good["judgement"]
    accepted = acceptance("ab" * 32)
    whole = text(good)

    def raw(payload: bytes, kind: str = "verification") -> bytes:
        return documents.sign(KINDS[kind], payload, [site.key("service-1")])

    def changed(kind: str, content: dict[str, Any], **fields: Any) -> bytes:
        return signed(kind, content | fields)

    message = messages()["verification"]
    rows = [
        ("verification", "signature", "a stranger's signature", signed("verification", good,
                                                                         "stranger-1")),
        ("verification", "signature", "signed by the site's IT", signed("verification", good,
                                                                          "assignment-1")),
        ("verification", "signature", "a digit changed", message.replace(b'"0.1"', b'"0.2"', 1)),
        ("verification", "malformed", "a wipe record's kind",
         documents.sign(documents.WIPE_RECORD, whole[:9000], [site.key("service-1")])),
        ("verification", "text", "a blank", raw(whole.replace(b":", b": ", 1))),
        ("verification", "text", "a float", raw(whole.replace(b'"form":1', b'"form":1.0'))),
        ("verification", "text", "a line behind", raw(whole + b"\n")),
        ("verification", "text", "raw UTF-8", raw(whole.replace(b"\\u00b0", "°".encode()))),
        ("verification", "text", "no JSON", raw(b"x")),
        ("verification", "text", "a list", raw(b"[]")),
        ("verification", "form", "form 2", changed("verification", good, form=2)),
        ("verification", "form", "form true", changed("verification", good, form=True)),
        ("verification", "form", "a field more", changed("verification", good, patient="x")),
        ("acceptance", "form", "another kind's document",
         documents.sign(documents.ACCEPTANCE, whole, [site.key("service-1")])),
        ("verification", "form", "ended first", changed("verification", good, ended_ms=0)),
        ("verification", "form", "another day",
         changed("verification", good, began_ms=0, ended_ms=1)),
        ("verification", "site", "another site", changed("verification", good, site="0" * 16)),
        ("verification", "judgement", "a better level",
         changed("verification", good, judgement=judged | {"level": 4})),
        ("verification", "judgement", "an error left out",
         changed("verification", good, judgement=judged | {"handed_out": judged["as_found"][:1]})),
        ("verification", "validity", "holds three years",
         changed("verification", good, valid_until="2029-02-16")),
        ("verification", "procedure", "a procedure nobody knows",
         changed("verification", good, measured=good["measured"]
                 | {"procedure": {"id": "thermometer", "version": 1, "sha256": "0" * 64}})),
        ("acceptance", "form", "passed without a step",
         changed("acceptance", accepted, steps=accepted["steps"][1:])),
        ("acceptance", "form", "a failed step in a good one",
         changed("acceptance", accepted,
                 steps=[accepted["steps"][0] | {"outcome": "failed"}, *accepted["steps"][1:]])),
        ("acceptance", "form", "failed, and holds all the same",
         changed("acceptance", accepted, outcome="failed", steps=accepted["steps"][1:])),
        ("acceptance", "form", "a step twice",
         changed("acceptance", accepted, steps=[*accepted["steps"], accepted["steps"][0]])),
        ("acceptance", "form", "a step after the end",
         changed("acceptance", accepted, ended_ms=BEGAN_MS,
                 steps=[row | {"at_ms": BEGAN_MS + 1} for row in accepted["steps"]])),
        ("acceptance", "form", "a thing twice",
         changed("acceptance", accepted, items=accepted["items"] * 2)),
        ("acceptance", "form", "half a hash",
         changed("acceptance", accepted, items=[{"item": SENSOR, "verification": "ab" * 16}])),
        ("handout", "form", "no loan", changed("handout", handout(accepted, "ab" * 32), loan="1")),
    ]  # fmt: skip
    names = {"judgement": "verification-judgement", "validity": "verification-validity"}
    return [
        (kind, names.get(error, f"bench-record-{error}"), case, data)
        for kind, error, case, data in rows
    ]
