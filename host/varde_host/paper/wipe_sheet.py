"""«Sletteprotokoll»: what was wiped from a kit that came back, for the binder and the auditor.

It says what was done and how that was seen, and just as plainly what was not. The code is the
record's slip, signed as those of all reports (`reporting/slip.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from varde_host import messages
from varde_host.paper import label, page, pdfa, signs

DONE, BY_HAND, NOT_DONE = "done", "by-hand", "not-done"
_WORDS = {
    DONE: "wipe-sheet.done", BY_HAND: "wipe-sheet.by-hand", NOT_DONE: "wipe-sheet.not-done",
}  # fmt: skip
_SIGNS = {DONE: "[x]", BY_HAND: "[!]", NOT_DONE: "[ ]"}
"""A sign beside the word: an outcome is never told by colour."""
PROVEN_BY_DUMP, PROVEN_BY_DIGEST = "wipe-sheet.proof-dump", "wipe-sheet.proof-digest"
"""The flash was read out and searched, or the chip gave a checksum of it: `Sheet.proof`."""
QR_SIDE_MM = 38.0
_HASH_DIGITS_SHOWN = 16


@dataclass(frozen=True)
class Step:
    """One step: `text` in words, when it was proven, its outcome, the hash of its evidence."""

    text: str
    moment: dt.datetime | None
    outcome: str
    evidence_sha256: str


@dataclass(frozen=True)
class SheetSensor:
    """One sensor: what was done to it, and what is left for hands ("" if nothing)."""

    name: str
    outcome: str
    how: str
    by_hand: str


@dataclass(frozen=True)
class Sheet:
    """What stands on the paper. `decision` says who let unsent readings go, "" if none were.
    `found` is how many of `secrets` stood in the flash afterwards; times are UTC; `code` is what
    the QR code holds."""

    municipality: str
    kit_id: str
    hub_id: str
    began: dt.datetime
    ended: dt.datetime
    by: str
    unsent: int
    decision: str
    steps: tuple[Step, ...]
    sensors: tuple[SheetSensor, ...]
    flash_bytes: int
    flash_sha256: str
    proof: str
    secrets: int
    found: int
    record_sha256: str
    signers: tuple[str, ...]
    tool: str
    code: str


def decision(function: str, person: str, reason: str, language: str) -> str:
    """Return the sentence that says who let unsent readings go, and why."""
    words = label.speaker(language)
    return words.text("wipe-sheet.decision", function=function, person=person, reason=reason)


def pdf(sheet: Sheet, language: str, attached: Sequence[pdfa.Attached] = ()) -> bytes:
    """Return the protocol as A4, PDF/A-3b with the files inside."""
    words = label.speaker(language)
    title = words.text("wipe-sheet.title")
    footer = f"{title} · {sheet.kit_id} · {sheet.record_sha256[:_HASH_DIGITS_SHOWN]}"
    drawn = page.document(words, title, footer, lambda pages: _draw(pages, sheet, words))
    about = pdfa.About(f"{title} {sheet.kit_id}", language, sheet.ended)
    return pdfa.archived(drawn, about, attached)


def _draw(pages: page.Pages, sheet: Sheet, words: messages.Speaker) -> None:
    kit = words.text("label.kit", kit=sheet.kit_id)
    about = words.text("wipe-sheet.about", municipality=sheet.municipality)
    pages.head(words.text("wipe-sheet.title"), [kit, about], sheet.code, QR_SIDE_MM)
    left = [step for step in sheet.steps if step.outcome == NOT_DONE]
    by_hand = [sensor for sensor in sheet.sensors if sensor.by_hand]
    is_clean = sheet.found == 0 and not left
    verdict = "wipe-sheet.verdict-clean" if is_clean else "wipe-sheet.verdict-not"
    said = words.text(verdict, kit=sheet.kit_id, found=sheet.found, secrets=sheet.secrets)
    word = words.text("wipe-sheet.word-clean" if is_clean else "wipe-sheet.word-not")
    pages.verdict(signs.GOOD if is_clean else signs.BAD, word, [said])
    _facts(pages, sheet, words)
    pages.heading(words.text("wipe-sheet.steps"))
    columns = ["wipe-sheet.step", "wipe-sheet.moment", "wipe-sheet.outcome", "wipe-sheet.evidence"]
    rows = [
        (
            step.text,
            "–" if step.moment is None else _moment(words, step.moment),
            f"{_SIGNS[step.outcome]} {words.text(_WORDS[step.outcome])}",
            step.evidence_sha256[:_HASH_DIGITS_SHOWN],
        )
        for step in sheet.steps
    ]
    pages.table([words.text(key) for key in columns], rows, [72.0, 32.0, 30.0], 9.0)
    if sheet.sensors:
        _sensors(pages, sheet, words)
    pages.heading(words.text("wipe-sheet.not-claimed"))
    for sensor in by_hand:
        pages.paragraph(f"[!] {sensor.name}: {sensor.by_hand}", bold=True)
    pages.paragraph(words.text("wipe-sheet.limits"))
    for line in _beside(sheet, words):
        pages.paragraph(line, size=page.SMALL_SIZE)
    pages.signature_line(words.text("wipe-sheet.sign", by=sheet.by))


def _facts(pages: page.Pages, sheet: Sheet, words: messages.Speaker) -> None:
    unsent = words.text("wipe-sheet.all-sent")
    if sheet.unsent:
        unsent = words.text("wipe-sheet.left", unsent=sheet.unsent, decision=sheet.decision)
    proof = words.text(
        sheet.proof, mib=sheet.flash_bytes // 2**20, sha256=sheet.flash_sha256[:32],
        secrets=sheet.secrets, found=sheet.found,
    )  # fmt: skip
    pages.rows(
        [
            (words.text("wipe-sheet.kit"), sheet.kit_id),
            (words.text("wipe-sheet.hub"), sheet.hub_id),
            (words.text("wipe-sheet.began"), _moment(words, sheet.began) + " UTC"),
            (words.text("wipe-sheet.ended"), _moment(words, sheet.ended) + " UTC"),
            (words.text("wipe-sheet.by"), sheet.by),
            (words.text("wipe-sheet.unsent"), unsent),
            (words.text("wipe-sheet.proof"), proof),
        ]
    )


def _sensors(pages: page.Pages, sheet: Sheet, words: messages.Speaker) -> None:
    pages.heading(words.text("wipe-sheet.sensors"))
    columns = ["wipe-sheet.sensor", "wipe-sheet.outcome", "wipe-sheet.how"]
    rows = [
        (one.name, f"{_SIGNS[one.outcome]} {words.text(_WORDS[one.outcome])}", one.how)
        for one in sheet.sensors
    ]
    pages.table([words.text(key) for key in columns], rows, [58.0, 30.0], 9.0)


def _beside(sheet: Sheet, words: messages.Speaker) -> list[str]:
    return [
        words.text("wipe-sheet.code"),
        sheet.record_sha256,
        *(words.text("wipe-sheet.signer", kid=kid) for kid in sheet.signers),
        words.text("wipe-sheet.tool", tool=sheet.tool),
    ]


def _moment(words: messages.Speaker, moment: dt.datetime) -> str:
    return words.text("wipe-sheet.utc", moment=moment.astimezone(dt.UTC))
