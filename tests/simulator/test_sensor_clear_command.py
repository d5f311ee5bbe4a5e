"""`varde sensor clear` against virtual sensors: empty afterwards, and nothing shown on the way."""

import pytest

from simulator.sensor_bench import Bench, address, on_bench
from varde_host.sensor import clearing
from varde_simulator.sensors.meaning import Glucose, Pressure, Weight

PRESSURE = Pressure(120, 80, 93, 72)


async def paired(bench: Bench, sensor, model: str) -> None:
    sensor.hold_button()
    done = await bench.run("pair", address(sensor), "--model", model)
    assert done.status == 0, done.errors


def stored(sensor) -> int:
    return len(sensor.ledger.stored)


def test_every_model_with_rules_of_its_own_is_in_the_table():
    assert clearing.covers_all_models()
    assert clearing.of("") == clearing.of("no-such") == clearing.BY_SPECIFICATION


def test_records_are_deleted_unseen_and_counted_again():
    async def story(bench: Bench) -> None:
        meter = await bench.sensor("glucose-meter")
        await paired(bench, meter, "beurer-bf")
        for millimoles in (5.5, 6.1, 7.2):
            meter.take(Glucose(millimoles))
        meter.wake()
        done = await bench.run("clear", address(meter), "--json")
        assert done.json["how"] == clearing.BY_RECORD_ACCESS
        assert (done.json["stored"], done.json["empty"]) == (3, True)
        assert stored(meter) == 0
        assert all(not reading.sent_us for reading in meter.ledger.readings)  # none came over
        meter.wake()
        again = await bench.run("clear", address(meter))
        assert "0 records" in again.out

    on_bench(story)


def test_an_omron_is_cleared_by_its_own_record_access():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("omron-evolv")
        await paired(bench, cuff, "omron-evolv")
        cuff.take(PRESSURE, user=1)
        cuff.take(PRESSURE, user=2)
        cuff.press_button()
        done = await bench.run("clear", address(cuff), "--model", "omron-evolv", "--json")
        assert done.json["empty"] is True
        assert stored(cuff) == 0

    on_bench(story)


def test_what_is_gone_when_taken_is_looked_for_once_more():
    async def story(bench: Bench) -> None:
        scale = await bench.sensor("and-uc352")
        await paired(bench, scale, "and-uc352")
        scale.take(Weight(82.5))
        scale.take(Weight(82.7))
        process = await bench.start("clear", address(scale), "--model", "and-uc352", "--json")
        while b"once more" not in await process.stderr.readline():
            pass
        scale.wake()
        done = await bench.finish(process)
        assert done.status == 0, done.errors
        assert (done.json["how"], done.json["stored"], done.json["empty"]) == (
            clearing.BY_TAKING, 2, True,
        )  # fmt: skip
        assert "82" not in done.out.replace(address(scale), "")
        assert not scale.ledger.held

    on_bench(story)


def test_a_memory_that_stays_is_never_called_empty():
    async def story(bench: Bench) -> None:
        cuff = await bench.sensor("dumping-cuff")
        cuff.take(PRESSURE)
        cuff.wake()
        process = await bench.start("clear", address(cuff))
        while b"once more" not in await process.stderr.readline():
            pass
        cuff.wake()
        done = await bench.finish(process)
        assert done.status == 0, done.errors
        assert "has not been emptied" in done.out
        assert stored(cuff) > 0

    on_bench(story)


@pytest.mark.parametrize(
    ("model", "empty", "words"),
    [
        ("jumper-500f", True, "stores no readings"),
        ("beurer-bm", None, "own buttons"),
        ("viatom-o2ring", None, "maker's app"),
    ],
)
def test_what_cannot_be_done_from_here_is_said_and_nothing_is_tried(model, empty, words):
    async def story(bench: Bench) -> None:
        place = "00:11:22:33:44:55"  # nobody is asked
        done = await bench.run("clear", place, "--model", model)
        assert words in done.out
        assert (await bench.run("clear", place, "--model", model, "--json")).json["empty"] is empty

    on_bench(story)
