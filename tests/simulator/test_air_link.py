"""The air itself: who hears whom, who wins a race, what range and silence do."""

import asyncio

import pytest
from bumble import hci

from simulator.air_central import Central, in_virtual_time, until
from varde_simulator.air import att_client
from varde_simulator.sensors import models
from varde_simulator.sensors.virtual_sensor import VirtualSensor


async def place(air, centrals=1):
    sensor = VirtualSensor(air, models.cuff(), "sensor")
    await sensor.start()
    found = [Central(air, f"central{n}") for n in range(centrals)]
    for central in found:
        await central.station.start()
    return sensor, *found


async def connect(sensor, central):
    sensor.wake()
    await central.connect(sensor.station.address)
    await until(lambda: central.connection is not None)


def now():
    return asyncio.get_running_loop().time()


def test_nobody_listens_no_timer_runs(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        sensor.wake()
        await asyncio.sleep(10)
        assert sensor.station.controller.le_legacy_advertiser._timer is None
        await central.scan()
        await asyncio.sleep(1)
        assert 16 <= len(central.reports) <= 20
        await central.stop_scan()
        heard = len(central.reports)
        await asyncio.sleep(1)
        assert len(central.reports) == heard

    in_virtual_time(tmp_path, story)


def test_a_narrow_window_hears_its_share(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        sensor.wake()
        await central.scan(active=False, interval=160, window=16)
        await asyncio.sleep(25)
        assert 5 <= len(central.reports) <= 60  # of 240: one in ten, give or take

    in_virtual_time(tmp_path, story)


def test_of_centrals_that_race_one_wins_and_the_others_wait(tmp_path):
    async def story(air):
        sensor, *centrals = await place(air, 3)
        for central in centrals:
            await central.connect(sensor.station.address)
        sensor.wake()
        await until(lambda: sensor.is_connected)
        await asyncio.sleep(1)
        assert [c.connections for c in centrals] == [1, 0, 0]
        assert sensor.ledger.connections == 1

    in_virtual_time(tmp_path, story)


def test_connect_needs_the_right_address_type(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        raw = bytes(sensor.station.address)
        await central.connect(hci.Address(raw, hci.Address.PUBLIC_DEVICE_ADDRESS))
        sensor.wake()
        await asyncio.sleep(5)
        assert central.connections == 0

    in_virtual_time(tmp_path, story)


def test_cancel_ends_a_pending_connect_with_status_2(tmp_path):
    async def story(air):
        _, central = await place(air)
        cancel = hci.HCI_LE_Create_Connection_Cancel_Command()
        await central.connect(hci.Address("11:22:33:44:55:66/P"))
        await central.station.command(cancel)
        await until(lambda: central.failures)
        assert central.failures == [hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR]
        await central.station.command(cancel)
        await asyncio.sleep(1)
        assert len(central.failures) == 1

    in_virtual_time(tmp_path, story)


def test_out_of_range_ends_by_supervision_and_a_short_absence_does_not(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        distance = {"out": True}
        air.signal_dbm = lambda _a, _b: None if distance["out"] else -80
        air.range_changed()
        done = asyncio.ensure_future(central.discover())
        await asyncio.sleep(1.0)  # the sensor itself would hang up after 2 s
        assert not done.done()
        distance["out"] = False
        air.range_changed()
        await done
        distance["out"] = True
        air.range_changed()
        start = now()
        await until(lambda: central.connection is None and not sensor.is_connected)
        assert 2.5 < now() - start < 2.7
        assert air.pdus_in_flight == 0

    in_virtual_time(tmp_path, story)


def test_an_advertiser_out_of_range_is_not_heard_and_its_strength_is_told(tmp_path):
    async def story(air):
        sensor, near, far = await place(air, 2)
        air.signal_dbm = lambda _s, r: -71 if r is near.station.controller else None
        sensor.wake()
        await near.scan()
        await far.scan()
        await asyncio.sleep(1)
        assert {rssi for _, _, rssi in near.reports} == {-71}
        assert far.reports == []

    in_virtual_time(tmp_path, story)


def test_lost_advertisements_are_lost(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        air.loses = lambda _s, _r: air.random.random() < 0.9
        sensor.wake()
        await central.scan(active=False)
        await asyncio.sleep(20)
        assert 5 < len(central.reports) < 45  # of some 190

    in_virtual_time(tmp_path, story, seed=7)


def test_power_off_leaves_no_ghost(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        central.station.power_off()
        await until(lambda: not sensor.is_connected)
        assert list(air.controllers) == [sensor.station.controller]
        assert air._directions == {}
        assert air.pdus_in_flight == 0
        again = Central(air, "central0")
        await again.station.start()
        await connect(sensor, again)

    in_virtual_time(tmp_path, story)


def test_procedures_end_with_not_connected_when_the_peer_goes(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        found = []
        waiting = [
            asyncio.ensure_future(central.run(att_client.discover_services(None, found.append))),
            asyncio.ensure_future(central.run(att_client.read(3, found.append))),
        ]
        sensor.hang_up()
        # The service request left first; the hang-up overtakes neither it nor its answer.
        results = await asyncio.gather(*waiting)
        assert results[-1] == att_client.STATUS_NOT_CONNECTED

    in_virtual_time(tmp_path, story)


def test_the_same_seed_gives_the_same_air(tmp_path):
    def heard():
        times = []

        async def story(air):
            sensor, central = await place(air)
            sensor.wake()
            start = now()
            central.station.on_report = lambda _r: times.append(round((now() - start) * 100))
            await central.scan(active=False)
            await asyncio.sleep(3)

        in_virtual_time(tmp_path, story, seed=3)
        return times

    first, second = heard(), heard()
    assert len(first) == len(second)
    assert all(abs(a - b) <= 2 for a, b in zip(first, second, strict=True))


class Wire:
    """Both ends of an `AttClient`, by hand."""

    def __init__(self):
        self.sent, self.values, self.statuses, self.dead = [], [], [], []
        self.client = att_client.AttClient(
            self.sent.append, lambda *v: self.values.append(v), lambda: self.dead.append(1)
        )

    def run(self, procedure):
        self.client.run(procedure, self.statuses.append)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"\x11\x06", 0x0A),  # entries announced, none there
        (b"\x11\x03\0\0\0", 0x0A),  # entries too short to be any
        (b"\x11", 0x0A),
        (b"\x11\x06\0\0\0\0\x0f\x18", 0x0A),  # handle 0: discovery would never advance
        (b"\x01\x10\0\0\x05", 0x105),
        (b"\x01\x10\0\0\x0a", 0),
    ],
)
def test_a_bad_answer_ends_discovery_with_its_status(tmp_path, answer, status):
    async def story(_air):
        wire = Wire()
        wire.run(att_client.discover_services(None, lambda *_: None))
        wire.client.on_pdu(answer)
        assert wire.statuses == [status]

    in_virtual_time(tmp_path, story)


def test_answers_to_nothing_asked_are_ignored(tmp_path):
    async def story(_air):
        wire = Wire()
        wire.client.on_pdu(b"\x0bunasked")
        wire.run(att_client.read(3, wire.values.append))
        wire.client.on_pdu(b"\x13")  # a write response
        wire.client.on_pdu(b"\x01\x12\0\0\x05")  # an error for a write
        wire.client.on_pdu(b"\x1b\x09")  # a notification cut short
        assert wire.statuses == wire.values == []
        wire.client.on_pdu(b"\x0bvalue")
        assert (wire.values, wire.statuses) == ([b"value"], [0])

    in_virtual_time(tmp_path, story)


def test_silence_for_30_s_ends_every_procedure_and_the_bearer(tmp_path):
    async def story(_air):
        wire = Wire()
        wire.run(att_client.read(3, wire.values.append))
        wire.run(att_client.read(4, wire.values.append))
        await asyncio.sleep(29)
        assert wire.statuses == []
        await asyncio.sleep(2)
        assert wire.statuses == [13, 13]
        assert wire.dead == [1]

    in_virtual_time(tmp_path, story)


def test_who_loses_power_hears_nothing_more_and_nobody_complains(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _l, why: complaints.append(why))
        for handle in central.station.clients:
            central.station.clients[handle] = lambda _pdu: central.station.power_off()
        for handle in sensor.station.device.connections:
            for _ in range(3):  # they arrive together; the first puts the power off
                sensor.station.send_att(handle, bytes([0x1B, 3, 0]))
        await asyncio.sleep(0.1)
        assert complaints == []

    in_virtual_time(tmp_path, story)


def test_the_first_data_waits_for_the_first_event(tmp_path):
    async def story(air):
        sensor, central = await place(air)
        await connect(sensor, central)
        start_s = now()
        await central.run(att_client.read(3, lambda _value: None))
        assert 0.02 < now() - start_s < 0.04  # the first of 30 ms; from then on 2 ms each way
        start_s = now()
        await central.run(att_client.read(3, lambda _value: None))
        assert now() - start_s < 0.01

    in_virtual_time(tmp_path, story)
