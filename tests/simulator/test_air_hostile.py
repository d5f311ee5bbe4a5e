"""Peers that send anything, and connections that end at the worst moment: nothing breaks, nothing
grows, nobody complains (`conftest.py` listens)."""

import asyncio
import random
import struct

import pytest
from bumble import core

from simulator.air_central import Central, in_virtual_time, until
from simulator.security_stations import ENCRYPTED, OPEN, connect, meet, paired
from varde_simulator.air import att_client
from varde_simulator.air.bonds import Bonds
from varde_simulator.air.security import PairingRules
from varde_simulator.sensors.models import MODELS
from varde_simulator.sensors.virtual_sensor import VirtualSensor

ATT, SIGNALING, SMP = 4, 5, 6
SENDS = 300


class SlowBonds(Bonds):
    """As those of a hub, whose program is asked for each key."""

    def __init__(self, asked):
        super().__init__()
        self._asked = asked

    async def find(self, address, kind):
        self._asked.set()
        await asyncio.sleep(0.05)
        return await super().find(address, kind)


@pytest.mark.parametrize("end", ["hang up", "power off", "chip first"])
def test_the_connection_ends_while_the_key_is_looked_up(tmp_path, end):
    async def story(air):
        central, peripheral = await meet(air, PairingRules(), PairingRules())
        await paired(central, peripheral)
        await central.hang_up()
        asked = asyncio.Event()
        slow = SlowBonds(asked)
        for bond in peripheral.station.bonds:
            slow.store(bond)
        peripheral.station.security.bonds = slow
        await connect(central, peripheral)
        central.pair()
        await asked.wait()
        if end == "power off":
            peripheral.station.power_off()
        elif end == "hang up":
            await central.station.disconnect(central.connection.handle)
        else:  # the host hears of the end one turn after its chip has forgotten the connection
            await asyncio.sleep(0.05 - 0.0001)
            chip = peripheral.station.controller
            (connection,) = chip.le_connections.values()
            chip.le_connections.clear()
            asyncio.get_running_loop().call_later(
                0.01, lambda: chip.le_connections.update({connection.peer_address: connection})
            )
            await asyncio.sleep(0.02)
            await central.station.disconnect(central.connection.handle)
        await until(lambda: central.connection is None)
        await asyncio.sleep(0.2)

    in_virtual_time(tmp_path, story)


def l2cap(chance, cid):
    """A PDU of a kind that exists, cut, grown or with other bytes; or any bytes."""
    if cid == SMP:
        known = bytes([chance.randrange(16)]) + chance.randbytes(chance.choice((0, 1, 6, 16, 64)))
    elif cid == SIGNALING:
        body = chance.randbytes(chance.choice((0, 2, 4, 8, 10, 20)))
        known = struct.pack("<BBH", chance.randrange(28), chance.randrange(256), len(body)) + body
    else:
        opcode = chance.choice((2, 4, 6, 8, 10, 12, 14, 16, 18, 22, 24, 30, 32, 82, 210))
        known = bytes([opcode]) + chance.randbytes(chance.choice((0, 1, 2, 3, 4, 6, 20, 22)))
    return chance.choice((known, known[: chance.randrange(len(known) + 1)], chance.randbytes(9)))


@pytest.mark.parametrize("cid", [ATT, SIGNALING, SMP, 0x40, 0x3F])
@pytest.mark.parametrize("model", ["cuff", "omron-evolv"])
def test_a_sensor_stands_what_a_peer_sends(tmp_path, cid, model):
    async def story(air):
        chance = random.Random(f"{cid} {model}")
        sensor = VirtualSensor(air, MODELS[model](), "sensor")
        await sensor.start()
        central = Central(air)
        await central.station.start()
        sent = 0
        while sent < SENDS:
            sensor.wake()
            await central.connect(sensor.station.address)
            await until(lambda: central.connection is not None)
            handle = central.connection.handle
            while central.connection is not None and sent < SENDS:
                central.station.device.send_l2cap_pdu(handle, cid, l2cap(chance, cid))
                await asyncio.sleep(0.005)
                sent += 1
        await central.station.disconnect(handle)
        await until(lambda: central.connection is None)
        sensor.wake()
        await central.connect(sensor.station.address)
        await until(lambda: central.connection is not None)
        await central.discover()
        assert central.handles

    in_virtual_time(tmp_path, story)


def test_frames_that_lie_about_their_length_are_dropped(tmp_path):
    async def story(air):
        central, peripheral = await meet(air, None, None)
        await connect(central, peripheral)
        handle = central.connection.handle
        before = peripheral.station.host.malformed_pdus
        for frame in (b"", b"\x01", b"\x03\0\x04", b"\x05\0\x04\0\x0a", b"\0\0\x04\0\x0a\x03\0"):
            central.station.host.send_acl_sdu(handle, frame)
        assert await central.status(OPEN) == 0
        assert peripheral.station.host.malformed_pdus == before + 5

    in_virtual_time(tmp_path, story)


def test_uuids_that_a_peer_makes_up_are_not_kept(tmp_path):
    async def story(air):
        central, peripheral = await meet(air, None, None)
        await connect(central, peripheral)
        before = len(core.UUID.UUIDS)
        for number in range(50):
            request = struct.pack("<BHH", 0x08, 1, 0xFFFF) + number.to_bytes(16, "little")
            answers = []

            def procedure(request=request, answers=answers):
                answers.append((yield request))

            assert await central.run(procedure()) == 0
            assert answers[0][0] == att_client.ERROR_RESPONSE
        assert len(core.UUID.UUIDS) == before
        assert await central.status(ENCRYPTED) == 0x105

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize("seed", range(40))
def test_a_client_believes_no_server_everything(seed):
    """Every procedure ends, and what it found has the forms that `bluetooth` knows."""
    chance = random.Random(seed)
    found = []
    procedures = [
        att_client.discover_services(None, lambda *service: found.append(service[2])),
        att_client.discover_characteristics(1, 99, None, lambda *each: found.append(each[3])),
        att_client.discover_descriptors(1, 99, lambda *each: found.append(each[1])),
        att_client.exchange_mtu(256, lambda mtu: found.append(bytes(2) if mtu >= 23 else b"")),
        att_client.read(3, lambda _value: None),
    ]
    for procedure in procedures:
        done, requests = [], []
        client = att_client.AttClient(requests.append, lambda *_: None, list)

        async def meet_server(procedure=procedure, done=done, client=client, requests=requests):
            client.run(procedure, done.append)
            while not done:
                opcode = requests[-1][0] + 1
                shape = chance.choice((b"", b"\1", b"\2", b"\7", chance.randbytes(1)))
                head = bytes([opcode]) + shape
                handle = (len(requests) * 3).to_bytes(2, "little")
                body = handle + chance.randbytes(chance.randrange(24))
                client.on_pdu(head + chance.choice((b"", body, body * 2)))
                assert len(requests) < 1000

        asyncio.run(meet_server())
    assert {len(uuid) for uuid in found} <= {2, 16}


def test_an_att_pdu_beyond_all_mtus_is_dropped(tmp_path):
    async def story(air):
        central, peripheral = await meet(air, None, None)
        handle = peripheral.connection.handle
        for size in (600, 5000, 65535):
            pdu = bytes([att_client.HANDLE_VALUE_NOTIFICATION, 3, 0]) + bytes(size - 3)
            peripheral.station.send_att(handle, pdu)
        peripheral.station.send_att(handle, b"\x1b\x03\0small")
        await until(lambda: central.values)
        assert [value for _, value in central.values] == [b"small"]
        assert central.station.malformed_pdus == 3

    in_virtual_time(tmp_path, story)
