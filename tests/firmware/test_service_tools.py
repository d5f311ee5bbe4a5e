"""The bench's scripts by real `mpremote`, over the simulated serial port, and the wire searched.

What crosses the wire is kept byte by byte; no secret of the hub may be in it, in any spelling.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from firmware import cable, desk, provisioned
from simulator import board_place, console_place
from varde_host.bench import hub_scripts
from varde_protocols import service_request
from varde_simulator import flash_image
from varde_simulator.usb.usb_board import UsbBoard

pytestmark = board_place.needs_vm

ANSWER_S = 120.0
IN_VAIN_S = 5.0


class Bench:
    """A hub on a cable, and mpremote."""

    def __init__(self, hub: console_place.Desk, usb: UsbBoard) -> None:
        self._desk = hub
        self.usb = usb
        self.wire = bytearray()
        usb.taps.append(lambda _way, data: self.wire.extend(data))

    async def mpremote(self, *words: object) -> tuple[int, str]:
        return await self._desk.mpremote(self.usb.pty, *words)

    async def run(self, script: str, *words: str, **values: object) -> dict[str, object]:
        """Run a script as the bench does; return its last line."""
        given = [
            word for name, value in values.items() for word in ("exec", f"{name} = {value!r}")
        ]
        code, output = await self.mpremote(*words, *given, "exec", hub_scripts.source(script))
        assert code == 0, output
        last = output.strip().splitlines()[-1]
        result: dict[str, object] = json.loads(last.removeprefix(desk.LAST_LINE))
        assert "error" not in result, output
        return result

    async def copy(self, path: Path, there: str) -> None:
        code, output = await self.mpremote("fs", "cp", path, f":{there}")
        assert code == 0, output

    async def hear(self, wanted: bytes) -> bytes:
        """Wait for these bytes and the line after them."""
        for _ in range(int(ANSWER_S * 50)):
            _, found, rest = bytes(self.wire).rpartition(wanted)
            if found and b"\n" in rest:
                return rest.partition(b"\r\n")[0]
            await asyncio.sleep(0.02)
        raise AssertionError((wanted, bytes(self.wire[-2000:])))

    async def open(self) -> None:
        """By the console's own lines."""
        for _ in range(int(ANSWER_S)):
            self.usb.board.console.write(b"\nvarde?\n")
            await asyncio.sleep(1)
            if b"varde: service " in self.wire:
                break
        hub_id, nonce = (bytes.fromhex(text.decode())
                         for text in (await self.hear(b"varde: service ")).split())  # fmt: skip
        request = service_request.sign(provisioned.SERVICE, nonce, hub_id)
        self.usb.board.console.write(cable.line_of(request) + b"\n")
        await self.hear(b"varde: open until ")


def at_bench(
    folder: Path, files: dict[str, bytes] | None, act: Callable[[Bench], Awaitable[None]]
) -> None:
    """Run `act` at a hub with these files; None: one that is locked."""

    async def story(place: console_place.Desk) -> None:
        board = place.place.world.add_board("hub-1", files or {}, provisioned.JOURNAL_BYTES)
        if files is None:
            provisioned.flash(board.flash)
        await board.network.start("collector.example", "ntp.example")
        usb = UsbBoard(board, folder)
        place.cables.append(usb)
        bench = Bench(place, usb)
        await usb.plug()
        await act(bench)

    console_place.at_desk(folder, story)


def seed_of(flash: Path) -> bytes:
    """The hub's seed, from its flash."""
    nvs = flash_image.read(flash, "nvs")
    at = nvs.index(b"varde/seedb") + len(b"varde/seedb")
    return nvs[at : at + 32]


def assert_unsaid(wire: bytes, secret: bytes) -> None:
    """Not as it is, in hex, in base64 at any of its three places, or as Python prints it."""
    spelled = [
        secret,
        secret.hex().encode(),
        repr(secret)[2:-1].encode(),
        repr(list(secret)).encode(),
    ]
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + secret)
        spelled.append(text[4:-4])
    for spelling in spelled:
        assert spelling not in wire


def test_a_hub_is_set_up_and_locked_and_its_key_never_crosses_the_wire(tmp_path: Path) -> None:
    trials = tmp_path / "trials"
    trials.mkdir()

    async def act(bench: Bench) -> None:
        await bench.hear(b"waits for the bench: ")  # the first start has made the identity
        made = await bench.run("identity", board="generic")
        for name, content in provisioned.documents().items():
            (trials / name).write_bytes(content)
            await bench.copy(trials / name, f"/{name}.trial")
        placed = await bench.run("documents")
        assert placed["placed"] == ["/trust.cbor", "/assignment.cbor"]
        state = await bench.run("state")
        assert state["hub"] == made["hub"]
        assert (await bench.run("tail", since=1, most=5))["more"] is False
        assert (await bench.run("lock"))["locked"] == 1
        bench.usb.press_reset()
        await bench.open()
        opened = await bench.run("lockstate")
        assert (opened["locked"], opened["start"]) == (1, "open")
        seed = seed_of(bench.usb.board.flash)
        assert len(bench.wire) > 20_000
        assert_unsaid(bytes(bench.wire), seed)
        wiped = await bench.run("wipe")
        assert wiped["seed_was_there"] is True
        assert_unsaid(bytes(bench.wire), seed)
        whole = bench.usb.board.flash.read_bytes()
        for secret in (seed, provisioned.PASSWORD.encode()):
            assert secret not in whole

    at_bench(tmp_path, provisioned.FILES, act)


async def tries_in_vain(usb: UsbBoard, *words: str) -> None:
    """Let mpremote try for a while: it has got no answer by then."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mpremote", "connect", usb.pty, *words, "exec", "print(6*7)",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    await asyncio.sleep(IN_VAIN_S)
    if process.returncode is None:
        process.kill()
    output, _ = await process.communicate()
    assert process.returncode != 0
    assert b"42" not in output


def test_mpremote_finds_no_prompt_on_a_locked_hub(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await tries_in_vain(bench.usb)
        await tries_in_vain(bench.usb, "resume")
        await bench.open()
        for _ in range(2):  # each connects with a soft reset
            code, output = await bench.mpremote("exec", "print(6*7)")
            assert (code, output.strip()) == (0, "42")
        bench.usb.press_reset()
        await tries_in_vain(bench.usb)

    at_bench(tmp_path, None, act)
