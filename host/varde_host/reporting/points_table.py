"""The values of a record as CSV: for whoever wants to plot or count them elsewhere.

Numbers are written as in the record, with a point, whatever the language; the first line names the
columns. A cell that a spreadsheet would run as a formula cannot be in it: texts that begin with
one of its signs are preceded by an apostrophe (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from varde_host.bench_record import form
from varde_host.verification import procedure

_FORMULA = ("=", "+", "@", "\t", "\r")
_POINT = ("reference", "indication", "ble", "display", "added")
_FINDING = ("error", "expanded_u", "mpe", "outcome", "note")
VERIFICATION = ("run", "check", "direction", "nominal", *_POINT, "source", *_FINDING)
ACCEPTANCE = ("step", "outcome", "code", "at_ms", "fact", "value")
HANDOUT = ("item", "verification")
_FOUND, _LEFT = "as_found", "as_left"


def of(signed: form.Signed, used: procedure.Procedure | None) -> bytes:
    """Return the table of a record; `used` is a verification's procedure."""
    if signed.kind == form.VERIFICATION:
        assert used is not None
        return _written(VERIFICATION, _verification(signed.content, used))
    if signed.kind == form.ACCEPTANCE:
        return _written(ACCEPTANCE, _acceptance(signed.content))
    rows = ([row["item"], row["verification"]] for row in signed.content["items"])
    return _written(HANDOUT, rows)


def _verification(content: Any, used: procedure.Procedure) -> Iterator[Sequence[object]]:
    measured, judged = content["measured"], content["judgement"]
    for run in (_FOUND, _LEFT):
        if run not in measured:
            continue
        # What was left unchanged goes out as it was found, under the limits at issue.
        is_last = run == _LEFT or _LEFT not in measured
        findings = judged.get("handed_out" if is_last else "as_found", [])
        yield from _points(run, measured[run], findings, used)
        for series in measured[run].get("series", []):
            for time, value in zip(series["times_s"], series["values"], strict=True):
                yield [run, series["check"], "series", time, "", value, *[""] * 9]


def _points(
    run: str, content: Any, findings: Sequence[Any], used: procedure.Procedure
) -> Iterator[Sequence[object]]:
    by_point = {c.id for c in used.checks if c.rule in (procedure.ERROR, procedure.RANGE)}
    for check in used.checks:
        points = [p for p in content.get("points", []) if p["check"] == check.id]
        own = [f for f in findings if f["check"] == check.id]
        for number, point in enumerate(points):
            found = own[number] if check.id in by_point and number < len(own) else {}
            yield [run, check.id, point["direction"], point["nominal"],
                   *(point.get(name) for name in _POINT), point.get("indication_source"),
                   *(found.get(name) for name in _FINDING)]  # fmt: skip
        if not points or check.id not in by_point:
            for found in own:
                head = [run, check.id, found["direction"], found.get("nominal")]
                empty = [""] * (len(_POINT) + 1)
                yield [*head, *empty, *(found.get(name) for name in _FINDING)]


def _acceptance(content: Any) -> Iterator[Sequence[object]]:
    for row in content["steps"]:
        head = [row["step"], row["outcome"], row["code"], row["at_ms"]]
        yield from ([*head, name, value] for name, value in sorted(row["facts"].items()))
        if not row["facts"]:
            yield [*head, "", ""]


def _written(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")  # RFC 4180
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return made.getvalue().encode("utf-8")


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else value
