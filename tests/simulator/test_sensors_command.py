"""`varde-sim sensors` as a process, and the table that its sensors lie on."""

import asyncio
import json
import os
import random
import signal
import sys

import pytest
from typer.testing import CliRunner

from simulator.air_central import in_virtual_time
from simulator.air_place import PRELUDE, VARDE_VM, Hub, in_place
from simulator.virtual_adapters import TwoAdapters, VirtualAdapter, until
from varde_simulator import cli
from varde_simulator.open_world import OpenWorldError
from varde_simulator.sensor_places import PlaceError
from varde_simulator.sensor_stand import Stand, WordError
from varde_simulator.sensors import models, samples
from varde_simulator.sensors.virtual_sensor import VirtualSensor

BOUND_S = 300.0  # against hanging for ever, no more: machines are busy
CANNOT = 3


class Command:
    """A running `varde-sim sensors --json`; `news` is what it has told so far."""

    def __init__(self, process):
        self.process = process
        self.news = []
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def started(cls, *arguments):
        program = "from varde_simulator import cli; cli.main()"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, "sensors", "--json", *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        return cls(process)

    async def _read(self):
        while line := await self.process.stdout.readline():
            self.news.append(json.loads(line))

    def say(self, word):
        self.process.stdin.write(word.encode() + b"\n")

    def told(self, event, **more):
        """The news of this event that agree with `more`."""
        wanted = {"event": event, **more}
        return [news for news in self.news if wanted.items() <= news.items()]

    async def heard(self, event, **more):
        ended = self._reading
        await until(lambda: self.told(event, **more) or ended.done(), f"{event}: {self.news}")
        found = self.told(event, **more)
        if not found:
            error = await self.process.stderr.read()
            raise AssertionError(f"ended without {event}: {self.news} {error.decode()}")
        return found[0]

    async def ended(self):
        """Exit status and what it said on stderr."""
        error = await self.process.stderr.read()
        await self._reading
        return await self.process.wait(), error.decode()


def bounded(story):
    asyncio.run(asyncio.wait_for(story, BOUND_S))


# On a virtual air


def test_a_hub_joins_the_socket_and_every_step_of_a_reading_is_told(tmp_path):
    async def story():
        path = str(tmp_path / "air")
        command = await Command.started("--socket", path, "--model", "scale:bathroom")
        ready = await command.heard("ready")
        assert ready["sensor"] == "bathroom"
        assert ready["address_type"] == "public"
        process = await asyncio.create_subprocess_exec(
            VARDE_VM,
            "-c",
            PRELUDE
            + """
ble.active(True)
conn = connect("Varde Scale")
handle = characteristics(conn)[UUID(0x2A9D)][0]
subscribe(conn, handle, 2)
say(wait(19)[2].hex())
""",
            env={**os.environ, "VARDE_AIR": path, "VARDE_NODE": "kitchen"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await command.heard("node-joined", node="kitchen")
        command.say("measure bathroom")
        (value,) = await Hub(process).finish()
        measured = await command.heard("measured", characteristic="2A9D", value=value)
        await command.heard("sent", reading=measured["reading"])
        await command.heard("confirmed", reading=measured["reading"])
        await command.heard("node-left", node="kitchen")
        command.say("quit")
        assert await command.ended() == (0, "")
        assert not os.path.exists(path)

    bounded(story())


def test_words_faults_and_the_end_by_signal(tmp_path):
    async def story():
        command = await Command.started(
            "--socket", str(tmp_path / "air"), "--model", "scale", "--model", "scale",
            "--every", "300ms",
        )  # fmt: skip
        await command.heard("ready", sensor="scale-2")
        command.say("nan-measurement scale-2")
        await command.heard("measured", sensor="scale-2", value="00ffff")
        await until(lambda: len(command.told("measured", sensor="scale")) > 2, "no schedule")
        command.say("sing")
        assert "measure" in (await command.heard("not-understood"))["why"]
        command.say("help")
        assert {"measure", "wake", "battery-out", "ghost-weight", "quit"} <= set(
            (await command.heard("words"))["words"]
        )
        command.process.send_signal(signal.SIGTERM)
        status, said = await command.ended()
        assert status == 128 + signal.SIGTERM
        assert "interrupted by SIGTERM" in said
        assert not (tmp_path / "air").exists()

    bounded(story())


def test_the_end_of_a_pipe_is_no_end_but_the_time_is(tmp_path):
    async def story():
        command = await Command.started(
            "--socket", str(tmp_path / "air"), "--model", "cuff", "--for", "700ms"
        )
        command.process.stdin.close()
        await command.heard("ready")
        assert await command.ended() == (0, "")

    bounded(story())


# On an adapter


def test_a_foreign_central_takes_a_reading_through_the_adapter(tmp_path):
    async def story():
        async with TwoAdapters(tmp_path) as adapters:
            command = await Command.started(
                "--transport", adapters.sensor_spec, "--model", "cuff", "--fault", "duplicate"
            )
            ready = await command.heard("ready", where=adapters.sensor_spec)
            assert ready["address_type"] == "random"
            command.say("measure")
            central = adapters.central
            await central.device.start_scanning()
            await until(lambda: central.adverts, "no advertisement")
            await central.connect(central.adverts[0].address)
            assert str(central.adverts[0].address) == ready["address"]
            await central.subscribe(models.BLOOD_PRESSURE_SERVICE, 0x2A35, True)
            await command.heard("confirmed", reading=0)
            await until(lambda: len(central.values) == 2, "the fault sends it twice")
            assert central.values[0] == central.values[1]
            assert central.values[0].hex() == command.told("measured")[0]["value"]
            await command.heard("disconnected")
            command.say("quit")
            assert await command.ended() == (0, "")

    bounded(story())


def test_a_hub_finds_the_sensors_of_two_adapters(tmp_path):
    async def story(place):
        chips = [await VirtualAdapter().open(place.air, tmp_path, name) for name in ("a", "b")]
        command = await Command.started(
            "--transport", chips[0].spec, "--model", "scale",
            "--transport", chips[1].spec, "--model", "jumper-500f",
        )  # fmt: skip
        await command.heard("ready", sensor="jumper-500f", where=chips[1].spec)
        hub = await place.hub(
            """
ble.active(True)
say(find("Varde Scale")[1].hex())
say(find("My Oximeter")[1].hex())
"""
        )
        command.say("wake")
        addresses = [news["address"].replace(":", "").lower() for news in command.told("ready")]
        assert await hub.finish() == addresses
        command.say("quit")
        assert await command.ended() == (0, "")
        for chip in chips:
            await chip.close()

    in_place(story)


def test_an_adapter_that_is_pulled_out_ends_it_with_a_word(tmp_path):
    async def story():
        async with TwoAdapters(tmp_path) as adapters:
            command = await Command.started(
                "--transport", adapters.sensor_spec, "--model", "scale"
            )
            await command.heard("ready")
            adapters.pull_out_sensor()
            status, said = await command.ended()
            assert status == CANNOT
            assert said.startswith(f"varde-sim: {adapters.sensor_spec}: gone")

    bounded(story())


# What it is asked for


def test_the_models_are_listed_with_their_names_on_the_air():
    rows = CliRunner().invoke(cli.app, ["sensors", "--list", "--json"]).stdout.splitlines()
    listed = {row["model"]: row for row in map(json.loads, rows)}
    assert list(listed) == list(models.MODELS)
    assert listed["jumper-500f"]["name"] == "My Oximeter"
    assert all(row["about"] for row in listed.values())
    plain = CliRunner().invoke(cli.app, ["sensors", "--list"]).stdout.splitlines()
    assert [line.split()[0] for line in plain] == list(models.MODELS)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (["--model", "scale"], PlaceError, "--transport SPEC"),
        (["--socket", "{0}/a", "--transport", "usb:0", "--model", "scale"], PlaceError, "one of"),
        (["--socket", "{0}/air"], PlaceError, "--list"),
        (["--socket", "{0}/air", "--model", "abacus"], PlaceError, "no model 'abacus'"),
        (["--socket", "{0}/a", "--model", "scale:a", "--model", "cuff:a"], PlaceError, "its own"),
        (["--transport", "usb:0", "--model", "scale", "--model", "cuff"], PlaceError, "carries"),
        (["--socket", "{0}/air", "--model", "scale", "--every", "often"], PlaceError, "30s"),
        (["--socket", "{0}/air", "--model", "scale", "--every", "0"], PlaceError, "at least"),
        (["--socket", "{0}/air", "--model", "scale", "--fault", "rust"], WordError, "re-send"),
        (["--socket", "{0}/no/air", "--model", "scale"], OpenWorldError, "--socket"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(tmp_path, arguments, error, says):
    given = [argument.format(tmp_path) for argument in arguments]
    result = CliRunner().invoke(cli.app, ["sensors", *given])
    assert isinstance(result.exception, error)
    assert says in str(result.exception)


# The table


def test_a_schedule_measures_at_once_and_then_at_its_pace(tmp_path):
    async def story(air):
        news = []
        stand = Stand(news.append)
        sensor = VirtualSensor(air, models.scale(), "scale")
        await sensor.start()
        stand.put(sensor, "here")
        measuring = asyncio.ensure_future(stand.measure_every(30))
        await asyncio.sleep(61)
        measuring.cancel()
        stand.look()
        assert len(sensor.ledger.readings) == 3
        assert [one["event"] for one in news].count("measured") == 3
        with pytest.raises(WordError, match="no sensor"):
            stand.say("measure kettle")
        stand.say("measure")
        stand.say("battery-out scale")
        stand.say("measure")
        await asyncio.sleep(30)
        assert len(sensor.ledger.readings) == 3  # the fourth was under way, the fifth never began
        assert not sensor.is_advertising
        with pytest.raises(WordError, match="out for good"):
            stand.say("wake scale")

    in_virtual_time(tmp_path, story)


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_measures_something_when_told(tmp_path, name):
    async def story(air):
        sensor = VirtualSensor(air, models.MODELS[name](), name)
        await sensor.start()
        samples.measure(sensor, random.Random(7))
        await asyncio.sleep(3)
        seen = getattr(sensor.behaviour, "shown", None)
        await asyncio.sleep(60)
        assert sensor.ledger.readings or sensor.ledger.live_values_missed or seen
        assert sensor.ledger.bursts

    in_virtual_time(tmp_path, story)
