"""The receiver's records per second and core, beside the bare decrypt-and-verify of the same.

Homes of a month each (`receiver_load`): all records are verified, the readings opened, decoded,
dated, put together with their loans and made FHIR, each resource to its bytes.

- bare: libsodium's check of every record and OpenSSL's AES-CCM of every reading on prepared
  inputs, nothing else: the bound. The receiver's own check is OpenSSL's, so that two libraries
  have to agree on a record before it is handed on; what that costs stands in a row of its own.
- opened: `receiver.source.opened` out of SQLite: rows with fields, times and repetitions.
- stream: `loan_facts.stream`, with a loan sheet for each hub.
- FHIR: `fhir.of` and the exact JSON of every Observation with what it refers to, one row a style.

- a hub of a year, looked at again: whatever comes of a hub, all of it is opened, since the newest
  anchor may date the oldest reading.

A month of a hub has 290 reports and clocks for 300 readings. Rates count all records, shares are
of the bare rate; what a reading takes is counted per reading. Times are processor time of one
thread, stages take turns, and the median of the rounds counts. Writes build/bench/receiver.json.
"""

from __future__ import annotations

import gc
import json
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host"), str(ROOT / "benchmarks")]

import nacl.bindings  # noqa: E402 - the path is set above
import receiver_load  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: E402
from cryptography.hazmat.primitives.ciphers import aead  # noqa: E402

from varde_host.collector import batch, commit, database, registry  # noqa: E402
from varde_host.fhir import exact_json, of, style  # noqa: E402
from varde_host.fhir.measured import CUFF, OXIMETER, SCALE, THERMOMETER, Measured  # noqa: E402
from varde_host.loan_facts import facts, sheet, stream  # noqa: E402
from varde_host.receiver import source, verification_of  # noqa: E402
from varde_protocols import cose  # noqa: E402

HOMES: Final = 6
DAYS: Final = 30
ROUNDS: Final = 3
TAG_BYTES: Final = 16
RECEIVER: Final = bytes(range(32))
PEER: Final = "libsodium verify and AES-CCM alone"
GOAL_SHARE: Final = 0.3
"""Of the bare rate, opened and decoded, in interpreted code around two C libraries."""
GOAL_RATE: Final = 350
"""Fifteen times what a hundred thousand hubs of twenty readings a day send on the average."""
YEAR_DAYS: Final = 365
RESULT: Final = ROOT / "build" / "bench" / "receiver.json"

Seconds = dict[str, float]
Home = receiver_load.Home
STYLES: Final = {
    f"FHIR, {target}": style.Style(bytes(32), target) for target in (style.VKP, style.PHD)
}


def figure(
    value: float | None, unit: str, goal: float | None = None, peer: float | None = None
) -> dict[str, Any]:
    """Return one row of the result."""
    name = None if peer is None else PEER
    return {"value": value, "unit": unit, "goal": goal, "peer": peer, "peer_name": name}


def fill(opened: database.Database, homes: list[Home]) -> None:
    """Store what the homes have sent, as a collector does."""
    with opened.writing() as connection:
        for home in homes:
            registry.enrol(connection, home.public, 0)
    for number, home in enumerate(homes, 1):
        rows: list[batch.Row] = [(number, *row) for row in home.rows]
        with opened.writing() as connection:
            commit.commit(connection, [batch.Batch(number, 0, rows, [], [])])


def loans(homes: list[Home]) -> facts.LoanFacts:
    """Return a sheet for each home, with its four sensors."""
    sheets = []
    for number, home in enumerate(homes):
        span = sheet.Span(receiver_load.BEGIN_MS - 1)
        things = tuple(
            sheet.Lent(f"V{number:03d}{slot}", sheet.SENSOR, measures, span, name=measures)
            for slot, measures in enumerate((OXIMETER, CUFF, SCALE, THERMOMETER), 1)
        )
        sheets.append(
            sheet.Sheet(
                f"2027{number:06d}",
                span.from_ms,
                f"K{number:05d}",
                f"{number:016d}",
                span,
                (sheet.HubSpan(home.hub_id, span),),
                things,
            )
        )
    return facts.LoanFacts(tuple(sheets))


class Stages:
    """All that is timed, of the same homes."""

    def __init__(self, connection: sa.Connection, homes: list[Home]) -> None:
        self._connection = connection
        self._homes = homes
        self._facts = loans(homes)
        self._register = verification_of.Register([])
        self._opened: list[source.Opened] = []
        self._measured: list[Measured] = []
        self.resources = 0
        self.bytes = 0

    def bare(self) -> None:
        for home in self._homes:
            for signed in home.signed:
                nacl.bindings.crypto_sign_open(signed, home.public)
        self._decrypted()

    def bare_openssl(self) -> None:
        for home in self._homes:
            key = ed25519.Ed25519PublicKey.from_public_bytes(home.public)
            for signed in home.signed:
                key.verify(signed[: cose.SIGNATURE_BYTES], signed[cose.SIGNATURE_BYTES :])
        self._decrypted()

    def _decrypted(self) -> None:
        for home in self._homes:
            for one in home.sealed:
                aead.AESCCM(one.key, TAG_BYTES).decrypt(one.nonce, one.data, one.aad)

    def opened(self) -> None:
        self._opened = list(source.opened(self._connection, RECEIVER, None))

    def streamed(self) -> None:
        self._measured = [
            each
            for hub in self._opened
            for each in stream.measured(hub, self._facts, [], self._register)
        ]

    def fhir(self, chosen: style.Style) -> None:
        self.resources = self.bytes = 0
        for each in self._measured:
            made = of.of(each, chosen)
            for resource in [*made.observations, *made.around]:
                self.bytes += len(exact_json.dumps(resource))
                self.resources += 1

    def check(self, readings: int) -> None:
        """Everything was measured once, and went the whole way."""
        assert len(self._measured) == readings, (len(self._measured), readings)
        assert all(each.error is None and each.loan_id for each in self._measured)
        assert self.resources >= readings


def one_round(stages: Stages) -> tuple[Seconds, dict[str, tuple[int, int]]]:
    """Return what each stage took, and per style how many resources and bytes came out."""
    spent: Seconds = {}
    made: dict[str, tuple[int, int]] = {}
    gc.collect()
    _timed(spent, "bare", stages.bare)
    _timed(spent, "bare OpenSSL", stages.bare_openssl)
    _timed(spent, "opened", stages.opened)
    _timed(spent, "stream", stages.streamed)
    for name, chosen in STYLES.items():
        _timed(spent, name, lambda chosen=chosen: stages.fhir(chosen))  # type: ignore[misc]
        made[name] = (stages.resources, stages.bytes)
    return spent, made


def _timed(spent: Seconds, name: str, work: Callable[[], None]) -> None:
    began = time.process_time()
    work()
    spent[name] = time.process_time() - began


def figures(
    rounds: list[Seconds], made: dict[str, tuple[int, int]], records: int, readings: int
) -> dict[str, dict[str, Any]]:
    """Return all rows."""
    spent = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    bare = round(records / spent["bare"])
    found = {
        "records": figure(records, "records"),
        "of these readings": figure(readings, "readings"),
        "opened and decoded": figure(
            round(records / spent["opened"]), "records/s/core", None, bare
        ),
        "opened and decoded, share of bare": figure(
            _share(rounds, ("opened",)), "ratio", GOAL_SHARE, 1.0
        ),
        "opened and decoded, share of bare by OpenSSL, which it uses": figure(
            _share(rounds, ("opened",), "bare OpenSSL"), "ratio"
        ),
    }
    for name in STYLES:
        path = ("opened", "stream", name)
        whole_s = sum(spent[stage] for stage in path)
        resources, size = made[name]
        found |= {
            f"{name}, from the database to bytes": figure(
                round(records / whole_s), "records/s/core", None, bare
            ),
            f"{name}, share of bare": figure(_share(rounds, path), "ratio", None, 1.0),
            f"{name}, readings": figure(round(readings / whole_s), "readings/s/core", GOAL_RATE),
            f"{name}, resources a reading": figure(round(resources / readings, 2), "resources"),
            f"{name}, bytes a reading": figure(round(size / readings), "B"),
        }
    for stage in ("opened", "stream", *STYLES):
        found[f"where it goes: {stage}"] = figure(
            round(spent[stage] / readings * 1e6, 1), "us/reading"
        )
    return found


def _share(rounds: list[Seconds], path: tuple[str, ...], bound: str = "bare") -> float:
    shares = [each[bound] / sum(each[stage] for stage in path) for each in rounds]
    return round(statistics.median(shares), 3)


def year(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return what one look at a hub of a year takes."""
    homes = receiver_load.homes(RECEIVER, 1, YEAR_DAYS)
    kept = database.open_database(folder / "year.sqlite")
    fill(kept, homes)
    spent: Seconds = {}
    with kept.reading() as connection:
        stages = Stages(connection, homes)
        _timed(spent, "opened", stages.opened)
        _timed(spent, "stream", stages.streamed)
    kept.close()
    name = f"a hub of a year, {len(homes[0].rows):,} records, looked at again"
    return {name: figure(round(spent["opened"] + spent["stream"], 2), "s")}


def main() -> int:
    homes = receiver_load.homes(RECEIVER, HOMES, DAYS)
    records = sum(len(home.rows) for home in homes)
    readings = sum(home.readings for home in homes)
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-receiver-") as folder:
        kept = database.open_database(pathlib.Path(folder) / "receiver.sqlite")
        fill(kept, homes)
        with kept.reading() as connection:
            stages = Stages(connection, homes)
            one_round(stages)  # caches of codes and of SQLite, as in a service that runs
            stages.check(readings)
            rounds = [one_round(stages) for _ in range(ROUNDS)]
        kept.close()
        made = figures([spent for spent, _ in rounds], rounds[0][1], records, readings)
        made |= year(pathlib.Path(folder))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "receiver", "figures": made}, indent=2) + "\n")
    for name, row in made.items():
        print(f"bench_receiver: {name}: {row['value']} {row['unit']}")
    missed = [n for n, row in made.items() if row["goal"] and row["value"] < row["goal"]]
    for name in missed:
        print(f"bench_receiver: {name} is {made[name]['value']}, goal {made[name]['goal']}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
