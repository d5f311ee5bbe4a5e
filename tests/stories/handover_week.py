"""The receiver of a played week: its folder, its two targets of files, and what they hold."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import io
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from varde_host import cli
from varde_host.bench_record import form, signing
from varde_host.fhir import exact_json, measured
from varde_host.inventory import kit_id
from varde_host.inventory.who import Who
from varde_host.loan_facts import sheet_folder
from varde_host.receiver_store import folder as folders
from varde_host.site import files
from varde_simulator import vectors

LOAN = "2503481100000001"
BY = Who("lagertekniker", "t17")
OXIMETER, SCALE, NEW_SCALE, CUFF = (
    kit_id.new(random.Random(number).randrange) for number in range(4)
)
PROFILES = {"journal": "vkp", "region": "no-domain"}
_TARGET = """
[target.{name}]
kind = "file"
on = true
purpose = "tests"
profile = "{profile}"
"""
_UNITS = {"mmHg": "mm[Hg]", "kPa": "kPa", "kg": "kg", "lb": "[lb_av]", "m": "m"}
_OF_THEIR_UNIT = ("systolic", "diastolic", "map", "weight")
_PERCENT = ("spo2", "spo2_fast", "pulse_amplitude_index")
_A_MINUTE = ("pulse_rate", "pulse_rate_fast")
Said = Counter[tuple[Decimal, str]]


class Receiver:
    """Of a play's site and collector, with a loan that its hub is in."""

    def __init__(self, path: Path, playing: Any, verification: bytes) -> None:
        host = playing.stage.host
        self.site = files.load(host.site)
        self.folder = folders.make(path, self.site)
        self._playing = playing
        self._verification = verification
        self._begin_ms = int(playing.story.start.timestamp() * 1000) - 86_400_000
        feed = f'[feed]\ndatabase = "{host.database}"\n'
        tables = [_TARGET.format(name=name, profile=PROFILES[name]) for name in PROFILES]
        (path / folders.SETTINGS).write_text(feed + "".join(tables))

    def lend(self) -> None:
        """Sign the sheet: the oximeter is the person's own, one scale came in another's place."""
        swapped_ms = self._begin_ms + 5 * 86_400_000
        span = {"from_ms": self._begin_ms, "until_ms": None}
        things = [
            self._thing("oximeter", OXIMETER, measured.OXIMETER, private=True),
            self._thing("scale", SCALE, measured.SCALE, until_ms=swapped_ms),
            self._thing("new-scale", NEW_SCALE, measured.SCALE, from_ms=swapped_ms),
            self._thing("cuff", CUFF, measured.CUFF, verifications=[self._verification.hex()]),
        ]
        body = {
            "kit": kit_id.new(lambda _: 0), "loan": LOAN, **span,
            "hubs": [{"hub": hub, **span} for hub in self._playing.hub_ids],
            "things": things, "slots": [], "reminders": [],
        }  # fmt: skip
        signed = signing.sign(
            self.site, form.LOAN_SHEET, body, by=BY, began_ms=self._begin_ms,
            ended_ms=self._begin_ms, place="Benk 1", random=random.Random(10).randrange,
        )  # fmt: skip
        (self.folder.loans / sheet_folder.name(signed)).write_bytes(signed.document)

    def _thing(self, name: str, item: str, measures: str, **more: Any) -> dict[str, Any]:
        address = self._playing.sensors[name].address
        kind = "random" if address[0] else "public"
        nothing = dict.fromkeys(("maker", "serial", "udi", "lot", "firmware", "size", "until_ms"))
        return {
            "item": item, "kind": "sensor", "measures": measures, "name": name, "private": False,
            "verifications": [], "addresses": [f"{kind}/{address[1:].hex(':').upper()}"],
            "from_ms": self._begin_ms, **nothing, **more,
        }  # fmt: skip

    def keep(self, verification: form.Signed) -> None:
        """Put a verification where the warehouse's export goes."""
        path = self.folder.verifications / f"{verification.sha256[:16]}.cose"
        path.write_bytes(verification.document)

    def run(self, *words: str, status: int = 0) -> str:
        """Run `varde receiver ...`; return what it printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            done = cli.main(["receiver", *words, "--receiver", str(self.folder.path)])
        assert done == status, (done, printed.getvalue())
        return printed.getvalue()

    def files(self, target: str) -> dict[str, bytes]:
        """What a target got, by the names of the files."""
        found = sorted((self.folder.out / target).glob("*.json"))
        return {path.name: path.read_bytes() for path in found}

    def handed(self, target: str) -> list[dict[str, Any]]:
        """The Observations of a target, the newest version of each."""
        newest: dict[str, tuple[int, bytes]] = {}
        for name, content in self.files(target).items():
            stem, _, version = name.removesuffix(".json").rpartition("-")
            newest[stem] = max(newest.get(stem, (0, b"")), (int(version), content))
        observations = [
            entry["resource"]
            for _, content in newest.values()
            for entry in exact_json.loads(content)["entry"]
            if entry["resource"]["resourceType"] == "Observation"
        ]
        names = [each["identifier"][0]["value"] for each in observations]
        assert len(set(names)) == len(names), "one measurement twice"
        return observations


def said(observations: list[dict[str, Any]]) -> Said:
    """Each value with its unit's code, as often as it stands there."""
    return Counter(pair for each in observations for pair in _quantities(each))


def _quantities(found: Mapping[str, Any]) -> Iterator[tuple[Decimal, str]]:
    if "valueQuantity" in found:
        yield Decimal(found["valueQuantity"]["value"]), found["valueQuantity"]["code"]
    for part in found.get("component", ()):
        yield from _quantities(part)


def marked(observations: list[dict[str, Any]], mark: str) -> list[dict[str, Any]]:
    """Those that have a mark."""
    return [
        each for each in observations
        if any(tag["code"] == mark for tag in each.get("meta", {}).get("tag", ()))
    ]  # fmt: skip


def absent(observations: list[dict[str, Any]]) -> int:
    """How many values are said not to be there."""
    return sum(
        "dataAbsentReason" in part for each in observations
        for part in (each, *each.get("component", ()))
    )  # fmt: skip


def truth(playing: Any) -> Said:
    """What the sensors measured, by what the vectors' own file says of the bytes they sent."""
    return Counter(pair for sent in _sent(playing) for pair in _meant(_expected()[sent]))


def not_there(playing: Any) -> int:
    """How many values the sensors said they had not got."""
    return sum(
        expected[name] in (None, "NaN")
        for expected in (_expected()[sent] for sent in _sent(playing))
        for name in _OF_THEIR_UNIT
        if name in expected
    )


def sent_again(playing: Any) -> int:
    """How many readings a sensor sent more than once."""
    return sum(
        each.sent > 1 for sensor in playing.sensors.values() for each in sensor.ledger.readings
    )


def _sent(playing: Any) -> Iterator[tuple[int, bytes]]:
    """Characteristic and bytes, but for the time in them."""
    for sensor in playing.sensors.values():
        for each in sensor.ledger.readings:
            assert not each.overwritten
            yield each.characteristic, _untimed(each.characteristic, each.as_sent)
        for each in sensor.ledger.notifications:
            yield each.characteristic, _untimed(each.characteristic, each.value)


@functools.cache
def _expected() -> dict[tuple[int, bytes], dict[str, Any]]:
    rows = json.loads(vectors.FILE.read_text(), parse_float=Decimal, parse_int=Decimal)
    found: dict[tuple[int, bytes], dict[str, Any]] = {}
    for row in rows:
        if len(row["char"]) == 4:
            characteristic = int(row["char"], 16)
            value = _untimed(characteristic, bytes.fromhex(row["hex"]))
            found.setdefault((characteristic, value), row["expected"])
    return found


def _untimed(characteristic: int, value: bytes) -> bytes:
    return vectors.stamped(characteristic, value, dt.datetime(2000, 1, 1))  # noqa: DTZ001


def _meant(expected: Mapping[str, Any]) -> Iterator[tuple[Decimal, str]]:
    own = expected.get("unit", "kg" if "weight" in expected else "mmHg")
    units = dict.fromkeys(_OF_THEIR_UNIT, _UNITS[own]) | dict.fromkeys(_PERCENT, "%")
    units |= dict.fromkeys(_A_MINUTE, "/min") | {"bmi": "kg/m2", "height": "m"}
    for name, code in units.items():
        if isinstance(expected.get(name), Decimal):
            yield expected[name], code
