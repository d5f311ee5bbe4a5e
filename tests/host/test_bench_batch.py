"""Batches and stations, what is always so at a bench, and their commands."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.desk import Desk
from host.desk_hands import Hands
from host.inventory_bench import T17, Stockroom, refusal
from host.terminal import Terminal
from varde_host import errors
from varde_host.bench_desk import batch, bench_file, kit_facts, next_step, stations, times
from varde_host.commands import inventory_options
from varde_host.inventory import items, models, store

KIT = "FA9TX9"
CHIP = "aabbccddeeff"


@pytest.fixture
def room(tmp_path: Path):
    made = Stockroom(tmp_path / "inventory.sqlite")
    yield made
    made.close()


# A batch on the disk


def test_a_batch_is_kept_and_grows(tmp_path: Path):
    made = batch.create(tmp_path, "mai", 7, [KIT.lower()])
    assert batch.add(tmp_path, "mai", [KIT], [CHIP]) == batch.add(tmp_path, "mai", [], [CHIP])
    assert batch.load(tmp_path, "mai") == batch.Batch("mai", 7, (KIT,), (CHIP,))
    assert made.kits == (KIT,)
    batch.create(tmp_path, "juni", 8)
    assert [each.name for each in batch.listing(tmp_path)] == ["juni", "mai"]


@pytest.mark.parametrize(
    ("name", "kits", "code"),
    [
        ("../x", [], "batch-name"),
        ("", [], "batch-name"),
        ("Mai", [], "batch-name"),
        ("x" * 31, [], "batch-name"),
        ("ok", ["AAAAA"], "kit-id"),
        ("mai", [], "batch-known"),
    ],
)
def test_what_is_no_batch_is_refused(tmp_path: Path, name: str, kits: list[str], code: str):
    batch.create(tmp_path, "mai", 1)
    assert refusal(batch.create, tmp_path, name, 1, kits).code == code


def test_a_batch_that_is_not_there_or_spoiled(tmp_path: Path):
    assert refusal(batch.load, tmp_path, "mai").code == "batch-unknown"
    made = batch.create(tmp_path, "mai", 1)
    chips = [f"{number:012x}" for number in range(batch.MAX_MEMBERS + 1)]
    assert refusal(batch.add, tmp_path, "mai", [], chips).code == "batch-full"
    assert batch.load(tmp_path, "mai") == made
    (tmp_path / batch.FOLDER / "mai.json").write_bytes(b'{"form": 1')
    assert refusal(batch.load, tmp_path, "mai").code == "batch-file"


def test_a_batch_whose_making_was_cut_off_is_made_and_one_bad_file_hides_no_other(tmp_path: Path):
    batch.create(tmp_path, "mai", 1)
    folder = tmp_path / batch.FOLDER
    (folder / "juni.json.part").write_bytes(b"{")
    batch.create(tmp_path, "juni", 2)
    (folder / "Copy of mai.json").write_bytes((folder / "mai.json").read_bytes())
    (folder / "august.json").write_bytes((folder / "mai.json").read_bytes())
    endless = (folder / "mai.json").read_bytes().replace(b'"made_ms": 1', b'"made_ms": 1e999')
    (folder / "juli.json").write_bytes(endless)
    assert [each.name for each in batch.listing(tmp_path)] == ["juni", "mai"]
    for name in ("juli", "august"):
        assert refusal(batch.load, tmp_path, name).code == "batch-file"


@given(st.one_of(st.binary(max_size=200), st.text(max_size=99).map(str.encode)))
@settings(max_examples=50, deadline=None)
def test_any_bytes_of_a_batch_are_refused(data: bytes):
    assert refusal(batch.parse, data, "x").code == "batch-file"


# Stations


def test_station_by_station_and_nothing_twice(room: Stockroom, tmp_path: Path):
    """Three kits with a cuff and a scale: all are made, then all are cleaned, and so on."""
    hands = Hands(room)
    kits = [room.kit() for _ in range(3)]
    for kit in kits:
        hands.put_sensor(kit)
        hands.put_sensor(kit, "and-uc352")
    named = batch.create(tmp_path, "mai", 1, kits)
    members = room.see(batch.members, named)
    assert members == kits
    done: list[tuple[str, str, str | None]] = []
    for station in grid(room, kits).stations:
        while (step := room.see(stations.next_at, kits, station, room.now_ms)) is not None:
            assert (station, step.kit, step.item) not in done
            done.append((station, str(step.kit), step.item))
            hands.do(step)
            if step.job == next_step.WIPE_NEW:
                assert cell(room, str(step.kit), station) == stations.DONE
        assert {cell(room, kit, station) for kit in kits} == {stations.DONE}
    order = [station for station, _, _ in done]
    assert order == sorted(order, key=list(dict.fromkeys(order)).index)
    assert list(dict.fromkeys(order)) == [
        "make", "clean", "wipe", "cuff-static", "scale-r76", "accept", "label",
    ]  # fmt: skip
    assert len(done) == 3 * 7
    assert {row.next.job for row in grid(room, kits).rows} == {next_step.HANDOUT}


def grid(room: Stockroom, kits: list[str]) -> stations.Grid:
    return room.see(stations.grid, kits, room.now_ms)


def cell(room: Stockroom, kit: str, station: str) -> str:
    return stations.cell(room.see(kit_facts.read, kit, room.now_ms), station)


def test_a_kit_that_failed_shows_where(room: Stockroom):
    hands = Hands(room)
    kit = room.kit()
    hands.walk(kit, next_step.VERIFY)
    [bad] = room.see(items.listing, kit_id=kit, kind=models.SENSOR)
    room.do(items.judge, bad.item_id, "faulty", "x", T17, room.now_ms)
    assert cell(room, kit, "cuff-static") == stations.FAILED
    assert cell(room, kit, "scale-r76") == stations.NOT_APPLICABLE
    assert room.see(stations.next_at, [kit], "cuff-static", room.now_ms) is None
    hands.walk(kit)
    assert cell(room, kit, "cuff-static") == stations.DONE


def test_a_board_is_a_member_until_it_has_a_kit_and_then_by_that(room: Stockroom, tmp_path: Path):
    hands = Hands(room)
    kit = room.kit()
    chip = str(hands._hub(kit).chip_id)
    made = batch.add(tmp_path, batch.create(tmp_path, "b", 1).name, [], [CHIP, chip])
    assert room.see(batch.members, made) == [kit]


# bench.toml


def test_the_bench_file_says_what_is_always_so(tmp_path: Path):
    assert bench_file.load(tmp_path) == bench_file.BenchFile()
    (tmp_path / "wifi.txt").write_text("home:secret")
    (tmp_path / "bench.toml").write_text(
        'place = "Lager 2"\nheight_m = "90"\n[desk]\nimage = "m.bin"\nwifi = "wifi.txt"\n'
        'ports = ["/dev/ttyACM*"]\ncollector_port = 443\nkeeps_separators = true\n'
    )
    here = bench_file.load(tmp_path)
    assert (here.place, here.ports, here.collector_port) == ("Lager 2", ("/dev/ttyACM*",), 443)
    assert (here.image, here.wifi) == (tmp_path / "m.bin", tmp_path / "wifi.txt")
    assert here.over(image=Path("x"), host=None, ports=()).image == Path("x")
    assert here.over(ports=()).ports == here.ports


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("imgae = 'x'", "imgae"),
        ("collector_port = '443'", "collector_port"),
        ("collector_port = true", "collector_port"),
        ("collector_port = -1", "collector_port"),
        ("ports = 'x'", "ports"),
        ("ports = [1]", "ports"),
        ("image = ''", "image"),
        ("place = 'x'", "place"),
        ("keeps_separators = 1", "keeps_separators"),
    ],
)
def test_a_slip_in_the_bench_file_is_named(tmp_path: Path, line: str, what: str):
    (tmp_path / "bench.toml").write_text(f"[desk]\n{line}\n")
    error = refusal(bench_file.load, tmp_path)
    assert (error.code, error.fields["what"]) == ("bench-file", what)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=80))
def test_any_text_of_a_bench_file_is_refused_or_read(tmp_path_factory, text: str):
    folder = tmp_path_factory.mktemp("b")
    (folder / "bench.toml").write_text("[desk]\n" + text, encoding="utf-8", errors="replace")
    with contextlib.suppress(errors.InputRefused):
        bench_file.load(folder)


# The commands


@pytest.fixture
def desk(terminal: Terminal, made: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("VARDE_BY", "lagertekniker:t17")
    return Desk(terminal, made)


def at_the_bench(desk: Desk) -> tuple[Stockroom, Hands]:
    room = Stockroom(desk.site / store.FILE)
    room.now_ms = inventory_options.now_ms() - 3_600_000
    return room, Hands(room)


def test_what_stands_next_on_the_command_line(desk: Desk):
    kit = desk.kit()
    [step] = desk.json("kit", "next", kit)
    assert (step["job"], step["kit"], step["who"]) == ("make", kit, "lagertekniker")
    assert step["what"]
    assert step["now"]
    assert [each["kit"] for each in desk.json("kit", "next")] == [kit]
    status, said, _ = desk.run("kit", "next", kit)
    assert status == 0
    assert "USB" in said
    assert kit in desk.run("kit", "next")[1]
    assert desk.refused("kit", "next", "AAAAAA")


def test_a_new_kit_is_wiped_by_what_the_bench_saw(desk: Desk):
    kit = desk.kit()
    assert desk.refused("kit", "fresh", kit) == "kit-not-fresh"
    room, hands = at_the_bench(desk)
    try:
        hands.walk(kit, next_step.WIPE_NEW)
    finally:
        room.close()
    assert desk.json("kit", "fresh", kit)["kit"]["state"] == "wiped"
    assert desk.json("kit", "next", kit)[0]["job"] == "verify"


def test_what_a_kit_has_taken_beside_its_budget(desk: Desk):
    kit = desk.kit()
    assert desk.json("kit", "times", kit) == []
    room, hands = at_the_bench(desk)
    try:
        hands.walk(kit, next_step.ACCEPT)
        chip = str(room.see(items.listing, kit_id=kit, kind=models.HUB)[0].chip_id)
        took = {"took": {"hands_ms": 30_000, "machine_ms": 4_500, "tries": 1}}
        for name in ("detect", "lock", "accept-storage"):
            hands.finish(chip, name, took)
    finally:
        room.close()
    found = {row["station"]: row for row in desk.json("kit", "times", kit)}
    assert list(found) == ["make", "cuff-static", "accept"]
    assert (found["make"]["hands_ms"], found["make"]["machine_ms"]) == (60_000, 9_000)
    assert found["make"]["budget_hands_s"] == times.BUDGETS["make"][0]
    assert "1:00" in desk.run("kit", "times", kit)[1]


def test_a_batch_on_the_command_line(desk: Desk):
    first, second = desk.kit(), desk.kit()
    assert desk.json("bench", "batch", "new", "mai", first)["kits"] == [first]
    assert desk.refused("bench", "batch", "add", "mai", "3XC4NA") in (
        "kit-unknown",
        "kit-id-check",
    )
    assert desk.json("bench", "batch", "add", "mai", second)["kits"] == [first, second]
    assert [each["name"] for each in desk.json("bench", "batch", "list")] == ["mai"]
    found = desk.json("bench", "batch", "grid", "mai")
    assert found["stations"] == ["make", "clean", "wipe", "accept", "label"]
    assert [row["cells"]["make"] for row in found["kits"]] == ["to-do", "to-do"]
    assert desk.json("bench", "batch", "next", "mai", "make")["next"]["kit"] == first
    assert desk.json("bench", "batch", "next", "mai", "label")["next"] is None
    assert desk.refused("bench", "batch", "next", "mai", "scale-r76") == "batch-station"
    for words in (("list",), ("grid", "mai"), ("next", "mai", "make"), ("next", "mai", "label")):
        status, said, _ = desk.run("bench", "batch", *words)
        assert status == 0
        assert said


def test_bench_run_takes_what_is_always_so_from_the_bench_file(desk: Desk):
    file = desk.site / "bench.toml"
    file.write_text('[desk]\nports = ["/no/such-port*"]\nimage = "own.bin"\n')
    assert desk.refused("bench", "run") == "bench-no-ports"
    file.write_text("[desk]\nimgae = 'own.bin'\n")
    assert desk.refused("bench", "run") == "bench-file"
