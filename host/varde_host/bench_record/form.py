"""What every record of the bench says, and what those of a kind say beside it.

    head         form, kind, number, site, municipality, place, began_ms, ended_ms, by, approved,
                 tool
    verification measured, judgement, valid_until, kit                (docs/verification.md)
    acceptance   kit, hub, chip, items, steps, outcome, valid_until   (docs/acceptance.md)
    handout      kit, loan, items, config, acceptance, coverage, instructed
    trace        item, model, serial, good, bad, from_ms, until_ms, counted_ms, loans
    loan-sheet   kit, loan, from_ms, until_ms, hubs, things, slots, reminders (`loan_sheet_form`)

Here is what they have in common with each other and with the inventory: names, moments, ids,
dates, hashes and outcomes. What was measured is `verification`'s own. Errors: InputRefused
`bench-record-form` with the field that is not as it must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from varde_host import errors
from varde_host.acceptance import steps
from varde_host.bench_record import loan_sheet_form, number
from varde_host.inventory import evidence, kit_id, who
from varde_protocols import documents, records

FORM: Final = 1
"""The shape itself; another shape is another number."""
VERIFICATION: Final = "verification"
ACCEPTANCE: Final = "acceptance"
HANDOUT: Final = "handout"
TRACE: Final = "trace"
LOAN_SHEET: Final = "loan-sheet"
NUMBERS: Final = {
    VERIFICATION: documents.VERIFICATION,
    ACCEPTANCE: documents.ACCEPTANCE,
    HANDOUT: documents.HANDOUT,
    TRACE: documents.TRACE,
    LOAN_SHEET: 11,  # no hub's program has to know its name
}
"""Kind of record: kind of document."""

HEAD: Final = frozenset(
    (
        "form", "kind", "number", "site", "municipality", "place", "began_ms", "ended_ms", "by",
        "approved", "tool",
    )
)  # fmt: skip
BODIES: Final = {
    VERIFICATION: frozenset(("measured", "judgement", "valid_until", "kit")),
    ACCEPTANCE: frozenset(("kit", "hub", "chip", "items", "steps", "outcome", "valid_until")),
    HANDOUT: frozenset(
        ("kit", "loan", "items", "config", "acceptance", "coverage", "instructed")
    ),
    TRACE: frozenset(
        ("item", "model", "serial", "good", "bad", "from_ms", "until_ms", "counted_ms", "loans")
    ),
    LOAN_SHEET: loan_sheet_form.BODY,
}  # fmt: skip
MAX_ITEMS = 32
MAX_TEXT = 200
ID_BYTES = 8
"""By how much of its SHA-256 a verification is named in a hub's config and in each reading."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_HUB = re.compile(r"[0-9a-f]{16}")
_CHIP = re.compile(r"[0-9a-f]{12}")
_LOAN = re.compile(r"\d{16}")
_SERIAL = re.compile(r"[!-~]{1,30}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}")


@dataclass(frozen=True)
class Signed:
    """A record whose signature, shape and judgement were found good (`signing`, `opening`).

    `document` is the COSE_Sign as a file holds it, `sha256` its hash in hexadecimal, by which the
    inventory, an acceptance and a reading name it. `kid` is the key that signed. `is_former` tells
    that this key has left the service role since: such a record is evidence of its time, and is no
    ground for anything new.
    """

    document: bytes
    sha256: str
    kind: str
    content: Mapping[str, Any]
    kid: str
    is_former: bool = False

    @property
    def verification_id(self) -> bytes:
        """What a hub's config and its readings name it by: the hash's first 8 bytes."""
        return bytes.fromhex(self.sha256)[:ID_BYTES]

    @property
    def payload(self) -> bytes:
        """The signed JSON text itself, for the file beside the document."""
        return documents.unverified(self.document, NUMBERS[self.kind])

    @property
    def subject(self) -> str:
        """The thing that was verified or traced, or the kit that was accepted or handed out."""
        if self.kind == VERIFICATION:
            return str(self.content["measured"]["device"]["item_id"])
        if self.kind == TRACE:
            return str(self.content["item"])
        return str(self.content["kit"])

    @property
    def outcome(self) -> str | None:
        """A verification's or acceptance's outcome; None of a handout."""
        if self.kind == VERIFICATION:
            return str(self.content["judgement"]["outcome"])
        return self.content.get("outcome")

    @property
    def level(self) -> int | None:
        """A verification's level, 0 to 4."""
        return int(self.content["judgement"]["level"]) if self.kind == VERIFICATION else None

    @property
    def valid_until(self) -> str | None:
        """The last day (UTC) on which a good one holds."""
        return self.content.get("valid_until")


def check(content: Mapping[str, Any], kind: str) -> None:
    """Raise InputRefused `bench-record-form` unless the content is of that kind's shape.

    What a verification measured and how it was judged is not looked at here (`opening`).
    """
    if set(content) != HEAD | BODIES[kind] or content["kind"] != kind:
        raise _fault("kind")
    _require(type(content["form"]) is int and content["form"] == FORM, "form")
    _check_head(content)
    _CHECKS[kind](content)


def _check_head(content: Mapping[str, Any]) -> None:
    _moment(content["began_ms"], "began_ms")
    _moment(content["ended_ms"], "ended_ms")
    for name in ("municipality", "place", "tool"):
        _checked(evidence.text, content[name], name)
    _number(content["number"])
    _who(content["by"], "by")
    if content["approved"] is not None:
        _who(content["approved"], "approved")
    _require(content["began_ms"] <= content["ended_ms"], "ended_ms")
    _matching(_HUB, content["site"], "site")


def _verification(content: Mapping[str, Any]) -> None:
    for name in ("measured", "judgement"):
        _require(isinstance(content[name], dict), name)
    device = content["measured"].get("device")
    _require(isinstance(device, dict), "measured.device")
    _id(device.get("item_id"), "measured.device.item_id")
    judgement = content["judgement"]
    _require(isinstance(judgement.get("outcome"), str), "judgement.outcome")
    _require(type(judgement.get("level")) is int, "judgement.level")
    _date_or_null(content["valid_until"])
    if content["kit"] is not None:
        _id(content["kit"], "kit")


def _acceptance(content: Mapping[str, Any]) -> None:
    _id(content["kit"], "kit")
    _matching(_HUB, content["hub"], "hub")
    _matching(_CHIP, content["chip"], "chip")
    _date_or_null(content["valid_until"])
    _items(content["items"])
    rows = content["steps"]
    _require(isinstance(rows, list) and all(isinstance(row, dict) for row in rows), "steps")
    outcomes: dict[str, str] = {}
    for row in rows:
        _step(row, content)
        _require(row["step"] not in outcomes, "steps")
        outcomes[row["step"]] = row["outcome"]
    is_good = all(steps.is_good(name, outcomes.get(name)) for name in steps.STEPS)
    _require(content["outcome"] == (steps.PASSED if is_good else steps.FAILED), "outcome")
    _require(is_good or content["valid_until"] is None, "valid_until")


def _step(row: dict[str, Any], content: Mapping[str, Any]) -> None:
    _require(set(row) == {"step", "outcome", "code", "facts", "at_ms"}, "steps")
    _require(row["step"] in steps.STEPS, "steps.step")
    _require(row["outcome"] in steps.OUTCOMES, "steps.outcome")
    if row["code"] is not None:
        _matching(_CODE, row["code"], "steps.code")
    _require(isinstance(row["facts"], dict), "steps.facts")
    _moment(row["at_ms"], "steps.at_ms")
    _require(content["began_ms"] <= row["at_ms"] <= content["ended_ms"], "steps.at_ms")


def _handout(content: Mapping[str, Any]) -> None:
    _id(content["kit"], "kit")
    _matching(_LOAN, content["loan"], "loan")
    _items(content["items"])
    _require(isinstance(content["config"], dict | list), "config")
    _matching(_SHA256, content["acceptance"], "acceptance")
    _require(isinstance(content["coverage"], dict | list | None), "coverage")
    _require(isinstance(content["instructed"], bool), "instructed")


def _trace(content: Mapping[str, Any]) -> None:
    _id(content["item"], "item")
    _checked(evidence.text, content["model"], "model")
    if content["serial"] is not None:
        _matching(_SERIAL, content["serial"], "serial")  # eleven digits are no person's here
    for name in ("good", "bad"):
        if content[name] is not None:
            _matching(_SHA256, content[name], name)
    for name in ("from_ms", "until_ms", "counted_ms"):
        _moment_or_null(content[name], name)
    _require(isinstance(content["loans"], list), "loans")
    for row in content["loans"]:
        _require(isinstance(row, dict) and set(row) == _LOAN_KEYS, "loans")
        _matching(_LOAN, row["loan"], "loans.loan")
        _id(row["kit"], "loans.kit")
        _moment(row["from_ms"], "loans.from_ms")
        _moment_or_null(row["until_ms"], "loans.until_ms")
        _require((row["readings"] is None) == (content["counted_ms"] is None), "loans.readings")
        _require(isinstance(row["readings"], list | None), "loans.readings")
        for counted in row["readings"] or ():
            _counted(counted)


def _counted(row: object) -> None:
    """`verification` is "" for readings that name none."""
    if not isinstance(row, dict):
        raise _fault("loans.readings")
    _require(set(row) == _COUNTED_KEYS, "loans.readings")
    _matching(_HUB, row["hub"], "loans.readings.hub")
    if row["verification"] != "":
        _matching(_HUB, row["verification"], "loans.readings.verification")
    for name in ("slot", "readings", "surely", "first_seq", "last_seq"):
        _moment(row[name], f"loans.readings.{name}")


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    VERIFICATION: _verification, ACCEPTANCE: _acceptance, HANDOUT: _handout, TRACE: _trace,
    LOAN_SHEET: loan_sheet_form.check,
}  # fmt: skip
_LOAN_KEYS = {"loan", "kit", "from_ms", "until_ms", "readings"}
_COUNTED_KEYS = {"hub", "slot", "verification", "readings", "surely", "first_seq", "last_seq"}


def _items(rows: object) -> None:
    """`verification` is null for what needs none of its own: the hub, which the kit's is about."""
    if not isinstance(rows, list) or len(rows) > MAX_ITEMS:
        raise _fault("items")
    for row in rows:
        _require(isinstance(row, dict) and set(row) == {"item", "verification"}, "items")
        _id(row["item"], "items.item")
        if row["verification"] is not None:
            _matching(_SHA256, row["verification"], "items.verification")
    _require(len({row["item"] for row in rows}) == len(rows), "items")


def _fault(where: str) -> errors.InputRefused:
    return errors.InputRefused("bench-record-form", where)


def _require(condition: bool, where: str) -> None:
    if not condition:
        raise _fault(where)


def _matching(pattern: re.Pattern[str], value: object, where: str) -> None:
    _require(isinstance(value, str) and bool(pattern.fullmatch(value)), where)


def _moment(value: object, where: str) -> None:
    _require(type(value) is int and 0 <= value <= records.MAX_MS, where)


def _moment_or_null(value: object, where: str) -> None:
    if value is not None:
        _moment(value, where)


def _checked(how: Callable[[Any, str], Any], value: object, where: str) -> None:
    """Let the inventory's own rule say whether the value is as it must be, in its one spelling."""
    _require(how(value, where) == value, where)


def _date_or_null(value: object) -> None:
    if value is not None:
        _checked(evidence.date, value, "valid_until")


def _id(value: object, where: str) -> None:
    _require(isinstance(value, str) and kit_id.check(value) == value, where)


def _number(value: object) -> None:
    _require(isinstance(value, str) and number.check(value) == value, "number")


def _who(value: object, where: str) -> None:
    good = isinstance(value, list) and len(value) == 2
    _require(good and all(isinstance(each, str) for each in value), where)  # type: ignore[attr-defined]
    who.Who(*value)  # type: ignore[misc]
