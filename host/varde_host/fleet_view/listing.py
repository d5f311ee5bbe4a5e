"""Hubs filtered, ordered, and a page of them. Pure: the fleet is in memory, the page is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from varde_host.fleet_view import clock_quality, silence
from varde_host.fleet_view.fault_codes import BAD, Fault
from varde_host.fleet_view.hub_view import HubView

PER_PAGE: Final = 50
_LAST: Final = "~"
"""After all names, and after all hexadecimal digits."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """`items` of page `number`, counted from 1, of `pages`; `count` is of all that fit."""

    items: Sequence[Item]
    number: int
    pages: int
    count: int


def paged(found: Sequence[Item], number: int, per_page: int = PER_PAGE) -> Page[Item]:
    """Return a page; one that is not there is the last."""
    pages = max(1, -(-len(found) // per_page))
    number = min(max(number, 1), pages)
    return Page(found[(number - 1) * per_page : number * per_page], number, pages, len(found))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which hubs, in which order. "" is no filter; what is unknown fits nothing."""

    text: str = ""
    """The beginning of a hub's id or of a kit's."""
    silence: str = ""
    wrong: str = ""
    """ANY, BAD or a fault's code."""
    group: str = ""
    ring: str = ""
    release: str = ""
    """A number, or "-" for those that have not said."""
    order: str = "wrong"
    is_reverse: bool = False


ANY: Final = "any"


def find(
    hubs: Iterable[HubView], faults: Mapping[str, Sequence[Fault]], asked: Asked
) -> list[HubView]:
    """Return those that fit, in order."""
    wanted = asked.text.strip().casefold()
    fits = [hub for hub in hubs if _fits(hub, faults.get(hub.hub_id, ()), asked, wanted)]
    key = ORDERS.get(asked.order, ORDERS["wrong"])
    fits.sort(key=lambda hub: (key(hub, faults.get(hub.hub_id, ())), hub.hub_id))
    return fits[::-1] if asked.is_reverse else fits


def by_hub(faults: Iterable[Fault]) -> dict[str, list[Fault]]:
    """Return the faults of each hub."""
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        if fault.hub_id is not None:
            found.setdefault(fault.hub_id, []).append(fault)
    return found


def counts(hubs: Sequence[HubView]) -> dict[str, Counter[str]]:
    """Return how many hubs there are by silence, release, clock, link, group and ring."""
    return {
        "silence": Counter(hub.silence.state for hub in hubs),
        "release": Counter("-" if hub.runs is None else str(hub.runs) for hub in hubs),
        "clock": Counter(hub.clock_quality for hub in hubs),
        "link": Counter("-" if hub.link is None else str(hub.link) for hub in hubs),
        "group": Counter(hub.known.member.group for hub in hubs),
        "ring": Counter(hub.known.member.ring for hub in hubs),
    }


def data_use(hubs: Iterable[HubView]) -> dict[int, tuple[int, int, int]]:
    """Return by month (YYYYMM) the bytes over WiFi and over the modem, and of how many hubs.

    Each hub counts in the month that it reported last.
    """
    found: dict[int, tuple[int, int, int]] = {}
    for hub in hubs:
        use = hub.data_use
        if use is not None:
            wifi, modem, count = found.get(use.month, (0, 0, 0))
            more = (use.wifi_bytes or 0, use.modem_bytes or 0)
            found[use.month] = (wifi + more[0], modem + more[1], count + 1)
    return dict(sorted(found.items(), reverse=True))


def _fits(hub: HubView, faults: Sequence[Fault], asked: Asked, wanted: str) -> bool:
    names = (hub.hub_id, (hub.kit_id or "").casefold())
    return (
        (not wanted or any(name.startswith(wanted) for name in names))
        and asked.silence in ("", hub.silence.state)
        and (not asked.wrong or any(_is_wrong(each, asked.wrong) for each in faults))
        and asked.group in ("", hub.known.member.group)
        and asked.ring in ("", hub.known.member.ring)
        and asked.release in ("", "-" if hub.runs is None else str(hub.runs))
    )


def _is_wrong(fault: Fault, wanted: str) -> bool:
    return wanted in (ANY, fault.code) or (wanted == BAD and fault.outcome == BAD)


_Key = Callable[[HubView, Sequence[Fault]], Any]


def _worst(hub: HubView, faults: Sequence[Fault]) -> tuple[int, int, int]:
    bad = sum(fault.outcome == BAD for fault in faults)
    return -bad, -len(faults), silence.STATES.index(hub.silence.state)


_CLOCKS: Final = (
    clock_quality.BAD, clock_quality.FAIR, clock_quality.UNKNOWN, clock_quality.GOOD,
)  # fmt: skip

ORDERS: Final[Mapping[str, _Key]] = {
    "wrong": _worst,
    "hub": lambda hub, _: hub.hub_id,
    "kit": lambda hub, _: hub.kit_id or _LAST,
    "heard": lambda hub, _: hub.heard_ms or 0,
    "release": lambda hub, _: -1 if hub.runs is None else hub.runs,
    "pending": lambda hub, _: -(hub.pending or 0),
    "battery": lambda hub, _: 1 << 60 if hub.battery_mv is None else hub.battery_mv,
    "clock": lambda hub, _: _CLOCKS.index(hub.clock_quality),
    "data": lambda hub, _: -((hub.data_use and hub.data_use.modem_bytes) or 0),
}
"""What hubs can be ordered by; the first that matters comes first."""
