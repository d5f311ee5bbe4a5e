"""A sensor that does its worst beside one that is good: the hub lives, and loses nothing of it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.kitchen import Kitchen
from simulator import board_place
from varde_simulator.sensors import models
from varde_simulator.sensors.model import INDICATE, NOTIFY, READ, WRITE, Characteristic, Service
from varde_simulator.sensors.virtual_sensor import VirtualSensor

WEIGHT = bytes.fromhex("0204e2")
PRESSURE = bytes.fromhex("04780050005d003c00")
ROUNDS = 3
ROUND_S = 60.0
NOTIFICATION, FIND_INFORMATION, FIND_BY_TYPE_VALUE, READ_BY_TYPE = 0x1B, 0x04, 0x06, 0x08
SECURITY_REQUEST = bytes([0x0B, 0x01])
FLOOD = 6_000  # more than the journal holds
SMP_CID = 0x06
Spoil = Callable[[VirtualSensor], None]


def spoiled(sensor: VirtualSensor, connected: Callable[[int], None]) -> None:
    """`connected(handle)` is called at each connection, after the sensor's own."""
    own = sensor.station.on_connection

    def both(connection: object) -> None:
        own(connection)
        connected(connection.handle)  # type: ignore[attr-defined]

    sensor.station.on_connection = both


def every(period_s: float, sensor: VirtualSensor, act: Callable[[int], None]) -> None:
    """`act(connection handle)` so often, as long as a connection lasts."""

    async def go_on(handle: int) -> None:
        while sensor.connection is not None and sensor.connection.handle == handle:
            act(handle)
            await asyncio.sleep(period_s)

    tasks = set()

    def begin(handle: int) -> None:
        tasks.add(asyncio.get_running_loop().create_task(go_on(handle)))

    spoiled(sensor, begin)


def floods(characteristic: int, size: int) -> Spoil:
    """Notifies at 1 kHz from the first moment on, subscribed or not."""

    def spoil(sensor: VirtualSensor) -> None:
        left = [FLOOD]

        def notify(handle: int) -> None:
            left[0] -= 1
            if left[0] < 0:
                return
            value_handle = sensor.table.handle(characteristic)
            pdu = bytes([NOTIFICATION]) + value_handle.to_bytes(2, "little") + bytes(size)
            sensor.station.device.send_l2cap_pdu(handle, 4, pdu)

        every(0.001, sensor, notify)

    return spoil


def asks_for_security(sensor: VirtualSensor) -> None:
    every(
        0.05, sensor,
        lambda handle: sensor.station.device.send_l2cap_pdu(handle, SMP_CID, SECURITY_REQUEST),
    )  # fmt: skip


def never_answers(sensor: VirtualSensor) -> None:
    sensor.station.device.gatt_server.on_gatt_pdu = lambda *_: None


def hangs_up_at_request(number: int) -> Spoil:
    def spoil(sensor: VirtualSensor) -> None:
        server = sensor.station.device.gatt_server
        own = server.on_gatt_pdu
        left = [0]
        spoiled(sensor, lambda _handle: left.__setitem__(0, number))

        def on_gatt_pdu(*args: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                sensor.hang_up()
            elif left[0] > 0:
                own(*args)

        server.on_gatt_pdu = on_gatt_pdu

    return spoil


def endless(kind: int) -> Spoil:
    """Its services go on and on: `kind` says what is found at every handle up to the last."""

    def spoil(sensor: VirtualSensor) -> None:
        device = sensor.station.device
        own = device.gatt_server.on_gatt_pdu

        def on_gatt_pdu(connection: object, pdu: object) -> None:
            data = bytes(pdu)  # type: ignore[call-overload]
            start = int.from_bytes(data[1:3], "little")
            handles = [n.to_bytes(2, "little") for n in range(start, min(start + 3, 0x10000))]
            if data[0] == FIND_BY_TYPE_VALUE:
                answer = b"\x07\x01\x00\xff\xff"
            elif data[0] == READ_BY_TYPE and kind == READ_BY_TYPE:
                answer = b"\x09\x07" + b"".join(n + b"\x20" + n + b"\x35\x2a" for n in handles)
            elif data[0] == FIND_INFORMATION and kind == FIND_INFORMATION:
                answer = b"\x05\x01" + b"".join(n + b"\x01\x29" for n in handles)
            else:
                own(connection, pdu)
                return
            device.send_l2cap_pdu(connection.handle, 4, answer)  # type: ignore[attr-defined]

        device.gatt_server.on_gatt_pdu = on_gatt_pdu

    return spoil


def nothing(_sensor: VirtualSensor) -> None:
    """The services alone are enough."""


def pressure(*more: Characteristic) -> Service:
    return Service(0x1810, (Characteristic(0x2A35, INDICATE), *more))


PLAIN = pressure(Characteristic(0x2A49, READ))
LONG = Service(0x1805, (Characteristic(0x2A2B, READ | WRITE | NOTIFY, bytes(512)),))
CLOCK = Service(0x1805, (Characteristic(0x2A2B, READ | WRITE | NOTIFY, bytes(10)),))
POINT = Characteristic(0x2A52, WRITE | INDICATE)
STORE = Service(0x1822, (Characteristic(0x2A5E, INDICATE), POINT))
WORST = {
    "characteristics without end": ([PLAIN], endless(READ_BY_TYPE)),
    "descriptors without end": ([PLAIN], endless(FIND_INFORMATION)),
    "a clock of 512 bytes": ([PLAIN, LONG], nothing),
    "values at 1 kHz": ([PLAIN], floods(0x2A35, 240)),
    "security requests without end": ([PLAIN], asks_for_security),
    "no answers": ([PLAIN], never_answers),
    "a control point at 1 kHz": ([STORE], floods(0x2A52, 200)),
}
for request in (1, 3, 5, 8):
    WORST[f"gone at request {request}"] = ([PLAIN, CLOCK], hangs_up_at_request(request))


@board_place.needs_vm
@pytest.mark.parametrize("worst", WORST)
def test_the_other_sensor_is_heard(tmp_path: Path, worst: str) -> None:
    services, spoil = WORST[worst]

    async def act(place: board_place.Place) -> None:
        kitchen = Kitchen(place)
        name = "oximeter" if services == [STORE] else "cuff"
        model = dataclasses.replace(
            models.MODELS[name](), services=tuple(services), burst_s=600.0, idle_s=60.0
        )
        await kitchen.furnish(scale=models.MODELS["scale"](), **{name: model})
        bad, scale = kitchen.sensors[name], kitchen.sensors["scale"]
        spoil(bad)
        for number in range(ROUNDS):
            value = PRESSURE[:1] + bytes([number]) + PRESSURE[2:]
            bad.measure([(services[0].characteristics[0].uuid, value)])
            scale.measure([(0x2A9D, WEIGHT[:1] + bytes([number]) + WEIGHT[2:])])
            await asyncio.sleep(ROUND_S)
        await asyncio.sleep(ROUND_S)
        assert not any("no-" in line for line in place.lines if "gone" in worst), place.lines
        assert not scale.ledger.held, place.lines
        assert (kitchen.board.boots, kitchen.board.crashes) == (1, 0), place.lines

    board_place.play(tmp_path, act)
