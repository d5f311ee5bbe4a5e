"""Who has a loan: a file of the follow-up service, `subjects.json` in the receiver's folder.

    {"2503481100000001": "NATIONAL NUMBER",
     "2503481100000002": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "NATIONAL NUMBER"}}

It is read when a body is sent, and what it says goes into that body and nowhere else: no database,
no log, no error. So an error here names the loan and the line of the file, never the person. The
file is its owner's alone (0600): one that others may read is refused.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.inventory import birth_number

NATIONAL: Final = "urn:oid:2.16.578.1.12.4.1.4.1"
"""Birth number (no-basis); D-numbers have a system of their own."""
D_NUMBER: Final = "urn:oid:2.16.578.1.12.4.1.4.2"
MAX_FILE_BYTES: Final = 16 << 20
"""100,000 loans have some 5 MB."""
_LOAN: Final = re.compile(r"\d{16}")
_SYSTEM: Final = re.compile(r"urn:oid:[0-9]+(\.[0-9]+)+|https?://[!-~]{1,200}|urn:[!-~]{1,200}")
_VALUE: Final = re.compile(r"[!-~]{1,64}")
_D_FROM: Final = "4"

# What is wrong with a line: words of `loan-facts.subject.*`.
NO_LOAN: Final = "no-loan"
NO_VALUE: Final = "no-value"
NO_NUMBER: Final = "no-number"
"""Not eleven digits of a day and with the right last digit."""
UNKNOWN: Final = "unknown-loan"
"""No sheet is of this loan."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the line of a loan; `loan` is cut, for it may be a person's number."""

    loan: str
    what: str


@dataclass(frozen=True)
class Subjects:
    """References by loan. It shows none of them when it is printed."""

    _references: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def of(self, loan_id: str) -> dict[str, Any] | None:
        """Return the Reference (FHIR) of whoever has a loan, None for one that is not listed."""
        found = self._references.get(loan_id)
        return None if found is None else {"type": "Patient", "identifier": dict(found)}

    @property
    def loans(self) -> frozenset[str]:
        """The loans that are listed."""
        return frozenset(self._references)


def load(path: Path) -> Subjects | None:
    """Return what the file says; None where there is none: then the loan is the subject.

    Raises InputRefused `subjects-mode`, `subjects-form`, `subjects-line` for the first line that
    is not as it must be, `file-read`.
    """
    lines = _lines(path)
    if lines is None:
        return None
    for loan, said in lines.items():
        fault = _fault(loan, said)
        if fault is not None:
            raise errors.InputRefused("subjects-line", fault.loan, what=fault.what)
    return Subjects({loan: _identifier(said) for loan, said in lines.items()})


def check(path: Path, known: Iterable[str]) -> tuple[int, list[Fault]]:
    """Return how many loans are listed, and what is wrong; `known` are the loans with a sheet.

    Raises as `load`, but not for a line.
    """
    lines = _lines(path) or {}
    sheets = set(known)
    found = []
    for loan, said in lines.items():
        fault = _fault(loan, said)
        if fault is None and loan not in sheets:
            fault = Fault(loan, UNKNOWN)
        if fault is not None:
            found.append(fault)
    return len(lines), found


def _lines(path: Path) -> dict[str, Any] | None:
    try:
        if not path.exists():
            return None
        about = path.stat()
        if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise errors.InputRefused("subjects-mode", str(path))
        if about.st_size > MAX_FILE_BYTES:
            raise errors.InputRefused("subjects-form", str(path))
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    except UnicodeDecodeError:
        raise errors.InputRefused("subjects-form", str(path)) from None
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    """What a parser says of a wrong line may hold it, so nothing of it is passed on."""
    try:
        whole = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        whole = None
    if not isinstance(whole, dict):
        raise errors.InputRefused("subjects-form", str(path)) from None
    return whole


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A loan that stands twice in the file may be two people's: nobody is guessed."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("twice")
    return found


def _fault(loan: str, said: object) -> Fault | None:
    if not _LOAN.fullmatch(loan):
        return Fault("*" * min(len(loan), 16), NO_LOAN)
    if isinstance(said, dict):
        is_whole = set(said) == {"system", "value"} and all(
            isinstance(each, str) for each in said.values()
        )
        if not is_whole or not _SYSTEM.fullmatch(said["system"]):
            return Fault(loan, NO_VALUE)
    elif not isinstance(said, str):
        return Fault(loan, NO_VALUE)
    identifier = _identifier(said)
    if not _VALUE.fullmatch(identifier["value"]):
        return Fault(loan, NO_VALUE)
    if identifier["system"] in (NATIONAL, D_NUMBER) and not _is_national(identifier["value"]):
        return Fault(loan, NO_NUMBER)
    return None


def _is_national(value: str) -> bool:
    is_long_enough = len(value) == 11 and value.isascii() and value.isdigit()
    return is_long_enough and birth_number.is_true(value)


def _identifier(said: Any) -> dict[str, str]:
    if isinstance(said, str):
        return {"system": D_NUMBER if said[:1] >= _D_FROM else NATIONAL, "value": said}
    return {"system": said["system"], "value": said["value"]}
