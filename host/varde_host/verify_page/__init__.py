"""Verifying in a browser: one question, one field, one big button; and what came of it.

    here             what is under way at the visit's site, and what is connected to its bench
    choose_pages     what to verify, by scan; who has it in hand; begin or go on
    question_pages   the question of now, the pressure while it is measured, undo, sign
    asking           a question as the page asks it
    shown            what came out, as values for a template
    drawing          curves and strips, as numbers for an SVG
    record_pages     records, their reports, a thing's history
    reference_pages, procedure_pages

Nothing is decided here: `verifying` asks, judges and signs, as for `varde verify run`.
"""

from __future__ import annotations

from collections.abc import Sequence

from varde_host.pages.page import Page


def pages() -> Sequence[Page]:
    """Return all pages of this package."""
    from varde_host.verify_page import (  # noqa: PLC0415 `here` is wanted by whoever makes a server
        choose_pages,
        procedure_pages,
        question_pages,
        record_pages,
        reference_pages,
    )

    return (
        *choose_pages.PAGES,
        *question_pages.PAGES,
        *record_pages.PAGES,
        *reference_pages.PAGES,
        *procedure_pages.PAGES,
    )
