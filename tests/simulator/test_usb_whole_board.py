"""A board from bare to prompt by real tools, and a cable that is treated badly."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import usb_place
from simulator.board_place import needs_vm
from simulator.usb_clients import WAIT_S
from simulator.usb_place import START, Bench, on_socket, tool
from varde_simulator import clock
from varde_simulator.usb import rom_loader, slip, stand_in_image
from varde_simulator.usb.usb_board import UsbBoard
from varde_simulator.world import World

SYNC = slip.encode(b"\x00\x08\x24\x00\x00\x00\x00\x00" + rom_loader.SYNC_DATA)


@needs_vm
def test_bare_board_is_flashed_and_answers_at_its_prompt(tmp_path) -> None:
    """By the port alone: esptool's reset lines into the loader and out of it, then mpremote."""
    world_clock = clock.VirtualClock(tmp_path / "clock", START)
    image = tmp_path / "image.bin"
    image.write_bytes(stand_in_image.build("1.25.0", 10_000))

    async def main() -> None:
        async with World(world_clock, tmp_path) as world:
            board = world.add_bare_board("bench-1")
            usb = UsbBoard(board, tmp_path)
            await usb.plug()
            code, output = await on_socket(usb, "write-flash", "0x0", image)
            assert code == 0, output
            ask = "import machine; print(machine.unique_id().hex())"
            code, output = await tool("mpremote", "connect", usb.port, "exec", ask)
            assert (code, output.strip()) == (0, usb.mac.hex())
            code, output = await tool("mpremote", "connect", usb.pty, "resume", "bootloader")
            assert code == 0, output
            async with asyncio.timeout(WAIT_S):
                while not usb.is_in_loader:
                    await asyncio.sleep(0.01)
            await usb.close()

    clock.run(world_clock, main())
    world_clock.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("plug"), st.booleans()),
        st.tuples(st.just("unplug"), st.none()),
        st.tuples(st.just("lines"), st.tuples(st.booleans(), st.booleans())),
        st.tuples(st.just("boot"), st.booleans()),
        st.tuples(st.just("reset"), st.none()),
        st.tuples(st.just("say"), st.one_of(st.just(SYNC), st.binary(max_size=30))),
        st.tuples(st.just("application"), st.binary(max_size=30)),
        st.tuples(st.just("bootloader"), st.none()),
        st.tuples(st.just("cut"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.01, 0.2])),
    ),
    max_size=15,
)


async def say(usb: UsbBoard, data: bytes) -> None:
    if usb.is_plugged:
        usb._pty.on_data(data)


DEEDS = {
    "plug": lambda usb, elsewhere: usb.plug(elsewhere=elsewhere),
    "unplug": lambda usb, _: usb.unplug(),
    "lines": lambda usb, lines: usb._on_lines(*lines),
    "boot": lambda usb, is_down: usb.hold_boot_button(is_down),
    "reset": lambda usb, _: usb.press_reset(),
    "say": say,
    "application": lambda usb, data: usb.board.console.on_output(data),
    "bootloader": lambda usb, _: usb.board.on_bootloader(),
    "cut": lambda usb, count: usb.cut_after_flash_operations(count),
    "wait": lambda _, seconds: asyncio.sleep(seconds),
}


@given(STEPS)
@settings(max_examples=40)
def test_whatever_is_done_to_it_the_cable_works_again(steps) -> None:
    async def act(bench: Bench) -> None:
        usb = bench.cable(flash_bytes=64 * 1024)
        for step, how in steps:
            done = DEEDS[step](usb, how)
            if done is not None:
                await done
            assert bool(usb.port) == bool(usb.pty) == usb.is_plugged
            assert not usb.is_in_loader or (usb.is_plugged and usb.board.is_held)
        await usb.unplug()
        assert usb.board.events[-1:] in ([], ["dark"])
        usb._on_lines(False, False)
        usb.hold_boot_button(True)
        heard = bytearray()
        usb.taps.append(lambda _way, data: heard.extend(data))
        await usb.plug()
        assert usb.is_in_loader
        usb._pty.on_data(b"\xc0" + SYNC)
        assert heard.endswith(b"\xc0")
        assert heard.count(b"\x01\x08\x04\x00") == rom_loader.SYNC_ANSWERS

    with tempfile.TemporaryDirectory() as folder:
        usb_place.play(Path(folder), act)
