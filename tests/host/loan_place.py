"""Loans for tests: sheets as values, rows as they come out of a hub, and who measured in truth."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from host import signed_bench
from host.inventory_bench import T17
from varde_host.bench_record import form
from varde_host.fhir import measured
from varde_host.loan_facts import facts, sheet_folder, stream
from varde_host.loan_facts.sheet import HubSpan, Lent, Sheet, Slot, Span
from varde_host.receiver import decoding, opening, source, timeline, verification_of
from varde_host.receiver_store import folder as folders
from varde_protocols import sealing

HUB = bytes.fromhex("a1b2c3d4e5f60718")
LOAN, OTHER_LOAN = "2503481100000001", "2503481100000002"
DAY_MS = 86_400_000
START_MS = 1_790_000_000_000
SPOT, CUFF, WEIGHT = 0x2A5E, 0x2A35, 0x2A9D
VALUES = {
    SPOT: bytes.fromhex("00610048f0"),
    CUFF: bytes.fromhex("00780050005d00"),
    WEIGHT: bytes.fromhex("00b036"),
}


def day(number: float) -> int:
    return START_MS + int(number * DAY_MS)


def span(begin: float, end: float | None = None) -> Span:
    return Span(day(begin), None if end is None else day(end))


def name(letter: str) -> bytes:
    """The name of the verification of a thing."""
    return letter.encode() * 8


def address(letter: str, kind: int = 0) -> bytes:
    return bytes([kind]) + letter.encode() * 6


def written(raw: bytes) -> str:
    return ("public/" if raw[0] == 0 else "random/") + raw[1:].hex(":").upper()


def lent(
    letter: str, measures: str | None, begin: float = 0, end: float | None = None, **more: Any
) -> Lent:
    """A thing that is called by a letter."""
    given: dict[str, Any] = {"verifications": frozenset({name(letter)}), "name": letter, **more}
    return Lent(letter * 6, "sensor", measures, span(begin, end), **given)


def sheet(
    *things: Lent,
    begin: float = 0,
    end: float | None = None,
    hubs: tuple[HubSpan, ...] | None = None,
    slots: tuple[Slot, ...] = (),
    loan: str = LOAN,
) -> Sheet:
    hubs = (HubSpan(HUB, span(begin, end)),) if hubs is None else hubs
    return Sheet("2026AAAAAA", day(9), "KIT", loan, span(begin, end), hubs, things, slots)


def row(
    seq: int,
    at: float | timeline.Instant,
    characteristic: int = SPOT,
    *,
    by: str = "",
    says: str = "",
    kind: int = 0,
    slot: int = 1,
    **more: Any,
) -> opening.Row:
    """A reading of a day, sent from the radio of thing `by`, that names what verified `says`."""
    when = at if isinstance(at, timeline.Instant) else timeline.Instant(day(at), 1000, None, None)
    value = VALUES[characteristic]
    content = sealing.Content(value, 0x1822, address(by or "z", kind), "")
    made = opening.Row(
        HUB, seq, opening.VERIFIED, boot=1, uptime_ms=seq * 1000, slot=slot,
        characteristic=characteristic, when=when, content=content,
        fields=decoding.decode(characteristic, value, ""),
        verification=name(says) if says else b"",
    )  # fmt: skip
    return dataclasses.replace(made, **more)


def handed(rows: list[opening.Row], *sheets: Sheet, **more: Any) -> list[measured.Measured]:
    """What comes of rows by these sheets."""
    known = facts.LoanFacts(facts.newest(sheets), **more)
    opened = source.Opened(HUB, rows, [])
    return list(stream.measured(opened, known, [], verification_of.Register([])))


def receiver_folder(path: Path) -> Path:
    """A receiver's folder with a sheet of one loan."""
    made = folders.make(path, signed_bench.site())
    body = {
        "kit": "EXF18F", "loan": LOAN, "from_ms": START_MS, "until_ms": None, "hubs": [],
        "things": [], "slots": [], "reminders": [],
    }  # fmt: skip
    signed = signed_bench.sign(form.LOAN_SHEET, body, START_MS, T17)
    (made.loans / sheet_folder.name(signed)).write_bytes(signed.document)
    return made.path
