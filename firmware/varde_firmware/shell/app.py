"""The hub's application: four tasks.

`run` returns only by an exception; the supervisor (`main.py`) then restarts the board.
"""

import asyncio

from varde_firmware.core import unload
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable

    from varde_firmware.ports import Ports
    from varde_firmware.shell.hub_parts import Parts


def run(ports: "Ports", on_healthy: "Callable[[], None]") -> None:
    """Run the hub; `on_healthy` is called once, when the collector has acknowledged something.

    Raises OSError or WireError if there is no config to run by, and whatever ends a task.
    """
    hub = _build(ports, on_healthy)
    unload.unload("varde_firmware.shell.hub_parts")
    asyncio.run(hub.run())


def _build(ports: "Ports", on_healthy: "Callable[[], None]") -> "Hub":
    from varde_firmware.shell import hub_parts  # noqa: PLC0415  (needed once)

    return Hub(hub_parts.Parts(ports, on_healthy))


class Hub:
    """The tasks of one boot."""

    def __init__(self, parts: "Parts") -> None:
        self._upkeep = parts.upkeep
        self._sensors = parts.sensors
        self._links = parts.links
        self._uplink = parts.uplink
        self._sensor_inbox = parts.sensor_inbox
        self._uplink_inbox = parts.uplink_inbox
        parts.keeper.on_record = self._wake

    def _wake(self) -> None:
        """The journal has changed: sensors and exchange look. Called in handlers, too."""
        self._sensor_inbox.wake()
        self._uplink_inbox.wake()

    async def run(self) -> None:
        """Run the tasks; the first that ends, by an exception, ends all."""
        await asyncio.gather(
            self._upkeep.run(), self._sensors.run(), self._links.run(), self._uplink.run()
        )
