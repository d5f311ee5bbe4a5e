"""`varde verify compare`: do two benches find the same of one check unit?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from varde_host import errors, messages, output
from varde_host.bench_record import form, opening
from varde_host.commands import inventory_options, options
from varde_host.inventory import records
from varde_host.site import files
from varde_host.verification import bench_comparison, judgement, past
from varde_protocols import documents, trust

_Record = Annotated[str, typer.Argument(metavar="RECORD|FILE")]


def compare(
    first: _Record,
    second: _Record,
    trusts: Annotated[list[Path] | None, typer.Option("--trust", metavar="FILE")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Compare two verifications of one thing, point by point, by E_n."""
    found = [_finding(name, trusts or [], site, inventory) for name in (first, second)]
    units = [_unit(each) for each in found]
    if units[0] != units[1]:
        raise errors.InputRefused("comparison-unit", " / ".join(units))
    results = [past.results(each.judged) if each.judged else {} for each in found]
    compared = bench_comparison.compare(*results)
    if not compared:
        raise errors.InputRefused("comparison-points", f"{first} / {second}")
    agree = bench_comparison.all_agree(compared)
    if json:
        output.as_json(
            {
                "first": found[0].number, "second": found[1].number, "unit": units[0],
                "agree": agree, "points": [_as_json(each) for each in compared],
            }
        )  # fmt: skip
        return
    columns = ("point", "x1", "u1", "x2", "u2", "e-n", "agrees")
    output.table(
        [f"verify-compare-column.{name}" for name in columns], [_cells(each) for each in compared]
    )
    output.line(messages.text("verify-compare.agree" if agree else "verify-compare.differ"))


def _finding(name: str, trusts: list[Path], site: Path, inventory: str | None) -> past.Finding:
    """Return a verification from a file, or from the inventory by its number or hash."""
    if not Path(name).is_file():
        with inventory_options.reading(site, inventory) as connection:
            record = records.get(connection, name)
        if record.kind != form.VERIFICATION:
            raise errors.InputRefused("comparison-kind", name[:40])
        return past.from_content(record.sha256, record.content)
    document = files.read(Path(name), documents.MAX_BENCH_RECORD_BYTES)
    signed = _opened(document, [_trust(path) for path in trusts] or [files.load(site)])
    if signed.kind != form.VERIFICATION:
        raise errors.InputRefused("comparison-kind", name[:40])
    return past.from_content(signed.sha256, signed.content)


def _opened(document: bytes, sources: list[opening.Source]) -> form.Signed:
    """Open a record by the first source that can; raises as the last one did."""
    for source in sources[:-1]:
        try:
            return opening.opened(document, source)
        except errors.InputRefused:
            continue
    return opening.opened(document, sources[-1])


def _trust(path: Path) -> trust.Trust:
    """Return another municipality's trust; whoever names the file believes it."""
    return trust.unverified(files.read(path, documents.MAX_DOCUMENT_BYTES))


def _unit(found: past.Finding) -> str:
    """Return what makes it the same unit at both benches: ids are each municipality's own."""
    return f"{found.model or '-'} {found.serial or found.device or '-'}"


def _as_json(each: bench_comparison.Compared) -> dict[str, object]:
    check, direction, nominal = each.point
    values = {
        "x1": each.first.error, "u1": each.first.expanded_u, "x2": each.second.error,
        "u2": each.second.expanded_u, "e_n": each.e_n,
    }  # fmt: skip
    texts = {name: None if value is None else format(value, "f") for name, value in values.items()}
    point = {"check": check, "direction": direction, "nominal": nominal}
    return point | texts | {"agrees": each.agrees}


def _cells(each: bench_comparison.Compared) -> tuple[str, ...]:
    point = " ".join(part for part in each.point if part)
    e_n = "" if each.e_n is None else format(each.e_n, "f")
    return (point, *_shown(each.first), *_shown(each.second), e_n, "✔" if each.agrees else "✖")


def _shown(found: bench_comparison.Result) -> tuple[str, ...]:
    """Return error and U as reports have them."""
    row = judgement.Finding("", "", None, "", found.error, found.expanded_u)
    error, expanded_u = row.shown_error, row.shown_u
    return tuple("" if value is None else format(value, "f") for value in (error, expanded_u))
