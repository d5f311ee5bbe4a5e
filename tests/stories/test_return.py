"""A kit goes out, tested and Klar, and comes back: its last reading is delivered, then nothing is
left, and papers say so.

Real esptool and mpremote on a simulated board, the whole way out (`varde bench run`, `varde accept
run`) and back (`varde bench return`), with the cable pulled in both. What is searched for in the
flash afterwards is first found there, so the search is one that finds.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from stories import acceptance_play
from stories.bench_table import BY, ROOT, WIFI, Ended, Table
from varde_host.bench.taking_back import flash_search, returning
from varde_host.bench.taking_back.flash_search import Secret
from varde_host.flash import partition_table
from varde_host.inventory import states
from varde_host.reporting import checking, slip
from varde_host.site import files, trust_documents
from varde_protocols import wipe_record
from varde_simulator import interpreter, stage

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

GTIN = "09521234543213"
SCANNED = f"01{GTIN}21SC20240"  # GTIN and serial number, as the maker prints them
LABEL = """
municipality = "Nordre Småøy kommune"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
"""
ENTRY_BYTES = 32


class Technician:
    """Does what the bench says, with hands: on the sensor, the scanner, the board's button."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.scans = [SCANNED, ""]
        self.kit = ""
        self.hands: set[asyncio.Task[None]] = set()
        self.when: dict[tuple[str, str], Any] = {}
        self.presses = False

    def __call__(self, event: dict[str, Any]) -> str | None:
        question, code = str(event.get("question", "")), event.get("code")
        act = self.when.pop((str(event.get("event")), str(event.get("step", ""))), None)
        if act is not None:
            self._do(act())
        if event.get("event") != "person":
            self.presses = self.presses and event.get("event") != "finished"
            return None
        if question == "pairing.scan":
            return self.scans.pop(0)
        if question == "labelling.scan":
            self.kit = str(event["kit"])
            return self.kit
        if question.startswith("clear-by-hand.") or question == "accept.ask.light":
            return "ja"
        self._act(question, code)
        return None

    def _act(self, question: str, code: object) -> None:
        if question == "accept.ask.button":
            self.presses = True
            self._do(self.press())
        elif code == "pull-power":
            self._do(self.pull_the_cable())
        elif code == "hold-boot":
            self._do(self.into_loader())
        elif code in ("sensor-hold", "ble-06"):
            self._do(self.table.say("pair scale"))
        elif code in ("sensor-measure", "tid-02"):
            self._do(self.table.say("measure scale"))

    def _do(self, act) -> None:
        task = asyncio.ensure_future(act)
        self.hands.add(task)
        task.add_done_callback(self.hands.discard)

    async def into_loader(self) -> None:
        await self.table.say("boot 1 down")
        await self.table.say("reset 1")
        await asyncio.sleep(1)  # a hand
        await self.table.say("boot 1 up")

    async def press(self) -> None:
        """Again and again, as nobody sees when the hub begins to look."""
        while self.presses:
            await self.table.say("press 1")
            await asyncio.sleep(0.5)  # a finger

    async def pull_the_cable(self) -> None:
        await self.table.say("unplug 1")
        await self.table.until(lambda news: news["event"] == "unplugged")
        since = len(self.table.news)
        await self.table.say("plug 1")
        await self.table.until(lambda news: news["event"] == "board", since)
        self.write_port()

    def write_port(self) -> None:
        (self.table.folder / "ports").write_text(self.table.ptys[1] + "\n")


async def provisioned(table: Table, hands: Technician) -> str:
    """A board from bare to labelled, with a scale; return its kit."""
    image = table.folder / "image.bin"
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "varde_simulator.cli", "image", str(image),
        env=table._environment(), stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await made.wait() == 0
    (table.folder / "wifi").write_text(":".join(WIFI) + "\n")
    (table.site / "label.toml").write_text(LABEL, encoding="utf-8")
    hands.write_port()
    model = ("and-uc352", "sensor", "--name", "A&D UC-352BLE", "--maker", "A&D")
    await done(table.varde("stock", "model", "add", *model, "--code", f"gtin:{GTIN}"))
    await hands.into_loader()
    await done(
        table.varde(
            "bench", "run", "--port", f"@{table.folder / 'ports'}", "--image", str(image),
            "--firmware", str(ROOT / "build" / "firmware"), "--wifi", str(table.folder / "wifi"),
            "--ntp-host", "ntp.varde.example", "--scan", answer=hands,
        )
    )  # fmt: skip
    return hands.kit


async def done(command) -> Ended:
    ended = await command
    assert ended.status == 0, (ended.events[-3:], ended.errors[-2000:])
    return ended


def planted(flash: bytes) -> list[Secret]:
    """What nobody may find any more: WiFi, all of the journal, keys and bonds in NVS."""
    rows = partition_table.decode(flash[0x8000:0x8C00])
    journal, nvs = (partition_table.find(rows, name) for name in ("journal", "nvs"))
    secrets = [Secret("wifi", WIFI[1].encode())]
    for name, part, skipped in (("journal", journal, 64), ("nvs", nvs, 64)):
        data = flash[part.offset : part.offset + part.size]
        for start in range(skipped, len(data) - ENTRY_BYTES, ENTRY_BYTES):
            piece = data[start : start + ENTRY_BYTES]
            if len(set(piece)) > ENTRY_BYTES // 2:  # keys, ciphertext: nothing that repeats
                secrets.append(Secret(f"{name} {start}", piece))
    return secrets


def papers(site: Path, name: str) -> tuple[bytes, dict[str, Any], Any]:
    folder = site / "wipes"
    (cose,) = folder.glob(f"{name}-*.cose")
    data = cose.read_bytes()
    described = json.loads(cose.with_suffix(".json").read_text(encoding="utf-8"))
    document = pypdfium2.PdfDocument(cose.with_suffix(".pdf").read_bytes())
    try:
        picture = document[0].render(scale=3).to_pil()
    finally:
        document.close()
    return data, described, picture


async def lent(table: Table, kit: str) -> None:
    """Handed out, and back again."""
    handed = ("-e", "handout.instructed=yes")
    await done(table.varde("kit", "move", kit, "handed-out", *handed))
    back = ("-e", "return.infection=no", "-e", "return.complete=yes")
    await done(table.varde("kit", "move", kit, "returned", *back))


def test_a_kit_goes_out_and_comes_back_and_nothing_is_left(tmp_path: Path) -> None:
    async def story() -> None:
        async with Table(tmp_path, sensors=("and-uc352:scale",)) as table:
            hands = Technician(table)
            kit = await provisioned(table, hands)
            await acceptance_play.accepted(table, hands, kit)
            await lent(table, kit)
            port = ("--port", f"@{tmp_path / 'ports'}")

            # A last measurement at home, which the collector does not get.
            await table.stop_collector()
            since = len(table.news)
            await table.say("measure scale")
            await table.until(lambda news: news["event"] == "confirmed", since)
            cleaned = ("-e", "cleaning.product=såpe", "-e", "cleaning.batch=7")
            await done(table.varde("kit", "move", kit, "cleaned", *cleaned))

            # Nobody wipes what is not delivered.
            early = await table.varde("bench", "return", kit, *port, "--wait", "5", answer=hands)
            assert early.status == 1
            assert "hold-boot" not in [event.get("code") for event in early.of("person")]
            assert [fault["code"] for fault in early.of("given-up")] == ["sle-01"]
            assert early.of("given-up")[0]["readings"] == 1
            assert early.last == {"kit": kit, "wiped": False, "record": None}
            flash = table.flash()
            secrets = planted(flash)
            found = {hit.name for hit in flash_search.search(flash, secrets).found}
            assert found == {secret.name for secret in secrets}  # the search finds
            assert len(secrets) > 20

            # Now it is delivered; the cable is pulled after the wipe, and it goes on.
            await table.start_collector()
            hands.when["finished", returning.WIPE] = hands.pull_the_cable
            back = await done(table.varde("bench", "return", kit, *port, answer=hands))
            assert back.steps("stands") == [returning.LOOK]
            assert set(back.steps("finished")) == set(returning.NAMES[1:])
            assert [event["readings"] for event in back.of("person") if event.get("code")
                    == "sle-01"][:1] == [1]  # fmt: skip
            after = flash_search.search(table.flash(), secrets)
            assert after.is_clean
            assert after.is_empty

            await proven(table, kit, str(back.last["record"]))

    asyncio.run(story())


async def proven(table: Table, kit: str, record_sha256: str) -> None:
    """The record is signed by the bench, says what was done, and the inventory rests on it."""
    data, described, picture = papers(table.site, kit)
    assert hashlib.sha256(data).hexdigest() == record_sha256 == described["record_sha256"]
    trust = trust_documents.described(files.load(table.site), 1, 0)
    record = wipe_record.verify(data, trust)
    assert record.kit_id == kit
    assert (record.unsent_readings, record.decided_by) == (0, None)
    assert [step[0] for step in record.steps] == list(returning.NAMES[:-2])
    proof = described["steps"][returning.PROVE]["evidence"]
    assert (proof["how"], proof["empty"], proof["found"]) == ("dump", True, [])
    assert "wifi 0 password" in proof["names"]
    assert WIFI[1] not in json.dumps(described)
    (code,) = [code.text for code in zxingcpp.read_barcodes(picture)]
    said = slip.opened(code, slip.service_keys(files.load(table.site)))
    assert (said.kind, said.subject, said.sha256) == (slip.WIPE, kit, record_sha256)
    (paper,) = (table.site / "wipes").glob(f"{kit}-*.pdf")
    assert checking.of_pdf(paper.read_bytes(), files.load(table.site)).redrawn

    shown = await done(table.varde("kit", "show", kit))
    text = json.dumps(shown.events)
    assert f'"state": "{states.WIPED}"' in text
    assert record_sha256 in text
    keys = await done(table.varde("hub", "keys", "list"))
    assert '"revoked_ms": null' not in json.dumps(keys.events)
    readings = await done(table.varde("readings"))
    assert json.dumps(readings.events).count('"weight"') >= 1
    status = await done(table.varde("bench", "status"))
    assert status.events == [{}]  # the board is bare again: its way out begins anew
    log = await done(table.varde("audit", "list"))
    assert WIFI[1] not in json.dumps(log.events)
    with contextlib.suppress(KeyError):
        assert BY.partition(":")[2] in json.dumps(log.events)
