"""Pairing through bleak on the simulated air: bonds that last, digits, refusals, lost bonds."""

import asyncio
import json
import stat
from pathlib import Path

import bleak
import pytest
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from simulator.air_place import Place, in_place
from varde_simulator.bleak_backend import Backends, radio
from varde_simulator.bleak_backend.bond_file import BondFile
from varde_simulator.sensors import models
from varde_simulator.sensors.meaning import Weight
from varde_simulator.sensors.virtual_sensor import VirtualSensor

PASSKEY = 7  # six digits with zeros in front


@pytest.fixture(autouse=True)
def _own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VARDE_NODE", raising=False)


async def device_of(backends: Backends, sensor: VirtualSensor) -> bleak.BLEDevice:
    text = sensor.address[1:].hex(":").upper()
    device = await bleak.BleakScanner.find_device_by_address(text, 60, backend=backends.scanner)
    assert device is not None
    return device


def bonded_scale() -> models.Model:
    return models.MODELS["forgetful-scale"]()


def test_what_is_for_bonded_hosts_is_refused_until_the_bond_is_made_and_then_for_good():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        scale = await place.sensor(bonded_scale())
        scale.hold_button()
        device = await device_of(backends, scale)
        async with bleak.BleakClient(device, backend=backends.client) as client:
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.read_gatt_char("2a9e")
            assert refused.value.code is BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION
            await client.pair()
            assert len(await client.read_gatt_char("2a9e")) == 4
        await place.settle(lambda: not scale.is_connected, "the sensor sees the end")
        scale.wake()
        again = radio(place.path)  # another program, later
        device = await device_of(again, scale)
        async with bleak.BleakClient(device, backend=again.client) as client:
            assert len(await client.read_gatt_char("2a9e")) == 4
        mode = Path(place.path + ".bonds").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    in_place(story)


def test_a_sensor_that_is_not_in_pairing_mode_refuses():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        scale = await place.sensor(bonded_scale())
        scale.wake()
        device = await device_of(backends, scale)
        client = bleak.BleakClient(device, pair=True, backend=backends.client)
        with pytest.raises(BleakError):
            await client.connect()
        assert not client.is_connected

    in_place(story)


@pytest.mark.parametrize("answer", [PASSKEY, lambda: PASSKEY, "coroutine"])
def test_the_digits_come_as_a_number_or_from_who_is_asked(answer):
    async def asked() -> int:
        await asyncio.sleep(0.05)
        return PASSKEY

    async def story(place: Place) -> None:
        backends = radio(place.path)
        cuff = await place.sensor(models.MODELS["beurer-bm"](passkey=PASSKEY))
        cuff.wake()
        device = await device_of(backends, cuff)
        passkey = asked if answer == "coroutine" else answer
        async with bleak.BleakClient(
            device, pair=True, passkey=passkey, backend=backends.client
        ) as client:
            assert await client.read_gatt_char("2a49") == b"\x04\x00"

    in_place(story)


def test_wrong_digits_and_none_make_no_bond_and_an_error_of_who_was_asked_comes_through():
    def refuse() -> int:
        raise RuntimeError("nobody at the keyboard")

    async def story(place: Place) -> None:
        backends = radio(place.path)
        cuff = await place.sensor(models.MODELS["beurer-bm"](passkey=PASSKEY))
        wrong = ((PASSKEY + 1, BleakError), (None, BleakError), (refuse, RuntimeError))
        for passkey, error in wrong:
            cuff.wake()
            device = await device_of(backends, cuff)
            client = bleak.BleakClient(
                device, pair=True, passkey=passkey, backend=backends.client
            )
            with pytest.raises(error):
                await client.connect()
            await place.settle(lambda: not cuff.is_connected, "the end")
        kinds = {s["kind"] for s in json.loads(Path(place.path + ".bonds").read_text())}
        assert kinds == {10}  # our own identity and nothing else

    in_place(story)


def test_a_bond_that_the_sensor_has_forgotten_is_told_and_unpaired():
    async def story(place: Place) -> None:
        backends = radio(place.path)
        scale = await place.sensor(bonded_scale())
        scale.hold_button()
        device = await device_of(backends, scale)
        async with bleak.BleakClient(device, pair=True, backend=backends.client):
            pass
        await place.settle(lambda: not scale.is_connected, "the end")
        scale.bonding.forget_all()
        scale.take(Weight(70.0))
        scale.wake()
        with pytest.raises(BleakError, match="Key Missing"):
            await bleak.BleakClient(device, backend=backends.client).connect()
        await bleak.BleakClient(device, backend=backends.client).unpair()
        await place.settle(lambda: not scale.is_connected, "the end")
        scale.hold_button()
        values: list[bytes] = []
        async with bleak.BleakClient(device, pair=True, backend=backends.client) as client:
            await client.start_notify("2a9d", lambda _sender, data: values.append(bytes(data)))
            await place.settle(lambda: values, "the weight")

    in_place(story)


def test_bonds_are_kept_by_radio_kind_and_peer(tmp_path: Path):
    file = BondFile(tmp_path / "bonds")
    own, other, peer = bytes(6), b"\1" * 6, bytes(range(6))
    key = b"\0" + bytes(reversed(peer))
    assert file.get(own, 2, 0, key) is None
    assert file.put(own, 2, key, b"secret") is True
    assert file.get(own, 2, 0, key) == file.get(own, 2, 0, None) == b"secret"
    assert file.get(own, 1, 0, key) is None
    assert file.get(other, 2, 0, key) is None
    assert file.get(own, 2, 1, None) is None
    assert file.holds(own, peer)
    assert not file.holds(other, peer)
    file.put(own, 2, key, b"newer")
    assert file.get(own, 2, 0, key) == b"newer"
    file.forget(other, peer)
    assert file.holds(own, peer)
    assert file.put(own, 2, key, None) is True
    assert file.put(own, 2, key, None) is False
