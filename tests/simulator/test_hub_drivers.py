"""A whole hub and real models' ways: what its drivers do for a reading to arrive, once."""

import asyncio
import dataclasses
import random

import pytest

from simulator.board_place import needs_vm
from simulator.hub_place import Hub, with_hub
from varde_protocols import assigned, records
from varde_simulator.sensors import meaning as m
from varde_simulator.sensors import samples
from varde_simulator.sensors.models import MODELS

pytestmark = needs_vm
PRESSURE = m.Pressure(128, 79, 95, 66)
KNOWS_THE_TIME_S = 60
PRESSURE_SERVICE, PRESSURE_VALUE = 0x1810, 0x2A35
SCALE_SERVICE, WEIGHT_VALUE = 0x181D, 0x2A9D


async def started(hub: Hub) -> None:
    await hub.power_on()
    await asyncio.sleep(KNOWS_THE_TIME_S)


def clocks(hub: Hub, slot: int) -> list[tuple[int, int]]:
    found = hub.of(records.Clock)
    return [(c.characteristic, c.occasion) for c in found if c.slot == slot]


def test_a_and_d_cuff_is_paired_its_clock_set_and_its_reading_kept(tmp_path):
    async def act(hub: Hub) -> None:
        cuff = await hub.add(1, "and-ua651", PRESSURE_SERVICE, [PRESSURE_VALUE])
        await started(hub)
        cuff.hold_button()
        await hub.session(1, "no-values")
        cuff.take(PRESSURE)
        await hub.session(1, "done")
        cuff.take(PRESSURE)
        await hub.session(1, "done")
        sent = [reading.as_sent for reading in cuff.ledger.readings]
        assert hub.values(1, PRESSURE_VALUE) == sent
        assert len(sent) == 2
        assert cuff.ledger.held == []
        assert hub.events(1) == [records.EVENT_PAIRED]
        assert set(clocks(hub, 1)) == {
            (0x2A08, records.CLOCK_BEFORE),
            (0x2A08, records.CLOCK_AFTER),
        }

    with_hub(tmp_path, act)


def test_omron_cuff_is_paired_by_its_button_and_answers_its_clock(tmp_path):
    async def act(hub: Hub) -> None:
        cuff = await hub.add(2, "omron-evolv", PRESSURE_SERVICE, [PRESSURE_VALUE])
        await started(hub)
        cuff.take(PRESSURE, user=1)
        await hub.session(2, "pairing-failed")
        cuff.hold_button()
        await hub.session(2, "done")
        cuff.take(m.Pressure(133, 81, 98, 70), user=2)
        await hub.session(2, "done")
        sent = [reading.as_sent for reading in cuff.ledger.readings]
        assert hub.values(2, PRESSURE_VALUE) == sent
        assert records.EVENT_PAIRED in hub.events(2)
        assert (0x2A2B, records.CLOCK_READ) in clocks(hub, 2)
        assert records.EVENT_CLOCK_REFUSED not in hub.events(2)

    with_hub(tmp_path, act)


def test_glucose_meter_is_asked_for_what_is_new(tmp_path):
    async def act(hub: Hub) -> None:
        meter = await hub.add(3, "glucose-meter", 0x1808, [0x2A18])
        await started(hub)
        for _ in range(20):
            meter.take(m.Glucose(5.6))
        meter.hold_button()
        await hub.session(3, "done, 20 values")
        meter.take(m.Glucose(7.1))
        await hub.session(3, "done, 1 values")
        assert hub.values(3, 0x2A18) == [reading.value for reading in meter.ledger.stored]
        assert len(meter.ledger.stored) == 21

    with_hub(tmp_path, act)


def test_five_hundred_records_of_a_meter_arrive_in_one_session(tmp_path, monkeypatch):
    """It notifies them faster than the hub can journal; the hub asks for some at a time."""
    full = dataclasses.replace(MODELS["glucose-meter"](), max_stored=500)
    monkeypatch.setitem(MODELS, "glucose-meter", lambda: full)

    async def act(hub: Hub) -> None:
        meter = await hub.add(3, "glucose-meter", 0x1808, [0x2A18])
        await started(hub)
        for number in range(500):
            meter.take(m.Glucose(3 + number / 50))
        await asyncio.sleep(1)
        meter.hold_button()
        await hub.session(3, "done")
        stored = [reading.value for reading in meter.ledger.stored]
        assert sorted(hub.values(3, 0x2A18)) == sorted(stored)
        assert len(stored) == 500
        lost = [e for e in hub.of(records.Event) if e.code == records.EVENT_NOTIFICATIONS_DROPPED]
        assert lost == []

    with_hub(tmp_path, act)


def test_scale_that_lost_its_bond_is_paired_anew_when_its_button_is_held(tmp_path):
    async def act(hub: Hub) -> None:
        scale = await hub.add(4, "forgetful-scale", SCALE_SERVICE, [WEIGHT_VALUE])
        await started(hub)
        scale.hold_button()
        await hub.session(4, "no-values")
        scale.take(m.Weight(71.3))
        await hub.session(4, "done")
        scale.change_batteries()
        scale.take(m.Weight(71.9))
        await hub.session(4, "bond-lost")
        scale.hold_button()
        await hub.session(4, "done")
        assert hub.values(4, WEIGHT_VALUE) == [r.as_sent for r in scale.ledger.readings]
        assert hub.events(4)[:2] == [records.EVENT_PAIRED, records.EVENT_BOND_LOST]

    with_hub(tmp_path, act)


NONIN_WANTED = [0x2A5E, assigned.NONIN_CONTINUOUS]
BODY = [0x2A9D, 0x2A9C]
# Model, service, characteristics, user.
EVERY = [
    ("thermometer", 0x1809, [0x2A1C], None),
    ("heart-rate-strap", 0x180D, [0x2A37], None),
    ("health-sensor", 0x1840, [0x2B8B], None),
    ("dumping-cuff", PRESSURE_SERVICE, [PRESSURE_VALUE], None),
    ("and-uc352", SCALE_SERVICE, [WEIGHT_VALUE], None),
    ("nonin-3230", 0x1822, NONIN_WANTED, None),
    ("masimo-mightysat", 0x1822, [0x2A5E], None),
    ("beurer-bm", PRESSURE_SERVICE, [PRESSURE_VALUE], None),
    ("beurer-bf", SCALE_SERVICE, BODY, [1, 1234]),
    ("viatom-o2ring", assigned.VIATOM_SERVICE, [assigned.VIATOM_NOTIFY], None),
    ("berrymed-bm1000", assigned.BERRYMED_SERVICE, [assigned.BERRYMED_NOTIFY], None),
    ("jumper-500f", assigned.JUMPER_SERVICE, [assigned.JUMPER_NOTIFY], None),
]


def sent_of(sensor, characteristic: int) -> list[bytes]:
    """What went over the air: live values as often as they did, dated ones of a memory once."""
    live = [n.value for n in sensor.ledger.notifications if n.characteristic == characteristic]
    readings = [r for r in sensor.ledger.readings if r.characteristic == characteristic]
    stored = [r.as_sent for r in readings if r.confirmed_us is not None]
    return live + stored


@pytest.mark.parametrize(("model", "service", "wanted", "user"), EVERY, ids=[e[0] for e in EVERY])
def test_what_a_model_sends_is_kept(tmp_path, model, service, wanted, user):
    async def act(hub: Hub) -> None:
        sensor = await hub.add(5, model, service, wanted, user)
        await started(hub)
        sensor.hold_button()
        await asyncio.sleep(90)
        for _ in range(3):
            samples.measure(sensor, random.Random(1))
            await asyncio.sleep(180)
        for characteristic in wanted:
            kept = hub.values(5, characteristic)
            assert kept, f"{characteristic:04X}: {hub.place.lines}"
            assert sorted(kept) == sorted(sent_of(sensor, characteristic)), hub.place.lines

    with_hub(tmp_path, act)


def test_a_bonded_cuff_may_send_as_soon_as_it_is_encrypted_also_after_a_restart(tmp_path):
    async def act(hub: Hub) -> None:
        cuff = await hub.add(6, "omron-evolv", PRESSURE_SERVICE, [PRESSURE_VALUE])
        await started(hub)
        cuff.hold_button()
        await hub.session(6, "no-values")
        for systolic in (120, 121, 122):
            cuff.take(m.Pressure(systolic, 80, 93, 60), user=1)
            await hub.session(6, "done")
            await hub.board.cut_power()
            await hub.board.power_on()
            await asyncio.sleep(KNOWS_THE_TIME_S)
        assert hub.values(6, PRESSURE_VALUE) == [r.as_sent for r in cuff.ledger.readings]

    with_hub(tmp_path, act)
