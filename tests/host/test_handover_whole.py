"""From a collector's database to FHIR files, by the commands as people run them."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from host import handover_place
from host.handover_place import BY, LOAN, NOW_MS, TARGET, Place
from varde_host import clock
from varde_host.fhir import exact_json
from varde_host.handover import assembling, sealed
from varde_host.loan_facts import entries, facts, kept
from varde_protocols import gatt

WEIGHT = 0x2A9D
KG_80_5 = bytes.fromhex("00e43e")


@pytest.fixture
def place(tmp_path: Path, plain: None) -> Place:
    made = Place(tmp_path, "".join(
        TARGET.format(name=name, profile=profile)
        for name, profile in (("journal", "vkp"), ("region", "no-domain"))
    ))  # fmt: skip
    hub = made.hub
    raws = [hub.start()]
    hub.uptime_ms = 5000
    raws += [hub.anchor(NOW_MS - 60_000, 40), hub.reading()]
    raws += [hub.reading(KG_80_5, WEIGHT, 2, bytes.fromhex("00b1a2a3a4a5a6"))]
    made.deliver(raws)
    return made


def test_from_a_collectors_database_to_files_once(place: Place) -> None:
    done = place.run("run", "--once", "--json")
    assert "no-loan" in done
    assert place.handed() == []
    place.lend()
    place.run("run", "--once")
    for name in ("journal", "region"):
        observations = place.handed(name)
        assert handover_place.values(observations) == [Decimal("7.2"), Decimal("80.5"), 97]
        for each in observations:
            assert each["subject"]["identifier"]["value"] == LOAN
            assert each["status"] == "final"
    before = sorted((place.folder.out / "journal").iterdir())
    place.run("run", "--once")
    assert sorted((place.folder.out / "journal").iterdir()) == before
    status = handover_place.as_json(place.run("status", "--json"))
    assert [(each["handed"], each["waiting"], each["held"]) for each in status] == [(3, 0, {})] * 2
    assert "80.5" not in place.run("status")
    _is_private(place)


def _is_private(place: Place) -> None:
    """No value in clear but in files of the owner alone."""
    for path in [*place.folder.out.rglob("*"), *place.receiver.glob("receiver.*")]:
        assert path.is_dir() or not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_a_person_takes_the_loans_place_in_the_file_and_nowhere_else(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.lend()
    person = "13116900216"
    place.folder.subjects.write_text(f'{{"{LOAN}": "{person}"}}')
    place.folder.subjects.chmod(0o600)
    place.run("run", "--once")
    for each in place.handed():
        assert each["subject"]["identifier"]["value"] == person
    assert person not in "".join(capsys.readouterr()) + place.run("status", "--json")
    for path in place.receiver.glob("receiver.sqlite*"):
        assert person.encode() not in path.read_bytes()


def test_what_becomes_known_later_is_amended(place: Place) -> None:
    place.lend()
    place.run("run", "--once")
    hub = place.hub
    again = hub.start()  # a boot without a time: its reading has none
    hub.uptime_ms = 7000
    late = hub.reading(KG_80_5, WEIGHT, 2)
    place.deliver([again, late])
    place.run("run", "--once")
    untimed = [each for each in place.handed() if "effectiveDateTime" not in each]
    assert len(untimed) <= 1
    place.deliver([hub.anchor(NOW_MS, 40)])
    place.run("run", "--once")
    assert all("effectiveDateTime" in each for each in place.handed())
    assert {each["status"] for each in place.handed()} <= {"final", "amended"}


def test_killed_as_a_process_and_ended_in_order(place: Place) -> None:
    """SIGKILL at any moment, then SIGTERM: what is there is there once."""
    place.lend()
    command = [sys.executable, "-m", "varde_host", "receiver", "run", "--receiver",
               str(place.receiver), "--every", "1"]  # fmt: skip
    for wait_s in (0.6, 1.2):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                process.kill()
    place.deliver([place.hub.reading(KG_80_5, WEIGHT, 3)])
    told = place.path / "told"
    with told.open("wb") as to, subprocess.Popen(command, stderr=to) as process:
        while len(place.handed()) < 4:
            assert process.poll() is None, told.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, told.read_text()
    place.run("run", "--once")
    expected = [Decimal("7.2"), Decimal("80.5"), Decimal("80.5"), 97]
    assert handover_place.values(place.handed()) == expected
    assert len(list((place.folder.out / "journal").glob("*.json"))) == len(expected)


def test_a_dry_run_to_the_test_end(place: Place) -> None:
    done = handover_place.as_json(place.run("check", "journal", "--json"))
    assert done["passed"]
    assert [step["step"] for step in done["steps"]] == ["make", "send", "send-again", "amend"]
    files = list((place.folder.out / "journal" / "check").glob("*.json"))
    assert files
    assert all(b"HTEST" in path.read_bytes() for path in files)
    status = handover_place.as_json(place.run("status", "--json"))
    assert [each["handed"] for each in status] == [0, 0]


def test_a_mended_decoder_waits_for_people(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lend()
    place.run("run", "--once")
    real = gatt.decode

    def mended(characteristic: int, value: bytes, model: str = "") -> object:
        fields = dict(real(characteristic, value, model))
        if characteristic == WEIGHT:
            fields["weight"] = gatt.Scaled(8051, -2)
        return fields

    monkeypatch.setattr(gatt, "decode", mended)
    place.deliver([place.hub.event()])
    place.run("run", "--once")
    assert Decimal("80.51") not in handover_place.values(place.handed())
    told = place.run("redecode", "--json")
    assert '"80.5"' in told
    assert '"80.51"' in told
    assert Decimal("80.51") not in handover_place.values(place.handed())
    place.run("redecode", "--apply", status=1)
    place.run("redecode", "--apply", "--by", "oppfolgingstjeneste:f3")
    place.run("run", "--once")
    (weight,) = [each for each in place.handed()
                 if each["valueQuantity"]["value"] == Decimal("80.51")]  # fmt: skip
    assert weight["status"] == "amended"
    assert '"differences": []' in place.run("redecode", "--json")


def test_what_somebody_typed_goes_the_same_way_and_is_withdrawn(place: Place) -> None:
    place.lend()
    loaded = assembling.settings(place.receiver)
    sealer = sealed.Sealer(loaded.private)
    values = {"systolic": "131", "diastolic": "84.5"}
    entry = entries.Entry(
        "A1B2C3D4E5", LOAN, "cuff", values, "mmHg", NOW_MS, NOW_MS + 60_000, BY.function,
        BY.person, NOW_MS,
    )  # fmt: skip
    with assembling.opened_store(loaded) as store:
        store.write(lambda connection: kept.enter(connection, sealer, entry))
    place.run("run", "--once")
    (typed,) = [each for each in place.handed() if "84.5" in str(each.get("component"))]
    assert Decimal("84.5") in [each["valueQuantity"]["value"] for each in typed["component"]]
    assert "manual-entry" in str(typed["meta"]["tag"])
    with assembling.opened_store(loaded) as store:
        store.write(lambda connection: kept.withdraw(connection, "A1B2C3D4E5", BY, NOW_MS))
    place.run("run", "--once")
    (typed,) = [each for each in place.handed() if "84.5" in str(each.get("component"))]
    assert typed["status"] == "entered-in-error"


def test_what_did_not_come_is_told_once(place: Place) -> None:
    """The hub has said nothing since; four mornings were expected."""
    place.lend()
    place.say(TARGET.format(name="journal", profile="vkp") + "misses = true\n")
    now_ms = clock.SystemClock().utc_ms()
    loaded = assembling.settings(place.receiver)
    planned = facts.Plan(
        LOAN, now_ms - 4 * 86_400_000, (facts.Expected("cuff", 480, 127, 60, 60),)
    )
    with assembling.opened_store(loaded) as store:
        store.write(lambda connection: kept.plan(connection, "A", planned, BY, now_ms))
    place.run("run", "--once")
    told = _issues(place)
    assert 3 <= len(told) <= 5
    assert all(LOAN in str(each["patient"]) for each in told)
    place.run("run", "--once")
    assert len(_issues(place)) == len(told)


def _issues(place: Place) -> list[dict]:
    files = (place.folder.out / "journal").glob("*.json")
    found = [exact_json.loads(path.read_bytes()) for path in files]
    return [each for each in found if each["resourceType"] == "DetectedIssue"]


def test_a_record_that_does_not_prove_itself_is_told_while_it_runs(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.lend()
    spoiled = bytearray(place.hub.reading(KG_80_5, WEIGHT, 2))
    spoiled[-1] ^= 1
    place.deliver([bytes(spoiled)])
    told = [json.loads(line) for line in place.run("run", "--once", "--json").splitlines()]
    assert {"step": "fetch", "not_taken": 1} in told
    place.run("run", "--once")
    assert "1" in capsys.readouterr().err
    assert len(place.handed()) == 3
