"""`varde-sim boards` and `varde-sim image` as programs."""

import asyncio
import re
import signal
import sys

import pytest
from typer.testing import CliRunner

from simulator.board_place import needs_vm
from simulator.boards_place import Command, booted, bounded, flashed
from simulator.console_place import tool
from varde_simulator import cli
from varde_simulator.sensor_places import PlaceError
from varde_simulator.usb import boot_rom

pytestmark = needs_vm

STATUS_OF_TERM = 128 + signal.SIGTERM


def test_a_bare_board_is_flashed_and_talked_to_from_a_shell(tmp_path):
    async def story():
        async with Command.started(tmp_path, "--count", "2", "--wrong", "2") as command:
            first, second = (command.told("board", board=number)[0] for number in (1, 2))
            assert re.fullmatch(r"rfc2217://127\.0\.0\.1:\d+", first["port"])
            assert first["pty"] == str(tmp_path / "boards" / "bench-1.tty")
            assert (first["kind"], second["kind"]) == ("ESP32-S3", "ESP32-C3")
            assert first["mac"] != second["mac"]
            board = await flashed(command, tmp_path, 1)
            code, output = await tool("mpremote", "connect", board["pty"], "exec", "print(6*7)")
            assert (code, output) == (0, "42\r\n")
            assert "Performing initial setup" in (tmp_path / "boards" / "bench-1.log").read_text()

    bounded(story())


def test_cables_are_pulled_and_come_back(tmp_path):
    async def story():
        async with Command.started(tmp_path) as command:
            first = command.told("board")[0]
            command.say("unplug 1")
            await command.heard("unplugged", board=1)
            command.say("plug 1")
            assert (await command.heard("board", count=2))["port"] == first["port"]
            command.say("unplug all")
            command.say("plug 1 elsewhere")
            assert (await command.heard("board", count=3))["port"] != first["port"]
            command.say("cut 1")
            await command.heard("cut", board=1)
            command.say("plug 1")
            await command.heard("board", count=4)

    bounded(story())


def test_a_power_cut_in_a_flash_operation_takes_the_port_away(tmp_path):
    async def story():
        async with Command.started(tmp_path) as command:
            board = await flashed(command, tmp_path, 1)
            code, _ = await tool("mpremote", "connect", board["pty"], "exec", "print(1)")
            assert code == 0
            command.say("cut 1 20")
            command.say("help")
            await command.heard("words", count=2)
            writing = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "mpremote", "connect", board["pty"], "resume", "exec",
                "while True: open('/a', 'w').write('b' * 999)",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await command.heard("cut", board=1)
            if writing.returncode is None:
                writing.kill()  # it waits for an answer without end
            await writing.wait()
            log = (tmp_path / "boards" / "bench-1.log").read_text()
            booted_before = log.count("for more information")
            command.say("plug 1")
            board = await command.heard("board", count=2)
            await booted(tmp_path, 1, times=booted_before + 1)
            code, output = await tool(
                "mpremote", "connect", board["pty"], "exec", "import os; print(os.listdir())"
            )
            assert (code, "boot.py" in output) == (0, True), output

    bounded(story())


def test_sensors_beside_the_boards_hear_their_words(tmp_path):
    async def story():
        async with Command.started(
            tmp_path, "--sensor", "oximeter:mine", "--socket", str(tmp_path / "air")
        ) as command:
            ready = await command.heard("ready", sensor="mine")
            assert ready["name"] == "Varde Oximeter"
            command.say("measure mine")
            await command.heard("told", sensor="mine", word="measure")
            await command.heard("advertising", sensor="mine")
        assert not (tmp_path / "air").exists()

    bounded(story())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("unplug 7", "no board '7'; there are 1, and all"),
        ("unplug", "no board ''"),
        ("plug 1 somewhere", "elsewhere"),
        ("cut 1 0", "which flash operation"),
        ("cut 1 -5", "which flash operation"),
        ("boot 1 sideways", "down or up"),
        ("fly 1", "no word 'fly'"),
        ("\u2028 \x00\x01", "no word"),
    ],
)
def test_a_line_that_says_nothing_is_told_and_nothing_happens(tmp_path, line, why):
    async def story():
        async with Command.started(tmp_path) as command:
            command.say(line)
            assert why in (await command.heard("not-understood"))["why"]

    bounded(story())


def test_a_signal_ends_it_and_its_boards(tmp_path):
    async def story():
        async with Command.started(tmp_path) as command:
            await flashed(command, tmp_path, 1)
            command.process.terminate()
            error = await command.process.stderr.read()
            assert await command.process.wait() == STATUS_OF_TERM
            assert b"interrupted by SIGTERM" in error

    bounded(story())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--count", "0"], "from 1 to 64"),
        (["--count", "65"], "from 1 to 64"),
        (["--wrong", "2"], "there is no board 2"),
        (["--wrong", "x"], "the board's number"),
        (["--wrong", "1:ESP8266"], "no kind 'ESP8266'"),
        (["--counterfeit", "9"], "there is no board 9"),
        (["--no-psram", "-1"], "there is no board -1"),
        (["--collector", "nowhere"], "HOST:PORT"),
        (["--collector", "here:99999"], "HOST:PORT"),
        (["--wifi", "nameless"], "SSID:PASSWORD"),
        (["--sensor", "sonar"], "no model 'sonar'"),
    ],
)
def test_what_cannot_be_put_there_is_refused_before_anything_runs(tmp_path, arguments, why):
    result = CliRunner().invoke(
        cli.app, ["boards", "--out", str(tmp_path / "boards"), *arguments], obj=cli.interruption
    )
    assert isinstance(result.exception, PlaceError)
    assert why in str(result.exception)


def test_an_image_is_written_that_boots(tmp_path):
    file = tmp_path / "image.bin"
    result = CliRunner().invoke(cli.app, ["image", str(file)])
    assert result.exit_code == 0
    assert "stand-in for MicroPython" in result.stdout
    padded = file.read_bytes().ljust(16 * 1024 * 1024, b"\xff")
    assert boot_rom.look(padded).boots
    refused = CliRunner().invoke(cli.app, ["image", str(tmp_path / "no" / "image.bin")])
    assert isinstance(refused.exception, PlaceError)
