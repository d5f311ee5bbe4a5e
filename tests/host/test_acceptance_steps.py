"""Steps of an acceptance one by one, on a board that is a script; contents, profiles, rooms."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host.acceptance_place import NOW_MS, Log
from host.inventory_bench import T17, Stockroom
from varde_host import errors
from varde_host.acceptance import accepting, contents, coverage, profiles, rooms, steps
from varde_host.bench import events, faults, settings, work
from varde_host.bench.cable import prompt
from varde_host.bench.making import lock_check, recipes
from varde_host.inventory import kits
from varde_protocols import hub_config, records

CHIP = "aabbccddeeff"
RFC, PTY = "rfc2217://127.0.0.1:4", "/dev/pts/3"


class Bench:
    """A board whose prompt answers what a test says; what was told is kept."""

    def __init__(self, folder: Path, log: Log, port: str = PTY) -> None:
        asked = settings.Settings(
            None, T17, Path("i"), Path("f"), folder, b"",
            limits=settings.Limits(exchange_s=0.0, person_s=0.0),
        )  # fmt: skip
        self.told: list[events.Event] = []
        self.answers: list[str] = []
        bench = work.Bench(asked, self.told.append, lambda: NOW_MS, self.ask)
        facts = {"hub": log.hub.hub_id.hex(), "public": log.hub.public.hex(), "opened_by": "ab"}
        done = {steps.PREFIX + steps.IDENTITY: {"facts": facts}}
        self.work = work.Work(bench, work.Board(CHIP, port, None), "", done)
        self.work.board.mode = work.RUNNING
        self.resets = 0

    async def ask(self, _board: work.Board, question: str, _fields: object) -> str:
        return self.answers.pop(0)


def acceptance(room: Stockroom | None = None, kit: str = "") -> accepting.Acceptance:
    opened = None if room is None else room.opened
    return accepting.Acceptance(kit, CHIP, opened, "")  # type: ignore[arg-type]


def refused(awaitable) -> faults.Fault:
    with pytest.raises(faults.Fault) as caught:
        asyncio.run(awaitable)
    return caught.value


def test_the_table_has_each_step_in_order():
    table = acceptance().table()
    assert [step.name for step in table] == [steps.PREFIX + name for name in steps.STEPS]
    assert table[-1].name == steps.PREFIX + steps.LOCK, "what was opened before is tried last"
    other = SimpleNamespace(board=SimpleNamespace(chip_id="001122334455"))
    assert refused(table[0].run()(other)).code == "other-board"  # type: ignore[arg-type]


def test_what_it_has_changed_since_is_not_taken_back():
    accepting.refuse_older(3, 3)
    accepting.refuse_older(3, 0)
    with pytest.raises(faults.Fault) as caught:
        accepting.refuse_older(3, 4)
    assert (caught.value.code, caught.value.fields) == ("opp-01", {"runs": 3, "wanted": 4})


# The lock


@pytest.fixture
def attacked(monkeypatch: pytest.MonkeyPatch):
    """Lets a test say what each attack finds; returns which were made."""
    made: list[bool] = []
    found: list[lock_check.LockCheck] = []

    async def attack(_port: str, *, reset: bool) -> lock_check.LockCheck:
        made.append(reset)
        return found[min(len(made), len(found)) - 1]

    async def reach(_work: work.Work, hub_id: str) -> dict[str, Any]:
        return {"locked": 1, "kid": "ab", "hub": hub_id}

    async def reset(_self: work.Work) -> None:
        made.append(False)

    monkeypatch.setattr(lock_check, "attack", attack)
    monkeypatch.setattr(prompt, "reach", reach)
    monkeypatch.setattr(work.Work, "reset", reset)
    return SimpleNamespace(made=made, found=found)


def check(log: Log, text: bytes = b"") -> lock_check.LockCheck:
    one = lock_check.LockCheck()
    one.receive(b"varde: service %s %s\r\n" % (log.hub.hub_id.hex().encode(), b"00" * 16) + text)
    return one


def test_a_lock_that_holds(tmp_path: Path, attacked: Any):
    log = Log()
    attacked.found.append(check(log))
    bench = Bench(tmp_path, log, RFC)
    facts = asyncio.run(acceptance().lock(bench.work))
    assert attacked.made == [False, True], "while it runs, and through a start"
    assert facts["tried"][-1] == "reset line"
    without = Bench(tmp_path, log, PTY)
    assert asyncio.run(acceptance().lock(without.work))["tried"][-1] == "restart"


@pytest.mark.parametrize("way", [b">>> ", b"raw REPL", b"paste mode"])
def test_an_open_lock(tmp_path: Path, attacked: Any, way: bytes):
    log = Log()
    attacked.found += [check(log), check(log, way)]
    fault = refused(acceptance().lock(Bench(tmp_path, log, RFC).work))
    assert (fault.code, fault.fields["way"]) == ("lock-open", way.decode().strip())


def test_a_lock_of_nobody_and_of_another(tmp_path: Path, attacked: Any):
    log = Log()
    attacked.found.append(lock_check.LockCheck())
    assert refused(acceptance().lock(Bench(tmp_path, log, RFC).work)).code == "service-silent"
    attacked.found[:] = [check(Log(2))]
    assert refused(acceptance().lock(Bench(tmp_path, log, RFC).work)).code == "other-hub"


# Radio


def test_4g_stands_by_the_hubs_own_daily_proof():
    log = Log()
    log.report()
    with pytest.raises(faults.Fault):
        accepting.reserve_proof(log.heard, log.now_ms)
    seq = log.take(log.hub.event(1, code=records.EVENT_RESERVE_PROOF))
    assert accepting.reserve_proof(log.heard, log.now_ms)["record"] == seq
    log.take(log.hub.event(0, code=records.EVENT_RESERVE_PROOF))
    assert accepting.reserve_proof(log.heard, log.now_ms)["record"] == seq
    later_ms = log.now_ms + 8 * accepting.DAY_MS
    with pytest.raises(faults.Fault):
        accepting.reserve_proof(log.heard, later_ms)
    by_report = log.report(**{str(records.FACT_LINK): records.LINK_MODEM})
    assert accepting.reserve_proof(log.heard, log.now_ms)["record"] == by_report


# What is in the kit


@pytest.fixture
def room(tmp_path: Path):
    made = Stockroom(tmp_path / "inventory.sqlite")
    yield made
    made.close()


def row(model: str, slot: int, **changes: Any) -> hub_config.Sensor:
    made = recipes.row(recipes.BUILT_IN[model], slot, "12345678")
    return contents.changed(made, **changes) if changes else made


def planned(*rows: hub_config.Sensor) -> list[contents.Planned]:
    made = []
    for one in rows:
        recipe = recipes.BUILT_IN[one.model]
        item = SimpleNamespace(item_id=f"ITEM{one.slot}")
        made.append(contents.Planned(SimpleNamespace(item=item, recipe=recipe), one))  # type: ignore[arg-type]
    return made


def test_hub_and_kit_agree():
    cuff, scale = row("and-ua651", 1), row("and-uc352", 2)
    wanted = planned(cuff, contents.changed(scale, verification=bytes(8)))
    home = contents.changed(cuff, address=bytes(7), name_prefix=None, user=[1, 2])
    assert contents.aliens([cuff, scale], wanted) == []
    assert contents.aliens([home, scale], wanted) == [], "an address is a home's"
    renamed = contents.renamed([home, scale], wanted)
    assert [one.verification for one in renamed] == [b"", bytes(8)]
    assert renamed[0].address == bytes(7)
    assert wanted[0].as_json()["clock_s"] == 60


def test_hub_and_kit_differ():
    cuff, scale = row("and-ua651", 1), row("and-uc352", 2)
    assert contents.aliens([cuff], planned(cuff, scale)) == ["+2 and-uc352"]
    assert contents.aliens([cuff, scale], planned(cuff)) == ["-2 and-uc352"]
    swapped = contents.aliens([row("and-uc352", 1)], planned(cuff))
    assert swapped == ["1 and-uc352 / and-ua651"]


def test_an_empty_kit_another_content_and_a_profile(room: Stockroom, tmp_path: Path):
    kit = room.kit()
    found = room.see(kits.find, kit)
    site = SimpleNamespace(directory=tmp_path)
    at_work = SimpleNamespace(settings=SimpleNamespace(site=site))

    def refuse(**identity: Any) -> int:
        given = {"rows": [], "aliens": [], **identity}
        return contents.refuse(at_work, room.opened, found, given)  # type: ignore[arg-type]

    def code(**identity: Any) -> str:
        with pytest.raises(faults.Fault) as caught:
            refuse(**identity)
        return caught.value.code

    assert code() == "kit-01"
    assert code(rows=[1], aliens=["+1 x"]) == "kit-02"
    assert refuse(rows=[1]) == 0
    (tmp_path / profiles.FILE).write_text("[standard]\nand-ua651 = 1\nsensor = 1\n")
    assert code(rows=[1]) == "kit-03"
    room.model()
    room.put(room.item(serial="S"), kit)
    assert refuse(rows=[1]) == 1


@pytest.mark.parametrize(
    "text",
    ["standard = 1", "[a]\nb = 0", "[a]\nb = true", "[a]\nb = 'x'", "[a", "[a]\nb = 99"],
)
def test_a_profile_that_is_none(tmp_path: Path, text: str):
    (tmp_path / profiles.FILE).write_text(text)
    with pytest.raises(errors.InputRefused) as caught:
        profiles.load(tmp_path)
    assert caught.value.code == "kit-profiles"
    assert profiles.load(tmp_path / "nowhere") == {}


# Rooms


def walked(**report: Any) -> Log:
    """A run by the button: report, event, readings, report."""
    log = Log()
    log.report(**report)
    log.test_run()
    log.wait(1000)
    log.report(**report)
    return log


def test_a_room_where_all_is_well():
    log = walked()
    run = rooms.newest(log.heard, 0, [1])
    assert run is not None
    assert (run.count, run.arrived, run.is_whole, run.colour) == (20, 20, True, "green")
    assert [level.what for level in run.levels] == ["wifi", "ble", "in-time"]
    assert run.at_ms is not None
    assert rooms.newest(log.heard, run.event_seq, [1]) is None, "only what begins after"


@pytest.mark.parametrize(
    ("report", "colour", "what"),
    [
        ({str(records.FACT_SIGNAL_DBM): -73}, "amber", "wifi"),
        ({str(records.FACT_SIGNAL_DBM): -90}, "red", "wifi"),
        ({str(records.FACT_SENSORS): [[1, 2, 80, -84]]}, "amber", "ble"),
        ({str(records.FACT_SENSORS): []}, "unknown", "ble"),
        (
            {str(records.FACT_LINK): records.LINK_MODEM, str(records.FACT_SIGNAL_DBM): -101},
            "red",
            "4g",
        ),
    ],
)
def test_a_room_with_weak_radio(report: dict[str, Any], colour: str, what: str):
    run = rooms.newest(walked(**report).heard, 0, [1])
    assert run is not None
    assert run.colour == colour
    assert [level.what for level in run.levels if level.colour == colour] == [what]


def test_a_room_where_readings_get_lost_or_are_not_there_yet():
    log = walked()
    lost = set(sorted(log.held)[3:8])
    log.rows = [each for each in log.rows if each.seq not in lost]
    run = rooms.newest(log.heard, 0, [1])
    assert run is not None
    assert (run.arrived, run.is_whole, run.colour) == (15, False, coverage.RED)
    early = Log()
    early.report()
    early.begin_test()
    begun = rooms.newest(early.heard, 0, [])
    assert begun is not None
    assert not begun.is_whole


def test_rooms_go_with_the_loan(room: Stockroom):
    kit = room.kit()
    run = rooms.newest(walked().heard, 0, [1])
    assert run is not None
    for name in ("Soverom", "Kjøkken", "Soverom"):
        found = room.do(rooms.keep, CHIP, kit, name, run, T17, room.now_ms)
        assert found["loan"] is None
    seen = room.see(rooms.of_chip, CHIP)
    assert sorted(each["room"] for each in seen) == ["Kjøkken", "Soverom"]
    assert room.see(rooms.of_chip, CHIP, "1234") == []
    with pytest.raises(errors.InputRefused):
        room.do(rooms.keep, CHIP, kit, "01010112345", run, T17, room.now_ms)


def test_names_of_rooms():
    assert rooms.slug("Kjøkkenet, ved ovnen") == "kjokkenet-ved-ovnen"
    assert rooms.slug("Stue 2") == "stue-2"
    assert len(rooms.slug("å" * 80)) == rooms.MAX_SLUG
    with pytest.raises(errors.InputRefused):
        rooms.slug("???")
