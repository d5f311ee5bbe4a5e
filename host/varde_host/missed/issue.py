"""A miss as FHIR R4: DetectedIssue, in the shape of Velferdsteknologisk knutepunkt (VKP).

As `fhir.vkp_alert` has it, with VKP's code for a measurement that was not reported. What VKP has
no place for stands in an extension of the site's own: cause and code, owner, deadline, the window,
and whether it is final. `status` is `preliminary` while it may turn out otherwise, `final` then,
and `entered-in-error` if it was taken back. There is no `severity`: what it means for somebody's
health nobody here knows.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from varde_host import messages
from varde_host.fhir import coded, subject, vkp_alert
from varde_host.fhir.style import Resource, Style
from varde_host.handover import sending
from varde_host.missed import wording
from varde_host.missed.telling import Told

PRELIMINARY: Final = "preliminary"
FINAL: Final = "final"
ENTERED_IN_ERROR: Final = "entered-in-error"
UNKNOWN: Final = "unknown"
_MISSED: Final = "missed"
_DIGEST_BYTES: Final = 16


def of(told: Told, style: Style) -> Resource:
    """Return the DetectedIssue; the same bytes each time for the same word."""
    with messages.spoken(style.language):
        text, detail = wording.what(told), wording.detail(told)
    return coded.without_nothing({
        "resourceType": "DetectedIssue",
        "meta": {"profile": [vkp_alert.PROFILE]},
        "extension": [_extension(told, style)],
        "identifier": [{"system": style.system(_MISSED), "value": _value(told, style)}],
        "status": _status(told),
        "code": vkp_alert.code(vkp_alert.MISSED, text),
        "patient": subject.of_loan(told.loan_id or None, style),
        "identifiedDateTime": coded.instant(told.told_ms),
        "author": vkp_alert.author(style),
        "detail": detail,
    })  # fmt: skip


def outgoing(told: Told, style: Style) -> sending.Outgoing:
    """Return it as a message to a target."""
    made = of(told, style)
    first = made["identifier"][0]
    return sending.Outgoing(
        f"{first['system']}|{first['value']}", told.version, sending.MESSAGE, [made],
        told.loan_id or None, told.told_ms,
    )  # fmt: skip


def _status(told: Told) -> str:
    if told.is_taken_back:
        return ENTERED_IN_ERROR
    return FINAL if told.is_final else PRELIMINARY


def _value(told: Told, style: Style) -> str:
    """Return the identifier: it never changes, and nobody can guess a loan from it."""
    said = f"{_MISSED}\n{told.key}".encode()
    return hmac.new(style.secret, said, hashlib.sha256).digest()[:_DIGEST_BYTES].hex()


def _extension(told: Told, style: Style) -> Resource:
    begin, end = (coded.instant(each) for each in told.window)
    closed = told.closed or None
    return {
        "url": style.system(_MISSED),
        "extension": [
            {"url": "window", "valuePeriod": {"start": begin, "end": end}},
            {"url": "type", "valueCode": told.type},
            {"url": "cause", "valueCode": told.cause or UNKNOWN},
            {"url": "code", "valueCode": told.code},
            {"url": "final", "valueBoolean": told.is_final},
            {"url": "owner", "valueCode": told.owner},
            {"url": "deadline", "valueInstant": coded.instant(told.due_by_ms)},
            {"url": "state", "valueCode": told.state},
            *([{"url": "closed", "valueCode": closed}] if closed else []),
        ],
    }
