"""What is connected at a bench, and what values it gives; for the terminal and the page alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from varde_host.manometer import instrument
from varde_host.sensor import address as sensor_address
from varde_host.site import files, keys
from varde_host.verification import measured

from . import hub_values, plan, sent_values, session, sources


@dataclass(frozen=True, slots=True)
class Wires:
    """The manometer's port; the laptop's radio and the sensor's address, or a hub's port and the
    sensor's slot there. None: nothing of the kind."""

    manometer: str | None = None
    radio: str | None = None
    address: str | None = None
    hub: str | None = None
    slot: int | None = None

    @property
    def ways(self) -> plan.Ways:
        """Return how values come by these."""
        way = None if self.address is None else measured.BLE
        return plan.Ways(self.manometer is not None, measured.HUB if self.hub else way)

    def for_work(self, work: session.Session) -> Wires:
        """Leave the manometer to others where this verification has no use for it."""
        if work.fixed.reference((plan.MANOMETER,)) is not None:
            return self
        return replace(self, manometer=None)


@contextlib.contextmanager
def connected(
    wires: Wires,
    site: files.Site,
    model: str,
    now_ms: Callable[[], int],
    progress: sources.Progress,
    watch: sources.Watch = sources.ignore,
) -> Iterator[sources.Sources]:
    """Give what is connected. Raises WorldFailed, InputRefused for what cannot be."""
    with contextlib.ExitStack() as stack:
        gauge = None
        if wires.manometer is not None:
            gauge = stack.enter_context(instrument.opened(wires.manometer, now_ms))
        heard: sent_values.Heard | None = None
        if wires.hub is not None:
            signer = site.signer(keys.SERVICE)
            by_hub = hub_values.by_hub(wires.hub, signer, model, wires.slot, now_ms)
            heard = stack.enter_context(by_hub)
        elif wires.address is not None:
            place = sensor_address.normalised(wires.address)
            by_radio = sent_values.by_radio(wires.radio, place, model, now_ms)
            heard = stack.enter_context(by_radio)
        yield sources.Sources(gauge, heard, wires.ways.radio, progress, watch)
