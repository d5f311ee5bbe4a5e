"""What a server keeps of the extracts it has made: reading a year of hubs takes its time.

Facts are kept for `KEEP_MS` a municipality, so that the table, the plots and the files of a page
are the same ones, and read once however many ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host.bench.making import label_facts
from varde_host.benefit import baseline, extract, facts, prices
from varde_host.benefit.extract import Extract
from varde_host.benefit.months import Month
from varde_host.collector import database
from varde_host.inventory import store
from varde_host.site import files

KEEP_MS: Final = 600_000
MOST_EXTRACTS: Final = 8  # of a municipality: an extract has some thousand figures


@dataclass(frozen=True)
class Source:
    """A municipality: its site, inventory, and where its collector's database is."""

    site: files.Site
    inventory: store.Inventory
    database: str | Path


class Kept:
    """Extracts of several municipalities, each made by a thread of its own: reading a large one
    takes a minute, and whoever waits for it keeps no other waiting."""

    def __init__(self) -> None:
        self._of: dict[Path, _OfSite] = {}

    def asked(self, source: Source, period: Sequence[Month], now_ms: int) -> Future[Extract]:
        """Ask for the extract of a period; it raises as `extract.read` and `of_site`.

        To be called from one thread (a server's loop).
        """
        # by folder: a copy of a site has the site's id, and another inventory
        mine = self._of.setdefault(source.site.directory.resolve(), _OfSite())
        return mine.worker.submit(mine.made, source, tuple(period), now_ms)


class _OfSite:
    """One worker takes requests one by one, so nothing here needs a lock."""

    def __init__(self) -> None:
        self.worker = ThreadPoolExecutor(1, "benefit")
        self._facts: facts.Facts | None = None
        self._extracts: dict[tuple[Month, ...], Extract] = {}

    def made(self, source: Source, period: tuple[Month, ...], now_ms: int) -> Extract:
        if self._facts is None or not self._is_good(self._facts, period, now_ms):
            self._facts = _read(source, now_ms)
            self._extracts.clear()
        found = self._extracts.get(period)
        if found is None:
            if len(self._extracts) >= MOST_EXTRACTS:
                self._extracts.clear()
            found = of_site(source.site, self._facts, period)
            self._extracts[period] = found
        return found

    @staticmethod
    def _is_good(known: facts.Facts, period: tuple[Month, ...], now_ms: int) -> bool:
        """Tell if facts are not too old, and from after the period's end (it may just be over)."""
        return 0 <= now_ms - known.now_ms < KEEP_MS and period[-1].end_ms <= known.now_ms


def of_site(site: files.Site, known: facts.Facts, period: Sequence[Month]) -> Extract:
    """Return an extract with the prices and the baseline that lie in the site's folder, if any.

    Raises as `prices.load` and `baseline.load`.
    """
    priced = prices.load_if_there(site.directory)
    before = baseline.load_if_there(site.directory)
    name = label_facts.municipality(site)
    return extract.made(known, name, period, priced=priced, baseline=before)


def _read(source: Source, now_ms: int) -> facts.Facts:
    opened = database.open_database(source.database, create=False)
    try:
        return extract.read(source.site, source.inventory, opened, now_ms)
    finally:
        opened.close()
