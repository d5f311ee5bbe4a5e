"""A kit that an exercise finds already made: the bench's own commands, with hands that know how.

What takes a person a quarter of an hour takes a minute or two here; how far it is is told. The
sensors of such a kit have a laboratory's certificate, as that is verified by reading.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from varde_simulator.host_programs import HostFailedError
from varde_simulator.practice import plan as plans
from varde_simulator.practice.bench_table import BenchTable
from varde_simulator.practice.plan import Plan
from varde_simulator.practice.site import BY, NAME, PracticeSite

CHECKER = "kalibreringsansvarlig:ovelse"
PRESS_EVERY_S = 0.5
MOST_QUESTIONS = 30
"""More is one that is asked again and again."""
_CLEANED = ("-e", "cleaning.product=øvesåpe", "-e", "cleaning.batch=1")
_WIPED = ("-e", f"wipe.record={'0e' * 32}")
_HANDED_OUT = ("-e", "handout.instructed=yes")
_RETURNED = ("-e", "return.infection=no", "-e", "return.complete=yes")
_QUESTION = re.compile(r"(?:^|\n)([^\n]*[?:.)] )$")

Event = Mapping[str, Any]


class Maker:
    """`await make()` brings the first kit as far as the plan says; `tell(done, of)` hears it."""

    def __init__(self, plan: Plan, site: PracticeSite, table: BenchTable) -> None:
        self.plan = plan
        self.site = site
        self.table = table
        self.kit = ""
        self._scans = [each.code for each in plan.sensors if each.label == each.kind]
        self._presses = False
        self._hands: set[asyncio.Task[None]] = set()

    async def make(self, tell: Callable[[int, int], None]) -> None:
        """Raises HostFailedError."""
        stages = (
            (plans.MADE, self._made), (plans.VERIFIED, self._verified), (plans.READY, self._ready),
            (plans.HANDED_OUT, self._handed_out), (plans.RETURNED, self._returned),
        )  # fmt: skip
        wanted = stages[: plans.PREPARED.index(self.plan.prepared)]
        for done, (_, stage) in enumerate(wanted):
            tell(done, len(wanted))
            await stage()
        await self._end_hands()

    async def _made(self) -> None:
        await self.table.say("into-loader board-1")
        await self._run("bench", "run", "--scan", "--count", "1", *self._desk(), "--by", BY)
        await self._move("cleaned", *_CLEANED)
        await self._move("wiped", *_WIPED)

    def _desk(self) -> tuple[str, ...]:
        files = self.site.files
        return (
            "--port", f"@{files.ports}", "--image", str(files.image), "--firmware",
            str(files.firmware), "--wifi", str(files.wifi), "--ntp-host", "ntp.varde.example",
        )  # fmt: skip

    async def _verified(self) -> None:
        rows = json.loads(await self.site.varde("stock", "list", "--kind", "sensor", "--json"))
        for row in rows:
            await self._certified(str(row["item_id"]), str(row["serial"]))

    async def _certified(self, item: str, serial: str) -> None:
        today = self.site.host.clock.utc().date()
        await self.site.varde(
            "verify", "reference", "add", item, "--kind", "external-certificate",
            "--certificate", "OVELSE-1", "--issuer", NAME, "--accreditation", "OVELSE",
            "--unit", "-", "--u", "0,1", "--k", "2",
            "--calibrated-on", str(today - timedelta(days=20)),
            "--due", str(today + timedelta(days=340)), "--by", CHECKER,
        )  # fmt: skip
        answers = {"Type it": serial, "certificate's number": "OVELSE-1"}
        await self._talk(
            answers, "--language", "en", "verify", "run", item, "--procedure",
            "external-certificate", "--by", CHECKER,
        )  # fmt: skip

    async def _ready(self) -> None:
        port = ("--port", f"@{self.site.files.ports}")
        await self._run("accept", "run", self.kit, *port, "--label", self.kit, "--by", BY)

    async def _handed_out(self) -> None:
        await self._move("handed-out", *_HANDED_OUT)
        out = str(self.site.files.folder / "papers")
        await self.site.varde(
            "report", "handout", self.kit, "--out", out, "--instructed", "--by", BY
        )

    async def _returned(self) -> None:
        await self._move("returned", *_RETURNED)

    async def _move(self, state: str, *evidence: str) -> None:
        await self.site.varde("kit", "move", self.kit, state, *evidence, "--by", BY)

    # Commands that ask

    async def _run(self, *arguments: str) -> None:
        """One whose events are lines of JSON, to its end."""
        process = await self._started(*arguments, "--json")
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.ensure_future(process.stderr.read())
        last = b""
        try:
            while line := await process.stdout.readline():
                last = line
                with contextlib.suppress(ValueError):
                    answer = self._answer(json.loads(line))
                    if answer is not None:
                        self._type(process, answer)
            await self._ended(process, arguments, last + await errors)
        finally:
            self._presses = False
            if process.returncode is None:
                process.kill()

    async def _talk(self, answers: Mapping[str, str], *arguments: str) -> None:
        """One that asks at a terminal: `answers` by a part of the question, else yes."""
        process = await self._started(*arguments)
        assert process.stderr is not None
        read, count = "", 0
        try:
            while chunk := await process.stderr.read(4096):
                read += chunk.decode()
                asked = _QUESTION.search(read)
                if asked is None:
                    continue
                found = [text for part, text in answers.items() if part in asked[1]]
                self._type(process, found[0] if found else "y")
                read, count = read + "\n", count + 1
                if count > MOST_QUESTIONS:
                    raise HostFailedError(f"varde {' '.join(arguments)}: {read[-400:]}")
            await self._ended(process, arguments, read.encode())
        finally:
            if process.returncode is None:
                process.kill()

    async def _started(self, *arguments: str) -> asyncio.subprocess.Process:
        return await self.site.host.start(*arguments, "--site", str(self.site.host.site))

    @staticmethod
    def _type(process: asyncio.subprocess.Process, line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(line.encode() + b"\n")

    @staticmethod
    async def _ended(
        process: asyncio.subprocess.Process, arguments: tuple[str, ...], last: bytes
    ) -> None:
        if await process.wait():
            words = last.decode(errors="replace").strip()[-400:]
            raise HostFailedError(f"varde {' '.join(arguments[:3])}: {words}")

    # Hands

    def _answer(self, event: Event) -> str | None:
        """What somebody types to an event; hands are moved meanwhile."""
        question, code = str(event.get("question", "")), event.get("code")
        if event.get("event") != "person":
            self._presses = self._presses and event.get("event") != "finished"
            return None
        if question == "pairing.scan":
            return self._scans.pop(0) if self._scans else ""
        if question == "labelling.scan":
            self.kit = str(event["kit"])
            return self.kit
        if question == "accept.ask.light":
            return "yes"
        self._move_hands(question, str(code))
        return None

    def _move_hands(self, question: str, code: str) -> None:
        if question == "accept.ask.button":
            self._presses = True
            self._do(self._press())
        elif code == "pull-power":
            self._do(self._pull())
        elif code == "hold-boot":
            self._do(self.table.say("into-loader board-1"))
        else:
            self._do(self._use_sensors(code))

    async def _use_sensors(self, code: str) -> None:
        for label, each in self.table.sensors.items():
            holds = code in ("sensor-hold", "ble-06") and each.thing.kind != "oximeter"
            measure = {"scale": "step-on {} 70", "oximeter": "finger-in {}", "cuff": "measure {}"}
            line = "hold-button {}" if holds else measure[each.thing.kind]
            await self.table.say(line.format(label))

    async def _press(self) -> None:
        while self._presses:
            await self.table.say("press board-1")
            await asyncio.sleep(PRESS_EVERY_S)

    async def _pull(self) -> None:
        await self.table.say("unplug board-1")
        await self.table.say("plug board-1")

    def _do(self, deed: Any) -> None:
        task = asyncio.ensure_future(deed)
        self._hands.add(task)
        task.add_done_callback(self._hands.discard)

    async def _end_hands(self) -> None:
        for task in self._hands:
            task.cancel()
        await asyncio.gather(*self._hands, return_exceptions=True)
