"""Vendors' own protocols: what a host that knows them gets, and what one that does not."""

import asyncio
import json
import struct
from datetime import datetime

from simulator.air_central import Central, in_virtual_time, until
from simulator.sensor_host import met
from varde_protocols import gatt
from varde_protocols.assigned import (
    BERRYMED_NOTIFY,
    BERRYMED_SERVICE,
    JUMPER_NOTIFY,
    JUMPER_SERVICE,
    VIATOM_NOTIFY,
    VIATOM_SERVICE,
    VIATOM_WRITE,
    XIAOMI_ADVERT_BODY,
    XIAOMI_ADVERT_WEIGHT,
)
from varde_simulator.air import att_client
from varde_simulator.sensors.meaning import Body, OxygenNow, Weight
from varde_simulator.sensors.models import MODELS, viatom, xiaomi
from varde_simulator.sensors.sensor_clock import date_time
from varde_simulator.sensors.virtual_sensor import VirtualSensor

STAMP = date_time(datetime(2026, 3, 1, 12))  # noqa: DTZ001  sensors know no zone
FINGERS = ("jumper-500f", "berrymed-bm1000")
SCALES = ("xiaomi-scale", "xiaomi-scale-1")
FINGER = [(float(second), OxygenNow(96 - second % 2, 71, 4.2)) for second in range(6)]


def service_data(payload, uuid):
    """The value of AD type 0x16 of this UUID."""
    at = 0
    while at < len(payload):
        length, kind = payload[at], payload[at + 1]
        field = payload[at + 2 : at + 1 + length]
        if kind == 0x16 and field[:2] == uuid.to_bytes(2, "little"):
            return field[2:]
        at += 1 + length
    return None


async def weighed(air, model, meaning, seconds=25.0, fault=None):
    """The sensor, and the different frames that a scanner heard, in order, with their counts."""
    sensor, scanner = VirtualSensor(air, model, "scale"), Central(air)
    await sensor.start()
    await scanner.station.start()
    if fault:
        sensor.faults.set(fault)
    await scanner.scan(active=False)
    sensor.take(meaning)
    await asyncio.sleep(seconds)
    frames = {}
    for kind, payload, _ in scanner.reports:
        assert kind == 0
        frame = service_data(payload, sensor.behaviour.service)
        frames[frame] = frames.get(frame, 0) + 1
    return sensor, frames


# Xiaomi


def test_xiaomi_body_scale_repeats_a_reading_and_shows_how_it_came_about(tmp_path):
    async def story(air):
        meaning = Body(fat=20, impedance=512, weight=78.35)
        sensor, frames = await weighed(air, MODELS["xiaomi-scale"](), meaning)
        reading = sensor.ledger.readings[0]
        assert reading.characteristic == XIAOMI_ADVERT_BODY
        unit, state, year = struct.unpack_from("<BBH", reading.value)
        assert (unit, state, year) == (2, 0x26, 2015)
        assert struct.unpack_from("<HH", reading.value, 9) == (512, 15670)
        flicker, stable, whole, removed = frames
        assert whole == reading.value
        assert [frame[1] for frame in frames] == [0x04, 0x24, 0x26, 0xA6]
        assert stable[9:11] == bytes(2)
        assert flicker[11:] == removed[11:] == whole[11:]
        assert all(count > 8 for count in frames.values())
        assert not sensor.is_advertising
        assert reading.sent == 1

    in_virtual_time(tmp_path, story)


def test_xiaomi_v1_in_kilograms_and_pounds(tmp_path):
    async def story(air):
        sensor, frames = await weighed(air, xiaomi.xiaomi_scale_1(), Weight(61.4))
        assert sensor.ledger.readings[0].characteristic == XIAOMI_ADVERT_WEIGHT
        assert [frame[0] for frame in frames] == [0x02, 0x22, 0xA2]
        assert all(frame[1:3] == struct.pack("<H", 12280) for frame in frames)
        assert all(len(frame) == 10 for frame in frames)
        sensor.take(Weight(150.25, pounds=True))
        await asyncio.sleep(0.1)
        assert sensor.ledger.readings[1].value[:3] == bytes([0x21]) + struct.pack("<H", 15025)

    in_virtual_time(tmp_path, story)


def test_xiaomi_with_socks_and_with_a_ghost(tmp_path):
    async def story(air):
        sensor, frames = await weighed(
            air, MODELS["xiaomi-scale"](), Weight(92.0), fault="ghost-weight"
        )
        real, ghost = sensor.ledger.readings
        assert real.value[9:11] == b"\xfd\xff"
        assert 0 < struct.unpack_from("<H", ghost.value, 11)[0] < 5 * 200
        assert ghost.value[1] & 0x20
        assert list(frames)[-1] == ghost.value
        assert ghost.sent_us[0] - real.sent_us[0] > 5_000_000

    in_virtual_time(tmp_path, story)


def test_xiaomi_advertises_before_anybody_stands_on_it(tmp_path):
    async def story(air):
        sensor = VirtualSensor(air, MODELS["xiaomi-scale"](), "scale")
        await sensor.start()
        data, response = sensor.behaviour.advertisement()
        assert len(data) <= 31
        assert response == b""
        assert service_data(data, 0x181B)[11:] == bytes(2)

    in_virtual_time(tmp_path, story)


# Jumper and BerryMed


def test_jumper_sends_a_frame_a_second_and_says_when_the_finger_is_out(tmp_path):
    async def story(air):
        sensor, host = await met(air, MODELS["jumper-500f"]())
        data, response = sensor.behaviour.advertisement()
        assert b"My Oximeter" in response
        assert data[3:5] == bytes([17, 0x07])
        sensor.take(live=FINGER, duration_s=6)
        await host.session(sensor, JUMPER_SERVICE)
        await host.subscribe(JUMPER_NOTIFY, 1)
        await until(lambda: not sensor.is_connected)
        values = host.of(JUMPER_NOTIFY)
        worn = [value for value in values if value[2] != 127]
        assert 5 <= len(worn) <= 9
        assert set(worn) <= {bytes([0x81, 71, spo2, 42]) for spo2 in (95, 96)}
        assert set(values[len(worn) :]) == {bytes([0x81, 255, 127, 0])}
        assert len(values) - len(worn) >= 6  # until the radio goes off

    in_virtual_time(tmp_path, story)


def test_berrymed_sends_a_hundred_packets_a_second_to_who_writes_the_cccd(tmp_path):
    async def story(air):
        sensor, host = await met(air, MODELS["berrymed-bm1000"]())
        data, _ = sensor.behaviour.advertisement()
        assert data == b"\x02\x01\x06\x09\x09BerryMed"
        sensor.take(live=[(t, OxygenNow(97, 171)) for t in (0.1, 1.0, 2.0)], duration_s=3)
        await host.session(sensor, BERRYMED_SERVICE)
        await asyncio.sleep(1)
        assert host.values == []
        await host.subscribe(BERRYMED_NOTIFY, 1)
        await asyncio.sleep(1.02)
        stream = b"".join(host.of(BERRYMED_NOTIFY))
        packets = [stream[at : at + 5] for at in range(0, len(stream), 5)]
        assert 92 <= len(packets) <= 104
        assert all(packet[0] & 0x80 for packet in packets)
        assert not any(byte & 0x80 for packet in packets for byte in packet[1:])
        assert {packet[3] | (packet[2] & 0x40) << 1 for packet in packets} == {171}
        assert {packet[4] for packet in packets} == {97}
        assert sum(packet[0] >> 6 & 1 for packet in packets) in {2, 3}  # beeps at 171 a minute
        await asyncio.sleep(4)
        assert host.of(BERRYMED_NOTIFY)[-1][:5] == bytes([0x9F, 0, 0x50, 0x7F, 127])
        await until(lambda: not sensor.is_connected)

    in_virtual_time(tmp_path, story)


# Viatom


async def ring_met(air):
    sensor, host = await met(air, MODELS["viatom-o2ring"]())
    sensor.wake()
    await host.session(sensor, VIATOM_SERVICE)
    await host.subscribe(VIATOM_NOTIFY, 1)
    return sensor, host


async def commanded(host, command, data=b"", block=0):
    """Status, block and data of the answer; the frame goes out in pieces of 20 bytes."""
    frame = viatom.encode_command(command, data, block)
    before = len(host.of(VIATOM_NOTIFY))
    for at in range(0, len(frame), 20):
        assert await host.write(VIATOM_WRITE, frame[at : at + 20]) == 0
    answer = b""

    def whole():
        nonlocal answer
        answer = b"".join(host.of(VIATOM_NOTIFY)[before:])
        return len(answer) >= 8 and len(answer) == 8 + int.from_bytes(answer[5:7], "little")

    await until(whole)
    assert answer[0] == 0x55
    assert answer[1] ^ answer[2] == 0xFF
    assert viatom.crc8(answer[:-1]) == answer[-1]
    return answer[1], int.from_bytes(answer[3:5], "little"), answer[7:-1]


def test_the_ring_s_checksum_is_the_published_one():
    assert viatom.crc8(b"123456789") == 0xF4  # the check value of CRC-8, polynomial 0x07
    assert viatom.encode_command(viatom.INFORMATION).hex() == "aa14eb00000000c6"


def test_the_ring_answers_who_asks_and_says_when_no_finger_is_in(tmp_path):
    async def story(air):
        sensor, host = await ring_met(air)
        assert (await commanded(host, viatom.PING))[0] == 0
        status, _, values = await commanded(host, viatom.VALUES, b"\0")
        assert (status, values[0], values[1:3], values[6]) == (0, 0xFF, b"\xff\xff", 0)
        sensor.take(live=FINGER, duration_s=6)
        await asyncio.sleep(0.1)
        _, _, values = await commanded(host, viatom.VALUES, b"\0")
        assert struct.unpack_from("<BHBBBB", values) == (96, 71, 88, 0, 42, 1)
        _, _, old = await commanded(host, viatom.VALUES_OLD)
        assert (old[0], old[1], old[7], old[10], old[11]) == (96, 71, 88, 42, 1)
        assert (await commanded(host, 0x18))[0] == viatom.REFUSED  # back to factory settings
        assert [len(value) for value in host.of(VIATOM_NOTIFY)[:4]] == [8, 20, 20, 20]
        sent = [value.value for value in sensor.ledger.notifications]
        assert b"".join(sent) == b"".join(host.of(VIATOM_NOTIFY)[1:-1])  # values, nothing else

    in_virtual_time(tmp_path, story)


def test_the_ring_answers_in_one_piece_after_an_mtu_exchange(tmp_path):
    async def story(air):
        _, host = await ring_met(air)
        assert await host.run(att_client.exchange_mtu(100, lambda _mtu: None)) == 0
        await commanded(host, viatom.VALUES_OLD)
        assert [len(value) for value in host.of(VIATOM_NOTIFY)] == [21]

    in_virtual_time(tmp_path, story)


def test_the_ring_keeps_a_file_of_each_session_and_gives_it_in_blocks(tmp_path):
    async def story(air):
        sensor, host = await ring_met(air)
        night = [(float(t), OxygenNow(93 if t < 800 else 88, 60)) for t in range(0, 1000, 2)]
        sensor.take(live=night, duration_s=1000)
        await asyncio.sleep(1005)
        _, _, text = await commanded(host, viatom.INFORMATION)
        (name,) = json.loads(text)["FileList"].split(",")
        assert (await commanded(host, viatom.FILE_OPEN, name.encode()))[0] == viatom.NO_SUCH_FILE
        status, _, size = await commanded(host, viatom.FILE_OPEN, name.encode() + b"\0")
        assert status == 0
        file = b""
        while len(file) < int.from_bytes(size, "little"):
            block = len(file) // 512
            status, echoed, data = await commanded(host, viatom.FILE_READ, block=block)
            assert (status, echoed) == (0, block)
            file += data
        assert (await commanded(host, viatom.FILE_CLOSE))[0] == 0
        assert file == sensor.behaviour.files[name]
        samples = (len(file) - 40) // 5
        assert file[0] == 3
        assert struct.unpack_from("<IH", file, 9) == (len(file), samples * 4)
        assert (file[17], file[18]) == (92, 88)  # mean and least
        assert struct.unpack_from("<BH", file, 40) == (93, 60)

    in_virtual_time(tmp_path, story)


def test_the_ring_s_clock_is_set_by_its_own_command(tmp_path):
    async def story(air):
        sensor, host = await ring_met(air)
        noon = datetime(2026, 3, 1, 12)  # noqa: DTZ001  sensors know no zone
        text = json.dumps({"SetTIME": "2026-03-01,12:00:00"}).encode()
        assert (await commanded(host, viatom.SETTINGS, text))[0] == 0
        assert sensor.clock.stamp()[:5] == date_time(noon)[:5]
        assert (await commanded(host, viatom.SETTINGS, b'{"SetOxiThr":88}'))[0] == viatom.REFUSED

    in_virtual_time(tmp_path, story)


def test_the_ring_is_silent_about_a_broken_frame_and_finds_the_next_start(tmp_path):
    async def story(air):
        _, host = await ring_met(air)
        broken = bytearray(viatom.encode_command(viatom.PING))
        broken[-1] ^= 1
        await host.write(VIATOM_WRITE, b"\x00\x13" + broken)
        await asyncio.sleep(1)
        assert host.of(VIATOM_NOTIFY) == []
        assert (await commanded(host, viatom.PING))[0] == 0

    in_virtual_time(tmp_path, story)


# Read by the decoders, which were written from the same sources by somebody else


def test_decoders_and_models_agree_on_the_finger_oximeters(tmp_path):
    async def story(air):
        shown = OxygenNow(95, 133, 2.7)
        jumper, berrymed = [(await met(air, MODELS[name]()))[0].behaviour for name in FINGERS]
        fields = gatt.decode(JUMPER_NOTIFY, jumper.frame(shown), "jumper-500f")
        assert (fields["spo2"], fields["pulse_rate"]) == (95, 133)
        assert fields["perfusion_index"].text() == "2.7"
        fields = gatt.decode(JUMPER_NOTIFY, jumper.frame(None), "jumper-500f")
        assert (fields["spo2"], fields["pulse_rate"]) == (None, None)
        for seen, expected in ((shown, (95, 133, False)), (None, (None, None, True))):
            fields = gatt.decode(BERRYMED_NOTIFY, berrymed.frame(seen), "berrymed-bm1000")
            assert (fields["spo2"], fields["pulse_rate"], fields["no_finger"]) == expected
            assert len(fields["packets"]) == 4

    in_virtual_time(tmp_path, story)


def test_decoders_and_models_agree_on_the_ring(tmp_path):
    async def story(air):
        sensor, host = await ring_met(air)
        for seen, expected in ((OxygenNow(95, 133, 2.7), (95, 133, 1)), (None, (None, None, 0))):
            sensor.behaviour.shown = seen
            for command in (viatom.VALUES, viatom.VALUES_OLD):
                status, block, data = await commanded(host, command)
                whole = viatom.encode_answer(status, block, data)
                fields = gatt.decode(VIATOM_NOTIFY, whole, "viatom-o2ring")
                assert (fields["spo2"], fields["pulse_rate"], fields["worn"]) == expected
                assert fields["battery_pct"] == 88

    in_virtual_time(tmp_path, story)


def test_decoders_and_models_agree_on_the_scales(tmp_path):
    async def story(air):
        body, weight = [(await met(air, MODELS[name]()))[0].behaviour for name in SCALES]
        frame = body.weighed(Body(20, impedance=480, weight=70.5), STAMP)
        fields = gatt.decode(XIAOMI_ADVERT_BODY, frame, "xiaomi-scale")
        assert (fields["unit"], float(fields["weight"].text())) == ("kg", 70.5)
        assert fields["impedance"] == 480
        assert fields["timestamp"] == "2026-03-01T12:00:00"
        socks = body.weighed(Weight(70.5), STAMP)
        assert gatt.decode(XIAOMI_ADVERT_BODY, socks, "xiaomi-scale")["impedance"] is None
        pounds = weight.weighed(Weight(150.2, pounds=True), STAMP)
        fields = gatt.decode(XIAOMI_ADVERT_WEIGHT, pounds, "xiaomi-scale")
        assert (fields["unit"], float(fields["weight"].text())) == ("lb", 150.2)
        assert (fields["stabilized"], fields["removed"]) == (True, False)

    in_virtual_time(tmp_path, story)
