"""Unmodified esptool and espefuse, as programs, on a simulated board."""

import asyncio
import random
import re
import sys

from simulator import usb_place
from simulator.usb_place import Bench, on_pty, on_socket, tool
from varde_simulator.usb import chips, stand_in_image
from varde_simulator.usb.usb_board import TO_BOARD

WRITTEN_BYTES = 200_000


def file_of(bench: Bench, name: str, data: bytes) -> str:
    path = bench.folder / name
    path.write_bytes(data)
    return str(path)


def unlike(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def flash_of(usb, count: int, start: int = 0) -> bytes:
    return usb.board.flash.read_bytes()[start : start + count]


def test_by_rfc2217_with_reset_lines(tmp_path) -> None:
    """All at once, since the client sleeps most of the time: 0.2 s a command."""

    async def act(bench: Bench) -> None:
        boards = [bench.cable(f"bench-{number}") for number in range(4)]
        for usb in boards:
            await usb.plug()
        image = stand_in_image.build("1.25.0", 20_000)
        path = file_of(bench, "image.bin", image)
        outcomes = await asyncio.gather(
            on_socket(boards[0], "flash-id"),
            on_socket(boards[1], "-b", 921600, "write-flash", "0x0", path),
            on_socket(boards[2], "--no-stub", "read-mac"),
            on_socket(boards[3], "--after", "watchdog-reset", "--no-stub", "flash-id"),
        )
        for code, output in outcomes:
            assert code == 0, output
        identified, written, read, _ = [output for _, output in outcomes]
        mac = boards[0].mac.hex(":")
        assert re.search(r"Chip type: +ESP32-S3 \(QFN56\) \(revision v0\.2\)", identified)
        assert "Embedded PSRAM 8MB" in identified
        assert "Detected flash size: 4MB" in identified
        assert f"MAC:                {mac}" in identified
        assert "Hash of data verified" in written
        assert boards[2].mac.hex(":") in read
        assert flash_of(boards[1], len(image)) == image
        # After "Hard resetting" the client has gone; the window ends without it.
        await asyncio.sleep(1)
        assert [usb.board.events[-1] for usb in boards] == ["stuck", "boots", "stuck", "stuck"]
        assert not any(usb.is_in_loader for usb in boards)

    usb_place.play(tmp_path, act)


def test_who_comes_second_is_told_that_the_port_is_busy(tmp_path) -> None:
    """A connection that is broken off at once ends esptool without a word."""

    async def act(bench: Bench) -> None:
        usb = bench.cable("bench-1")
        await usb.plug()
        host, port = usb.port.removeprefix("rfc2217://").split(":")
        _, first = await asyncio.open_connection(host, int(port))
        code, output = await on_socket(usb, "flash-id")
        assert code == 2
        assert "the port is busy" in output
        first.close()
        await first.wait_closed()

    usb_place.play(tmp_path, act)


def test_write_read_verify_and_erase(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await bench.in_loader()
        text = b"varde " * (WRITTEN_BYTES // 6)
        for offset, data in ((0x10000, text), (0x80000, unlike(WRITTEN_BYTES + 1))):
            path = file_of(bench, "in.bin", data)
            code, output = await on_pty(usb, "write-flash", hex(offset), path)
            assert code == 0, output
            assert "Hash of data verified" in output
            assert flash_of(usb, len(data), offset) == data
            back = bench.folder / "out.bin"
            code, output = await on_pty(usb, "read-flash", hex(offset), len(data), back)
            assert code == 0, output
            assert back.read_bytes() == data
            code, output = await on_pty(usb, "verify-flash", hex(offset), path)
            assert code == 0, output
        code, output = await on_pty(usb, "erase-region", "0x10000", "0x2000")
        assert code == 0, output
        assert flash_of(usb, 0x2000, 0x10000) == b"\xff" * 0x2000
        assert flash_of(usb, 100, 0x12000) == text[0x2000:0x2064]
        code, output = await on_pty(usb, "verify-flash", hex(0x10000), file_of(bench, "t", text))
        assert code != 0
        code, output = await on_pty(usb, "erase-flash")
        assert code == 0, output
        assert usb.board.flash.read_bytes().count(0xFF) == usb_place.SMALL_FLASH_BYTES

    usb_place.play(tmp_path, act)


def test_the_rom_alone(tmp_path) -> None:
    """Without a stub: small blocks, long status, erased at once."""

    async def act(bench: Bench) -> None:
        usb = await bench.in_loader()
        for data in (unlike(5000), b"a" * 30_000):
            path = file_of(bench, "in.bin", data)
            code, output = await on_pty(usb, "--no-stub", "write-flash", "0x1000", path)
            assert code == 0, output
            assert "Hash of data verified" in output
            assert flash_of(usb, len(data), 0x1000) == data
        back = bench.folder / "out.bin"
        code, output = await on_pty(usb, "--no-stub", "read-flash", "0x1000", "300", back)
        assert code == 0, output
        assert back.read_bytes() == b"a" * 300
        assert not usb._loader.is_stub

    usb_place.play(tmp_path, act)


def test_stub_is_found_again_by_the_next_run(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await bench.in_loader()
        on = ("--port", usb.pty, "--before", "no-reset", "--after", "no-reset-stub")
        code, output = await tool("esptool", *on, "flash-id")
        assert code == 0, output
        assert "Uploading stub" in output
        code, output = await on_pty(usb, "flash-id")
        assert code == 0, output
        assert "No upload is necessary" in output
        code, output = await on_pty(usb, "flash-id")
        assert code == 0, output
        assert "Uploading stub" in output, "--after no-reset goes back to the ROM"

    usb_place.play(tmp_path, act)


def test_efuses_are_read_and_burnt_and_kept_in_the_file(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        usb = await bench.in_loader()
        common = ("--chip", "esp32s3", "--port", usb.pty, "--before", "no-reset")
        code, output = await tool("espefuse", *common, "summary")
        assert code == 0, output
        assert usb.mac.hex(":") in output
        address = "02:11:22:33:44:55"
        code, output = await tool(
            "espefuse", *common, "--do-not-confirm", "burn-custom-mac", address
        )
        assert code == 0, output
        code, output = await tool(
            "espefuse", "--chip", "esp32s3", "--virt", "--path-efuse-file", usb.efuse_file,
            "summary",
        )  # fmt: skip
        assert code == 0, output
        assert address in output
        assert usb.mac.hex(":") in output

    usb_place.play(tmp_path, act)


def test_eight_boards_at_once(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        boards = [await bench.in_loader(f"bench-{number}") for number in range(8)]
        images = [unlike(60_000, number) for number in range(8)]
        outcomes = await asyncio.gather(
            *(
                on_pty(usb, "write-flash", "0x10000", file_of(bench, f"{n}.bin", images[n]))
                for n, usb in enumerate(boards)
            )
        )
        assert [code for code, _ in outcomes] == [0] * 8, outcomes
        for n, usb in enumerate(boards):
            assert flash_of(usb, 60_000, 0x10000) == images[n]
            assert usb.mac.hex(":") in outcomes[n][1]
        assert len({usb.mac for usb in boards}) == 8

    usb_place.play(tmp_path, act)


def test_boards_of_the_wrong_kind(tmp_path) -> None:
    async def act(bench: Bench) -> None:
        for kind in (chips.ESP32_C3, chips.ESP32_C6, chips.ESP32):
            usb = await bench.in_loader(f"bench-{kind.name}", kind=kind)
            code, output = await on_pty(usb, "--no-stub", "flash-id", chip="auto")
            assert code == 0, output
            assert re.search(rf"Connected to {kind.name} on", output)
            assert usb.mac.hex(":") in output
            assert "Detected flash size: 4MB" in output
            code, output = await on_pty(usb, "flash-id")
            assert code != 0
            assert f"This chip is {kind.name}, not ESP32-S3" in output

    usb_place.play(tmp_path, act)


def test_counterfeit_flash_is_found_by_reading_back(tmp_path) -> None:
    """The id says 16 MB, the chip has 4: what is written above falls on what stands below."""

    async def act(bench: Bench) -> None:
        usb = await bench.in_loader(claimed_flash_bytes=16 * chips.MIB)
        code, output = await on_pty(usb, "flash-id")
        assert "Detected flash size: 16MB" in output
        low, high = unlike(4096, 1), unlike(4096, 2)
        size = ("--flash-size", "16MB")
        for offset, data in ((0x10000, low), (0x410000, high)):
            path = file_of(bench, "in.bin", data)
            code, output = await on_pty(usb, "write-flash", *size, hex(offset), path)
            assert code == 0, output
        back = bench.folder / "out.bin"
        await on_pty(usb, "read-flash", *size, "0x10000", 4096, back)
        assert back.read_bytes() == high

    usb_place.play(tmp_path, act)


def test_unplugged_in_mid_write_then_resumed(tmp_path) -> None:
    """By the cable after so many bytes, and by a power cut in a page: both times esptool ends with
    an error, what was programmed stays, and the same command again makes it whole."""

    async def act(bench: Bench) -> None:
        usb = await bench.in_loader()
        data = unlike(400_000)
        path = file_of(bench, "in.bin", data)
        heard = 0
        pulled: list[asyncio.Task[None]] = []

        def pull(way: str, piece: bytes) -> None:
            nonlocal heard
            heard += len(piece) * (way == TO_BOARD)
            if heard > 150_000 and not pulled:
                pulled.append(asyncio.ensure_future(usb.unplug()))

        usb.taps.append(pull)
        code, output = await on_pty(usb, "write-flash", "0x0", path)
        assert code != 0, output
        assert not usb.is_plugged
        kept = flash_of(usb, len(data))
        assert kept != data
        assert kept[:50_000] == data[:50_000]
        await usb.plug()
        usb.cut_after_flash_operations(700)
        cut = asyncio.Event()
        usb.on_cut = cut.set
        code, output = await on_pty(usb, "write-flash", "0x0", path)
        assert code != 0, output
        await cut.wait()
        assert not usb.is_plugged
        assert usb.board.events[-1] == "dark"
        await usb.plug()
        code, output = await on_pty(usb, "write-flash", "0x0", path)
        assert code == 0, output
        assert "Hash of data verified" in output
        assert flash_of(usb, len(data)) == data

    usb_place.play(tmp_path, act)


def test_image_is_one_for_other_tools(tmp_path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(stand_in_image.build("1.25.0"))

    async def act(bench: Bench) -> None:
        code, output = await tool("esptool", "image-info", path)
        assert code == 0, output
        assert "Detected image type: ESP32-S3" in output
        assert output.count("(valid)") == 2
        application = file_of(bench, "app.bin", stand_in_image.application("1.25.0"))
        code, output = await tool("esptool", "image-info", application)
        assert "Project name: micropython stand-in" in output
        assert "App version: 1.25.0" in output
        process = await asyncio.create_subprocess_exec(
            f"{sys.exec_prefix}/bin/mp-image-tool-esp32", path,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        listing, _ = await process.communicate()
        assert process.returncode == 0
        assert b"ota_1" in listing

    usb_place.play(tmp_path, act)
