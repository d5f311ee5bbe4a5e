"""A municipality that does not exist: keys, papers' facts, models and references, by `varde`.

All of it is said to be practice, in the names that stand on papers and labels too, and the keys
are of this folder alone: what is signed here is refused by every other site.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from varde_simulator import interpreter
from varde_simulator.host_programs import COLLECTOR_NAME, COLLECTOR_PORT, NTP_NAME, HostPrograms
from varde_simulator.practice.plan import Plan, ReferenceThing, SensorThing
from varde_simulator.usb import stand_in_image

NAME = "ØVELSE"
MARK = "practice.json"
"""In the site's folder: whoever finds it there knows what the site is."""
WIFI = ("ovelse", "ikke hemmelig")
BY = "lagertekniker:ovelse"
PLACE = "Øvebenk"
COLLECTOR_DATABASE = "collector.sqlite"
_LABEL = """municipality = "ØVELSE, ikke til bruk"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
"""
_CALIBRATED_AGO, _DUE_IN, _LATE_BY = timedelta(days=200), timedelta(days=530), timedelta(days=40)


@dataclass(frozen=True)
class Files:
    """What the bench is told to use, all in the practice folder."""

    folder: Path

    @property
    def ports(self) -> Path:
        """A line a port: where boards are now."""
        return self.folder / "ports"

    @property
    def image(self) -> Path:
        """An interpreter image for virtual boards."""
        return self.folder / "micropython.bin"

    @property
    def wifi(self) -> Path:
        """SSID and password."""
        return self.folder / "wifi.txt"

    @property
    def firmware(self) -> Path:
        """As `make build` leaves it."""
        return interpreter.ROOT / "build" / "firmware"


class PracticeSite:
    """`make(tell)` takes some seconds; `tell(done, of)` hears how far it is."""

    def __init__(self, host: HostPrograms, plan: Plan, files: Files, exercise: str) -> None:
        self.host = host
        self.plan = plan
        self.files = files
        self.exercise = exercise
        self.references: dict[str, str] = {}
        """Ids of the references in the inventory, by label."""
        host.database = host.site / COLLECTOR_DATABASE
        host.site_options = ["--name", NAME]

    async def make(self, tell: Callable[[int, int], None]) -> None:
        """Raises HostFailedError."""
        models = {each.word: each for each in self._things}
        of, done = 1 + len(models) + 2 * len(self.plan.references), 0

        def tick() -> None:
            nonlocal done
            done += 1
            tell(done, of)

        tell(done, of)
        await self.host.make_site()
        self._write_files()
        tick()
        for thing in models.values():
            await self._model(thing)
            tick()
        for each in self.plan.references:
            self.references[each.label] = await self._take_in(each)
            tick()
            await self._certificate(each)
            tick()

    def _write_files(self) -> None:
        image = stand_in_image.build(interpreter.find().version)
        self.files.image.write_bytes(image)
        self.files.wifi.write_text(":".join(WIFI) + "\n", encoding="utf-8")
        site = self.host.site
        models = {each.word: each for each in self.plan.sensors}
        for name, text in (
            (MARK, json.dumps({"exercise": self.exercise}) + "\n"),
            ("label.toml", _LABEL),
            ("bench.toml", self.bench_toml()),
            ("sensor-models.toml", "\n".join(map(_described, models.values()))),
        ):
            (site / name).write_text(text, encoding="utf-8")

    def bench_toml(self, manometer: str = "") -> str:
        """What the bench uses when nobody says otherwise."""
        desk = {
            "image": str(self.files.image), "firmware": str(self.files.firmware),
            "wifi": str(self.files.wifi), "host": COLLECTOR_NAME,
            "collector_port": COLLECTOR_PORT, "ntp_host": NTP_NAME,
            "ports": [f"@{self.files.ports}"],
        }  # fmt: skip
        if manometer:
            desk["manometer"] = manometer
        return f'place = "{PLACE}"\n\n[desk]\n{_lines(desk)}'

    def tell_manometer(self, port: str) -> None:
        """Write down on which port it is."""
        text = self.bench_toml(port)
        (self.host.site / "bench.toml").write_text(text, encoding="utf-8")

    async def varde(self, *arguments: str, feed: str = "") -> str:
        """A command on this site."""
        return await self.host.run(*arguments, "--site", str(self.host.site), feed=feed)

    @property
    def _things(self) -> Sequence[SensorThing | ReferenceThing]:
        return (*self.plan.sensors, *self.plan.references)

    async def _model(self, thing: SensorThing | ReferenceThing) -> None:
        kind = "sensor" if isinstance(thing, SensorThing) else "reference"
        await self.varde(
            "stock", "model", "add", thing.word, kind, "--name", thing.title, "--maker", NAME,
            "--code", f"gtin:{thing.gtin}", "--by", BY,
        )  # fmt: skip

    async def _take_in(self, each: ReferenceThing) -> str:
        told = await self.varde(
            "stock", "add", "--scan", f"01{each.gtin}21{each.serial}", "--by", BY, "--json"
        )
        return str(json.loads(told)["item_id"])

    async def _certificate(self, each: ReferenceThing) -> None:
        today = self.host.clock.utc()
        due = today - _LATE_BY if each.is_late else today + _DUE_IN
        await self.varde(
            "verify", "reference", "add", self.references[each.label], "--kind", each.kind,
            "--certificate", f"OVELSE-{each.serial}", "--issuer", NAME, "--unit", each.unit,
            "--calibrated-on", _day(min(today, due) - _CALIBRATED_AGO), "--due", _day(due),
            *each.options, "--by", "kalibreringsansvarlig:ovelse",
        )  # fmt: skip


def _day(moment: Any) -> str:
    return str(moment.date().isoformat())


def _described(thing: SensorThing) -> str:
    return (
        f"[{thing.word}]\n{_lines(thing.row)}\n[{thing.word}.measures]\n{_lines(thing.measures)}"
    )


def _lines(table: dict[str, Any]) -> str:
    # JSON's texts, numbers, booleans and lists are TOML's.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
