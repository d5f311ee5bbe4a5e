"""An alert as FHIR R4: DetectedIssue in the shape of Velferdsteknologisk knutepunkt (VKP).

Profile VkpDetectedIssue 0.9.0 (HL7Norway/Velferdsteknologi at 7187a4a, VKP-R4/StructureDefinition/
vkp-DetectedIssue-v090.structuredefinition-profile.xml: `code` from vkp-alert-code-v090, `patient`)
and the guide for digital hjemmeoppfølging on Simplifier, page Detectedissue:

- `code` says what the alert is about: 1.1 "Måledata rapportert", with a text;
- `severity` by HL7's DetectedIssueSeverity;
- `detail` the colour, to be read;
- `author` the solution that made it, as a Device;
- `implicated` the Observation it is about, `evidence` those that it rests on as well.

No value stands in it: that is in the Observation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from varde_host import messages
from varde_host.fhir import coded, subject, vkp_alert
from varde_host.fhir.style import Resource, Style
from varde_host.triage import judging, limits

# HL7 R4 detectedissue-severity; green is no issue.
SEVERITY: Final[Mapping[str, str]] = {limits.YELLOW: "moderate", limits.RED: "high"}
_ISSUE: Final = "triage"
_DIGEST_BYTES: Final = 16


def of(judged: judging.Judged, style: Style, now_ms: int) -> Resource:
    """Return the DetectedIssue of a value that is yellow or red, raised at `now_ms`.

    Its identifier follows from the Observation's and the kind, and is the same whatever becomes
    of the colour.
    """
    if judged.colour is None or not judged.is_alert:
        raise TypeError("only yellow and red are issues")
    said = judged.said
    return coded.without_nothing({
        "resourceType": "DetectedIssue",
        "meta": {"profile": [vkp_alert.PROFILE]},
        "identifier": [_identifier(judged, style)],
        "status": "final",
        "code": _code(judged, style),
        "severity": SEVERITY[judged.colour],
        "patient": subject.of_loan(said.measured.loan_id, style),
        "identifiedDateTime": coded.instant(now_ms),
        "author": vkp_alert.author(style),
        "implicated": [_reference(said.observation)],
        "evidence": [{"detail": [_reference(each.observation)]} for each in judged.rests_on],
        "detail": colour(judged.colour, style.language),
    })  # fmt: skip


def colour(name: str, language: str) -> str:
    """Return the word for a colour."""
    return messages.catalogue(language)[f"triage.colour.{name}"]


def _code(judged: judging.Judged, style: Style) -> Resource:
    kind = messages.catalogue(style.language)[f"triage.kind.{judged.kind}"]
    word = colour(judged.colour or "", style.language)
    return vkp_alert.code(vkp_alert.MEASURED, f"{kind}: {word}")


def _identifier(judged: judging.Judged, style: Style) -> Resource:
    first = _first(judged.said.observation)
    said = f"triage\n{first.get('system', '')}\n{first['value']}\n{judged.kind}"
    digest = hmac.new(style.secret, said.encode(), hashlib.sha256).digest()
    return {"system": style.system(_ISSUE), "value": digest[:_DIGEST_BYTES].hex()}


def _reference(observation: Resource) -> Resource:
    return {"type": "Observation", "identifier": dict(_first(observation))}


def _first(observation: Resource) -> Resource:
    first: Resource = observation["identifier"][0]
    return first
