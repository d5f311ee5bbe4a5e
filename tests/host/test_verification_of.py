"""What a reading says of its sensor's verification: a table of cases, and what is loaded."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import signed_bench
from host.conftest import Bench
from host.inventory_bench import K2, Stockroom, refusal
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host.bench_record import signing
from varde_host.inventory import items, models, records
from varde_host.receiver import verification_of, verification_records
from varde_host.site import files, trust_documents
from varde_host.verification import approved, evaluation, past, procedure
from varde_protocols import test_readings
from varde_protocols.crypto import x25519

DAY_MS = past.DAY_MS
ITEM = items.Item(
    "7NM4CP", models.SENSOR, "microlife-x", "C1", *[None] * 6, None, "good", *[None] * 7
)  # fmt: skip


def at(day: str) -> int:
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()) * 1000


def verified(day: str, *, bad: bool = False, days: int = 365, due: str | None = None):
    """A signed verification of a day at noon."""
    what = signed_bench.seen(ITEM, day, "cuff-static")
    if due is not None:
        late = tuple(dataclasses.replace(each, due=due) for each in what.references)
        what = dataclasses.replace(what, references=late)
    what = signed_bench.failing(what) if bad else what
    return signed_bench.verification(what, at(day) + DAY_MS // 2, K2, days=days)


@pytest.fixture(scope="module")
def signed():
    return {
        "good": verified("2026-03-01", days=100),  # until 2026-06-09
        "again": verified("2026-08-01"),
        "practice": verified("2026-09-01", due="2026-08-31"),
        "bad": verified("2026-11-01", bad=True),
    }


def register(signed, *names: str) -> verification_of.Register:
    return verification_of.Register(
        [past.from_content(signed[name].sha256, signed[name].content) for name in names]
    )


ALL = ("good", "again", "practice", "bad")
KNOWN = ("good", "again", "practice")
# What is known, what is named, from when, until when: the state, and the level that is left.
TABLE = {
    "on the day": (KNOWN, "good", "2026-03-02", "2026-03-02", "holds", 3),
    "on the last day": (KNOWN, "good", "2026-06-09", "2026-06-09", "holds", 3),
    "the day after": (KNOWN, "good", "2026-06-10", "2026-06-10", "lapsed", 1),
    "perhaps the day after": (KNOWN, "good", "2026-06-09", "2026-06-10", "may-have-lapsed", 1),
    "nobody knows when": (KNOWN, "good", None, None, "may-have-lapsed", 1),
    "not later than": (KNOWN, "good", None, "2026-05-01", "holds", 3),
    "not earlier than": (KNOWN, "good", "2026-05-01", None, "may-have-lapsed", 1),
    "a clock from before the record": (KNOWN, "good", "2026-01-01", "2026-01-02", "holds", 3),
    "only practised": (KNOWN, "practice", "2026-09-02", "2026-09-02", "not-good", 0),
    "found bad later": (ALL, "again", "2026-09-02", "2026-09-03", "found-bad", 0),
    "found bad later, nobody knows when": (ALL, "again", None, None, "found-bad", 0),
    "found good again before": (ALL, "good", "2026-04-01", "2026-04-02", "holds", 3),
    "old config, new doubt": (ALL, "good", "2026-10-01", "2026-10-02", "found-bad", 0),
    "in use though bad": (ALL, "bad", "2026-11-02", "2026-11-02", "found-bad", 0),
    "a record that is not here": (("good",), "again", "2026-08-02", "2026-08-02", "unknown", None),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_stood_and_what_still_holds(case: str, signed):
    known, name, earliest, latest, state, level = TABLE[case]
    named = signed[name].verification_id
    begin = None if earliest is None else at(earliest)
    end = None if latest is None else at(latest) + DAY_MS - 1
    found = register(signed, *known).of(named, begin, end)
    assert (found.state, found.level) == (state, level)
    told = found.as_json()
    assert told["name"] == named.hex()
    number = None if state == "unknown" else signed[name].content["number"]
    assert told["record"] == number
    bad = {"record": signed["bad"].content["number"], "at_ms": signed["bad"].content["began_ms"]}
    assert told["found_bad"] == (bad if state == "found-bad" else None)


def test_none_named_is_none_known(signed):
    found = register(signed, *ALL).of(b"", None, None)
    assert (found.state, found.level, found.as_json()["name"]) == ("not-named", None, None)
    assert register(signed).newest_ms is None
    assert register(signed, *ALL).newest_ms == signed["bad"].content["ended_ms"]


@given(st.integers(0, 1 << 42), st.integers(0, 1 << 41))
def test_what_is_less_sure_never_says_more(earliest: int, width: int):
    known = verification_of.Register(_GOOD)
    sure = known.of(bytes.fromhex(_GOOD[0].record)[:8], earliest, earliest)
    for begin, end in ((earliest - width, earliest + width), (None, earliest), (earliest, None)):
        vague = known.of(bytes.fromhex(_GOOD[0].record)[:8], begin, end)
        assert (vague.level or 0) <= (sure.level or 0)


_GOOD = [
    past.Finding("ab" * 32, at("2026-03-01"), at("2026-03-01"), False, True, "N", "cuff-static", 1,
                 3, "2026-06-09", "7NM4CP"),
]  # fmt: skip


# --- where they come from ------------------------------------------------------------------------


def folder_of(folder: Path, signed) -> Path:
    folder.mkdir()
    for name, each in signed.items():
        (folder / f"{name}.cose").write_bytes(each.document)
    return folder


def test_a_folder_is_opened_and_what_is_none_of_ours_is_named(tmp_path: Path, signed):
    folder = folder_of(tmp_path / "v", signed)
    whole = signed["good"].document
    (folder / "altered.cose").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (folder / "empty.cose").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"not looked at")
    named = {signed["again"].verification_id}
    loaded = verification_records.from_folder(folder, signed_bench.site(), named)
    assert loaded.refused == ["altered.cose", "empty.cose"]
    assert loaded.register.of(signed["again"].verification_id, None, None).state == "found-bad"
    other = verification_records.from_folder(folder, signed_bench.site(), {bytes(8)})
    assert other.register.newest_ms is None  # of things that no reading names nothing is opened
    missing = refusal(verification_records.from_folder, tmp_path / "no", None, set())
    assert missing.code == "file-read"


def test_a_municipalitys_own_procedure_goes_along(tmp_path: Path, room: Stockroom, terminal):
    """Records by it are judged at the receiver, which has no site of the bench's beside it."""
    site = files.load(shutil.copytree(signed_bench.site().directory, tmp_path / "site"))
    raw = procedure.shipped_bytes(procedure.shipped()["cuff-static"].sha256 or "")
    assert raw is not None
    own = raw.replace(b"version = 1", b"version = 70", 1)
    approved.approve(site, own, function=K2.function, person=K2.person, at_ms=room.now_ms)
    room.model("microlife-x", models.SENSOR)
    item = room.see(items.find, room.item("microlife-x", serial="C1"))
    used, noon = procedure.load(own), at("2026-08-01") + DAY_MS // 2
    what = signed_bench.seen(item, "2026-08-01", "cuff-static")
    what = dataclasses.replace(what, procedure=used.name)
    judged = evaluation.evaluate(used, what).as_json()
    body = {"measured": what.as_json(), "judgement": judged, "valid_until": None, "kit": None}
    signed = signing.sign(
        site, "verification", body, by=K2, began_ms=noon, ended_ms=noon, place="Benk 1"
    )
    room.opened.write(lambda c: records.put(c, signed, K2, room.now_ms))
    arguments = ("--inventory", room.opened.address, "--site", site.directory)
    assert terminal.json("verify", "export", tmp_path / "out", *arguments)[0] == 0
    trusted = trust_documents.issue(site, room.now_ms)[0]
    names = {signed.verification_id}
    loaded = verification_records.from_folder(tmp_path / "out", trusted, names)
    assert loaded.refused == []
    assert loaded.register.newest_ms == noon
    [own_file] = (tmp_path / "out").glob("*.toml")
    own_file.write_bytes(raw)
    assert len(verification_records.from_folder(tmp_path / "out", trusted, names).refused) == 1


def test_any_bytes_in_the_folder_are_refused_and_nothing_more(tmp_path: Path, signed):
    folder, chance = folder_of(tmp_path / "v", signed), random.Random(8)
    whole = signed["again"].document
    spoiled = folder / "again.cose"
    for _ in range(60):
        data = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        spoiled.write_bytes(bytes(data))
        names = {each.verification_id for each in signed.values()}
        loaded = verification_records.from_folder(folder, signed_bench.site(), names)
        assert loaded.refused == ([] if bytes(data) == whole else ["again.cose"])


def test_the_inventory_says_the_same_as_the_folder_it_exported(
    room: Stockroom, terminal: Terminal, tmp_path: Path
):
    room.model("microlife-x", models.SENSOR)
    cuff = room.item("microlife-x", serial="C1")
    item = room.see(items.find, cuff)
    made = [
        signed_bench.verification(signed_bench.seen(item, day, "cuff-static"), at(day), K2)
        for day in ("2026-03-01", "2026-08-01")
    ]
    for each in made:
        room.opened.write(lambda c, each=each: records.put(c, each, K2, room.now_ms))
    names = {each.verification_id for each in made}
    by_inventory = room.see(verification_records.from_inventory, names)
    address = ("--inventory", room.opened.address)
    status, told = terminal.json("verify", "export", tmp_path / "out", *address)
    assert (status, told) == (0, {"verifications": 2, "written": 2})
    assert terminal.json("verify", "export", tmp_path / "out", *address)[1]["written"] == 0
    exported = verification_records.from_folder(tmp_path / "out", signed_bench.site(), names)
    for name in names:
        when = at("2026-09-01")
        assert exported.register.of(name, when, when) == by_inventory.register.of(name, when, when)
        assert exported.register.of(name, when, when).state == "holds"


# --- as `varde readings` shows it ----------------------------------------------------------------


def test_readings_say_what_they_rest_on(
    bench: Bench, terminal: Terminal, tmp_path: Path, signed, monkeypatch: pytest.MonkeyPatch
):
    site = files.load(signed_bench.site().directory)
    monkeypatch.setenv("COLUMNS", "200")
    hub = bench.enrol(VirtualHub(1, site.receiver_public))
    session, anchor = hub.start(), hub.anchor(at("2026-09-02"))
    names = [b"", signed["again"].verification_id, bytes(range(8))]
    sent = [hub.reading(verification=name) for name in names]
    test = hub.reading(slot=test_readings.SLOT)
    bench.post(hub.body([session, anchor, *sent, test]))
    folder = folder_of(tmp_path / "v", signed)
    arguments = ("readings", "--site", site.directory, "--database", bench.database.address,
                 "--verifications", folder)  # fmt: skip
    _, rows = terminal.json(*arguments)
    told = [row["verification"] and row["verification"]["state"] for row in rows]
    assert told[:3] == ["not-named", "found-bad", "unknown"]
    assert told[3:] in ([], [None])
    out = terminal.run(*arguments)[1]
    assert "N0 SENSOREN FUNNET FEIL 2026-11-01" in out
    assert "2 målinger hviler på en kontroll som ikke holder" in out
    (folder / "bad.cose").unlink()
    assert terminal.json(*arguments)[1][1]["verification"]["state"] == "holds"
    (folder / "strange.cose").write_bytes(b"\0")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = terminal.run(*arguments)[1]
    assert "strange.cose" in narrow
    assert "ukjent" in narrow
    assert x25519.public_key(site.receiver_private()) == site.receiver_public
