"""A collector's database with a hub of one loan, and a receiver's folder that hands it on."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from host import signed_bench
from host.virtual_hub import VirtualHub
from varde_host import cli
from varde_host.bench_record import form
from varde_host.collector import database, registry, schema
from varde_host.fhir import exact_json
from varde_host.inventory import kit_id
from varde_host.inventory.who import Who
from varde_host.loan_facts import sheet_folder
from varde_host.receiver_store import folder as folders
from varde_protocols import cose, records

NOW_MS = 1_790_000_000_000
LOAN = "2503481100000001"
BY = Who("lagertekniker", "t17")
TARGET = """
[target.{name}]
kind = "file"
on = true
purpose = "tests"
profile = "{profile}"
"""


class Place:
    """`hub` makes records; `deliver` puts them where a collector would."""

    def __init__(self, path: Path, settings: str = "") -> None:
        self.path = path
        self.receiver = path / "receiver"
        site = signed_bench.site()
        self.folder = folders.make(self.receiver, site)
        self.say(settings or TARGET.format(name="journal", profile="vkp"))
        self.hub = VirtualHub(1, site.receiver_public)
        self.collector = path / "collector.sqlite"
        opened = database.open_database(self.collector)
        with opened.writing() as connection:
            registry.enrol(connection, self.hub.public, NOW_MS)
        opened.close()

    def say(self, settings: str) -> None:
        """Write receiver.toml."""
        feed = f'[feed]\ndatabase = "{self.path / "collector.sqlite"}"\n'
        (self.receiver / "receiver.toml").write_text(feed + settings)

    def deliver(self, raws: Iterable[bytes], received_ms: int = NOW_MS) -> None:
        """Put records into the collector's database."""
        opened = database.open_database(self.collector)
        rows = [self._row(raw, received_ms) for raw in raws]
        with opened.writing() as connection:
            connection.execute(schema.records.insert(), rows)
        opened.close()

    def _row(self, raw: bytes, received_ms: int) -> dict[str, Any]:
        record = records.decode(cose.Sign1.parse(raw).unverified_payload)
        return {
            "hub": 1, "seq": record.seq, "boot": record.boot, "uptime_ms": record.uptime_ms,
            "kind": record.KIND, "received_ms": received_ms, "record": raw,
        }  # fmt: skip

    def lend(self, until_ms: int | None = None, loan: str = LOAN) -> None:
        """Sign a loan sheet that has the hub in it, and nothing else."""
        span = {"from_ms": NOW_MS - 30 * 86_400_000, "until_ms": until_ms}
        body = {
            "kit": kit_id.new(lambda _: 0), "loan": loan, **span,
            "hubs": [{"hub": self.hub.hub_id.hex(), **span}],
            "things": [], "slots": [], "reminders": [],
        }  # fmt: skip
        later_ms = len(list(self.folder.loans.iterdir()))  # than each before
        signed = signed_bench.sign(form.LOAN_SHEET, body, NOW_MS + later_ms, BY)
        (self.folder.loans / sheet_folder.name(signed)).write_bytes(signed.document)

    def run(self, *words: str, status: int = 0) -> str:
        """Run `varde receiver ...`; return what it printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            done = cli.main(["receiver", *words, "--receiver", str(self.receiver)])
        assert done == status, printed.getvalue()
        return printed.getvalue()

    def handed(self, name: str = "journal") -> list[dict[str, Any]]:
        """Return the Observations of a target's files, the newest version of each."""
        newest: dict[str, tuple[int, Path]] = {}
        for path in (self.folder.out / name).glob("*.json"):
            stem, _, version = path.stem.rpartition("-")
            newest[stem] = max(newest.get(stem, (0, path)), (int(version), path))
        bundles = [exact_json.loads(path.read_bytes()) for _, path in newest.values()]
        return [
            entry["resource"]
            for bundle in bundles
            for entry in bundle["entry"]
            if entry["resource"]["resourceType"] == "Observation"
        ]


def values(observations: Iterable[dict[str, Any]]) -> list[Decimal]:
    """Return all values, in order."""
    return sorted(each["valueQuantity"]["value"] for each in observations)


def as_json(printed: str) -> Any:
    """Return what a command printed with --json, its last line."""
    return json.loads(printed.splitlines()[-1], parse_float=Decimal)
