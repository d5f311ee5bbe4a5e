"""Where sensors of real time are: on real adapters, or on an air that others can join.

Both are context managers around a `Stand`; what they give is done only when the place is lost.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from varde_simulator.air.adapter import Adapter, AdapterError, open_adapter
from varde_simulator.air.link import Air
from varde_simulator.open_world import OpenWorld
from varde_simulator.sensor_stand import Stand
from varde_simulator.sensors import models
from varde_simulator.sensors.model import Model
from varde_simulator.sensors.virtual_sensor import VirtualSensor

Lost = asyncio.Future[None]


class PlaceError(Exception):
    """These sensors cannot be put there; says what to ask for instead."""


def model_of(name: str) -> Model:
    """The model of this name. Raises PlaceError."""
    if name not in models.MODELS:
        raise PlaceError(f"no model {name!r}; `varde-sim sensors --list` shows which there are")
    return models.MODELS[name]()


@contextlib.asynccontextmanager
async def in_world(
    stand: Stand, socket: Path, wanted: Sequence[tuple[str, str]]
) -> AsyncIterator[Lost]:
    """On a virtual air whose channel is served at `socket`. `wanted`: (model, label) each."""
    plans = [(model_of(name), label) for name, label in wanted]
    async with OpenWorld(socket) as world:
        for model, label in plans:
            stand.put(await world.add_sensor(model, label), str(socket))
        world.on_node = stand.tell_of_node
        yield asyncio.get_running_loop().create_future()


@contextlib.asynccontextmanager
async def on_adapters(
    stand: Stand, specs: Sequence[str], wanted: Sequence[tuple[str, str]]
) -> AsyncIterator[Lost]:
    """One sensor on each adapter, in order."""
    plans = [(model_of(name), label) for name, label in wanted]
    if len(specs) != len(plans):
        raise PlaceError(
            f"sensors: {len(plans)}, adapters: {len(specs)}. One adapter carries one sensor: "
            "give one --transport for each --model"
        )
    lost: Lost = asyncio.get_running_loop().create_future()
    async with contextlib.AsyncExitStack() as opened:
        for (model, label), spec in zip(plans, specs, strict=True):
            adapter = await open_adapter(spec)
            opened.push_async_callback(adapter.close)
            sensor = VirtualSensor(Air(), model, label, adapter.new_station)
            await sensor.start()
            opened.push_async_callback(sensor.close)
            opened.push_async_callback(sensor.station.stop)  # first of the three: the goodbye
            adapter.lost.add_done_callback(_loses(lost, adapter))
            stand.put(sensor, spec)
        try:
            yield lost
        finally:
            lost.cancel()  # what ends from now on is meant to


def _loses(lost: Lost, adapter: Adapter) -> Callable[[object], None]:
    def lose(_end: object) -> None:
        if not lost.done():
            why = f"{adapter.spec}: gone: unplugged, or its other end ended"
            lost.set_exception(AdapterError(why))

    return lose
