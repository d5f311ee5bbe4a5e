"""What a rollout will cost before anybody starts it: hubs, bytes on the air, time each.

Assumed, and said with the figures: a hub holds no block of the release yet; it fetches over the
link of its last report, over the modem if it has said none; block by block, each a request of its
own. Not counted: what is fetched again after a cut (a block each), and the wait until a hub asks
(a heartbeat) and for the window.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from varde_host.fleet import plan_file
from varde_host.fleet.own_word import HubTruth
from varde_protocols import records, release

# PPP: 169 kB in 41 s (github.com/u-blox/ubxlib issue 236). WiFi: ten times that; not measured.
MODEM_BYTES_S: Final = 4_000
WIFI_BYTES_S: Final = 40_000
# As a hub's own meter counts (docs/link.md): headers of a request and its answer, 160 bytes around
# each, an eighth on all of it, and three connections' handshakes.
REQUEST_BYTES: Final = 400 + 2 * 160
CONNECTIONS_BYTES: Final = 3 * 3_600
DOCUMENTS_BYTES: Final = 2_000  # assignment and release
DIGEST_BYTES: Final = 32
# Two starts, unpacking, and the exchange that confirms; from the simulator, no board has run it.
TRIAL_S: Final = 60
KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class HubForecast:
    """One hub. `is_there`: it runs the release already; `is_above`: a later one, and refuses."""

    hub_id: str
    ring: int
    air_bytes: int
    seconds: int
    is_modem: bool
    is_known: bool
    """Tell if it has ever said how it is."""
    is_there: bool = False
    is_above: bool = False
    is_over_allowance: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hubs of a ring, or of all."""

    hubs: int
    air_bytes: int
    modem_bytes: int
    each_s: tuple[int, int]
    """The quickest and the slowest."""
    unknown: int
    there: int
    above: int
    over_allowance: int


def air_bytes(given: release.Release) -> int:
    """Return what one hub sends and gets for a release, about."""
    total = DOCUMENTS_BYTES
    for part in given.components:
        blocks = part.block_count()
        total += part.size_bytes + blocks * DIGEST_BYTES + (blocks + 1) * REQUEST_BYTES
    return total + total // 8 + CONNECTIONS_BYTES


def of_hubs(
    plan: plan_file.Plan,
    members: Sequence[Sequence[str]],
    number: int,
    given: release.Release | None,
    truths: Mapping[bytes, HubTruth],
) -> list[HubForecast] | None:
    """Return the forecast of each hub; None if nobody knows what is in the release."""
    if given is None:
        return None
    size = air_bytes(given)
    found = []
    for at, hubs in enumerate(members):
        allowance = plan.rings[at].allowance_kib
        for hub in hubs:
            truth = truths.get(bytes.fromhex(hub))
            one = _one(hub, at, size, number, truth)
            is_over = one.is_modem and allowance is not None and allowance * KIB < one.air_bytes
            found.append(dataclasses.replace(one, is_over_allowance=is_over))
    return found


def _one(hub: str, at: int, size: int, number: int, truth: HubTruth | None) -> HubForecast:
    runs = truth.release_number if truth is not None else None
    is_modem = truth is None or truth.link != records.LINK_WIFI
    is_known = truth is not None and truth.report is not None
    if runs is not None and runs >= number:
        return HubForecast(hub, at, 0, 0, is_modem, is_known, runs == number, runs > number)
    seconds = size // (MODEM_BYTES_S if is_modem else WIFI_BYTES_S) + TRIAL_S
    return HubForecast(hub, at, size, seconds, is_modem, is_known)


def together(hubs: Sequence[HubForecast]) -> Forecast:
    """Return the sum of some hubs."""
    times = [hub.seconds for hub in hubs if hub.air_bytes]
    return Forecast(
        len(hubs),
        sum(hub.air_bytes for hub in hubs),
        sum(hub.air_bytes for hub in hubs if hub.is_modem),
        (min(times, default=0), max(times, default=0)),
        sum(not hub.is_known for hub in hubs),
        sum(hub.is_there for hub in hubs),
        sum(hub.is_above for hub in hubs),
        sum(hub.is_over_allowance for hub in hubs),
    )
