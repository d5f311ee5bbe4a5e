"""The hub's application: four tasks, and one more on a locked hub.

`run` returns only by an exception; the supervisor (`main.py`) then restarts the board.
"""

import asyncio

from varde_firmware.core import unload
from varde_firmware.shell import identity
from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.errors import WireError

if TYPE_CHECKING:
    from typing import Any, Callable, Coroutine

    from varde_firmware.ports import Ports
    from varde_firmware.shell.hub_parts import Parts


def run(ports: "Ports", on_healthy: "Callable[[], None]") -> None:
    """Run the hub; `on_healthy` is called once, when the collector has acknowledged something.

    A hub that has nothing to run by says who it is and waits for the bench. Raises whatever ends
    a task.
    """
    work = _build(ports, on_healthy)
    unload.unload("varde_firmware.shell.hub_parts")
    asyncio.run(work)


def _build(ports: "Ports", on_healthy: "Callable[[], None]") -> "Coroutine[Any, Any, None]":
    who = identity.load(ports.store, ports.random_bytes, ports.flash)
    before = unload.loaded()
    try:
        documents = ports.load_documents(who.hub_id)
    except (OSError, WireError) as error:
        from varde_firmware.shell import bench_wait  # noqa: PLC0415  (seldom needed)

        print("varde: waits for the bench:", type(error).__name__, error)
        return bench_wait.run(ports, who.hub_id)
    unload.since(before)
    from varde_firmware.shell import hub_parts  # noqa: PLC0415  (needed once)

    return Hub(hub_parts.Parts(ports, on_healthy, who, *documents)).run()


class Hub:
    """The tasks of one boot."""

    def __init__(self, parts: "Parts") -> None:
        self._upkeep = parts.upkeep
        self._sensors = parts.sensors
        self._links = parts.links
        self._uplink = parts.uplink
        self._service = parts.service
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
            self._upkeep.run(), self._sensors.run(), self._links.run(), self._uplink.run()
        ]  # fmt: skip
        if self._service is not None:
            tasks.append(self._service.run())
        await asyncio.gather(*tasks)
