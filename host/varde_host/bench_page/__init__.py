"""The pages of the bench: one question, one big button, what is scanned goes where it belongs.

No page decides anything. What stands next for a kit says `bench_desk.next_step`; what is asked and
kept is `bench_entry`'s; boards are worked on by the `bench_desk.jobs.Desk` of the visit's site.
"""

from __future__ import annotations

from collections.abc import Sequence

from varde_host.pages.page import Page


def pages() -> Sequence[Page]:
    """Return the pages of the bench."""
    from varde_host.bench_page import table  # noqa: PLC0415 only where pages are served

    return table.PAGES
