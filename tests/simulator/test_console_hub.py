"""The hub's application on a board that was given it by cable: at its console, and at work."""

import asyncio
import random
import re
from datetime import UTC, datetime

import pytest

from simulator.board_place import needs_vm
from simulator.console_place import FRIENDLY_PROMPT, RAW_PROMPT, Terminal
from varde_simulator import clock, flash_image, interpreter, stage
from varde_simulator.board import POWER_ON
from varde_simulator.scenario import SensorPlan
from varde_simulator.sensors import models, samples
from varde_simulator.usb import stand_in_image

pytestmark = needs_vm

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
NODE = "bench-1"


class Shelf:
    """What `Terminal` wants of a place, and what this test does."""

    def __init__(self, on_stage: stage.Stage) -> None:
        self.stage = on_stage
        self.clock = on_stage.clock
        self.notes: list[str] = []
        self.terminal: Terminal | None = None

    async def hub(self, options: list[str]) -> Terminal:
        """A bare board with interpreter, partitions and files in its flash; without power."""
        board = self.stage.world.add_bare_board(NODE)
        files = await self.stage.hub_files(options, "lilygo_t_sim7670g_s3")
        interpreter_image = stand_in_image.build(board.vm.version)
        flash_image.build(board.flash, files, 256 * 1024)
        with board.flash.open("r+b") as flash:
            flash.write(interpreter_image[: flash_image.TABLE_OFFSET])
            flash.seek(stand_in_image.APPLICATION_OFFSET)
            flash.write(interpreter_image[stand_in_image.APPLICATION_OFFSET :])
        await self.stage.wire(board)
        board.on_note = self.notes.append
        self.terminal = Terminal(self, board)
        return self.terminal

    async def reading(self) -> dict[str, object]:
        """The first that the receiver has."""
        for _ in range(600):
            readings = await self.stage.host.readings()
            if readings:
                return readings[0]
            await self.clock.sleep_until(self.clock.now_us() + 60_000_000)
        raise AssertionError(f"nothing came: {self.notes} {self.terminal.seen[-3000:]!r}")


def test_a_hub_set_up_by_cable_delivers_and_gives_its_prompt_to_a_tool(tmp_path):
    plan = SensorPlan("scale", "scale", 1, 0x181D, (0x2A9D,))

    async def story(shelf: Shelf) -> None:
        sensor = await shelf.stage.world.add_sensor(models.MODELS["scale"](), "scale")
        terminal = await shelf.hub([stage.as_option(plan, sensor)])
        await terminal.board.power_on()
        said = await terminal.until(b"varde: hub ")
        assert b"rst:0x1 (POWERON)" in said
        public = await terminal.until(b"\r\n")
        found = re.search(rb"public ([0-9a-f]{64})", public)
        await shelf.stage.enrol(found[1].decode())
        terminal.board.hold_in_reset()
        await terminal.board.release(POWER_ON)
        await terminal.until(b"varde: hub ")
        await shelf.clock.sleep_until(shelf.clock.now_us() + 30_000_000)
        samples.measure(sensor, random.Random(1))
        reading = await shelf.reading()
        assert reading["slot"] == 1
        # Not locked: Ctrl-C ends the application at the prompt, and a soft reset starts it again.
        terminal.seen = b""
        terminal.send(b"\r\x03")
        await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"\x01")
        await terminal.until(RAW_PROMPT)
        output, error = await terminal.run("import os\nprint('trust.cbor' in os.listdir('/'))")
        assert (output, error) == ("True\r\n", "")
        terminal.send(b"\x02")
        await terminal.until(FRIENDLY_PROMPT)
        terminal.send(b"\x04")
        assert b"MPY: soft reboot" in await terminal.until(b"varde: hub ")
        assert terminal.board.crashes == 0

    play(tmp_path, story)


def play(folder, act) -> None:
    on_stage = stage.Stage(folder / "stage", START, heartbeat_min=60)

    async def main() -> None:
        async with on_stage:
            await asyncio.wait_for(act(Shelf(on_stage)), 86400)

    clock.run(on_stage.clock, main())
