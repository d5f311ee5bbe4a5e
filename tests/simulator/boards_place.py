"""`varde-sim boards` as a program, and a board of its flashed: what its tests share."""

import asyncio
import contextlib
import json
import os
import sys

from simulator.console_place import tool
from varde_simulator import interpreter
from varde_simulator.usb import stand_in_image

BOUND_S = 600.0  # against hanging for ever, no more: machines are busy


class Command:
    """A running `varde-sim boards --json`; `news` is what it has told so far."""

    def __init__(self, process):
        self.process = process
        self.news = []
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, folder, *arguments):
        """Its boards stand; afterwards it has ended, by `quit` unless the test has ended it."""
        program = "from varde_simulator import cli; cli.main()"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, "boards", "--json", "--out", str(folder / "boards"),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        command = cls(process)
        try:
            await command.heard("complete")
            yield command
            if process.returncode is None:
                await command.quit()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _read(self):
        while line := await self.process.stdout.readline():
            self.news.append(json.loads(line))

    def say(self, word):
        self.process.stdin.write(word.encode() + b"\n")

    def told(self, event, **more):
        wanted = {"event": event, **more}
        return [news for news in self.news if wanted.items() <= news.items()]

    async def heard(self, event, count=1, **more):
        """The latest news of this event that agrees with `more`, once there are `count`."""
        while len(self.told(event, **more)) < count:
            if self._reading.done():
                error = await self.process.stderr.read()
                raise AssertionError(f"ended without {event}: {self.news} {error.decode()}")
            await asyncio.sleep(0.01)
        return self.told(event, **more)[-1]

    async def quit(self):
        self.say("quit")
        error = await self.process.stderr.read()
        assert await self.process.wait() == 0, error
        assert error == b""


def bounded(story):
    asyncio.run(asyncio.wait_for(story, BOUND_S))


async def flash(folder, board, parts):
    """These (offset, bytes) onto a board in its loader, as a person at a shell does it."""
    files = []
    for offset, content in parts:
        file = folder / f"{offset:x}.bin"
        file.write_bytes(content)
        files += [hex(offset), file]
    code, output = await tool(
        "esptool", "--chip", "esp32s3", "--port", board["pty"], "--before", "no-reset",
        "--after", "no-reset", "write-flash", *files,
    )  # fmt: skip
    assert code == 0, output


async def flashed(command, folder, number, parts=None):
    """From bare to its first start, by the boot button and the PTY; the interpreter alone, if
    nothing else is given."""
    board = command.told("board", board=number)[-1]
    command.say(f"boot {number} down")
    command.say(f"reset {number}")
    command.say("help")
    await command.heard("words", count=len(command.told("words")) + 1)
    image = stand_in_image.build(interpreter.find().version)
    await flash(folder, board, parts or [(0, image)])
    command.say(f"boot {number} up")
    command.say(f"reset {number}")
    if parts is None:
        await booted(folder, number)
    return board


async def booted(folder, number, times=1):
    """It has been at its prompt so often: what is sent before is lost, as at a real one."""
    await logged(folder, number, "for more information", times)


async def logged(folder, number, text, times=1):
    """Its console has said this so often; everything that it has said."""
    log = folder / "boards" / f"bench-{number}.log"
    while not log.exists() or log.read_text().count(text) < times:
        await asyncio.sleep(0.01)
    return log.read_text()
