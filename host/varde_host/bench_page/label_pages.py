"""A kit's label: seen, printed, hung on, and scanned back from where it hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from varde_host import explaining, messages
from varde_host.bench import faults
from varde_host.bench.making import kit_labels, scan_back
from varde_host.bench_page import here, paper_pages, pictures
from varde_host.inventory import kits, states
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page


async def show(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/label`."""
    return _show(asked)


async def draw(asked: Asked) -> Response:
    """Answer `GET /kit/KIT/label.pdf`; `?form=zpl` for a label printer that wants that."""
    kit, form = here.named_kit(asked), asked.query.get("form", kit_labels.ROLL)
    with asked.tenant.inventory.reading() as connection:
        made = kit_labels.of_kits(connection, asked.tenant.directory, [kit], asked.now_ms)
    language = messages.speaker.language
    content = await asyncio.to_thread(kit_labels.drawn, made, form, language)
    ending = "zpl" if form == kit_labels.ZPL else "pdf"
    return paper_pages.file(content, f"{kit}.{ending}")


async def scanned(asked: Asked) -> Response:
    """Answer `POST /kit/KIT/label`: it counts once it was read from where it hangs. A kit that is
    checked becomes ready by it."""
    kit, described = here.named_kit(asked), here.known(asked)
    try:
        label = scan_back.check(asked.form.get("scan", ""), kit)
    except faults.Fault as fault:
        return _show(asked, fault)
    with asked.tenant.inventory.writing() as connection:
        if kits.find(connection, kit).state == states.CHECKED:
            proof = {"packing": {"label": label}}
            by, now_ms = asked.visit.by, asked.now_ms
            kits.move(connection, kit, states.READY, proof, by, now_ms, known=described)
    return asked.go(f"/kit/{kit}?done=label")


def _show(asked: Asked, fault: faults.Fault | None = None) -> Response:
    kit = here.named_kit(asked)
    found = asked.tenant.inventory.read(lambda connection: kits.find(connection, kit))
    told = None if fault is None else explaining.of_fault(fault.code, fault.fields)
    return asked.page(
        "bench_page/label.html",
        200 if fault is None else 422,
        kit=found,
        problem=told,
        picture=pictures.of_code(fault.code if fault else "labelling.scan"),
    )


PAGES: Sequence[Page] = (
    Page("GET", "/kit/{kit}/label", "label.print", show),
    Page("GET", "/kit/{kit}/label.pdf", "label.print", draw),
    Page("POST", "/kit/{kit}/label", "kit.move", scanned),
)
