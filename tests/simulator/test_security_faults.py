"""What goes wrong with bonds and pairings: lost on a side, refused, cut short, hostile."""

import asyncio
import random

import pytest
from bumble import smp

from simulator.air_central import in_virtual_time, until
from simulator.security_stations import (
    ENCRYPTED,
    JUST_WORKS,
    OPEN,
    SecureCentral,
    connect,
    malformed,
    meet,
    paired,
)
from varde_simulator.air.security import PairingRules

KEY_MISSING, MIC_FAILURE, TIMEOUT = 0x206, 0x3D, 13


async def bonded_and_apart(air, peripheral_rules):
    central, peripheral = await meet(air, PairingRules(), peripheral_rules)
    await paired(central, peripheral)
    await central.hang_up()
    central.changes.clear()
    peripheral.changes.clear()
    return central, peripheral


@pytest.mark.parametrize("reason", [None, 0x05, 0x06])
def test_bond_lost_by_the_sensor_is_told_by_hci_0x06(tmp_path, reason):
    async def story(air):
        central, peripheral = await bonded_and_apart(air, PairingRules(lost_bond_reason=reason))
        peripheral.station.bonds.forget_all()
        await connect(central, peripheral)
        assert await central.status(ENCRYPTED) == 0x105
        central.pair()
        await until(lambda: central.changes)
        assert [(c.encrypted, c.status) for c in central.changes] == [(False, KEY_MISSING)]
        if reason is None:
            assert await central.status(OPEN) == 0
            central.station.bonds.forget_all()
            central.pair()
            await until(lambda: len(central.changes) == 2)
            assert central.changes[1] == JUST_WORKS
        else:
            await until(lambda: central.connection is None)
            assert central.ended == reason

    in_virtual_time(tmp_path, story)


def test_central_may_be_told_to_pair_at_once_where_the_key_is_missing(tmp_path):
    async def story(air):
        central, peripheral = await bonded_and_apart(air, PairingRules())
        peripheral.station.bonds.forget_all()
        central.station.security.pairs_where_key_is_missing = True
        await connect(central, peripheral)
        await paired(central, peripheral)
        assert central.changes == peripheral.changes == [JUST_WORKS]

    in_virtual_time(tmp_path, story)


def test_bond_lost_by_the_central_is_made_anew_if_the_sensor_lets_it(tmp_path):
    async def story(air):
        rules = PairingRules(accepts=lambda: open_)
        open_ = True
        central, peripheral = await bonded_and_apart(air, rules)
        central.station.bonds.forget_all()
        open_ = False
        await connect(central, peripheral)
        assert await central.status(ENCRYPTED) == 0x10F
        central.pair()
        await until(lambda: central.changes)
        refused = 0x500 + smp.ErrorCode.PAIRING_NOT_SUPPORTED
        assert [(c.encrypted, c.status) for c in central.changes] == [(False, refused)]
        assert len(peripheral.station.bonds) == 1
        open_ = True
        central.pair()
        await until(lambda: len(central.changes) == 2)
        assert central.changes[1] == JUST_WORKS

    in_virtual_time(tmp_path, story)


def test_keys_that_differ_end_the_connection_by_mic_failure(tmp_path):
    async def story(air):
        central, peripheral = await bonded_and_apart(air, PairingRules())
        other = SecureCentral(air, "other", PairingRules())
        await other.station.start()
        await connect(other, peripheral)
        await paired(other, peripheral)
        await other.hang_up()
        bond = next(iter(other.station.bonds))
        central.station.bonds.forget_all()
        central.station.bonds.store(bond)  # the other central's key for the same sensor
        await connect(central, peripheral)
        central.pair()
        await until(lambda: central.connection is None)
        assert central.ended == MIC_FAILURE
        assert [c.status for c in central.changes] == [7]

    in_virtual_time(tmp_path, story)


def test_who_does_not_pair_says_so(tmp_path):
    async def story(air):
        for rules in ((PairingRules(), None), (None, PairingRules())):
            central, peripheral = await meet(air, *rules)
            central.changes.clear()
            if rules[1] is None:
                central.pair()
                asking = central
            else:
                peripheral.station.request_security(peripheral.connection.handle)
                asking = peripheral
            await until(lambda asking=asking: asking.changes)
            assert asking.changes[0].status == 0x500 + smp.ErrorCode.PAIRING_NOT_SUPPORTED
            central.station.power_off()
            peripheral.station.power_off()

    in_virtual_time(tmp_path, story)


def test_pairing_that_stands_still_ends_after_30_s(tmp_path):
    async def story(air):
        central, peripheral = await meet(air, PairingRules(), PairingRules())
        peripheral.station.security.on_pdu = lambda _handle, _pdu: None
        channels = peripheral.station.device.l2cap_channel_manager
        channels.register_fixed_channel(smp.SMP_CID, lambda _handle, _pdu: None)
        begun_s = asyncio.get_running_loop().time()
        central.pair()
        await until(lambda: central.changes)
        assert central.changes[0].status == TIMEOUT
        assert 30 <= asyncio.get_running_loop().time() - begun_s < 31
        assert not central.station.security.is_busy(central.connection.handle)

    in_virtual_time(tmp_path, story)


def test_hang_up_right_after_pairing_leaves_a_bond_on_both_sides(tmp_path):
    async def story(air):
        for n in range(20):
            rules = PairingRules(secure_connections=n % 2 == 0)
            central, peripheral = await meet(air, PairingRules(), rules, f" {n}")

            def hang_up(connection, change, central=central):
                central.changes.append(change)
                central.station.security._start(central.station.disconnect(connection.handle))

            central.station.on_secured = hang_up
            central.pair()
            await until(lambda central=central: central.changes and not central.connection)
            await asyncio.sleep(0.1)
            assert central.changes == peripheral.changes == [JUST_WORKS]
            assert len(central.station.bonds) == len(peripheral.station.bonds) == 1

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize("cut_at", range(1, 16))
def test_cut_at_any_pdu_leaves_no_session_behind(tmp_path, cut_at):
    """One-sided bonds exist only where the last key PDU itself was lost, as on any radio."""

    async def story(air):
        central, peripheral = await meet(air, PairingRules(), PairingRules())
        seen = 0
        security = central.station.security
        channels = central.station.device.l2cap_channel_manager

        def on_pdu(handle, pdu):
            nonlocal seen
            seen += 1
            if seen == cut_at:
                peripheral.station.power_off()
            security.on_pdu(handle, pdu)

        channels.register_fixed_channel(smp.SMP_CID, on_pdu)
        central.pair()
        await until(lambda: central.changes, 60)
        await until(lambda: seen < cut_at or central.connection is None)
        handle = next(iter(central.station.device.connections), 1)
        assert not security.is_busy(handle)

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize("seed", range(12))
def test_malformed_pdus_kill_nobody(tmp_path, seed, caplog):
    async def story(air):
        chance = random.Random(seed)
        for round_ in range(12):
            io = chance.randrange(5)
            rules = PairingRules(mitm=chance.random() < 0.5, io=io, passkey=1)
            central, peripheral = await meet(air, rules, PairingRules(), f" {seed} {round_}")
            attacker, victim = chance.sample([central, peripheral], 2)
            if chance.random() < 0.5:
                central.pair()
            for _ in range(40):
                if attacker.connection is None:
                    break
                pdu = malformed(chance)
                attacker.station.device.send_l2cap_pdu(
                    attacker.connection.handle, smp.SMP_CID, pdu
                )
                if chance.random() < 0.3:
                    await asyncio.sleep(0.005)
            await asyncio.sleep(1)
            if victim.connection is not None and central.connection is not None:
                assert await central.status(OPEN) == 0  # the victim still serves
                await central.hang_up()
            central.station.power_off()
            peripheral.station.power_off()
            await asyncio.sleep(35)
            assert not victim.station.security._requests
            assert not any(not s.completed for s in victim.station.security.sessions.values())

    in_virtual_time(tmp_path, story)
    assert not caplog.records
