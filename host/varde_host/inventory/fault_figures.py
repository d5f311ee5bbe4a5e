"""Which faults each model has, the most frequent first: for suppliers, and for the next purchase.

A fault is a deviation (`notes`), closed or not; what a verification found bad is one by its code.
It counts for the model of the thing it is about, or for the kit as a whole. Beside the counts
stands what they may be compared by: how many things there are, how many of them ever had one (with
its interval, `rates`), and how long the model's things have been out on loan. Two faults in a
thousand days are no news, and two in a week are.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

import sqlalchemy as sa

from varde_host.inventory import items, models, notes, rates, schema

KIT = ""
"""In place of a model: the deviation is about a kit."""
_DAY_MS = 86_400_000
_PER_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Deviation:
    """A note, and which thing it is about; for a kit `model` is KIT and the others None."""

    note: notes.Note
    model: str
    serial: str | None
    lot: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """How often a model had a fault: `count` deviations (`is_open` of them stand), on `things`.

    `percent_so_far` is the share of all deviations with this and all more frequent ones.
    """

    model: str
    code: str
    count: int
    is_open: int
    things: int
    percent_so_far: int


@dataclass(frozen=True, slots=True)
class OfModel:
    """A model's things: how many there are, how many had a deviation, and their time on loan.

    `share` holds the share of things with one at 95 %; `per_1000_days` is deviations in so
    many days on loan, None if they were not out for a day.
    """

    model: str
    things: int
    with_deviation: int
    share: rates.Interval
    deviations: int
    loan_days: int
    per_1000_days: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`faults` and `of_models` are in order, the worst first."""

    faults: tuple[Fault, ...]
    of_models: tuple[OfModel, ...]
    deviations: int


def read(
    connection: sa.Connection, now_ms: int, model: str | None = None, since_ms: int = 0
) -> tuple[Figures, list[Deviation]]:
    """Return the figures, and the deviations behind them, of a model or of all.

    Deviations opened before `since_ms` are left out, and time on loan before it.

    Raises InputRefused `model-unknown`.
    """
    wanted = None if model is None else models.find(connection, model).model
    stock = {each.item_id: each for each in items.listing(connection)}
    found = [
        _described(each, stock.get(each.subject))
        for each in notes.listing(connection, everything=True)
        if each.opened_ms >= since_ms
    ]
    found = [each for each in found if wanted is None or each.model == wanted]
    counted = collections.Counter(each.model for each in stock.values())
    if wanted is not None:
        counted = collections.Counter({wanted: counted[wanted]})
    days = _loan_days(connection, since_ms, now_ms)
    return figures(found, counted, days), found


def figures(
    found: Sequence[Deviation], things: Mapping[str, int], loan_days: Mapping[str, int]
) -> Figures:
    """Return what deviations say of models with so many things and days on loan."""
    of_models = (_of_model(name, found, things, loan_days) for name in sorted(things))
    worst = sorted((each for each in of_models if each.things), key=_by_rate)
    return Figures(tuple(_pareto(found)), tuple(worst), len(found))


def _described(note: notes.Note, item: items.Item | None) -> Deviation:
    if item is None:
        return Deviation(note, KIT, None, None)
    return Deviation(note, item.model, item.serial, item.lot)


def _pareto(found: Sequence[Deviation]) -> Iterable[Fault]:
    groups: dict[tuple[str, str], list[notes.Note]] = collections.defaultdict(list)
    for each in found:
        groups[each.model, each.note.code].append(each.note)
    so_far = 0
    for (model, code), of_code in sorted(
        groups.items(), key=lambda pair: (-len(pair[1]), pair[0])
    ):
        so_far += len(of_code)
        is_open = sum(each.closed_ms is None for each in of_code)
        subjects = len({each.subject for each in of_code})
        yield Fault(model, code, len(of_code), is_open, subjects, 100 * so_far // len(found))


def _of_model(
    model: str, found: Sequence[Deviation], things: Mapping[str, int], loan_days: Mapping[str, int]
) -> OfModel:
    of_it = [each.note for each in found if each.model == model]
    bad = len({each.subject for each in of_it})
    share = rates.share(bad, max(things[model], 1))
    days = loan_days.get(model, 0)
    rate = None
    if days:
        rate = (Decimal(_PER_DAYS * len(of_it)) / days).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
    return OfModel(model, things[model], bad, share, len(of_it), days, rate)


def _by_rate(each: OfModel) -> tuple[Decimal, int, str]:
    """The worst first: by the share that it has at least, then by the count."""
    return -each.share.low, -each.deviations, each.model


def _loan_days(connection: sa.Connection, since_ms: int, now_ms: int) -> dict[str, int]:
    """Return the days on loan of each model's things, whole days in all."""
    parts, table = schema.loan_items, schema.items
    query = sa.select(table.c.model, parts.c.from_ms, parts.c.until_ms).join_from(
        parts, table, table.c.item_id == parts.c.item_id
    )
    spent: collections.Counter[str] = collections.Counter()
    for model, from_ms, until_ms in connection.execute(query):
        end = now_ms if until_ms is None else until_ms
        spent[model] += max(0, end - max(from_ms, since_ms))
    return {model: in_ms // _DAY_MS for model, in_ms in spent.items()}
