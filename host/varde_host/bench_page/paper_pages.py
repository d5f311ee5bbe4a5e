"""The papers of a kit that goes out: the start card, and the handout that was signed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from varde_host import messages
from varde_host.bench_page import here
from varde_host.bench_record import form
from varde_host.inventory import kits, loans, records
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page
from varde_host.reporting import kit_papers, start_card


async def show(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/papers`."""
    kit = here.named_kit(asked)
    with asked.tenant.inventory.reading() as connection:
        found = kits.find(connection, kit)
        loan = loans.current(connection, kit)
        signed = records.of_kit(connection, kit, form.HANDOUT)
    return asked.page(
        "bench_page/papers.html", kit=found, loan=loan, record=signed[-1] if signed else None
    )


async def card(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/card.pdf`."""
    kit, described = here.named_kit(asked), here.known(asked)
    with asked.tenant.inventory.reading() as connection:
        made = kit_papers.card(connection, asked.tenant.site, kit, asked.now_ms, described)
    content = await asyncio.to_thread(start_card.pdf, made, messages.speaker.language)
    return file(content, f"{kit}-kort.pdf")


async def handout(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/handout.pdf`."""
    kit, site = here.named_kit(asked), asked.tenant.site
    language = messages.speaker.language

    def made() -> bytes:
        with asked.tenant.inventory.reading() as connection:
            return kit_papers.handout(connection, site, kit, language)

    return file(await asyncio.to_thread(made), f"{kit}-utlevering.pdf")


def file(content: bytes, name: str) -> Response:
    """Answer with a paper: shown in the browser, printed from there."""
    kind = "application/pdf" if name.endswith(".pdf") else "text/plain; charset=utf-8"
    return Response(
        content, media_type=kind, headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


PAGES: Sequence[Page] = (
    Page("GET", "/kit/{kit}/papers", "kit.see", show),
    Page("GET", "/kit/{kit}/card.pdf", "label.print", card),
    Page("GET", "/kit/{kit}/handout.pdf", "report.see", handout),
)
