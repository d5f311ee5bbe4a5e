"""All pages of the bench."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from varde_host.bench_page import (
    batch_pages,
    checkup_pages,
    entry_pages,
    job_pages,
    kit_pages,
    label_pages,
    paper_pages,
    start_pages,
    stock_pages,
)
from varde_host.pages.page import Page

PAGES: Final[Sequence[Page]] = (
    *start_pages.PAGES,
    *kit_pages.PAGES,
    *entry_pages.PAGES,
    *job_pages.PAGES,
    *batch_pages.PAGES,
    *label_pages.PAGES,
    *paper_pages.PAGES,
    *stock_pages.PAGES,
    *checkup_pages.PAGES,
)
