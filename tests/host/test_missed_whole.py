"""From two databases to words at a target: told, taken back, closed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from host import missed_homes as world
from host import signed_bench, site_hands
from host.handover_place import BY, LOAN, Place
from host.terminal import Terminal
from varde_host import clock
from varde_host.bench_record import form
from varde_host.benefit import counting
from varde_host.collector import database, schema
from varde_host.inventory import kit_id
from varde_host.loan_facts import sheet_folder
from varde_host.missed import classify, expected, for_benefit, gathered, outages
from varde_host.site import certificates, creation
from varde_protocols import hub_config
from varde_simulator import missed_month as month

FOLLOW_UP = "oppfolgingstjeneste:s12"
TARGET = '[target.journal]\nkind = "file"\non = true\npurpose = "x"\nmisses = true\n'
PLANNED = [[minute, 127, slot] for minute, slot in month.PLAN]


class Now:
    """The clock of whoever looks."""

    now_ms = 0

    def utc_ms(self) -> int:
        return self.now_ms


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    made = Now()
    monkeypatch.setattr(clock, "from_environment", lambda: made)
    return made


@pytest.fixture(scope="module")
def homes() -> list[month.Home]:
    """One without network, one that nobody measures in, two that are well."""
    return [
        world.home(21, world.trouble(month.NO_NETWORK, 3, 4, 22), days=5),
        world.home(22, world.trouble(month.NOT_MEASURED, 3, 4, 12), days=5),
        world.home(23, days=5),
        world.home(24, days=5),
    ]


def lend(place: Place, home: month.Home, loan: str, number: int) -> None:
    span = {"from_ms": world.BEGIN, "until_ms": None}
    asked = {"from_ms": world.at(1), "until_ms": None}  # of the first day nobody was told
    hub = home.hub_id.hex()
    body = {
        "kit": kit_id.new(lambda _: 0), "loan": loan, **span, "hubs": [{"hub": hub, **span}],
        "things": [], "slots": [],
        "reminders": [{"hub": hub, **asked, "local_time": [60, 1], "reminders": PLANNED}],
    }  # fmt: skip
    signed = signed_bench.sign(form.LOAN_SHEET, body, world.BEGIN + number, BY)
    (place.folder.loans / sheet_folder.name(signed)).write_bytes(signed.document)


def deliver(place: Place, homes: list[month.Home], from_ms: int, until_ms: int) -> None:
    opened = database.open_database(place.collector)
    if from_ms == 0:
        world.fill(opened, homes, until_ms)
    else:
        with opened.writing() as connection:
            numbers = {
                bytes(row.hub_id): row.number for row in connection.execute(sa.select(schema.hubs))
            }
            for home in homes:
                connection.execute(
                    sa.insert(schema.records),
                    world.rows(home, numbers[home.hub_id], from_ms, until_ms),
                )
    opened.close()


def issues(place: Place) -> dict[str, dict[str, Any]]:
    """The newest version of each DetectedIssue that the target has, by the loan."""
    newest: dict[str, tuple[int, dict[str, Any]]] = {}
    for path in (place.folder.out / "journal").glob("*.json"):
        stem, _, version = path.stem.rpartition("-")
        made = json.loads(path.read_text())
        if made["resourceType"] == "DetectedIssue":
            newest[stem] = max(
                newest.get(stem, (0, {})), (int(version), made), key=lambda one: one[0]
            )
    found = {}
    for _version, made in newest.values():
        loan = made["patient"]["identifier"]["value"]
        found[f"{loan} {made['identifier'][0]['value']}"] = made
    return found


def parts(made: dict[str, Any]) -> dict[str, Any]:
    found = {each["url"]: each for each in made["extension"][0]["extension"]}
    return {
        "type": found["type"]["valueCode"], "cause": found["cause"]["valueCode"],
        "code": found["code"]["valueCode"], "window": found["window"]["valuePeriod"]["start"],
        "state": found["state"]["valueCode"],
    }  # fmt: skip


def test_what_is_told_today_is_taken_back_tomorrow(
    tmp_path: Path, plain: None, now: Now, homes: list[month.Home]
):
    place = Place(tmp_path, TARGET)
    lend(place, homes[0], LOAN, 1)
    lend(place, homes[1], LOAN[:-1] + "0", 2)
    noon = world.at(3, 12.5)
    deliver(place, homes, 0, noon)
    now.now_ms = noon
    place.run("run", "--once")
    told = issues(place)
    by_loan = {key.split()[0]: parts(made) for key, made in told.items()}
    assert {made["status"] for made in told.values()} == {"preliminary", "final"}
    assert by_loan[LOAN]["code"] == "silent"
    assert by_loan[LOAN[:-1] + "0"]["cause"] == "not-measured"
    count = len(list((place.folder.out / "journal").glob("*.json")))
    place.run("run", "--once")
    assert len(list((place.folder.out / "journal").glob("*.json"))) == count

    deliver(place, homes, noon, world.END)
    now.now_ms = world.at(4)
    place.run("run", "--once")
    after = issues(place)
    of_first = [after[key] for key in told if key.startswith(LOAN + " ")]
    assert {made["status"] for made in of_first} == {"entered-in-error"}
    assert all("manglet ikke likevel" in made["code"]["text"] for made in of_first)

    shown = json.loads(place.run("misses", "--json"))
    assert {each["loan"] for each in shown} == {LOAN[:-1] + "0"}
    assert {(each["cause"], each["owner"]) for each in shown} == {
        ("not-measured", "oppfolgingstjeneste"),
    }  # fmt: skip
    everything = json.loads(place.run("misses", "--all", "--json"))
    assert {each["closed"] for each in everything if each["loan"] == LOAN} == {"measured"}

    key = shown[0]["key"]
    place.run("close-miss", key, "--done", "called", "--by", FOLLOW_UP)
    place.run("close-miss", key, "--done", "nonsense", "--by", FOLLOW_UP, status=1)
    place.run("close-miss", "nobody", "--done", "called", "--by", FOLLOW_UP, status=1)
    left = json.loads(place.run("misses", "--json"))
    assert key not in {each["key"] for each in left}
    place.run("run", "--once")
    closed = [made for made in issues(place).values() if parts(made)["state"] == "closed"]
    assert any(made["status"] == "final" for made in closed)


def test_the_collector_s_own_database_says_it_without_any_key(
    tmp_path: Path, now: Now, homes: list[month.Home], terminal: Terminal
):
    folder = tmp_path / "site"
    creation.create(folder, "Eksempel kommune", ["c.test"], certificates.Validity())
    site = site_hands.next_trust(folder)
    opened = database.open_database(tmp_path / "collector.sqlite")
    world.fill(opened, homes)
    with opened.writing() as connection:
        sensors = [
            hub_config.Sensor(slot, None, f"s{slot}", service, [kind], "", 0, None, None, b"")
            for slot, service, kind in ((1, 0x1810, 0x2A35), (2, 0x181D, 0x2A9D))
        ]
        config = site_hands.config(sensors=sensors, reminders=sorted(PLANNED))
        for row in connection.execute(sa.select(schema.hubs)).all():
            data = site_hands.assigned(site, bytes(row.hub_id), 1, config=config)
            connection.execute(sa.insert(schema.assignments).values(
                hub=row.number, number=1, published_ms=world.at(1), document=data,
                digest=bytes(32), withdrawn_ms=None,
            ))  # fmt: skip
    opened.close()
    now.now_ms = world.at(5)
    where = ("--site", str(site.directory), "--database", str(tmp_path / "collector.sqlite"))
    _, shown = terminal.json("hub", "misses", *where)
    assert {(each["hub"], each["cause"]) for each in shown} == {
        (homes[1].hub_id.hex(), "not-measured"),
    }  # fmt: skip
    _, everything = terminal.json("hub", "misses", "--all", *where)
    late = [each for each in everything if each["outcome"] == "late"]
    assert {(each["hub"], each["cause"]) for each in late} == {
        (homes[0].hub_id.hex(), "no-network"),
    }  # fmt: skip


@pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
def test_a_database_gives_the_lives_that_its_records_say(
    opened: database.Database, homes: list[month.Home]
):
    world.fill(opened, homes)
    with opened.reading() as connection:
        lives = gathered.Lives().read(connection, world.BEGIN)
        again = gathered.Lives()
        first = again.read(connection, world.BEGIN)
        assert (
            again.read(connection, world.BEGIN)[homes[0].hub_id.hex()]
            is first[homes[0].hub_id.hex()]
        )
    for home in homes:
        ours, theirs = world.life_of(home), lives[home.hub_id.hex()]
        assert (ours.boots, ours.settled_ms) == (theirs.boots, theirs.settled_ms)
        assert [each[:4] for each in ours.words] == [each[:4] for each in theirs.words]
        assert [each.seq for each in ours.readings] == [each.seq for each in theirs.readings]


def test_a_row_that_no_hub_signed_changes_nothing(tmp_path: Path, homes: list[month.Home]):
    opened = database.open_database(tmp_path / "collector.sqlite")
    world.fill(opened, homes[:1])
    with opened.writing() as connection:
        table = schema.records
        forged = sa.update(table).where(table.c.seq == 40).values(record=b"\x00" * 40)
        connection.execute(forged)
        connection.execute(sa.update(table).where(table.c.seq == 41).values(seq=9_000_000))
    with opened.reading() as connection:
        (one,) = gathered.Lives().read(connection, world.BEGIN).values()
    seqs = [each.seq for each in (*one.readings, *one.words, *one.events)]
    assert not {40, 41, 9_000_000} & set(seqs)
    assert one.lost  # they are not here, and the hub has let go of them
    opened.close()


def test_causes_for_the_figures_of_a_service(homes: list[month.Home]):
    lives = {each.hub_id.hex(): world.life_of(each) for each in homes}
    classify_by = for_benefit.classifier(lives, world.END)
    (lazy,) = {w.due_ms for w in homes[1].windows if w.why and w.slot == month.SCALE}
    missed = counting.Missed(homes[1].hub_id.hex(), "weight", lazy, "loan")
    assert classify_by(missed) == "not-measured"
    assert classify_by(missed._replace(hub_id="00" * 8)) is None
    pause = expected.Pause("loan", lazy, None)
    assert for_benefit.classifier(lives, world.END, [pause])(missed) == "pause"
    assert not outages.found(list(lives.values()), world.at(5))
    assert classify.OUTCOMES
