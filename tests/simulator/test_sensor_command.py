"""`varde sensor` as a person runs it, against virtual sensors, through bleak."""

import asyncio
import os
import sys

import pytest

from simulator.sensor_bench import BOUND_S, Bench, address, ended, on_bench
from varde_host.sensor import models as host_models
from varde_simulator.sensors import models
from varde_simulator.sensors.meaning import (
    Body,
    Glucose,
    HeartRate,
    Oxygen,
    Pressure,
    Temperature,
    Weight,
)

PRESSURE = Pressure(120, 80, 93, 72)
COLUMNS = 80


async def paired(bench: Bench, sensor, model: str, **options: str) -> None:
    sensor.hold_button()
    done = await bench.run("pair", address(sensor), "--model", model, **options)
    assert done.status == 0, done.errors


def test_scan_shows_what_is_heard_and_what_it_looks_like():
    async def story(bench: Bench) -> None:
        names = ["cuff", "and-ua651", "omron-evolv"]
        sensors = {name: await bench.sensor(name) for name in names}
        for sensor in sensors.values():
            sensor.wake()
        rows = (await bench.run("scan", "--seconds", "2", "--json")).json
        found = {row["address"]: row for row in rows}
        looks = {name: found[address(sensor)]["looks_like"] for name, sensor in sensors.items()}
        assert looks == {name: None if name == "cuff" else name for name in names}
        omron = found[address(sensors["omron-evolv"])]
        assert omron["pairing_mode"] is False
        assert omron["companies"] == [0x020E]
        sensors["omron-evolv"].hold_button()
        table = await bench.run("scan", "--seconds", "2")
        assert "pairing mode" in table.out
        assert all(address(sensor) in table.out for sensor in sensors.values())
        assert all(len(line) <= COLUMNS for line in table.out.splitlines())

    on_bench(story)


def test_each_virtual_model_is_recognised_as_what_it_is():
    async def story(bench: Bench) -> None:
        names = sorted(set(models.MODELS) & set(host_models.MODELS))
        sensors = {name: await bench.sensor(name) for name in names}
        for sensor in sensors.values():
            sensor.wake()
        rows = (await bench.run("scan", "--seconds", "3", "--all", "--json")).json
        looks = {row["address"]: row["looks_like"] for row in rows}
        assert {name: looks[address(sensor)] for name, sensor in sensors.items()} == {
            name: name for name in names
        }

    on_bench(story)


def test_info_says_who_it_is_and_changes_nothing():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("and-ua651")
        cuff.wake()
        locked = (await bench.run("info", address(cuff), "--model", "and-ua651", "--json")).json
        assert locked["identity"]["model-number"] == "UA-651BLE"
        assert (locked["verdict"], locked["locked"], locked["clock"]) == ("fits", True, None)
        await paired(bench, cuff, "and-ua651")
        cuff.wake()
        opened = (await bench.run("info", address(cuff), "--model", "and-ua651", "--json")).json
        assert opened["locked"] is False
        assert opened["battery"] == 90
        assert opened["clock"]["ahead_s"] < -86_400  # as its batteries were put in
        assert cuff.writes == []
        cuff.wake()
        other = (await bench.run("info", address(cuff), "--model", "and-uc352", "--json")).json
        assert other["verdict"] == "other-services"

    on_bench(story)


def test_pairing_is_refused_without_the_button_and_says_so():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("and-ua651")
        cuff.wake()
        refused = await bench.run("pair", address(cuff), "--model", "and-ua651")
        assert refused.status == 3
        assert "Hold the pairing button" in refused.errors
        omron = await bench.sensor("omron-evolv")
        omron.press_button()
        early = await bench.run("pair", address(omron), "--model", "omron-evolv")
        assert early.status == 1
        assert "transfer mode" in early.errors

    on_bench(story)


def test_a_lost_bond_is_told_and_made_again():
    async def story(bench: Bench) -> None:
        scale = await bench.sensor("forgetful-scale")
        await paired(bench, scale, "and-uc352")
        scale.bonding.forget_all()
        scale.take(Weight(82.5))
        lost = await bench.run("read", address(scale))
        assert lost.status == 3
        assert "--again" in lost.errors
        scale.hold_button()
        again = await bench.run("pair", address(scale), "--again")
        assert again.status == 0
        assert "is paired" in again.out
        scale.wake()
        rows = (await bench.run("read", address(scale), "--json")).rows
        assert rows[0]["values"]["weight"] == 82.5
        assert rows[-1] == {"readings": 1, "stored": None, "complete": None, "deleted": False}

    on_bench(story)


@pytest.mark.parametrize(
    ("feed", "status", "words"),
    [("123456\n", 0, ""), ("654321\n", 3, "refused to pair"), ("12ab\n", 1, "no number")],
)
def test_the_passkey_comes_from_standard_input(feed: str, status: int, words: str):
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("beurer-bm", passkey=123456)
        cuff.wake()
        done = await bench.run("pair", address(cuff), "--model", "beurer-bm", feed=feed)
        assert done.status == status
        assert words in done.errors
        assert "12" not in done.out

    on_bench(story)


def test_the_passkey_comes_from_a_file_that_is_read_before_anybody_waits(tmp_path):
    async def story(bench: Bench) -> None:
        file = tmp_path / "passkey"
        file.write_text("123 456\n")
        cuff = await bench.sensor("beurer-bm", passkey=123456)
        cuff.wake()
        arguments = ("pair", address(cuff), "--model", "beurer-bm")
        done = await bench.run(*arguments, "--passkey-file", str(file))
        assert done.status == 0
        missing = await bench.run(*arguments, "--again", "--passkey-file", str(tmp_path / "none"))
        assert missing.status == 1
        assert str(tmp_path / "none") in missing.errors

    on_bench(story)


def test_digits_that_change_each_time_are_read_off_the_sensor():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("beurer-sbm69")
        cuff.wake()
        process = await bench.start("pair", address(cuff), "--model", "beurer-bm")
        while cuff.bonding.shown is None:
            await asyncio.sleep(0.01)
        done = await bench.finish(process, f"{cuff.bonding.shown:06}\n")
        assert done.status == 0, done.errors

    on_bench(story)


def test_an_and_clock_is_set_and_read_back():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("and-ua651")
        await paired(bench, cuff, "and-ua651")
        cuff.wake()
        done = await bench.run("clock", address(cuff), "--model", "and-ua651", "--set", "--json")
        assert done.json["set"] is True
        assert done.json["before"]["ahead_s"] < -86_400
        assert abs(done.json["after"]["ahead_s"]) <= 2
        assert [characteristic for characteristic, _ in cuff.writes] == [0x2A08]

    on_bench(story)


def test_an_omron_clock_is_set_as_the_answer_to_its_own_and_then_left_alone():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("omron-evolv")
        await paired(bench, cuff, "omron-evolv")
        wrong = await _omron_clock(bench, cuff)  # written without being asked
        assert wrong.status == 3
        assert "--model" in wrong.errors
        first = await _omron_clock(bench, cuff, "--model", "omron-evolv")
        assert abs(first.json["after"]["ahead_s"]) <= 2
        second = await _omron_clock(bench, cuff, "--model", "omron-evolv")
        assert (second.json["set"], second.json["after"]) == (False, None)

    on_bench(story)


async def _omron_clock(bench: Bench, cuff, *options: str):
    cuff.press_button()
    return await bench.run("clock", address(cuff), "--set", "--json", *options)


def test_a_clock_that_refuses_is_never_called_set():
    async def story(bench: Bench) -> None:
        thermometer = await bench.sensor("thermometer")
        thermometer.faults.set("refuses-clock")
        thermometer.wake()
        done = await bench.run("clock", address(thermometer), "--set")
        assert done.status == 3
        assert "Set and read back" not in done.out
        none = await bench.sensor("cuff")
        none.wake()
        assert (await bench.run("clock", address(none), "--set")).status == 1

    on_bench(story)


def test_readings_come_as_they_are_and_are_confirmed_after_they_were_printed():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("and-ua651")
        await paired(bench, cuff, "and-ua651")
        for systolic in (120, 130, 140):
            cuff.take(Pressure(systolic, 80, 93, 72))
        done = await bench.run("read", address(cuff), "--model", "and-ua651", "--json")
        rows = done.rows
        assert [row["values"]["systolic"] for row in rows[:-1]] == [120, 130, 140]
        assert [row["hex"] for row in rows[:-1]] == [r.value.hex() for r in cuff.ledger.readings]
        assert all(reading.confirmed_us for reading in cuff.ledger.readings)
        assert "deletes" in done.errors
        assert cuff.behaviour.error == ""  # it stood what it was asked

    on_bench(story)


def test_records_are_reported_kept_and_deleted_only_when_told():
    async def story(bench: Bench) -> None:
        meter = await bench.sensor("glucose-meter")
        await paired(bench, meter, "beurer-bf")
        for millimoles in (5.5, 6.1):
            meter.take(Glucose(millimoles))
        end = {"readings": 2, "stored": 2, "complete": True, "deleted": False}
        for options, deleted in (((), False), (("--delete",), True)):
            meter.wake()
            rows = (await bench.run("read", address(meter), "--json", *options)).rows
            assert [row["values"]["sequence"] for row in rows[:-1]] == [1, 2]
            assert rows[-1] == {**end, "deleted": deleted}
        meter.wake()
        empty = await bench.run("read", address(meter))
        assert "Readings: 0. The sensor says that these are all." in empty.out
        cuff = await bench.sensor("cuff")
        cuff.take(PRESSURE)
        assert (await bench.run("read", address(cuff), "--delete")).status == 1
        assert not cuff.ledger.readings[0].sent_us

    on_bench(story)


def test_a_scale_with_users_wants_consent():
    async def story(bench: Bench) -> None:
        scale = await bench.sensor("beurer-bf")
        scale.behaviour.user_data.register(1234)
        await paired(bench, scale, "beurer-bf")
        scale.take(Weight(82.5), Body(fat=22.5, weight=82.5), user=1)
        arguments = ("read", address(scale), "--model", "beurer-bf", "--user", "1", "--json")
        wrong = await bench.run(*arguments, feed="4321\n")
        assert wrong.status == 1
        scale.wake()
        rows = (await bench.run(*arguments, feed="1234\n")).rows
        assert rows[0]["values"]["weight"] == 82.5

    on_bench(story)


@pytest.mark.parametrize(
    ("name", "meaning", "key", "number"),
    [
        ("thermometer", Temperature(37.4), "temperature", 37.4),
        ("scale", Weight(70.0), "weight", 70),
        ("oximeter", Oxygen(97, 64), "spo2", 97),
    ],
)
def test_a_sensor_by_the_standard_needs_no_model(name, meaning, key, number):
    async def story(bench: Bench) -> None:
        sensor = await bench.sensor(name)
        sensor.take(meaning)
        sensor.wake()
        rows = (await bench.run("read", address(sensor), "--json")).rows
        assert [row["values"][key] for row in rows[:-1]] == [number]

    on_bench(story)


def test_watch_shows_values_until_it_is_interrupted_and_waits_for_the_sensor_again():
    async def story(bench: Bench) -> None:
        strap = await bench.sensor("heart-rate-strap")
        process = await bench.start("watch", address(strap), "--json")
        for _ in range(2):  # it comes, goes, and comes again
            strap.wake()
            while b"Connected" not in await asyncio.wait_for(process.stderr.readline(), BOUND_S):
                pass
            strap.take(live=[(1 + i * 0.2, HeartRate(60 + i)) for i in range(4)], duration_s=2)
            for i in range(4):
                row = await asyncio.wait_for(process.stdout.readline(), BOUND_S)
                assert b'"heart_rate": %d' % (60 + i) in row
            strap.hang_up()
            while strap.is_connected:
                await asyncio.sleep(0.01)
        done = await bench.interrupt(process)
        assert (done.status, done.out) == (0, "")
        assert done.errors.endswith("Ended.\n")

    on_bench(story)


def test_who_is_not_there_is_not_heard_in_time():
    async def story(bench: Bench) -> None:
        done = await bench.run("read", "00:11:22:33:44:55", "--seconds", "1", "--json")
        assert done.status == 3
        assert done.json["error"] == "sensor-not-heard"
        wrong = await bench.run("scan", "--radio", "tin:can", "--json")
        assert (wrong.status, wrong.json["error"]) == (1, "radio-unknown")
        gone = await bench.run("scan", "--radio", f"sim:{bench.path}-none", "--json")
        assert (gone.status, gone.json["error"]) == (3, "radio-missing")

    on_bench(story)


def test_a_sensor_that_vanishes_is_told_of_and_keeps_what_was_not_confirmed():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("cuff")
        cuff.take(PRESSURE)
        cuff.faults.set("vanish-mid-burst")
        done = await bench.run("read", address(cuff), "--json")
        assert (done.status, done.rows[-1]["error"]) == (3, "sensor-left")
        assert [reading.confirmed_us for reading in cuff.ledger.readings] == [None]

    on_bench(story)


def test_sensors_of_another_process_are_read_the_same_way(tmp_path):
    """`varde-sim sensors` on one side, `varde sensor` on the other, nothing shared but a path."""

    async def story(bench: Bench) -> None:
        path = str(tmp_path / "air")
        world = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "varde_simulator.cli", "sensors",
            "--socket", path, "--model", "cuff:mine", "--json",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            await asyncio.wait_for(world.stdout.readline(), BOUND_S)
            world.stdin.write(b"measure\n")
            radio = ("--radio", f"sim:{path}", "--json")
            (cuff,) = (await bench.run("scan", "--seconds", "8", *radio)).json
            world.stdin.write(b"wake\n")
            rows = (await bench.run("read", cuff["address"], *radio)).rows
            assert rows[0]["values"]["systolic"] > 90
            assert rows[-1]["readings"] == 1
        finally:
            await ended(world)

    on_bench(story)
