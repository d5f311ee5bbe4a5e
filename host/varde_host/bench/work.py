"""What a step is given to work with: one board, its finished steps, the tools, who to ask.

Every tool run finds out which chip it talks to before anything is written, and ends with Fault
`other-board` if it is not this one: cables are changed by hands.

A board is in one of these modes as far as we know:

    UNKNOWN   just plugged in, or the talk broke
    LOADER    the flasher stub has the chip and waits
    RUNNING   the chip was let go and runs what its flash holds
    PROMPT    its interpreter waits for us
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from varde_host import errors
from varde_host.bench import events, faults, hub_scripts
from varde_host.bench.cable import esptool_talk, knocking, ports, serial_line, tools
from varde_host.bench.settings import Settings
from varde_host.inventory import store

UNKNOWN, LOADER, RUNNING, PROMPT = "unknown", "loader", "running", "prompt"

STAY, RUN = "stay", "run"
"""What becomes of the chip after a run of esptool: the loader keeps it, or it starts."""

ANSWER_MARK = "varde-bench: "
_CHIP_MARK = "varde-chip: "
# Both ports have it: machine.unique_id() is the base MAC on an ESP32.
SAY_CHIP = "import machine;print('%s'+machine.unique_id().hex())" % _CHIP_MARK  # noqa: UP031
# After mpremote has let go of the port, as its own shortcuts have it; and whoever opens the port
# next and says Ctrl-C must not keep it from happening.
_LATER = "import machine,micropython,time;micropython.kbd_intr(-1);time.sleep_ms(100);"
_TO_LOADER = _LATER + "machine.bootloader()"
_RESET = _LATER + "machine.reset()"

# A full 2 MiB at 92 kB/s with its erasing takes half a minute; RFC 2217 half as long again.
FLASH_TIMEOUT_S = 300.0
SCRIPT_TIMEOUT_S = 60.0
# mpremote itself waits 10 s for a prompt, and for ever on a port where nobody answers.
PROMPT_TIMEOUT_S = 15.0

Evidence = dict[str, Any]


@dataclass
class Board:
    """A board of the tray."""

    chip_id: str
    port: str
    facts: esptool_talk.ChipFacts
    mode: str = UNKNOWN
    hands_s: float = 0.0
    """Time for which this step has waited for a person."""
    queued_s: float = 0.0
    """Time for which it has waited for that person to have done with other boards."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What a step remembers between its tries in this run."""


@dataclass
class Bench:
    """What all boards share."""

    settings: Settings
    tell: events.Tell
    utc_ms: Callable[[], int]
    ask: Callable[[Board, str, Mapping[str, object]], Awaitable[str]]
    """Ask a person something about a board, by the name of a text; the answer is a line."""
    esptool: Sequence[str] = tools.ESPTOOL
    mpremote: Sequence[str] = tools.MPREMOTE
    inventory: store.Inventory | None = None
    """Where kits and their sensors stand."""
    flashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    """So many esptools at once."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Whose question is on the screen."""
    chip_of_hub: Callable[[str], str] = lambda _hub_id: ""
    """Which chip a hub's id belongs to, "" if nobody knows."""
    refused: MutableMapping[str, str] = field(default_factory=dict)
    """By chip id: why a technician cannot do what that board waits for."""


@dataclass
class Work:
    """One step of one board. `finished` holds the evidence of the steps before."""

    bench: Bench
    board: Board
    step: str
    finished: Mapping[str, Evidence]

    @property
    def settings(self) -> Settings:
        """What the technician asked for."""
        return self.bench.settings

    # Telling and asking

    def tell(self, kind: str, **fields: object) -> None:
        """Say what happens."""
        board = self.board
        now_ms = self.bench.utc_ms()
        self.bench.tell(events.Event(kind, now_ms, board.chip_id, board.port, self.step, fields))

    def progress(self, percent: float) -> None:
        """Say how far this is."""
        self.tell(events.PROGRESS, percent=int(percent))

    async def ask(self, question: str, **fields: object) -> str:
        """Ask a person, who has one question at a time; the wait is theirs, not the machine's.

        Raises Fault `cannot`.
        """
        began_s = time.monotonic()
        async with self.bench.asking:
            asked_s = time.monotonic()
            self.board.queued_s += asked_s - began_s
            self.tell(events.PERSON, question=question, **fields)
            try:
                return await self.bench.ask(self.board, question, fields)
            finally:
                self.board.hands_s += time.monotonic() - asked_s

    def file(self, name: str) -> Path:
        """Return the path of a file of this board, for a tool."""
        return self.settings.folder / f"{self.board.chip_id}-{name}"

    def put(self, name: str, data: bytes) -> Path:
        """Write a file that a tool will read. Raises WorldFailed `file-write`."""
        path = self.file(name)
        try:
            path.write_bytes(data)
        except OSError as error:
            raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
        return path

    # The loader

    async def esptool(
        self, *arguments: str, after: str = STAY, may_differ: bool = False
    ) -> esptool_talk.Talk:
        """Run esptool on this board and return what it said.

        With `may_differ` a verification that fails is an answer (`verified`), not a fault.
        Raises Fault as `esptool_talk.failure`, `other-board`, `hold-boot`.
        """
        if self.board.mode == LOADER or ports.has_lines(self.board.port):
            return await self._esptool(arguments, after, may_differ=may_differ)
        try:
            return await self._esptool(arguments, after, may_differ=may_differ)
        except faults.Fault as fault:
            if fault.code != "board-silent":
                raise
        await self._ask_for_loader()
        return await self._esptool(arguments, after, may_differ=may_differ)

    async def _ask_for_loader(self) -> None:
        """Without reset lines a running interpreter can be asked, or else a person."""
        try:
            await self._mpremote(["exec", "--no-follow", _TO_LOADER], PROMPT_TIMEOUT_S)
            self.board.mode = UNKNOWN
        except faults.Fault as fault:
            raise faults.Fault("hold-boot") from fault

    async def _esptool(
        self, arguments: Sequence[str], after: str, *, may_differ: bool
    ) -> esptool_talk.Talk:
        talk = esptool_talk.Talk(self.progress, self._check_chip)
        command = [*self._way_in(), *self._way_out(after), *arguments]
        self.board.mode = UNKNOWN
        async with self.bench.flashing:
            run = await self._run(self.bench.esptool, command, FLASH_TIMEOUT_S, talk.hear)
        if run.status != 0 and not (may_differ and False in talk.verified.values()):
            raise esptool_talk.failure(run.text)
        if not talk.said.get("mac"):
            raise faults.Fault("talk-garbled", said=esptool_talk.last_words(run.text))
        self.board.mode = LOADER
        if after == RUN and run.status == 0:
            await self._let_go()
        return talk

    async def _let_go(self) -> None:
        """See to it that the chip starts what its flash holds.

        esptool's own reset by the lines does nothing after `--before no-reset`: it never takes DTR
        back, which its opening of the port has asserted, and EN falls only without DTR.
        """
        if ports.has_lines(self.board.port):
            try:
                await asyncio.to_thread(serial_line.reset, self.board.port)
            except serial_line.Error as error:
                raise serial_line.fault(error, self.board.port) from error
        self.board.mode = RUNNING

    def _way_in(self) -> list[str]:
        settings, port = self.settings, self.board.port
        options = ["--port", port, "--baud", str(settings.baud)]
        if self.board.mode == LOADER:
            return [*options, "--before", "no-reset"]
        if ports.has_lines(port):
            return [*options, "--before", "default-reset"]
        return [*options, "--before", "no-reset", "--connect-attempts", "1"]

    def _way_out(self, after: str) -> list[str]:
        # Without lines the chip's own watchdog lets go of it.
        by_watchdog = after == RUN and not ports.has_lines(self.board.port)
        return ["--after", "watchdog-reset" if by_watchdog else "no-reset-stub"]

    def _check_chip(self, chip_id: str) -> None:
        if chip_id != self.board.chip_id:
            raise faults.Fault("other-board", found=chip_id)

    # The prompt

    async def on_hub(
        self,
        script: str,
        *,
        put: Mapping[str, Path] | None = None,
        timeout_s: float = SCRIPT_TIMEOUT_S,
        **values: object,
    ) -> Evidence:
        """Run a script of `on_hub/` on the board's interpreter and return what it answers.

        `values` are set before the script begins; the files `put` are copied to the hub first, by
        their path there. Raises Fault `script-failed`, `answer-malformed`, `other-board`, and
        those of the way to the board.
        """
        text = hub_scripts.source(script)
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        copies = [
            word
            for path, file in (put or {}).items()
            for word in ("fs", "cp", str(file), f":{path}", "+")
        ]
        answer = await self.execute(given + text, script, timeout_s, copies)
        if "error" in answer:
            raise faults.Fault(
                "script-failed", script=script, said=f"{answer['error']}: {answer.get('text')}"
            )
        return answer

    async def execute(
        self,
        code: str,
        name: str,
        timeout_s: float = SCRIPT_TIMEOUT_S,
        first: Sequence[str] = (),
    ) -> Evidence:
        """Run code at the prompt, after the commands `first` of mpremote.

        Its last line beginning with ANSWER_MARK is the answer. Code may hold a WiFi password
        (`prompt.place`), so its file is taken away as soon as it has run.
        """
        file = self.put(f"{name}.py", code.encode())
        try:
            run = await self._mpremote(["exec", SAY_CHIP, *first, "run", str(file)], timeout_s)
        finally:
            file.unlink(missing_ok=True)
        return answer_of(run.lines)

    async def reset(self) -> None:
        """Let the board start anew from its prompt."""
        await self._mpremote(["exec", SAY_CHIP, "exec", "--no-follow", _RESET], PROMPT_TIMEOUT_S)
        self.board.mode = RUNNING

    async def _mpremote(self, arguments: Sequence[str], timeout_s: float) -> tools.Run:
        if self.board.mode == LOADER:
            await self._esptool(["read-mac"], RUN, may_differ=False)
        if self.board.mode != PROMPT:
            await knocking.until_prompt(self.board.port)
        command = ["connect", self.board.port, *arguments]
        self.board.mode = UNKNOWN
        run = await self._run(self.bench.mpremote, command, timeout_s, self._hear_chip)
        if run.status != 0:
            raise mpremote_failure(run.text)
        self.board.mode = PROMPT
        return run

    def _hear_chip(self, line: str) -> None:
        if line.startswith(_CHIP_MARK):
            self._check_chip(line.removeprefix(_CHIP_MARK))

    async def _run(
        self,
        program: Sequence[str],
        arguments: Sequence[str],
        timeout_s: float,
        on_line: tools.OnLine,
    ) -> tools.Run:
        name = program[-1]
        try:
            run = await tools.run(program, arguments, timeout_s=timeout_s, on_line=on_line)
        except faults.Fault as fault:
            self.tell(events.TOOL, program=name, arguments=list(arguments), status=fault.code)
            raise
        self.tell(
            events.TOOL,
            program=name,
            arguments=list(arguments),
            status=run.status,
            ms=round(run.seconds * 1000),
        )
        return run


def mpremote_failure(text: str) -> faults.Fault:
    """Return the fault that mpremote's output speaks of."""
    said = esptool_talk.last_words(text)
    for pattern, code in (
        ("failed to access", "port-gone"),
        ("no device found", "port-gone"),
        ("could not enter raw repl", "board-silent"),
        ("timeout waiting", "board-silent"),
        ("could not complete raw paste", "talk-garbled"),
        ("could not exec command", "talk-garbled"),
        ("unexpected read during raw paste", "talk-garbled"),
        ("SerialException", "port-gone"),
        ("OSError: [Errno 5]", "port-gone"),
        ("No module named mpremote", "tool-missing"),
    ):
        if pattern in text:
            return faults.Fault(code, said=said)
    return faults.Fault("script-failed", said=said)


def answer_of(lines: Sequence[str]) -> Evidence:
    """Return the JSON object of the last line that is an answer.

    Raises Fault `answer-malformed`; what a board prints is as good as its word.
    """
    answers = [line for line in lines if line.startswith(ANSWER_MARK)]
    if not answers:
        raise faults.Fault("answer-malformed", said=esptool_talk.last_words("\n".join(lines)))
    try:
        answer = json.loads(answers[-1].removeprefix(ANSWER_MARK), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise faults.Fault("answer-malformed", said=answers[-1]) from error
    if not isinstance(answer, dict):
        raise faults.Fault("answer-malformed", said=answers[-1])
    return answer


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
