"""The tray with a scripted esptool and steps of its own: who is waited for, asked, given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from host.tray_place import BY, CHIPS, Place, flash, nothing, step
from varde_host import errors
from varde_host.bench import events, faults, ledger, settings, steps, tray, work
from varde_host.bench.cable import ports, seeker


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.setattr(ports, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(ports, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(tray, "PERSON_LOOK_S", 0.05)
    monkeypatch.setattr(tray, "LOOK_S", 0.02)
    made = Place(tmp_path)
    yield made
    made.inventory.close()


def run(boards: tray.Tray) -> dict[str, tray.Result]:
    return {result.chip_id: result for result in asyncio.run(boards.run())}


def test_all_steps_of_all_boards_once(place: Place):
    for number, chip in enumerate(CHIPS):
        place.plug(str(number), chip)
    table = [step("one", flash), step("two", nothing, "one")]
    ended = run(place.tray(table, 8))
    assert {chip: result.fault for chip, result in ended.items()} == dict.fromkeys(CHIPS)
    assert all(place.finished(chip) == ["one", "two"] for chip in CHIPS)
    writes = [arguments for word, arguments, _ in place.runs() if "write-flash" in arguments]
    assert len(writes) == 2 * len(CHIPS)


def test_what_is_finished_is_not_done_again(place: Place):
    place.plug("0", CHIPS[0])
    table = [step("one", flash), step("two", nothing, "one")]
    run(place.tray(table[:1], 1))
    before = len(place.runs())
    run(place.tray(table, 1))
    assert not any("write-flash" in arguments for _, arguments, _ in place.runs()[before:])
    assert events.STANDS in place.kinds(CHIPS[0])


def test_a_step_and_what_rests_on_it_again(place: Place):
    place.plug("0", CHIPS[0])
    table = [step("one", nothing), step("two", flash, "one"), step("three", nothing)]
    run(place.tray(table, 1))
    boards = place.tray(table, 1)
    boards.ledger.again = frozenset(steps.after("one", table))
    run(boards)
    assert steps.after("one", table) == ("one", "two")
    assert sum("write-flash" in arguments for _, arguments, _ in place.runs()) == 4


def test_one_that_fails_stops_no_other(place: Place):
    async def judge(work: work.Work) -> work.Evidence:
        if work.board.chip_id == CHIPS[1]:
            raise faults.Fault("wrong-kind", found="x", wanted="y")
        return {}

    for number in range(3):
        place.plug(str(number), CHIPS[number])
    ended = run(place.tray([step("one", judge)], 3))
    assert [str(ended[chip].fault and ended[chip].fault.code) for chip in CHIPS[:3]] == [
        "None", "wrong-kind", "None",
    ]  # fmt: skip
    assert place.finished(CHIPS[1]) == []
    given_up = next(event for event in place.told if event.kind == events.GIVEN_UP)
    assert given_up.fields["outcome"] == faults.UNFIT


def test_unplugged_and_back_under_another_name(place: Place):
    """Only the step that was at work is begun again, and only there."""
    place.plug("0", CHIPS[0], say=["x"])
    done = []

    async def first(work: work.Work) -> work.Evidence:
        done.append("first")
        return await flash(work)

    async def second(work: work.Work) -> work.Evidence:
        done.append("second")
        if done.count("second") == 1:
            place.unplug("0")
        return await flash(work)

    place.on(events.WAITING, lambda _event: place.plug("elsewhere", CHIPS[0]))
    ended = run(place.tray([step("one", first), step("two", second, "one")], 1))
    assert ended[CHIPS[0]].fault is None
    assert done == ["first", "second", "second"]
    assert ended[CHIPS[0]].port == str(place.port("elsewhere"))
    assert place.finished(CHIPS[0]) == ["one", "two"]


def test_another_board_on_the_same_port_is_not_written_to(place: Place):
    """Cables are changed by hands: each is found where it is now, and keeps its own steps."""
    place.plug("0", CHIPS[0])

    async def second(work: work.Work) -> work.Evidence:
        if not swapped:
            swapped.append(True)
            place.plug("0", CHIPS[1], wait=str(place.folder / "never"))
        await work.esptool("write-flash", "0x0", "x")
        return {"port": work.board.port}

    swapped: list[bool] = []

    def go_on(_event: events.Event) -> None:
        place.plug("1", CHIPS[0])

    place.on(events.WAITING, go_on)
    ended = run(place.tray([step("one", second)], 2))
    assert {chip: ended[chip].port for chip in CHIPS[:2]} == {
        CHIPS[0]: str(place.port("1")),
        CHIPS[1]: str(place.port("0")),
    }
    faults_told = [event.fields["code"] for event in place.told if event.kind == events.FAULT]
    assert faults_told == ["other-board"]


def test_a_board_that_does_not_come_back_is_given_up(place: Place):
    place.plug("0", CHIPS[0])

    async def vanish(_work: work.Work) -> work.Evidence:
        place.unplug("0")
        raise faults.Fault("port-gone")

    ended = run(place.tray([step("one", vanish)], 1, come_back_s=0.3))
    assert ended[CHIPS[0]].fault.code == "not-come-back"


def test_a_bad_cable_is_tried_so_often(place: Place):
    place.plug("0", CHIPS[0])
    tries = []

    async def garbled(_work: work.Work) -> work.Evidence:
        tries.append(1)
        raise faults.Fault("talk-garbled")

    ended = run(place.tray([step("one", garbled)], 1))
    assert ended[CHIPS[0]].fault.code == "talk-garbled"
    assert len(tries) == settings.Limits.tries


def test_somebody_is_asked_once_and_waited_for(place: Place):
    place.plug("0", CHIPS[0])
    tries = []

    async def needs_hands(_work: work.Work) -> work.Evidence:
        tries.append(1)
        if len(tries) < 4:
            raise faults.Fault("hold-boot")
        return {}

    assert run(place.tray([step("one", needs_hands)], 1))[CHIPS[0]].fault is None
    assert place.kinds(CHIPS[0]).count(events.PERSON) == 1
    took = ledger.Ledger(place.inventory, BY, lambda: 0).finished(CHIPS[0])["one"]["took"]
    assert took["hands_ms"] > 0
    assert took["tries"] == 4


def test_nobody_comes(place: Place):
    async def needs_hands(_work: work.Work) -> work.Evidence:
        raise faults.Fault("hold-boot")

    place.plug("0", CHIPS[0])
    ended = run(place.tray([step("one", needs_hands)], 1, person_s=0.2))
    assert ended[CHIPS[0]].fault.code == "hold-boot"


def test_a_technician_says_that_it_cannot_be_done(place: Place):
    async def ask(work: work.Work) -> work.Evidence:
        await work.ask("pairing.scan")
        return {}

    place.plug("0", CHIPS[0])
    ended = run(place.tray([step("one", ask)], 1))
    assert ended[CHIPS[0]].fault.code == "cannot"
    assert place.finished(CHIPS[0]) == []


def test_what_the_host_refuses_ends_the_board_only(place: Place):
    async def refuse(_work: work.Work) -> work.Evidence:
        raise errors.InputRefused("file-read", "key")

    place.plug("0", CHIPS[0])
    ended = run(place.tray([step("one", refuse)], 1))
    assert ended[CHIPS[0]].fault.code == "refused"


def test_a_bug_of_ours_ends_the_run_with_its_traceback(place: Place):
    async def bug(_work: work.Work) -> work.Evidence:
        raise ZeroDivisionError

    place.plug("0", CHIPS[0])
    with pytest.raises(ZeroDivisionError):
        run(place.tray([step("one", bug)], 1))


def test_a_port_where_nobody_answers_is_left(place: Place):
    place.plug("0", "", say=["ERROR: Failed to connect: No serial data received."], status=2)
    place.plug("1", CHIPS[1])
    ended = run(place.tray([step("one", nothing)], 2, come_back_s=0.5))
    assert list(ended) == [CHIPS[1]]
    told = [event for event in place.told if event.kind == events.FAULT]
    assert [event.fields["code"] for event in told] == ["board-silent"], "told once"


def test_at_most_so_many_flash_at_once(place: Place):
    """The first two are held; a third would begin meanwhile, if it might."""
    gate = place.folder / "gate"
    gate.touch()
    for number in range(4):
        place.plug(str(number), CHIPS[number], wait=str(gate))
    boards = place.tray([step("one", nothing)], 4)
    boards.bench.flashing = asyncio.Semaphore(2)
    log = place.folder / "log"

    async def act() -> int:
        task = asyncio.ensure_future(boards.run())
        while not log.exists() or len(place.runs()) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        begun = len(place.runs())
        gate.unlink()
        await task
        return begun

    assert asyncio.run(act()) == 2
    assert len(place.runs()) == 8


def test_stopped_in_the_middle_it_leaves_no_program_behind(place: Place):
    gate = place.folder / "gate"
    gate.touch()
    place.plug("0", CHIPS[0], wait=str(gate))
    boards = place.tray([step("one", flash)], 1)

    async def stop() -> None:
        task = asyncio.ensure_future(boards.run())
        while not (place.folder / "log").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop())
    (_word, _arguments, pid), *rest = place.runs()
    assert not rest, "it did not come to its end"
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()
    assert place.finished(CHIPS[0]) == []


def test_one_board_after_the_other_on_one_port(place: Place):
    """Without an expected number the bench goes on; a board that comes back is done at once."""
    order = [CHIPS[0], CHIPS[1], CHIPS[0]]
    boards = place.tray([step("one", flash)], 1)
    boards.expected = None

    async def act() -> None:
        task = asyncio.ensure_future(boards.run())
        for number, chip in enumerate(order):
            place.plug("0", chip)
            while place.kinds(chip).count(events.DONE) < 1 + order[:number].count(chip):
                await asyncio.sleep(0.01)
            place.unplug("0")
            await asyncio.sleep(0.3)  # nobody sees a cable that is changed faster than this
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(act(), 300))
    writes = [arguments for word, arguments, _ in place.runs() if "write-flash" in arguments]
    assert len(writes) == 4, "two boards, begun and ended once each"


def test_a_chip_that_its_port_names_is_not_asked(place: Place):
    """Espressif's own USB has the chip's address for its serial number."""
    assert ports.chip_id_of(ports.ESPRESSIF, "AA:BB:CC:DD:EE:FF") == "aabbccddeeff"
    assert ports.chip_id_of(0x10C4, "AA:BB:CC:DD:EE:FF") == ""
    assert ports.chip_id_of(ports.ESPRESSIF, None) == ""
    seen = []
    sought = seeker.Seeker(place.tray([], 1).bench, place.candidates, seen.append)
    board = work.Board(CHIPS[0], "old", None)
    sought.lost[CHIPS[0]] = board
    spot = seeker.Place("new", 0.0)
    assert sought._known(spot, ports.Port("new", "", CHIPS[0]))
    assert (seen, board.port) == ([board], "new")


def test_names_of_ports(tmp_path: Path):
    for name in ("ttyB", "ttyA"):
        (tmp_path / name).touch()
    (tmp_path / "list").write_text("/dev/x\n\nrfc2217://h:1\n")
    link = tmp_path / "link0"
    link.symlink_to(tmp_path / "ttyA")
    (tmp_path / "link1").symlink_to("/dev/pts/3")
    named = ports.named([str(tmp_path / "tty*"), f"@{tmp_path / 'list'}", "COM5", "COM5"])
    assert named == [
        str(tmp_path / "ttyA"), str(tmp_path / "ttyB"), "/dev/x", "rfc2217://h:1", "COM5",
    ]  # fmt: skip
    assert ports.named([str(link), str(tmp_path / "tty*")]) == [str(link), str(tmp_path / "ttyB")]
    assert ports.named([f"@{tmp_path / 'none'}"]) == []
    assert not ports.has_lines("/dev/pts/3")
    assert not ports.has_lines(str(tmp_path / "link1"))
    assert ports.has_lines(str(link))
    assert not ports.has_lines("loop://")
    assert ports.has_lines("rfc2217://127.0.0.1:4")
