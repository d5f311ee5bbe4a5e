"""Scripted lives of a journal: what is cut, torn and spoiled in the campaigns. Each is repeatable.

A life takes a flash and a model, checks all the way, and goes round the ring more than once.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware.journal_model import WHOLE, Model
from firmware.nor_flash import NorFlash
from varde_firmware.core.journal import Journal

Life = Callable[[NorFlash, Model], None]


def record(seed: int, size: int) -> bytes:
    return bytes([(seed * 31 + n * 7) & 0xFF for n in range(size)])


def boot(flash: NorFlash, model: Model) -> Journal:
    return model.mounted(flash)


def begin(journal: Journal, model: Model, number: int) -> None:
    """What the recorder does at a boot: an event, a session that every sector then repeats."""
    model.try_append(journal, record(number, 110), urgent=True)
    session = record(number + 100, 150)
    seq = model.try_append(journal, session, urgent=True)
    if seq is not None:
        journal.set_session(seq, session)


def pending(journal: Journal) -> list[int]:
    return [seq for seq, _ in journal.batch(*WHOLE)]


def live(journal: Journal, model: Model, rounds: int) -> None:
    """Records of several sizes, acknowledged late and in odd pieces; twice round the ring."""
    for n in range(rounds):
        data = record(n, (700, 90, 1024, 400)[n % 4])
        seq = model.try_append(journal, data, settled=n % 5 > 1)
        if seq is not None and n % 5 == 0:
            model.settle(journal, seq)
        if n % 6 == 5:
            seqs = pending(journal)
            some = [(seqs[1], seqs[3]), (seqs[0], seqs[0])] if len(seqs) > 3 else []
            model.acknowledge(journal, [*some, (9, 2)])
        if n % 9 == 8:
            model.acknowledge(journal, [(0, journal.next_seq - 3)])
        model.check_running(journal)


def steady(flash: NorFlash, model: Model) -> None:
    """Never full, never rebooted."""
    journal = boot(flash, model)
    begin(journal, model, 0)
    live(journal, model, 11 * flash.sector_count + 1)


def fill(journal: Journal, model: Model, sizes: tuple[int, ...], urgent: bool = False) -> None:
    n = 0
    while True:
        size = sizes[n % len(sizes)]
        seq = model.try_append(journal, record(n + 7, size), urgent, settled=n % 3 > 0)
        if seq is None:
            return
        if n % 6 == 0:
            model.settle(journal, seq)
        n += 1


def brimming(flash: NorFlash, model: Model) -> None:
    """Full, its reserve used up, rebooted in every state, released in pieces and as a whole."""
    for turn in range(3):
        journal = boot(flash, model)
        begin(journal, model, turn)
        fill(journal, model, (900, 333, 1024))
        model.check_running(journal)
        journal = boot(flash, model)  # full: the reserve takes what a boot has to say
        begin(journal, model, turn + 50)
        fill(journal, model, (700, 120), urgent=True)
        model.check_running(journal)
        journal = boot(flash, model)
        seqs = pending(journal)
        model.acknowledge(journal, [(seqs[n], seqs[n]) for n in range(turn % 2, len(seqs), 3)])
        model.acknowledge(journal, [(0, seq) for seq in seqs[len(seqs) // 2 :][:1]])
        begin(journal, model, turn + 80)
        model.try_append(journal, record(turn, 1024))
        model.acknowledge(journal, [(0, journal.next_seq)])
        model.check_running(journal)


def chance_life(seed: int, steps: int = 30) -> Life:
    """A life by chance, the same for the same seed."""

    def step(chance: random.Random, journal: Journal, model: Model) -> None:
        for _ in range(chance.randint(1, 6)):
            data = record(chance.randrange(256), chance.choice([64, 150, 150, 400, 1000, 1024]))
            urgent = chance.random() < 0.2
            seq = model.try_append(journal, data, urgent, settled=chance.random() < 0.7)
            if seq is not None and chance.random() < 0.5:
                model.settle(journal, seq)
        seqs = pending(journal)
        if seqs and chance.random() < 0.8:
            low, high = sorted(chance.choices(seqs, k=2))
            model.acknowledge(journal, [(low, high)])
            model.acknowledge(journal, [(0, seqs[len(seqs) // 2])])

    def by_chance(flash: NorFlash, model: Model) -> None:
        chance = random.Random(seed)
        journal = boot(flash, model)
        for n in range(steps):
            if n % 7 == 0:
                journal = boot(flash, model)
                begin(journal, model, n)
            step(chance, journal, model)
            model.check_running(journal)

    return by_chance


LIVES: dict[str, Life] = {
    "steady": steady,
    "brimming": brimming,
    "chance-1": chance_life(1),
    "chance-2": chance_life(2),
}


def go_on(journal: Journal, model: Model) -> None:
    """What a hub does first after a boot; on a journal that may be full."""
    begin(journal, model, 1)
    seq = model.try_append(journal, record(3, 200), settled=False)
    if seq is not None:
        model.settle(journal, seq)
    seqs = pending(journal)
    model.acknowledge(journal, [(0, seq) for seq in seqs[len(seqs) // 2 :][:1]])
    model.try_append(journal, record(4, 1024))
    model.check_running(journal)
