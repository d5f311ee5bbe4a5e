"""What a code means to a person: what happened, what to do now, and who does it.

A code is what a technician says on the telephone and what stands in a log: that of an error
(`error.*` of the catalogues), of a fault of a board at the bench (`bench.fault.*`), of a
finding of a verification (`verify.message.*`), or of a fault of the fleet (`fleet-page.fault.*`).
Each has the same three parts, of at most 25 words; the part "who" is a function of the service,
never a person.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib.resources
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from varde_host import errors, messages
from varde_host.bench import faults
from varde_host.fleet_view import fault_codes
from varde_host.inventory import who
from varde_protocols.errors import WireError

ERROR, FAULT, FINDING, FLEET = "error", "bench.fault", "verify.message", "fleet-page.fault"
FAMILIES: Final = (FINDING, FAULT, ERROR, FLEET)
"""Whose word counts first where two have the same code."""
MOST_WORDS: Final = 25
"""Of a part: more is not read by somebody who stands at a bench."""

_ON_PAGE: Final = "page.now"
"""What to do now where there are buttons, of the codes whose own words name a command."""
_is_on_page: contextvars.ContextVar[bool] = contextvars.ContextVar("is_on_page", default=False)

_NOT_GIVEN = "–"
_NOW: Final = {ERROR: "next", FAULT: "next", FINDING: "do", FLEET: "now"}


@dataclass(frozen=True, slots=True)
class Explained:
    """`who` is one of `inventory.who.FUNCTIONS`, `where` a file, address or argument, or ""."""

    code: str
    what: str
    now: str
    who: str
    where: str = ""

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "code": self.code, "what": self.what, "now": self.now, "who": self.who,
            "where": self.where,
        }  # fmt: skip


@contextlib.contextmanager
def on_page() -> Iterator[None]:
    """Explain to somebody who looks at a page, here and in tasks and threads begun from here."""
    before = _is_on_page.set(True)
    try:
        yield
    finally:
        _is_on_page.reset(before)


def of_error(error: errors.HostError | WireError) -> Explained:
    """Return what an error of the peer or of the world means."""
    if isinstance(error, WireError):
        what = error.code.replace("-", " ")
        return Explained(error.code, what, error.hint, who.IT, error.where)
    key = f"{ERROR}.{error.code}"
    if not messages.has(f"{key}.what"):  # a command that words its own: code and `hint`
        what, now = error.code.replace("-", " "), str(error.fields.get("hint", ""))
        return Explained(error.code, what, now, owner(error.code), error.where)
    what, now = (messages.text(f"{key}.{part}", **error.fields) for part in ("what", "next"))
    return Explained(
        error.code, what, _here(error.code, now, error.fields), owner(error.code), error.where
    )


def of_fault(code: str, fields: Mapping[str, object]) -> Explained:
    """Return what a fault of a board means; what the fault did not say is a dash."""
    what, now = (_filled(f"{FAULT}.{code}.{part}", fields) for part in ("what", "next"))
    return Explained(code, what, _here(code, now, fields), faults.CODES[code][1])


def _here(code: str, now: str, fields: Mapping[str, object]) -> str:
    key = f"{_ON_PAGE}.{code}"
    return _filled(key, fields) if _is_on_page.get() and messages.has(key) else now


def of_code(code: str) -> Explained | None:
    """Return what a code means wherever it stands; None if it is none of ours."""
    wanted = code.strip().lower()
    for family in FAMILIES:
        if messages.has(f"{family}.{wanted}.what"):
            return _in_family(family, wanted)
    return None


def of_family(family: str) -> Iterator[Explained]:
    """Yield what each code of one of FAMILIES means, sorted; fields are dashes."""
    begins, ends = family + ".", ".what"
    for key in sorted(messages.catalogue(messages.speaker.language)):
        if key.startswith(begins) and key.endswith(ends):
            yield _in_family(family, key[len(begins) : -len(ends)])


def _in_family(family: str, code: str) -> Explained:
    what, now = (_filled(f"{family}.{code}.{part}", {}) for part in ("what", _NOW[family]))
    return Explained(code, what, now, _owner_in(family, code))


def owner(code: str) -> str:
    """Return the function that does something about an error; IT for one that nobody has named,
    which a test keeps from happening."""
    begins = _owners()["begins"]
    found = [begin for begin in begins if code == begin or code.startswith(begin + "-")]
    return begins[max(found, key=len)] if found else who.IT


def _owner_in(family: str, code: str) -> str:
    if family == FAULT:
        return faults.CODES[code][1]
    if family == FLEET:
        return fault_codes.RULES[code].owner
    return _owners()["findings"][code] if family == FINDING else owner(code)


@functools.cache
def _owners() -> Mapping[str, Mapping[str, str]]:
    file = importlib.resources.files(messages).joinpath("owners.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _filled(key: str, fields: Mapping[str, object]) -> str:
    template = messages.catalogue(messages.speaker.language)[key]
    wanted = (name for _, name, _, _ in string.Formatter().parse(template) if name)
    return messages.text(key, **(dict.fromkeys(wanted, _NOT_GIVEN) | dict(fields)))
