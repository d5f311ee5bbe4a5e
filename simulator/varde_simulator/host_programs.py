"""The host's own programs, run as a person or a service manager runs them: as processes.

Nothing of the host is imported: what the simulator shows is what its commands do.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from varde_simulator.clock import VirtualClock
from varde_simulator.network import LOOPBACK
from varde_simulator.scenario_links import LinksPlan

COMMAND = (sys.executable, "-m", "varde_host.cli")
COLLECTOR_NAME = "collector.varde.example"
NTP_NAME = "ntp.varde.example"
COLLECTOR_PORT = 8443  # as the hub's config says; the wire knows the real one

READY_TIMEOUT_S = 60  # an interpreter with its imports starts in one or two, on a loaded machine
STOP_TIMEOUT_S = 10
MAX_LINE_BYTES = 1 << 22  # an event of a command may hold a record


class HostFailedError(Exception):
    """A host command ended badly; its words are in the text."""


class HostPrograms:
    """A site folder, a database and the collector that serves them."""

    def __init__(self, clock: VirtualClock, folder: Path) -> None:
        self.clock = clock
        self.site = folder / "site"
        self.database = folder / "collector.db"
        self.log = folder / "collector.log"
        self.trust = b""
        self.server_names: list[str] = []  # others that the site's certificate is for
        self.site_options: list[str] = []  # more of `varde site init`
        self.ends_with_us = False  # the collector ends with this process, whatever ends it (Linux)
        self.release_public: Path | None = None  # `release.json` of keys that the site takes up
        self.collector_options: list[str] = []
        self.restarts = 0
        self.address: tuple[str, int] | None = None
        self._collector: asyncio.subprocess.Process | None = None

    @property
    def collector_is_up(self) -> bool:
        """It answers."""
        return self.address is not None

    async def run(self, *arguments: str, feed: str = "", may_find: bool = False) -> str:
        """Run `varde ARGUMENTS`; its standard output. Raises HostFailedError. Where it `may_find`
        something wrong, its words about that are an answer, whatever its status."""
        with self.clock.busy(f"varde {arguments[0]}"):
            process = await asyncio.create_subprocess_exec(
                *COMMAND,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                process_group=0,  # Ctrl-C is for the simulator, which then stops them
            )
            try:
                out, errors = await process.communicate(feed.encode())
            except asyncio.CancelledError:
                await _end(process)
                raise
        if process.returncode != 0 and not (may_find and out):
            words = (errors or out).decode(errors="replace").strip()
            raise HostFailedError(f"varde {' '.join(arguments)}: {words}")
        return out.decode()

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start `varde ARGUMENTS` and leave it to the caller, with pipes to all three of its
        streams."""
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(),
            process_group=0,
            limit=MAX_LINE_BYTES,
            preexec_fn=_end_with_parent if self.ends_with_us else None,
        )

    async def make_site(self) -> None:
        """Keys, roots, the collector's certificate and the first trust."""
        names = [
            word for name in (COLLECTOR_NAME, *self.server_names)
            for word in ("--server-name", name)
        ]  # fmt: skip
        more = (*self.site_options, "--no-passphrase")
        await self.run("site", "init", str(self.site), *names, *more)
        if self.release_public is not None:
            public = str(self.release_public)
            await self.run("site", "release-keys", "--site", str(self.site), "--public", public)
        file = self.site.parent / "trust.cbor"
        await self.run("site", "trust", "--site", str(self.site), "--out", str(file))
        self.trust = file.read_bytes()

    async def assignment(
        self,
        links: LinksPlan,
        sensors: list[str],
        heartbeat_s: int,
        board: str,
        options: Sequence[str] = (),
    ) -> bytes:
        """The bytes of `assignment.cbor`, for any hub of the site.

        Sensors as `varde hub assignment --sensors` takes them; `options` are others of it.
        """
        file = self.site.parent / "assignment.cbor"
        file.unlink(missing_ok=True)
        listed = self.site.parent / "sensors.txt"  # passkeys and codes among them
        listed.write_text("\n".join(sensors), encoding="utf-8")
        ways: list[str] = ["--wifi", "-"] if links.networks else []
        if links.modem is not None:
            told = self.site.parent / "modem.txt"
            told.write_text(links.modem.lines(), encoding="utf-8")
            ways += ["--modem", str(told), "--data-budget", str(links.modem.data_budget_mib)]
        await self.run(
            "hub", "assignment", "--site", str(self.site), "--host", COLLECTOR_NAME,
            "--port", str(COLLECTOR_PORT), "--ntp-host", NTP_NAME, *ways,
            "--heartbeat", str(heartbeat_s), "--board", board, "--out", str(file),
            "--sensors", str(listed), *options, feed=links.wifi_lines(),
        )  # fmt: skip
        return file.read_bytes()

    async def enrol(self, *public_hex: str) -> None:
        """Let these hubs deliver."""
        await self.run(
            "hub", "keys", "enrol", *public_hex, "--site", str(self.site),
            "--database", str(self.database),
        )  # fmt: skip

    async def readings(self) -> list[dict[str, Any]]:
        """What the receiver sees, as `varde readings --json` says it."""
        rows: list[dict[str, Any]] = json.loads(await self._readings("--json"))
        return [row for row in rows if row["repeats"] is None]

    async def repeats(self) -> list[dict[str, Any]]:
        """What the receiver has twice and leaves out, or marks."""
        rows = json.loads(await self._readings("--json", "--all"))
        return [row for row in rows if row["repeats"] is not None]

    async def readings_table(self) -> str:
        """All of it, for people."""
        return await self._readings()

    async def _readings(self, *options: str) -> str:
        site, database = str(self.site), str(self.database)
        return await self.run("readings", "--site", site, "--database", database, *options)

    async def start_collector(self, heartbeat_s: int) -> tuple[str, int]:
        """Start it and wait until it listens; where."""
        with self.clock.busy("collector starts"), self.log.open("ab") as log:
            self._collector = await asyncio.create_subprocess_exec(
                *COMMAND, "collector", "--site", str(self.site), "--database", str(self.database),
                "--host", LOOPBACK, "--port", "0", "--heartbeat", str(heartbeat_s), "--json",
                *self.collector_options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                process_group=0,
                preexec_fn=_end_with_parent if self.ends_with_us else None,
            )  # fmt: skip
            assert self._collector.stdout is not None
            line = b""
            with contextlib.suppress(TimeoutError):
                line = await asyncio.wait_for(self._collector.stdout.readline(), READY_TIMEOUT_S)
        try:
            listening = json.loads(line)["listening"]
        except (ValueError, KeyError):
            await self.stop_collector()
            raise HostFailedError(f"varde collector did not start; see {self.log}") from None
        self.address = (listening["host"], listening["port"])
        return self.address

    async def stop_collector(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop, or kill it."""
        process, self._collector = self._collector, None
        self.address = None
        if process is None or process.returncode is not None:
            return
        with self.clock.busy("collector stops"):
            process.send_signal(how)
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                await _end(process)
            except asyncio.CancelledError:
                await _end(process)
                raise

    def _environment(self) -> dict[str, str]:
        wanted = {"VARDE_CLOCK": str(self.clock.path), "PYTHONUNBUFFERED": "1"}
        wanted |= {"COLUMNS": _columns(), "NO_COLOR": "1"}
        return {"VARDE_LANGUAGE": "en", **os.environ, **wanted}


def _end_with_parent() -> None:
    """In the child, before it becomes the program: prctl(2), PR_SET_PDEATHSIG is 1."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _columns() -> str:
    """How wide tables may be: as the terminal that they end up on, or wide for a log."""
    return str(shutil.get_terminal_size((140, 24)).columns if sys.stdout.isatty() else 140)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
