"""A bad cuff among many kits, loans and swaps leads to exactly the right loans and spans.

Anything happens in any order to some kits and cuffs, hour by hour; a model beside keeps for each
hour which loan each cuff was in. What `trace` says is compared with what the model counts out.
"""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal

import pytest

from host import signed_bench
from host.inventory_bench import K2, T17, Stockroom
from varde_host.inventory import door, items, loans, models, records, schema, tracing, words
from varde_host.verification import judgement, measured

HOUR_MS = 3_600_000
HOURS = 260
GOOD, BAD, PUT_RIGHT, PRACTICE, FUNCTION = range(5)


class World:
    """Kits and cuffs, and for each hour and cuff the loan that it was in."""

    def __init__(self, room: Stockroom, seed: int) -> None:
        self.room, self.chance = room, random.Random(seed)
        self.start_ms = room.now_ms + HOUR_MS - room.now_ms % HOUR_MS
        room.model("microlife-x", models.SENSOR)
        self.kits = [room.kit() for _ in range(5)]
        self.cuffs = [room.item("microlife-x", serial=f"C{n}") for n in range(7)]
        self.where: dict[str, str | None] = dict.fromkeys(self.cuffs)
        self.out: dict[str, str] = {}  # kit: loan
        self.log: dict[str, list[str | None]] = {cuff: [] for cuff in self.cuffs}
        self.found: dict[str, list[tuple[int, int, str]]] = {cuff: [] for cuff in self.cuffs}

    def play(self) -> None:
        for hour in range(HOURS):
            self.now_ms = self.start_ms + hour * HOUR_MS
            kit, cuff = self.chance.choice(self.kits), self.chance.choice(self.cuffs)
            deed = self.chance.choice(("loan", "loan", "swap", "swap", "verify"))
            {"loan": self.lend, "swap": self.swap, "verify": self.verify}[deed](hour, kit, cuff)
            for each, inside in self.where.items():
                self.log[each].append(self.out.get(inside) if inside else None)

    def lend(self, hour: int, kit: str, cuff: str) -> None:
        def work(connection):
            with door.Change(connection, T17, self.now_ms, "kit.moved", kit) as change:
                if kit in self.out:
                    loans.end(connection, change, kit, self.now_ms)
                    return None
                return loans.begin(connection, change, kit, self.now_ms, self.room.random)

        begun = self.room.opened.write(work)
        self.out.pop(kit, None)
        if begun is not None:
            self.out[kit] = begun

    def swap(self, hour: int, kit: str, cuff: str) -> None:
        before = self.where[cuff]
        after = None if self.chance.random() < 0.3 else kit

        def work(connection):
            with door.Change(connection, T17, self.now_ms, "item.put", cuff) as change:
                change.update(schema.items, cuff, kit_id=after)
                loans.swap(connection, change, cuff, before, after, self.now_ms)

        if before != after:
            self.room.opened.write(work)
            self.where[cuff] = after

    def verify(self, hour: int, kit: str, cuff: str) -> None:
        """The bench is quick: it begins and ends at the full hour."""
        how = self.chance.choices((GOOD, BAD, PUT_RIGHT, PRACTICE, FUNCTION), (4, 3, 1, 1, 2))[0]
        item = self.room.see(items.find, cuff)
        signed = signed_bench.verification(run(item, words.day(self.now_ms), how), self.now_ms, K2)
        self.room.opened.write(lambda c: records.put(c, signed, K2, self.now_ms))
        judged = judgement.from_json(signed.content["judgement"])
        assert judged.trace_back == (how in (BAD, PUT_RIGHT))
        assert judged.may_hand_out == (how in (GOOD, PUT_RIGHT, FUNCTION))
        self.found[cuff].append((hour, how, signed.sha256))

    def expected(self, cuff: str, number: int) -> list[tuple[str, int, int | None]]:
        """Count out the loans, from the hour it was good until the hour it was good again."""
        hours = self.found[cuff]
        before = [hour for hour, how, _ in hours[:number] if how in (GOOD, PUT_RIGHT)]
        after = [hour for hour, how, _ in hours[number:] if how in (GOOD, PUT_RIGHT)]
        begin, end = (before[-1] if before else 0), (after[0] if after else HOURS)
        spans: list[tuple[str, int, int | None]] = []
        last = None
        for hour in range(begin, end):
            loan = self.log[cuff][hour]
            if loan is not None:
                if loan == last:
                    spans[-1] = (loan, spans[-1][1], hour + 1)
                else:
                    spans.append((loan, hour, hour + 1))
            last = loan
        if spans and spans[-1][2] == HOURS:
            spans[-1] = (*spans[-1][:2], None)
        return [
            (loan, self.start_ms + first * HOUR_MS,
             None if until is None else self.start_ms + until * HOUR_MS)
            for loan, first, until in spans
        ]  # fmt: skip


def run(item: items.Item, day: str, how: int) -> measured.Measured:
    if how == FUNCTION:
        return signed_bench.seen(item, day, "sensor-function")
    what = signed_bench.seen(item, day, "cuff-static")
    if how == PRACTICE:
        late = tuple(dataclasses.replace(each, due="2026-01-01") for each in what.references)
        return dataclasses.replace(what, references=late)
    if how == GOOD:
        return what
    points = list(what.as_found.points)
    at = next(n for n, each in enumerate(points) if each.nominal == 150)
    points[at] = dataclasses.replace(points[at], indication=Decimal(156))
    bad = dataclasses.replace(what.as_found, points=tuple(points))
    if how == PUT_RIGHT:
        left, change = what.as_found, "new cuff"
        return dataclasses.replace(what, as_found=bad, as_left=left, change=change)
    return dataclasses.replace(what, as_found=bad)


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_bad_cuff_leads_to_exactly_the_right_loans(room: Stockroom, seed: int):
    world = World(room, seed)
    world.play()
    checked = spans = 0
    for cuff in world.cuffs:
        for number, (_hour, how, record) in enumerate(world.found[cuff]):
            if how in (BAD, PUT_RIGHT):
                found = room.see(tracing.trace, cuff, record)
                parts = [(each.loan.loan_id, each.from_ms, each.until_ms) for each in found.parts]
                assert parts == world.expected(cuff, number), (seed, cuff, number)
                checked, spans = checked + 1, spans + len(parts)
    assert checked >= 10
    assert spans >= 10
    room.prove()
