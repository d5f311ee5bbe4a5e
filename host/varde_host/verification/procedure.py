"""Procedures: what to compare, where, with what, and how it is judged, as data files.

A procedure is a TOML file, known by id, version and the SHA-256 of its bytes. A file that was
once shipped is never edited: a change is a new file with the next version, and the old one
stays, so that an old record is judged by what stood then. Texts stand in the file in three
languages, because what was asked is part of what was done.

Each check has a rule, which says how its values are judged:

  error      |indication - reference| within the limit, at every nominal and direction
  spread     greatest less smallest indication of `times` repeats within the limit
  range      every indication within low..high
  return     the last indication less the first within the limit
  agreement  |ble - display| within the limit, wherever a point of the run has both
  slope      the fall a minute of a series, by regression, within the limit
  answer     yes is good; with `text_needed`, a text must come with it
  age        the device's first use at most `years` before
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.resources
import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal

from varde_host import errors
from varde_host.verification import measured, plain_form

ERROR = "error"
SPREAD = "spread"
RANGE = "range"
RETURN = "return"
AGREEMENT = "agreement"
SLOPE = "slope"
ANSWER = "answer"
AGE = "age"
RULES = (ERROR, SPREAD, RANGE, RETURN, AGREEMENT, SLOPE, ANSWER, AGE)

KINDS = ("cuff", "scale", "oximeter", "thermometer", "other")
REFERENCE_KINDS = (
    "manometer", "weights", "oximeter-tester", "oximeter", "nibp-simulator", "cuff",
    "thermometer", "black-body", "external-certificate",
)  # fmt: skip
"""What a sensor is compared with; the last is an accredited laboratory's certificate of itself."""

FIXED = "fixed"
SCALE = "scale"
SCALE_STEP = "scale-step"
RESOLUTION = "resolution"
LIMIT_RULES = (FIXED, SCALE, SCALE_STEP, RESOLUTION)

GUARDED = "guard-band"
SIMPLE = "simple"
DECISIONS = (GUARDED, SIMPLE)
"""`guard-band`: four outcomes, w = U. `simple`: within the limit or not, where U is not known."""

TRUST = ("read", "memory", "proposal")
"""Where a limit comes from: read in its source, remembered of it, or our own proposal."""

LEVELS = range(5)
MAX_FILE_BYTES = 64 * 1024
LANGUAGES = ("nb", "nn", "en")

_FOLDER = "procedures"
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+){0,6}")
"""A part of file names; as the inventory's words are."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the three languages; bokmål is written first."""

    nb: str
    nn: str
    en: str

    def text(self, language: str) -> str:
        """Return the text in `language`, bokmål where that is none of ours."""
        return str(getattr(self, language if language in LANGUAGES else "nb"))


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A limit for loads up to and with `up_to`; without it, for all above."""

    limit: Decimal
    up_to: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How far off is still good.

    `fixed`: `value`. `scale`: OIML R 76 by the device's class and e, else the maker's figure,
    else `steps`, times `factor`. `scale-step`: `value` times e. `resolution`: `value` times the
    display's step. `basis` and `trust` say where it comes from.
    """

    rule: str
    basis: str
    trust: str
    value: Decimal | None = None
    factor: Decimal | None = None
    steps: tuple[LimitStep, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a limit that says nothing."""
        if self.rule not in LIMIT_RULES or self.trust not in TRUST:
            raise ValueError("limit")
        if (self.value is None) != (self.rule == SCALE) or (not self.steps and self.value is None):
            raise ValueError("limit")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at, ask or measure.

    `level`: what the check is part of; a level holds if all checks up to it were done and are
    good. `optional`: it may miss without harm to outcome or level. `quantity`: which value of a
    reading it is about, by the decoders' names (cuff_pressure, systolic, weight, spo2,
    pulse_rate, temperature). `directions`: "up", "down" or names of corners; each has every
    nominal. `times`: points at each.
    `references`: the kinds of which one is used; empty: none. `in_service`: the limit as found,
    if it is another than at issue. `traces`: an error past it asks after the loans since.
    `advice`: a slope above it is told, though within the limit.
    """

    id: str
    rule: str
    level: int
    name: Text
    ask: Text
    unit: str | None = None
    quantity: str | None = None
    nominals: tuple[Decimal, ...] = ()
    directions: tuple[str, ...] = ()
    times: int | None = None
    references: tuple[str, ...] = ()
    limit: Limit | None = None
    in_service: Limit | None = None
    advice: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    settle_s: Decimal | None = None
    fit_s: Decimal | None = None
    years: int | None = None
    text_needed: bool | None = None
    optional: bool | None = None
    traces: bool | None = None

    def __post_init__(self) -> None:
        """Refuse a check whose rule lacks what it needs."""
        needs = _NEEDS.get(self.rule)
        lacks = [name for name in needs or () if getattr(self, name) in {None, ()}]
        if needs is None or lacks or self.level not in LEVELS or not 1 <= self.repeats <= 100:
            raise ValueError(f"check {self.id[:40]}: {', '.join(lacks)}")
        if set(self.references) - set(REFERENCE_KINDS):
            raise ValueError("references")

    @property
    def repeats(self) -> int:
        """Return how many points stand at each nominal and direction."""
        return 1 if self.times is None else self.times


_NEEDS = {
    ERROR: ("limit", "nominals", "unit", "references"),
    SPREAD: ("limit", "nominals", "unit", "times"),
    RANGE: ("low", "high", "nominals", "unit"),
    RETURN: ("limit", "nominals", "unit", "times"),
    AGREEMENT: ("limit", "unit"),
    SLOPE: ("limit", "settle_s", "fit_s", "unit"),
    ANSWER: (),
    AGE: ("years",),
}


@dataclass(frozen=True, slots=True)
class ReferenceNeed:
    """What a reference of `kind` must be.

    `traceable`: it can carry N3 or N4, if it has a certificate that holds. `u_required` and
    `u_advised`: U (k = 2) at most. `mpe_divisor`: its error at most this part of the limit at each
    point (weights: a third, OIML R 76-1, 3.7.1).
    """

    kind: str
    unit: str
    basis: str
    trust: str
    traceable: bool | None = None
    u_required: Decimal | None = None
    u_advised: Decimal | None = None
    mpe_divisor: int | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that is not known."""
        if self.kind not in REFERENCE_KINDS or self.trust not in TRUST:
            raise ValueError("reference")


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What a budget needs beside the reference and the resolution, as standard deviations.

    `repeatability`: pooled, used unless the device's model has its own or five repeats were made.
    `resolution_at_zero`: the resolution counts at zero, too (scales). `temperature`: what the
    bench's temperature does, if it matters. `added_step`: the small weights' step as part of d.
    """

    repeatability: Decimal
    resolution_at_zero: bool
    temperature: Decimal | None = None
    added_step: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NotChecked:
    """What this procedure does not tell, said on every report."""

    id: str
    text: Text


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure, whole; `sha256` is of its file's bytes, in hexadecimal."""

    form: int
    id: str
    version: int
    kind: str
    unit: str
    title: Text
    about: Text
    level_at_most: int
    decision: str
    interval_days: int
    every_return: bool
    check: tuple[Check, ...]
    not_checked: tuple[NotChecked, ...]
    reference: tuple[ReferenceNeed, ...] = ()
    uncertainty: Uncertainty | None = None
    needs_test_mode: bool | None = None
    gravity: bool | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not of this form, and checks without what they rest on."""
        if self.form != 1 or self.kind not in KINDS or self.decision not in DECISIONS:
            raise ValueError("form")
        if not _ID.fullmatch(self.id):
            raise ValueError("id")
        if self.level_at_most not in LEVELS or self.version < 1 or self.interval_days < 1:
            raise ValueError("number")
        ids = [check.id for check in self.check]
        known = {need.kind for need in self.reference}
        if len(set(ids)) != len(ids) or any(set(c.references) - known for c in self.check):
            raise ValueError("checks")
        if self.decision == GUARDED and self.uncertainty is None:
            raise ValueError("uncertainty")

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return the checks in the order they are done (the file's table is named `check`)."""
        return self.check

    @property
    def name(self) -> measured.ProcedureName:
        """Return what a record names it by."""
        return measured.ProcedureName(self.id, self.version, self.sha256 or "")

    @property
    def name_in_order(self) -> tuple[str, int]:
        """Return id and version, by which procedures are sorted."""
        return self.id, self.version

    def need(self, kind: str) -> ReferenceNeed | None:
        """Return what a reference of `kind` must be; None if the procedure uses none."""
        return next((need for need in self.reference if need.kind == kind), None)

    def words(self, key: str, language: str) -> str:
        """Return the name of a check, or the text of what is not checked; `key` if unknown."""
        texts = {check.id: check.name for check in self.check}
        texts |= {entry.id: entry.text for entry in self.not_checked}
        return texts[key].text(language) if key in texts else key


@dataclass(frozen=True, slots=True)
class Planned:
    """One point to measure; `number` counts from 1 among `Check.repeats`."""

    check: Check
    direction: str
    nominal: Decimal
    number: int


def planned(check: Check, device: measured.Device) -> tuple[Planned, ...]:
    """Return the points of `check` in their order; none above the device's maximum."""
    most = device.maximum
    return tuple(
        Planned(check, direction, nominal, number)
        for direction in check.directions or ("",)
        for nominal in check.nominals
        if most is None or nominal <= most
        for number in range(1, check.repeats + 1)
    )


def load(raw: bytes, where: str = "") -> Procedure:
    """Return the procedure in a file's bytes.

    Raises InputRefused `procedure-size`, `procedure-form` (with the field and why).
    """
    if len(raw) > MAX_FILE_BYTES:
        raise errors.InputRefused("procedure-size", where, most=MAX_FILE_BYTES)
    try:
        table = tomllib.loads(raw.decode("utf-8"))
        loaded = plain_form.built(Procedure, table)
    except plain_form.Malformed as error:
        raise errors.InputRefused(
            "procedure-form", where, field=error.where, why=error.why
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise errors.InputRefused("procedure-form", where, field="", why="TOML") from None
    if loaded.sha256 is not None:
        raise errors.InputRefused("procedure-form", where, field="sha256", why="unknown")
    return dataclasses.replace(loaded, sha256=hashlib.sha256(raw).hexdigest())


@functools.cache
def every_shipped() -> tuple[Procedure, ...]:
    """Return all procedures that came with the program, old versions too, by id and version."""
    folder = importlib.resources.files(__package__).joinpath(_FOLDER)
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    loaded = [load(file.read_bytes(), file.name) for file in files]
    return tuple(sorted(loaded, key=lambda each: each.name_in_order))


def shipped() -> dict[str, Procedure]:
    """Return the newest version of each shipped procedure, by id."""
    return {each.id: each for each in every_shipped()}


def shipped_bytes(sha256: str) -> bytes | None:
    """Return the file of a shipped procedure, byte for byte; None if none has that hash."""
    folder = importlib.resources.files(__package__).joinpath(_FOLDER)
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            raw = file.read_bytes()
            if hashlib.sha256(raw).hexdigest() == sha256:
                return raw
    return None
