"""What an answer means for what was sent: it is there, it is not wanted, or to be asked again.

Pure. A measurement is refused (and then held, until a person asks again) only by an answer that is
about that measurement. What is about us, about the way, or about the moment is asked again:

1. 2xx: taken, if the answer is one that this kind of server gives (`rest`, `webhook`);
2. 400, 412, 413, 422: the content is not wanted as it is;
3. 408, 409, 425, 429, 5xx: not now. `Retry-After` counts (RFC 9110 section 10.2.3);
4. all else (3xx, 401, 403, 404, 405, 410, 415 ...): somebody has to mend the settings or the
   rights. Asked again each quarter of an hour.

An OperationOutcome's free text is not kept: servers repeat there what they were sent, and may add
whom it is about. Its codes and the paths of elements are, and say where to look.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from varde_host.fhir import exact_json
from varde_host.handover import sending
from varde_host.handover.http_calls import Answer

REFUSED: Final = frozenset({400, 412, 413, 422})
NOT_NOW: Final = frozenset({408, 409, 425, 429})
SOON_S: Final = 5.0
MEND_S: Final = 900.0
"""Until somebody has mended it; asking costs the other end a line in its log."""
LONGEST_S: Final = 86_400.0

MOST_WORDS: Final = 200
_MOST_ISSUES: Final = 5
_MOST_DEPTH: Final = 10


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# http://hl7.org/fhir/R4/valueset-issue-type.html, which binds what a code may be.
_CODES: Final = _set(
    "invalid structure required value invariant security login unknown expired forbidden "
    "suppressed processing not-supported duplicate multiple-matches not-found deleted too-long "
    "code-invalid extension too-costly business-rule conflict transient lock-error no-store "
    "exception timeout incomplete throttled informational"
)
_DETAIL: Final = re.compile(r"MSG_[A-Z_]{1,40}")
"""R4's own codes of details (CodeSystem operation-outcome)."""
# Elements of what is sent. A path is kept if it has no other step: no server's word gets through.
_ELEMENTS: Final = _set(
    "Bundle Observation Device DeviceMetric DetectedIssue OperationOutcome Patient Reference "
    "Quantity Identifier CodeableConcept Coding entry resource request fullUrl method url "
    "ifNoneExist type timestamp id meta profile tag security contained extension identifier "
    "status category code coding system display text subject patient reference effectiveDateTime "
    "effectivePeriod effective issued performer value valueQuantity valueCodeableConcept "
    "valueString valueInteger valueDateTime valueReference unit dataAbsentReason interpretation "
    "note bodySite method device derivedFrom hasMember component basedOn partOf encounter focus "
    "specimen referenceRange severity detail author identified identifiedDateTime implicated "
    "evidence mitigation definition udiCarrier manufacturer serialNumber "
    "lotNumber deviceName modelNumber specialization version property owner parent source "
    "operationalStatus color measurementPeriod calibration state time expirationDate"
)
_STEP: Final = re.compile(r"([A-Za-z]{1,30})(\[[0-9]{1,2}\])?")
_MOST_STEPS: Final = 12
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def failed(answer: Answer, words: str = "") -> sending.Refused | sending.Later:
    """Return what an answer means that is none of cases 1."""
    status = answer.status
    said = f"HTTP {status} {words}".strip()[:MOST_WORDS]
    if status in REFUSED:
        return sending.Refused(said)
    if status in NOT_NOW or status >= 500:
        return sending.Later(max(SOON_S, retry_after_s(answer)), said)
    return sending.Later(MEND_S, said)


def retry_after_s(answer: Answer) -> float:
    """Return for how long the server wants to be left alone, 0 if it does not say.

    A date is counted from the server's own, so that our clock does not matter.
    """
    text = answer.header("retry-after").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_S)
    then, now = date_s(text), date_s(answer.header("date"))
    if then is None or now is None:
        return 0.0
    return min(max(0.0, then - now), LONGEST_S)


def date_s(text: str) -> float | None:
    """Return a date of HTTP (RFC 9110 section 5.6.7) in Unix seconds, None for none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def resource(answer: Answer) -> dict[str, Any]:
    """Return the FHIR resource of an answer, {} for anything else."""
    if not answer.content:
        return {}
    try:
        found = exact_json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and "resourceType" in found else {}


def words(outcome: Any) -> str:
    """Return codes and paths of an OperationOutcome, fit for a log; "" of anything else."""
    if not isinstance(outcome, Mapping) or outcome.get("resourceType") != "OperationOutcome":
        return ""
    return "; ".join(_issues(outcome))[:MOST_WORDS]


def has_error(outcome: Any) -> bool:
    """Tell if an OperationOutcome says that something went wrong."""
    return isinstance(outcome, Mapping) and any(
        isinstance(each, Mapping) and each.get("severity") in ("error", "fatal")
        for each in _list(outcome.get("issue"))
    )


def _issues(outcome: Mapping[str, Any]) -> Iterator[str]:
    for issue in _list(outcome.get("issue")):
        if isinstance(issue, Mapping):
            said = " ".join(dict.fromkeys(_of_issue(issue)))
            if said:
                yield said


def _of_issue(issue: Mapping[str, Any]) -> Iterator[str]:
    if issue.get("code") in _CODES:
        yield str(issue["code"])
    details = issue.get("details")
    for coding in _list(details.get("coding") if isinstance(details, Mapping) else None):
        code = coding.get("code") if isinstance(coding, Mapping) else None
        if isinstance(code, str) and _DETAIL.fullmatch(code):
            yield code
    for path in [*_list(issue.get("expression")), *_list(issue.get("location"))]:
        if isinstance(path, str) and _is_path(path):
            yield path


def _is_path(text: str) -> bool:
    steps = [_STEP.fullmatch(each) for each in text.split(".", _MOST_STEPS)]
    return all(each is not None and each[1] in _ELEMENTS for each in steps)


def _list(value: object) -> list[Any]:
    return value[:_MOST_ISSUES] if isinstance(value, list) else []
