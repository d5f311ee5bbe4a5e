"""Somebody who goes through entries as a page does: a new look at the file each time."""

from __future__ import annotations

import shutil
from pathlib import Path

from host import signed_bench
from host.inventory_bench import T17
from varde_host.bench_entry import entries, flow, going_on
from varde_host.inventory import measuring_models
from varde_host.site import files

NEW_CODE = "(01)07012345678915(21)A1"


class Bench:
    """See above."""

    def __init__(self, stock, folder: Path) -> None:
        self.stock = stock
        shutil.copytree(signed_bench.site().directory, folder)
        self.site = files.load(folder)
        self.by = T17

    def around(self, connection) -> flow.Around:
        now_ms = self.stock.now_ms
        known = measuring_models.BUILT_IN
        return flow.Around(connection, self.site, self.by, now_ms, known)

    def begin(self, name: str, about: str = "", **given: str) -> str:
        entry = self.stock.see(lambda c: going_on.begun(self.around(c), name, about, given))
        return entry.id

    def asked(self, entry: str) -> str:
        loaded = entries.load(self.site.directory, entry)
        found = self.stock.see(lambda c: going_on.opened(self.around(c), loaded))
        return found.question.name

    def box(self, entry: str) -> str:
        loaded = entries.load(self.site.directory, entry)
        return self.stock.see(lambda c: going_on.opened(self.around(c), loaded)).box

    def answer(self, entry: str, text: str, name: str | None = None) -> None:
        loaded = entries.load(self.site.directory, entry)
        name = name or self.asked(entry)
        self.stock.see(lambda c: going_on.answered(self.around(c), loaded, name, text))

    def is_complete(self, entry: str) -> bool:
        loaded = entries.load(self.site.directory, entry)
        return self.stock.see(lambda c: going_on.is_complete(self.around(c), loaded))

    def end(self, entry: str, *, is_cut: bool = False) -> flow.Ended:
        loaded = entries.load(self.site.directory, entry)
        self.stock.now_ms += 1000
        ended = self.stock.opened.write(lambda c: going_on.ended(self.around(c), loaded))
        if not is_cut:
            going_on.forget(self.site.directory, loaded, self.stock.now_ms)
        return ended

    def go(self, name: str, about: str = "", answers=(), **given: str) -> flow.Ended:
        entry = self.begin(name, about, **given)
        for each in answers:
            self.answer(entry, each)
        assert self.is_complete(entry), self.asked(entry)
        return self.end(entry)
