"""The hub's application: five tasks, one more on a locked hub, and one more with reminders.

When `run` ends by an exception, the supervisor (`main.py`) restarts the board.
"""

import asyncio

from varde_firmware.core import unload
from varde_firmware.shell import identity
from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Callable, Optional

    from varde_firmware.ports import Ports
    from varde_firmware.shell.hub_parts import Parts


def run(ports: "Ports", on_healthy: "Callable[[], None]") -> None:
    """Run the hub; `on_healthy` is called once, when the collector has acknowledged something.

    Returns if the hub has said who it is and has no documents to run by; else only by an
    exception, whatever ends a task.
    """
    hub = _build(ports, on_healthy)
    unload.unload("varde_firmware.shell.hub_parts")
    if hub is not None:
        asyncio.run(hub.run())


def _build(ports: "Ports", on_healthy: "Callable[[], None]") -> "Optional[Hub]":
    who = identity.load(ports.store, ports.random_bytes, ports.flash)
    before = unload.loaded()
    from varde_firmware.core import update_record  # noqa: PLC0415  (needed once)

    record = update_record.load(ports.for_updates("update_store").UpdateStore())
    try:
        if record.is_at_rest:
            ports.for_updates("document_files").settle(record.assignment)
        is_on_trial = bool(record.on_trial & update_record.CONFIG)
        documents = ports.load_documents(who.hub_id, is_on_trial)
    except (OSError, WireError) as error:
        print("varde: waits for the bench:", type(error).__name__, error)
        ports.wifi.leave()  # it was on for the random source
        return None
    has_trial = record.on_trial or not record.is_told
    is_under_way = not record.is_at_rest and not has_trial
    del record, update_record
    unload.since(before)
    from varde_firmware.shell import hub_parts  # noqa: PLC0415  (needed once)

    parts = hub_parts.Parts(ports, on_healthy, who, *documents)
    if has_trial:
        parts.look_at_trial()
    if is_under_way:
        parts.uplink.update_from_ms = 0
    return Hub(parts)


class Hub:
    """The tasks of one boot."""

    def __init__(self, parts: "Parts") -> None:
        self._upkeep = parts.upkeep
        self._sensors = parts.sensors
        self._links = parts.links
        self._uplink = parts.uplink
        self._tester = parts.tester
        self._service = parts.service
        self._reminders = parts.keeper.reminders
        self._sensor_inbox = parts.sensor_inbox
        self._uplink_inbox = parts.uplink_inbox
        parts.keeper.on_record = self._wake

    def _wake(self) -> None:
        """The journal has changed: sensors and exchange look. Called in handlers, too."""
        self._sensor_inbox.wake()
        self._uplink_inbox.wake()

    async def run(self) -> None:
        """Run the tasks; the first that ends, by an exception, ends all."""
        tasks = [
            self._upkeep.run(), self._sensors.run(), self._links.run(), self._uplink.run(),
            self._tester.run(),
        ]  # fmt: skip
        if self._service is not None:
            tasks.append(self._service.run())
        if self._reminders is not None:
            tasks.append(self._reminders.run())
        await asyncio.gather(*tasks)
