"""Pairing, bonds and permissions between two stations on one air."""

import struct

from simulator.air_central import in_virtual_time, until
from simulator.security_stations import (
    AUTHENTICATED,
    BY_PASSKEY,
    ENCRYPTED,
    JUST_WORKS,
    OPEN,
    connect,
    meet,
    paired,
)
from varde_simulator.air import att_client
from varde_simulator.air.security import PairingRules


def test_just_works_opens_what_wants_encryption_and_no_more(tmp_path):
    async def story(air):
        central, peripheral = await meet(air, PairingRules(), PairingRules())
        assert [await central.status(u) for u in (OPEN, ENCRYPTED, AUTHENTICATED)] == [
            0,
            0x105,
            0x105,
        ]
        assert await central.write_status(ENCRYPTED) == 0x105
        await paired(central, peripheral)
        assert central.changes == peripheral.changes == [JUST_WORKS]
        assert [await central.status(u) for u in (OPEN, ENCRYPTED, AUTHENTICATED)] == [0, 0, 0x105]
        assert await central.write_status(ENCRYPTED) == 0
        assert central.station.is_encrypted(central.connection.handle)
        assert not peripheral.station.is_authenticated(peripheral.connection.handle)
        assert len(central.station.bonds) == len(peripheral.station.bonds) == 1

    in_virtual_time(tmp_path, story)


def test_passkey_shown_by_the_peripheral_and_typed_at_the_central(tmp_path):
    for secure in (True, False):
        for shown, typed, ends in (
            (123456, 123456, BY_PASSKEY),
            (0, 0, BY_PASSKEY),
            (123456, 654321, None),
            (None, None, None),
        ):

            async def story(air, shown=shown, typed=typed, ends=ends, secure=secure):
                central, peripheral = await meet(
                    air,
                    PairingRules(mitm=True, io=2, passkey=typed),
                    PairingRules(io=0, passkey=shown, secure_connections=secure),
                )
                await paired(central, peripheral)
                if ends is not None:
                    assert central.changes == peripheral.changes == [ends]
                    assert await central.status(AUTHENTICATED) == 0
                else:
                    assert not any(c.encrypted for c in central.changes + peripheral.changes)
                    assert len(central.changes) == len(peripheral.changes) == 1
                    assert len(central.station.bonds) == len(peripheral.station.bonds) == 0
                assert peripheral.connection.sc is (secure if ends else False)

            in_virtual_time(tmp_path, story)


def test_bonded_peers_meet_again_without_pairing(tmp_path):
    for secure in (True, False):
        for peripheral_starts in (True, False):

            async def story(air, secure=secure, peripheral_starts=peripheral_starts):
                rules = PairingRules(secure_connections=secure)
                central, peripheral = await meet(air, PairingRules(), rules)
                await paired(central, peripheral)
                await central.hang_up()
                rules.accepts = lambda: False
                await connect(central, peripheral)
                assert await central.status(ENCRYPTED) == 0x10F
                if peripheral_starts:
                    peripheral.station.request_security(peripheral.connection.handle)
                else:
                    central.pair()
                await until(lambda: len(central.changes) == len(peripheral.changes) == 2)
                assert central.changes[1] == peripheral.changes[1] == JUST_WORKS
                assert await central.status(ENCRYPTED) == 0

            in_virtual_time(tmp_path, story)


def test_a_peer_that_connects_from_another_address_than_its_identity_is_known_again(tmp_path):
    """Bumble's default: from the static random address, with the public one as the identity."""

    async def story(air):
        central, peripheral = await meet(air, PairingRules(), PairingRules())
        await central.hang_up()
        central.own_address_type = 1
        central.station.device.connect_own_address_type = 1
        for _ in range(2):  # a pairing, and another one in the place of its bond
            peripheral.station.bonds.forget_all()
            central.station.bonds.forget_all()
            await connect(central, peripheral)
            met_as = peripheral.connection.peer_address
            central.changes.clear()
            peripheral.changes.clear()
            await paired(central, peripheral)
            assert peripheral.connection.peer_address == central.station.address != met_as
            await central.hang_up()
            await connect(central, peripheral)
            assert peripheral.connection.peer_address == met_as
            assert await central.status(ENCRYPTED) == 0x10F
            central.changes.clear()
            central.pair()
            await until(lambda: central.changes)
            assert central.changes == [JUST_WORKS]
            await central.hang_up()
        assert len(peripheral.station.bonds) == 1
        peripheral.station.bonds.forget(met_as)
        assert not peripheral.station.bonds.has(central.station.address)

    in_virtual_time(tmp_path, story)


def test_a_protected_value_is_not_read_by_its_type_either(tmp_path):
    def read_multiple(handles, answers):
        answers.append((yield struct.pack("<BHH", 0x0E, *handles)))

    def read_by_type(uuid, answers):
        answers.append((yield struct.pack("<BHHH", att_client.READ_BY_TYPE_REQUEST, 1, 99, uuid)))

    async def story(air):
        central, peripheral = await meet(air, PairingRules(), PairingRules())
        for uuid, error in ((OPEN, 0), (ENCRYPTED, 5), (AUTHENTICATED, 5)):
            answers = []
            await central.run(read_by_type(uuid, answers))
            refused = struct.pack("<BBHB", 1, 8, central.handles[uuid], error)
            value = struct.pack("<BBH", 9, 7, central.handles[uuid]) + b"value"
            assert answers == [refused if error else value]
        both = central.handles[OPEN], central.handles[ENCRYPTED]
        answers = []
        await central.run(read_multiple(both, answers))
        assert answers == [struct.pack("<BBHB", 1, 0x0E, both[1], 5)]
        await paired(central, peripheral)
        answers = []
        await central.run(read_multiple(both, answers))
        assert answers == [b"\x0fvaluevalue"]
        answers = []
        await central.run(read_by_type(ENCRYPTED, answers))
        assert answers[0].endswith(b"value")

    in_virtual_time(tmp_path, story)
