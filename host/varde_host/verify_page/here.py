"""What the pages of verifying have in common: what is under way at the visit's site."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

from varde_host.access.tenants import Tenant
from varde_host.bench_desk import bench_file
from varde_host.pages.asked import Asked
from varde_host.verifying import situation, wires
from varde_host.verifying.ongoing import InHand, Ongoing

EXTRA: Final = "verifying"
"""In `Context.extra`: what is under way at each site, by the name of the site."""
MAX_HUB_PORTS: Final = 32


def of_tenants(tenants: Iterable[Tenant], now_ms: Callable[[], int]) -> dict[str, Ongoing]:
    """Return what a server keeps under `EXTRA`; each is to be closed at its end."""
    return {each.name: Ongoing(each.site, each.inventory, now_ms) for each in tenants}


def ongoing(asked: Asked) -> Ongoing:
    """Return what is under way at the site that is visited."""
    found = cast("Mapping[str, Ongoing]", asked.extra[EXTRA])
    return found[asked.tenant.name]


def in_hand(asked: Asked) -> InHand:
    """Return what the page's address holds. Raises InputRefused `verify-busy`, `verify-let-go`."""
    return ongoing(asked).held(asked.path["item"], asked.path["hold"])


def path_of(there: InHand) -> str:
    """Return the address of a thing that is in hand."""
    return f"/verify/{there.item.item_id}/at/{there.hold}"


def bench(asked: Asked) -> bench_file.BenchFile:
    """Return what is always so at this bench. Raises InputRefused `bench-file`."""
    return bench_file.load(asked.tenant.directory)


def hub_ports(asked: Asked) -> list[str]:
    """Return the ports at which hubs may be: those of `bench.toml`, no other."""
    found = sorted({port for pattern in bench(asked).ports for port in glob.glob(pattern)})
    return found[:MAX_HUB_PORTS]


def bench_references(asked: Asked) -> Sequence[str]:
    """Return the ids of the references that stand at this bench."""
    return situation.bench(asked.tenant.directory).references


def connected(asked: Asked) -> wires.Wires:
    """Return what the form says is connected: a port that `bench.toml` names, or none."""
    said, form = bench(asked), asked.form
    manometer = said.manometer if form.get("manometer") else None
    hub = form.get("hub") or None
    if hub not in hub_ports(asked):
        hub = None
    address = form.get("address", "").strip() or None
    return wires.Wires(manometer, said.radio, None if hub else address, hub)
