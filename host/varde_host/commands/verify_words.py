"""A verification in words for a person at the terminal, and in JSON for programs."""

from __future__ import annotations

from varde_host import messages, output
from varde_host.verification import judgement, measured, procedure
from varde_host.verification import wording as judged_words
from varde_host.verifying import advice, finishing, results, wording


def judged(
    used: procedure.Procedure, seen: measured.Measured, found: judgement.Judgement
) -> list[str]:
    """Return what came out, line by line: outcome, level, what to do, what was not checked."""
    language = messages.speaker.language
    lines = [f"{wording.MARKS[found.outcome]} {judged_words.outcome(found.outcome)}"]
    lines.append(f"{judged_words.level_code(found.level)} {judged_words.level(found.level)}")
    if found.as_found_outcome != found.outcome:
        shown = judged_words.outcome(found.as_found_outcome)
        lines.append(messages.text("verify.as-found", outcome=shown))
    lines += [one.text for one in advice.of_findings(used, seen, found.handed_out)]
    lines += [f"! {judged_words.banner(key)}" for key in found.banners]
    lines += [
        messages.text("verify.not-checked", what=used.words(key, language))
        for key in found.not_checked
    ]
    return lines


def tell(finished: finishing.Finished, item: str, *, json: bool) -> None:
    """Say what became of it."""
    if json:
        output.as_json(as_json(finished, item))
        return
    if finished.put is None:
        output.line(messages.text("verify.practised", path=finished.path))
        return
    record = finished.put.record
    output.line(messages.text("verify.signed", number=record.number, path=finished.document))
    if record.valid_until is not None:
        output.good(messages.text("verify.valid", item=item, until=record.valid_until))
    if finished.put.note_id is not None:
        output.line(messages.text("verify.noted", note=finished.put.note_id))
    if finished.put.quarantined is not None:
        output.line(messages.text("verify.quarantined", kit=finished.put.quarantined))
    if finished.judged.trace_back:
        output.line(messages.text("verify.trace-back", record=record.number))


def as_json(finished: finishing.Finished, item: str) -> dict[str, object]:
    """Return what `run --json` prints."""
    put, found = finished.put, finished.judged
    record = None if put is None else put.record
    return {
        "item": item,
        "practice": put is None,
        "number": None if record is None else record.number,
        "record": None if record is None else record.sha256,
        "outcome": found.outcome,
        "as_found_outcome": found.as_found_outcome,
        "level": found.level,
        "valid_until": None if record is None else record.valid_until,
        "banners": list(found.banners),
        "trace_back": found.trace_back,
        "note": None if put is None else put.note_id,
        "quarantined": None if put is None else put.quarantined,
        "state": str(finished.path),
        "document": None if finished.document is None else str(finished.document),
    }


def points(
    used: procedure.Procedure, seen: measured.Measured, found: judgement.Judgement
) -> list[tuple[str, ...]]:
    """Return a row for each finding of what is handed out, with the values it rests on."""
    return [
        (*row[:7], f"{wording.MARKS[row.outcome]} {row.word}")
        for row in results.rows(used, seen, found)
    ]
