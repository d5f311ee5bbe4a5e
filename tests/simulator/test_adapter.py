"""A virtual sensor on an adapter: real HCI bytes to a chip that is none of ours, and a reading."""

import asyncio
import dataclasses

import pytest
from bumble import transport

from simulator.air_place import in_place
from simulator.virtual_adapters import PUBLIC_ADDRESSES, TwoAdapters, VirtualAdapter, until
from varde_simulator.air import adapter
from varde_simulator.air.link import Air
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor

BOUND_S = 300.0  # against hanging for ever, no more: machines are busy
WEIGHT = b"\0\x10\x27"
PRESSURE = bytes([0, 120, 0, 80, 0, 90, 0])


def with_adapters(folder, story):
    async def main():
        async with TwoAdapters(folder) as adapters:
            opened = await adapter.open_adapter(adapters.sensor_spec)
            try:
                await story(adapters, opened)
            finally:
                await opened.close()

    asyncio.run(asyncio.wait_for(main(), BOUND_S))


async def started(opened, model):
    sensor = VirtualSensor(Air(), model, "sensor", opened.new_station)
    await sensor.start()
    return sensor


def test_a_reading_crosses_a_foreign_chip(tmp_path):
    async def story(adapters, opened):
        sensor = await started(opened, models.cuff())
        assert not sensor.station.is_public
        central = adapters.central
        await central.device.start_scanning()
        sensor.measure([(models.BLOOD_PRESSURE_MEASUREMENT, PRESSURE)])
        await until(lambda: central.adverts, "no advertisement")
        assert central.adverts[0].address == sensor.station.address
        await central.connect(sensor.station.address)
        await central.subscribe(
            models.BLOOD_PRESSURE_SERVICE, models.BLOOD_PRESSURE_MEASUREMENT, True
        )
        await until(lambda: sensor.ledger.confirmed, "not confirmed")
        assert central.values == [PRESSURE]
        await until(lambda: central.reasons, "it hangs up when idle")
        assert not sensor.is_connected
        assert not sensor.is_advertising
        await sensor.station.stop()

    with_adapters(tmp_path, story)


def test_a_public_address_is_the_adapter_s_own(tmp_path):
    async def story(_adapters, opened):
        sensor = await started(opened, models.scale())
        assert sensor.address == bytes([0]) + bytes.fromhex(PUBLIC_ADDRESSES[0].replace(":", ""))

    with_adapters(tmp_path, story)


def test_a_hub_takes_a_reading_from_a_sensor_on_an_adapter(tmp_path):
    async def story(place):
        chip = await VirtualAdapter().open(place.air, tmp_path)
        opened = await adapter.open_adapter(chip.spec)
        sensor = await started(opened, models.scale())
        assert sensor.station.is_public
        hub = await place.hub(
            f"""
ble.active(True)
conn = connect({models.scale().name!r})
handle = characteristics(conn)[UUID(0x2A9D)][0]
subscribe(conn, handle, 2)
say(wait(19)[2].hex())
"""
        )
        sensor.measure([(models.WEIGHT_MEASUREMENT, WEIGHT)])
        assert await hub.finish() == [WEIGHT.hex()]
        await place.settle(lambda: sensor.ledger.confirmed, "not confirmed")
        await sensor.station.stop()
        await opened.close()
        await chip.close()

    in_place(story)


def test_a_battery_taken_out_resets_the_chip_without_goodbye(tmp_path):
    async def story(adapters, opened):
        sensor = await started(opened, models.cuff())
        sensor.wake()
        await adapters.central.connect(sensor.station.address)
        await until(lambda: sensor.is_connected, "no connection")
        commands = []
        chip = adapters.controllers[0]
        handled = chip.on_hci_command_packet
        chip.on_hci_command_packet = lambda c: (commands.append(c.name), handled(c))
        sensor.battery_out()
        await until(lambda: "HCI_RESET_COMMAND" in commands, "no reset")
        assert "HCI_DISCONNECT_COMMAND" not in commands

    with_adapters(tmp_path, story)


@pytest.mark.parametrize("name", ["and-uc352", "nonin-3230"])  # legacy pairing, and the newer one
def test_a_foreign_stack_pairs_through_the_adapter_and_encrypts_again(tmp_path, name):
    async def story(adapters, opened):
        model = dataclasses.replace(models.MODELS[name](), random_address=True)
        sensor = await started(opened, model)
        central = adapters.central
        sensor.hold_button()
        await central.connect(sensor.station.address)
        await central.connection.pair()
        assert central.connection.is_encrypted
        await until(lambda: len(sensor.station.bonds) == 1, "no bond")
        await central.connection.disconnect()
        await until(lambda: not sensor.is_connected, "still connected")
        sensor.wake()
        await central.connect(sensor.station.address)
        await central.connection.encrypt()
        assert central.connection.is_encrypted
        await sensor.station.stop()

    with_adapters(tmp_path, story)


def test_a_sensor_that_vanishes_comes_back_through_the_adapter(tmp_path):
    async def story(adapters, opened):
        sensor = await started(opened, models.cuff())
        sensor.wake()
        await adapters.central.connect(sensor.station.address)
        await until(lambda: sensor.is_connected, "no connection")
        sensor.vanish(for_s=0.1)
        await until(lambda: not sensor.is_connected, "still connected")
        await asyncio.sleep(0.3)
        central = adapters.central
        central.adverts.clear()
        await central.device.start_scanning()
        sensor.wake()
        await until(lambda: central.adverts, "no advertisement")
        await sensor.station.stop()

    with_adapters(tmp_path, story)


def test_an_adapter_without_a_public_address_gets_the_random_one(tmp_path):
    async def story(adapters, opened):
        adapters.controllers[0].public_address = "00:00:00:00:00:00/P"
        sensor = await started(opened, models.scale())
        assert not sensor.station.is_public
        assert sensor.address[0] == 1
        assert sensor.address[1] & 0xC0 == 0xC0

    with_adapters(tmp_path, story)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("carrier-pigeon:1", "no such kind of transport"),
        ("tcp-client:127.0.0.1:1", "start the other end first"),
        ("tcp-client:nowhere", "form of the name"),
        ("unix:{folder}/nothing", "check the path"),
        ("serial:{folder}/ttyACM9,1000000", "check the path"),
        ("usb", "form of the name"),
    ],
)
def test_an_adapter_that_cannot_be_opened_says_what_to_do(tmp_path, spec, says):
    spec = spec.format(folder=tmp_path)
    with pytest.raises(adapter.AdapterError, match=says) as raised:
        asyncio.run(adapter.open_adapter(spec))
    assert str(raised.value).startswith(spec + ":")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied"), "run it as root"),
        (OSError(16, "Device or resource busy"), "bluetoothd"),
        (type("USBErrorAccess", (Exception,), {})(), "run it as root"),
        (type("USBErrorBusy", (Exception,), {})(), "bluetoothd"),
        (transport.common.TransportInitError("device not found"), "lsusb"),
        (ModuleNotFoundError("No module named 'grpc'"), "pip install"),
    ],
)
def test_each_refusal_of_a_transport_has_its_advice(monkeypatch, error, says):
    async def refuse(_spec):
        raise error

    monkeypatch.setattr(transport, "open_transport", refuse)
    with pytest.raises(adapter.AdapterError, match=says):
        asyncio.run(adapter.open_adapter("usb:0"))


def test_an_adapter_that_never_answers_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(adapter, "ANSWER_S", 0.2)

    async def story():
        async def swallow(_reader, writer):
            await closed.wait()
            writer.close()

        closed = asyncio.Event()
        server = await asyncio.start_unix_server(swallow, f"{tmp_path}/mute")
        opened = await adapter.open_adapter(f"unix:{tmp_path}/mute")
        try:
            with pytest.raises(adapter.AdapterError, match="does not answer"):
                await started(opened, models.scale())
        finally:
            await opened.close()
            closed.set()
            server.close()

    asyncio.run(asyncio.wait_for(story(), BOUND_S))
