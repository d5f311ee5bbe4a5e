"""The virtual manometer, its plant, and the host's driver on its serial port."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.manometer_place import Bench
from varde_host import errors
from varde_host.manometer import instrument
from varde_simulator.instruments import manometer
from varde_simulator.instruments.plant import CuffSensor, Plant


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory):
    made = Bench(tmp_path_factory.mktemp("table"), "--offset", "2", "--slack", "1")
    yield made
    made.close()


@pytest.fixture
def bench(table: Bench):
    for word in ("heal", "leak 1", "vent"):
        table.say(word)
    yield table
    table.say("heal")
    table.say("plug")
    table.say("display")  # what it says meanwhile is read away
    while table.news()["event"] != "display":
        pass


def refusal(bench: Bench) -> str:
    with pytest.raises(errors.WorldFailed) as caught:  # noqa: SIM117 the inner one raises
        with instrument.opened(bench.port, bench.now_ms) as opened:
            opened.sample()
    return caught.value.code


def ignore(_sample: object) -> None:
    pass


def test_a_point_is_held_until_it_stands(bench: Bench):
    with instrument.opened(bench.port, bench.now_ms) as opened:
        assert opened.identity.model == "VIRTUAL-MANOMETER"
        bench.say("pump 150")
        assert bench.display() < 30  # the bulb is at work
        samples: list[Decimal] = []
        still = opened.still(Decimal(150), Decimal(10), lambda one: samples.append(one.value))
        assert still is not None
        assert max(samples) > Decimal("149.5")  # it was warm, and cooled
        assert Decimal(148) < still.value < Decimal("149.5")
        assert abs(bench.display() - still.value - 2) <= Decimal("1.1")


def test_what_leaks_past_the_limit_never_stands(bench: Bench):
    bench.say("leak 20")
    bench.say("pump 250")
    with instrument.opened(bench.port, bench.now_ms) as opened:
        assert opened.still(Decimal(250), Decimal(30), ignore) is None


@pytest.mark.parametrize("fault", ["garbled", "digit"])
def test_a_bad_line_is_no_pressure(bench: Bench, fault: str):
    bench.say(fault)
    bench.say("pump 100")
    with instrument.opened(bench.port, bench.now_ms) as opened:
        still = opened.still(Decimal(100), Decimal(10), ignore)
    if fault == "garbled":
        assert still is not None
        assert abs(still.value - 100) < 2
    else:  # every seventh value misses a digit and is a number still: no window is whole
        assert still is None


@pytest.mark.parametrize(
    ("fault", "code"), [("range", "manometer-range"), ("error", "manometer-error")]
)
def test_what_the_instrument_says_is_wrong(bench: Bench, fault: str, code: str):
    bench.say(fault)
    assert refusal(bench) == code


def test_another_unit_is_changed_or_refused(bench: Bench):
    bench.say("kpa")
    with instrument.opened(bench.port, bench.now_ms) as opened:
        opened.prove_unit()
        bench.say("deaf-to-unit")
        bench.say("kpa")
        bench.display()
        with pytest.raises(errors.WorldFailed) as caught:
            opened.still(Decimal(0), Decimal(2), ignore)
    assert (caught.value.code, caught.value.fields) == ("manometer-unit", {"unit": "KPA"})


def test_a_cable_that_is_pulled(bench: Bench):
    with instrument.opened(bench.port, bench.now_ms) as opened:
        bench.say("unplug")
        with pytest.raises(errors.WorldFailed) as caught:
            for _ in opened.samples():
                pass
    assert caught.value.code == "manometer-gone"
    assert refusal(bench) == "manometer-gone"


def test_one_program_at_a_time(bench: Bench):
    with instrument.opened(bench.port, bench.now_ms):
        assert refusal(bench) == "manometer-busy"


def test_silence_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(instrument, "ANSWER_S", 0.05)
    bench.say("silent")
    bench.display()
    assert refusal(bench) == "manometer-silent"


def test_words_that_are_none(bench: Bench):
    for word in ("pump", "pump 1e9", "sing"):
        bench.say(word)
        assert bench.news()["event"] == "not-understood"


# The parts


def test_a_leak_is_what_it_is_called():
    plant = Plant(leak_per_min=6.0)
    plant.go_to(250, 0.0)
    at_60, at_120 = plant.pressure(68.4), plant.pressure(128.4)
    assert 5.5 < at_60 - at_120 < 6.0


def test_open_air_is_open_air():
    plant = Plant()
    plant.go_to(250, 0.0)
    plant.vent(100.0)
    assert plant.pressure(100.0) == 0
    plant.go_to(50, 101.0)
    plant.go_to(0, 150.0)
    assert plant.pressure(200.0) == 0


def test_hysteresis_shows_less_up_and_more_down():
    plant, cuff = Plant(0.0), CuffSensor(slack=2.0)
    plant.go_to(100, 0.0)
    up = cuff.display(plant, 60.0) - plant.pressure(60.0)
    cuff.follow(plant, 60.0)
    plant.go_to(250, 60.0)
    cuff.follow(plant, 120.0)
    plant.go_to(100, 120.0)
    down = cuff.display(plant, 180.0) - plant.pressure(180.0)
    assert up < 0 < down


def test_an_error_waits_in_the_queue():
    virtual = manometer.VirtualManometer(lambda: 100.0)
    assert virtual.answer(b"FRED 1\n") == b""
    assert virtual.answer(b"SYST:ERR?\n") == b'-113,"Undefined header"\r\n'
    assert virtual.answer(b"SYST:ERR?\n") == b'0,"No error"\r\n'
