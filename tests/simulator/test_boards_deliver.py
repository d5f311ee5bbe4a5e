"""The whole way in real time: a bare board of `varde-sim boards`, set up by its cable, becomes a
hub that joins WiFi and delivers a reading to a real collector."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from simulator.board_place import needs_vm
from simulator.boards_place import Command, flashed, logged
from varde_simulator import clock, flash_image, host_programs, interpreter, stage
from varde_simulator.scenario_links import LinksPlan
from varde_simulator.usb import stand_in_image

pytestmark = needs_vm

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

BOUND_S = 600.0  # against hanging for ever, no more: machines are busy
SCALE = "slot=1,service=181D,chars=2A9D,address={address_type}/{address}"


def test_a_bare_board_becomes_a_hub_that_delivers(tmp_path):
    world_clock = clock.VirtualClock(tmp_path / "clock", datetime.now(UTC))

    async def main():
        host = host_programs.HostPrograms(world_clock, tmp_path)
        await host.make_site()
        try:
            address, port = await host.start_collector(60)
            async with Command.started(
                tmp_path, "--collector", f"{address}:{port}", "--sensor", "scale"
            ) as command:
                await deliver(command, host)
        finally:
            await host.stop_collector()

    async def deliver(command, host):
        option = SCALE.format(**await command.heard("ready", sensor="scale"))
        assignment = await host.assignment(LinksPlan(), [option], 60, "lilygo_t_sim7670g_s3")
        await flashed(command, tmp_path, 1, parts(host.trust, assignment))
        said = await logged(tmp_path, 1, "varde: boot 1")
        await host.enrol(re.search(r"public ([0-9a-f]{64})", said)[1])
        command.say("reset 1")
        await logged(tmp_path, 1, "varde: boot 2")
        readings = []
        while not readings:
            command.say("measure scale")
            await asyncio.sleep(1)
            readings = await host.readings()
        measured = {news["value"] for news in command.told("measured", sensor="scale")}
        assert readings[0]["hex"] in measured
        assert readings[0]["signature"] == "verified"

    clock.run_steadily(world_clock, asyncio.wait_for(main(), BOUND_S))
    world_clock.close()


def parts(trust, assignment):
    """Interpreter with the hub's partition table, and its files, for esptool."""
    vm = interpreter.find()
    image = bytearray(stand_in_image.build(vm.version))
    table = flash_image.encode_table(flash_image.layout())
    image[flash_image.TABLE_OFFSET : flash_image.TABLE_OFFSET + len(table)] = table
    files = {**stage.firmware_files(vm), "trust.cbor": trust, "assignment.cbor": assignment}
    vfs = flash_image.layout()[-1]
    return [(0, bytes(image)), (vfs.offset, flash_image.littlefs_image(files, vfs.size))]
