"""What every alert in the shape of Velferdsteknologisk knutepunkt (VKP) has in common.

Profile VkpDetectedIssue 0.9.0 and code system vkp-alert-code-v090 (HL7Norway/Velferdsteknologi,
VKP-R4/StructureDefinition/vkp-DetectedIssue-v090.structuredefinition-profile.xml at 7187a4a,
VKP-R4/CodeSystem/vkp-alert-code-v090.codesystem.xml at 0e3874f).
"""

from __future__ import annotations

from typing import Final

from varde_host.fhir import subject
from varde_host.fhir.style import Resource, Style

PROFILE: Final = "http://ehelse.no/fhir/StructureDefinition/vkp-DetectedIssue-v090"
CODES: Final = "http://ehelse.no/fhir/CodeSystem/vkp-alert-code-v090"
MEASURED: Final = ("1.1", "Måledata rapportert")
MISSED: Final = ("2.2", "Måling ikke rapportert")
NAME: Final = "Varde"
_PROGRAM: Final = "program"


def code(coded: tuple[str, str], text: str) -> Resource:
    """Return what an alert is about: VKP's code (MEASURED or MISSED), and a text."""
    number, display = coded
    return {"coding": [{"system": CODES, "code": number, "display": display}], "text": text}


def author(style: Style) -> Resource:
    """Return the reference to this program as what made it."""
    identifier = {"system": style.system(_PROGRAM), "value": "varde-receiver"}
    return {"type": subject.DEVICE, "identifier": identifier, "display": NAME}
