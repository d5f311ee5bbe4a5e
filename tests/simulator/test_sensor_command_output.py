"""What `varde sensor read` and `watch` print, and what happens when they cannot."""

import asyncio
import os
from pathlib import Path

from simulator.sensor_bench import BOUND_S, Bench, address, on_bench
from varde_simulator.sensors.meaning import (
    Glucose,
    HeartRate,
    Oxygen,
    OxygenNow,
    Pressure,
    Temperature,
    Weight,
)


def test_a_person_is_shown_a_value_a_second_of_a_stream_and_every_result():
    async def story(bench: Bench) -> None:
        oximeter = await bench.sensor("oximeter")
        process = await bench.start("watch", address(oximeter))
        oximeter.wake()
        while b"Connected" not in await asyncio.wait_for(process.stderr.readline(), BOUND_S):
            pass
        live = [(1 + i * 0.05, OxygenNow(96, 60)) for i in range(40)]
        oximeter.take(Oxygen(97, 64), live=live, duration_s=3)
        lines = []
        while not lines or "2A5E" not in lines[-1]:
            lines.append((await asyncio.wait_for(process.stdout.readline(), BOUND_S)).decode())
        assert sum("2A5F" in line for line in lines) <= 4
        assert (await bench.interrupt(process)).status == 0

    on_bench(story)


def test_what_could_not_be_printed_is_not_deleted_and_the_command_fails():
    """A full disk is `/dev/full`; a reader that has had enough is a closed pipe."""

    async def story(bench: Bench) -> None:
        meter = await bench.sensor("glucose-meter")
        meter.hold_button()
        assert (await bench.run("pair", address(meter))).status == 0
        for millimoles in (5.5, 6.1):
            meter.take(Glucose(millimoles))
        with Path("/dev/full").open("w") as full:
            done = await bench.run("read", address(meter), "--delete", "--json", stdout=full)
        assert done.status == 3
        assert "could not write (No space left on device)" in done.errors
        assert "Traceback" not in done.errors
        assert [reading.is_stored for reading in meter.ledger.readings] == [True, True]
        meter.wake()
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as closed:
            done = await bench.run("read", address(meter), "--delete", stdout=closed)
        assert done.status == 1
        assert "Traceback" not in done.errors
        assert [reading.is_stored for reading in meter.ledger.readings] == [True, True]

    on_bench(story)


def test_who_watches_into_a_closed_pipe_has_seen_enough():
    async def story(bench: Bench) -> None:
        strap = await bench.sensor("heart-rate-strap")
        scale = await bench.sensor("xiaomi-scale")
        for sensor, model in ((strap, ()), (scale, ("--model", "xiaomi-scale"))):
            reader, writer = os.pipe()
            os.close(reader)
            with os.fdopen(writer, "w") as closed:
                process = await bench.start("watch", address(sensor), *model, stdout=closed)
            sensor.wake()
            live = [(1.0 + i, HeartRate(60 + i)) for i in range(20)]
            if sensor is strap:
                sensor.take(live=live, duration_s=20)
            else:
                sensor.take(Weight(70.5))
            done = await bench.finish(process)
            assert (done.status, "Traceback" in done.errors) == (1, False), done.errors

    on_bench(story)


def test_a_health_sensors_observation_is_shown_whole():
    async def story(bench: Bench) -> None:
        sensor = await bench.sensor("health-sensor")
        process = await bench.start("watch", address(sensor))
        sensor.take(Temperature(37.4))
        lines = []
        while not lines or "37.4" not in lines[-1]:
            lines.append((await asyncio.wait_for(process.stdout.readline(), BOUND_S)).decode())
        assert "part of a longer value" in lines[0]
        assert "37.4 °C" in lines[-1]
        assert (await bench.interrupt(process)).status == 0

    on_bench(story)


def test_the_sum_says_what_came_twice():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("cuff")
        cuff.take(Pressure(120, 80, 93, 72))
        cuff.take(Pressure(120, 80, 93, 72))
        done = await bench.run("read", address(cuff))
        assert "Readings: 2." in done.out
        assert "Of these 1 had the same bytes as one before." in done.out

    on_bench(story)
