"""Is the bench itself in order? The network (F1), and the scanner (SKANNETEST)."""

from __future__ import annotations

import io
from collections.abc import Sequence

import segno
from starlette.responses import Response

from varde_host.bench import network_check
from varde_host.bench_entry import going_on
from varde_host.bench_page import here
from varde_host.commands import bench_check
from varde_host.inventory import wedge
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page


async def network(asked: Asked) -> Response:
    """Answer `GET /check`: ask the collector and the time as a hub would."""
    found = await bench_check.of_bench(asked.tenant.site, here.desk(asked).here)
    is_good = all(each.outcome != network_check.BAD for each in found)
    return asked.page("bench_page/check.html", checks=found, is_good=is_good)


async def scanner(asked: Asked) -> Response:
    """Answer `GET /scan-test`; `?found=` are the kinds of damage that were seen."""
    seen = asked.query.get("found", "")
    kinds = [each for each in seen.split(",") if each in wedge.KINDS]
    return asked.page("bench_page/scan_test.html", seen=bool(seen), damage=kinds, scan_path="")


async def try_scanner(asked: Asked) -> Response:
    """Answer `POST /scan-test`: what came of the code for testing."""
    damage = wedge.damage(asked.form.get("scan", ""))
    going_on.saw_scanner(asked.tenant.directory, damage)
    return asked.go("/scan-test?found=" + (",".join(damage) or "whole"))


async def test_code(asked: Asked) -> Response:
    """Answer `GET /scan-test/code.svg`: the code for testing, to be scanned from the screen."""
    del asked
    drawn = io.BytesIO()
    code = segno.make(wedge.TEST, micro=False)
    code.save(drawn, kind="svg", scale=6, border=4, light="#fff", xmldecl=False)
    return Response(drawn.getvalue(), media_type="image/svg+xml")


PAGES: Sequence[Page] = (
    Page("GET", "/check", "kit.see", network),
    Page("GET", "/scan-test", "kit.see", scanner),
    Page("POST", "/scan-test", "kit.see", try_scanner),
    Page("GET", "/scan-test/code.svg", "kit.see", test_code),
)
