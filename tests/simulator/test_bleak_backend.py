"""bleak programs on the simulated air: as they are, in processes of their own and in this one."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import bleak
import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakCharacteristicNotFoundError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from simulator.air_place import BOUND_S, ROOT, Place, in_place
from varde_simulator.bleak_backend import Backends, VirtualScanner, radio
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

PRESSURE = bytes.fromhex("00780050005d00")

# As somebody writes it who has never heard of Varde.
PLAIN_PROGRAM = """
import asyncio, sys
from bleak import BleakClient, BleakScanner

async def main():
    device = await BleakScanner.find_device_by_name("Varde Cuff", timeout=60)
    done = asyncio.Event()
    async with BleakClient(device, disconnected_callback=lambda client: done.set()) as client:
        print("battery", (await client.read_gatt_char("2a19"))[0])
        await client.start_notify("2a35", lambda sender, data: print(sender.uuid, data.hex()))
        await asyncio.wait_for(done.wait(), 60)
    print("gone", client.is_connected)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VARDE_NODE", raising=False)


async def found(backends: Backends, name: str) -> bleak.BLEDevice:
    device = await bleak.BleakScanner.find_device_by_name(name, 60, backend=backends.scanner)
    assert device is not None
    return device


async def awake_cuff(place: Place, *values: bytes) -> VirtualSensor:
    cuff = await place.sensor(models.cuff())
    cuff.measure([(0x2A35, value) for value in values or (PRESSURE,)])
    return cuff


def test_a_plain_bleak_program_runs_as_it_is(tmp_path: Path):
    script = tmp_path / "program.py"
    script.write_text(PLAIN_PROGRAM)

    async def story(place: Place) -> None:
        cuff = await awake_cuff(place, PRESSURE, PRESSURE)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-m", "varde_simulator.bleak_backend", str(script),
            env={**os.environ, "VARDE_AIR": place.path, "PYTHONPATH": str(ROOT / "simulator")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, errors = await asyncio.wait_for(process.communicate(), 300)
        assert errors.decode() == ""
        value = f"00002a35-0000-1000-8000-00805f9b34fb {PRESSURE.hex()}"
        assert out.decode().splitlines() == ["battery 92", value, value, "gone False"]
        assert [r.confirmed_us is not None for r in cuff.ledger.readings] == [True, True]

    in_place(story)


def test_a_program_that_is_not_there_is_named(tmp_path: Path):
    missing = str(tmp_path / "none.py")
    done = subprocess.run(
        [sys.executable, "-m", "varde_simulator.bleak_backend", missing],
        env={**os.environ, "PYTHONPATH": str(ROOT / "simulator")},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, f"{missing}: there is no such program\n")


def test_what_is_heard_is_whole_and_filtered():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        await awake_cuff(place)
        scale = await place.sensor(models.scale(), "scale")
        scale.wake()
        heard = await bleak.BleakScanner.discover(1.0, return_adv=True, backend=backends.scanner)
        by_name = {data.local_name: (device, data) for device, data in heard.values()}
        device, data = by_name["Varde Cuff"]
        assert data.service_uuids == ["00001810-0000-1000-8000-00805f9b34fb"]
        assert data.rssi == -50
        assert device.details == {"address_type": 1}
        only = await bleak.BleakScanner.discover(
            1.0, service_uuids=["0000181D-0000-1000-8000-00805F9B34FB"], backend=backends.scanner
        )
        assert [device.name for device in only] == ["Varde Scale"]
        passive = await bleak.BleakScanner.discover(
            1.0, return_adv=True, scanning_mode="passive", backend=backends.scanner
        )
        _, silent = next(v for v in passive.values() if v[0].address == device.address)
        assert silent.service_uuids == []  # they are in the scan response

    in_place(story)


def test_services_with_their_descriptors_and_the_mtu():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        await awake_cuff(place)
        device = await found(backends, "Varde Cuff")
        async with bleak.BleakClient(device, backend=backends.client) as client:
            assert client.mtu_size > 23
            measurement = client.services.get_characteristic("2a35")
            assert measurement.properties == ["indicate"]
            assert [d.uuid[4:8] for d in measurement.descriptors] == ["2902"]
            assert measurement.max_write_without_response_size == client.mtu_size - 3
            assert {s.uuid[4:8] for s in client.services} == {"1800", "1810", "180f", "180a"}
            descriptor = measurement.descriptors[0]
            assert await client.read_gatt_descriptor(descriptor) == b"\0\0"

    in_place(story)


def test_only_the_services_that_were_named_are_asked_for():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        await awake_cuff(place)
        device = await found(backends, "Varde Cuff")
        async with bleak.BleakClient(
            device, services=["180f", "1822"], backend=backends.client
        ) as client:
            assert [s.uuid[4:8] for s in client.services] == ["180f"]

    in_place(story)


def test_errors_are_bleaks_own():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        await awake_cuff(place)
        device = await found(backends, "Varde Cuff")
        client = bleak.BleakClient(device, backend=backends.client)
        with pytest.raises(BleakError):
            await client.start_notify("2a35", print)
        async with client:
            with pytest.raises(BleakError, match="already connected"):
                await client.connect()
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.read_gatt_char("2a35")
            assert refused.value.code is BleakGATTProtocolErrorCode.READ_NOT_PERMITTED
            with pytest.raises(BleakCharacteristicNotFoundError):
                await client.read_gatt_char("2a5e")
            with pytest.raises(BleakError, match="neither"):
                await client.start_notify("2a49", print)
        with pytest.raises(BleakError):
            await client.read_gatt_char("2a19")
        stranger = bleak.BleakClient("00:11:22:33:44:55", timeout=0.5, backend=backends.client)
        with pytest.raises(BleakDeviceNotFoundError):
            await stranger.connect()
        await client.disconnect()  # as often as one likes

    in_place(story)


def test_a_sensor_that_is_gone_times_out_and_the_next_one_still_connects():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        cuff = await awake_cuff(place)
        device = await found(backends, "Varde Cuff")
        cuff.battery_out()
        with pytest.raises(TimeoutError):
            await bleak.BleakClient(device, timeout=0.5, backend=backends.client).connect()
        scale = await place.sensor(models.scale(), "scale")
        scale.wake()
        device = await found(backends, "Varde Scale")
        async with bleak.BleakClient(device, backend=backends.client) as client:
            assert (await client.read_gatt_char("2a19"))[0] == 64

    in_place(story)


def test_an_indication_is_confirmed_after_the_callback_not_before():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        cuff = await awake_cuff(place)
        confirmed_in_callback = []
        values = asyncio.Event()

        def on_value(_sender, _data) -> None:
            confirmed_in_callback.append(cuff.ledger.readings[0].confirmed_us)
            values.set()

        device = await found(backends, "Varde Cuff")
        async with bleak.BleakClient(device, backend=backends.client) as client:
            await client.start_notify("2a35", on_value)
            await asyncio.wait_for(values.wait(), BOUND_S)
            await place.settle(
                lambda: cuff.ledger.readings[0].confirmed_us is not None, "confirmation"
            )
            await client.stop_notify("2a35")
        assert confirmed_in_callback == [None]

    in_place(story)


def test_two_sensors_at_once_and_a_scan_that_goes_on():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        await awake_cuff(place)
        scale = await place.sensor(models.scale(), "scale")
        scale.wake()
        cuff_device = await found(backends, "Varde Cuff")
        scale_device = await found(backends, "Varde Scale")
        async with (
            bleak.BleakScanner(backend=backends.scanner) as scanner,
            bleak.BleakClient(cuff_device, backend=backends.client) as first,
            bleak.BleakClient(scale_device, backend=backends.client) as second,
        ):
            levels = await asyncio.gather(
                first.read_gatt_char("2a19"), second.read_gatt_char("2a19")
            )
            assert [level[0] for level in levels] == [92, 64]
            oximeter = await place.sensor(models.oximeter(), "oximeter")
            oximeter.wake()
            await place.settle(
                lambda: "Varde Oximeter" in {d.name for d in scanner.discovered_devices},
                "the scan goes on beside connections",
            )

    in_place(story)


def test_the_end_of_the_world_is_a_disconnection():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        await awake_cuff(place)
        device = await found(backends, "Varde Cuff")
        gone = asyncio.Event()
        client = bleak.BleakClient(device, lambda _client: gone.set(), backend=backends.client)
        await client.connect()
        for channel in place.channels.values():
            channel.close()
        await asyncio.wait_for(gone.wait(), BOUND_S)
        assert not client.is_connected
        await client.disconnect()

    in_place(story)


def test_without_a_world_there_is_no_bluetooth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VARDE_AIR", raising=False)

    async def scan(backend) -> None:
        await bleak.BleakScanner.discover(0.1, backend=backend)

    for backend in (radio(str(tmp_path / "nobody")).scanner, VirtualScanner):
        with pytest.raises(BleakBluetoothNotAvailableError):
            asyncio.run(scan(backend))
