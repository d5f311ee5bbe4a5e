"""All flows by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from varde_host import errors
from varde_host.bench_entry import handout_flow, kit_flows, note_flows, stock_flows
from varde_host.bench_entry.flow import Flow

FLOWS: Final = (
    *kit_flows.FLOWS, *stock_flows.FLOWS, *note_flows.FLOWS, handout_flow.HANDOUT,
)  # fmt: skip
BY_NAME: Final[Mapping[str, Flow]] = {flow.name: flow for flow in FLOWS}
assert len(BY_NAME) == len(FLOWS)


def find(name: str) -> Flow:
    """Return a flow. Raises InputRefused `entry-gone` for one that this version does not have."""
    if name not in BY_NAME:
        raise errors.InputRefused("entry-gone", name[:20])
    return BY_NAME[name]
