"""What a run of the bench leaves behind, does again, and ends with."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from host.terminal import Terminal
from host.tray_place import CHIPS, Place, nothing, step
from varde_host import errors
from varde_host.bench import events, faults, live, settings, steps, work, work_folder
from varde_host.bench.cable import esptool_talk, seeker, serial_line
from varde_host.inventory import audit, who

BY = who.Who("lagertekniker", "t17")
NOW_MS = 1_800_000_000_000
CHIP = "aabbccddeeff"
AT_PROMPT = "import sys; print(open(sys.argv[-1]).read())"
"""In place of mpremote: says what stands in the script that it is given."""


def at_work(folder: Path, tell: Callable[[events.Event], None] = lambda _event: None) -> work.Work:
    asked = settings.Settings(None, BY, Path("i"), Path("f"), folder, b"")
    mpremote = (sys.executable, "-c", AT_PROMPT)
    bench = work.Bench(asked, tell, lambda: NOW_MS, None, mpremote=mpremote)
    board = work.Board(CHIP, "/dev/none", None, mode=work.PROMPT)
    return work.Work(bench, board, "one", {})


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_goes_with_the_run(temporary: Path):
    with work_folder.opened() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "place.py").write_text("WiFi password")
    assert not list(temporary.iterdir())


def test_a_killed_run_leaves_its_folder_until_the_next(temporary: Path):
    left = temporary / f"{work_folder.PREFIX}killed"
    left.mkdir()
    (left / "place.py").write_text("WiFi password")
    with work_folder.opened() as at_work:
        assert not left.exists()
        with work_folder.opened() as beside:
            assert beside != at_work
            assert at_work.is_dir(), "another run's, which holds it"


def test_others_folders_are_let_be(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    theirs = temporary / f"{work_folder.PREFIX}theirs"
    theirs.mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / f"{work_folder.PREFIX}link").symlink_to(elsewhere)
    monkeypatch.setattr(os, "getuid", lambda: theirs.stat().st_uid + 1)
    work_folder.remove_left()
    monkeypatch.undo()
    assert theirs.is_dir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    work_folder.remove_left()
    assert not theirs.exists()
    assert elsewhere.is_dir()


def test_a_chip_is_for_one_run_at_a_time(temporary: Path):
    with work_folder.opened() as first, work_folder.opened() as second:
        with work_folder.claimed(first, CHIP) as is_ours:
            assert is_ours
            with work_folder.claimed(second, CHIP) as is_ours_too:
                assert not is_ours_too
            with work_folder.claimed(second, "bbccddeeff00") as is_another:
                assert is_another
        with work_folder.claimed(second, CHIP) as is_free_again:
            assert is_free_again
    killed = temporary / f"{work_folder.PREFIX}killed"
    killed.mkdir()
    work_folder.take(killed, CHIP)
    with work_folder.opened() as next_run, work_folder.claimed(next_run, CHIP) as is_ours:
        assert is_ours


def test_two_benches_on_one_board(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    """The second does nothing with it, and says why."""
    monkeypatch.setenv("FAKE_LOG", str(temporary / "log"))
    place = Place(temporary)
    place.plug("0", CHIPS[0])
    boards = place.tray([step("one", nothing)], 1)
    with work_folder.opened() as other, work_folder.claimed(other, CHIPS[0]):
        ended = asyncio.run(boards.run())
    assert [result.fault and result.fault.code for result in ended] == ["port-busy"]
    assert place.finished(CHIPS[0]) == []
    place.inventory.close()


def test_a_port_where_another_run_is_at_work_is_not_asked(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
):
    """Asking restarts a board, and with it what the other run is waiting for."""
    monkeypatch.setenv("FAKE_LOG", str(temporary / "log"))
    place = Place(temporary)
    place.plug("0", CHIPS[0])
    with work_folder.opened() as other:
        work_folder.take(other, str(place.port("0")))
        assert asyncio.run(place.tray([step("one", nothing)], 1, come_back_s=0.1).run()) == []
    assert not (temporary / "log").exists(), "no esptool has run"
    assert [
        event.fields["code"] for event in place.told if event.fields and "code" in event.fields
    ] == ["port-busy"]
    assert len(asyncio.run(place.tray([step("one", nothing)], 1).run())) == 1
    place.inventory.close()


def test_a_port_that_another_program_has_open_is_busy_and_not_gone():
    _, terminal = pty.openpty()
    port = os.ttyname(terminal)
    with serial_line.opened(port, 0.01):
        with pytest.raises(serial_line.Error) as refused:
            serial_line.opened(port, 0.01)
        assert serial_line.fault(refused.value, port).code == "port-busy"
    os.close(terminal)
    said = "ERROR: Could not open x, the port is busy or doesn't exist.\n([Errno 11] Could not "
    assert esptool_talk.failure(f"{said}exclusively lock port x)").code == "port-busy"


def test_no_room_for_the_folder_is_said(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "none"))
    with pytest.raises(errors.WorldFailed, match="file-write"), work_folder.opened():
        pass


def test_a_script_is_gone_when_it_has_run(tmp_path: Path):
    """It may hold the assignment, and so the WiFi password."""
    code = "varde-bench: {}"
    assert asyncio.run(at_work(tmp_path).execute(code, "place")) == {}
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_the_worlds_fault(tmp_path: Path):
    """One board is given up with a reason, and no traceback ends the others."""
    with pytest.raises(errors.WorldFailed, match="file-write"):
        at_work(tmp_path / "none").put("image.bin", b"")


def test_before_all_is_erased_again_it_is_looked_whether_records_came():
    assert steps.after("interpreter") == steps.names()
    assert "detect" not in steps.after("application")


def test_a_port_with_no_board_is_named_and_is_no_success(
    made: Path, terminal: Terminal, tmp_path: Path
):
    port = str(tmp_path / "mistyped")
    asked = ("bench", "run", "--site", made, "--by", "lagertekniker:t17", "--port", port)
    status, shown, said = terminal.run(*asked, "--come-back", "0.1")
    assert status == errors.EXIT_REFUSED
    assert "0 av 1" in shown
    assert said.count(port) == 2, "at once, and at the end"
    status, lines, _ = terminal.run(*asked, "--come-back", "0.1", "--json")
    assert status == errors.EXIT_REFUSED
    assert '"event": "left"' in lines


def cannot(place: Place, reason: str) -> str:
    """Let a technician say so, and return the code that the board was given up with."""

    async def ask(_work: work.Work) -> work.Evidence:
        raise faults.Fault("cannot", reason=reason)

    place.plug("0", CHIPS[0])
    ended = asyncio.run(place.tray([step("one", ask)], 1).run())
    assert ended[0].fault is not None
    return ended[0].fault.code


def test_a_reason_is_written_down(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    """With who gave it; one with a birth number is not, and that is said."""
    monkeypatch.setenv("FAKE_LOG", str(temporary / "log"))
    place = Place(temporary)
    assert cannot(place, "the cuff is wet") == "cannot"
    assert cannot(place, "for 01010112345") == "refused"
    logged = place.inventory.read(lambda connection: list(audit.lines(connection, CHIPS[0])))
    assert [(line.what, line.person) for line in logged] == [("bench.cannot", "t17")]
    assert "the cuff is wet" in logged[0].detail
    place.inventory.close()


def test_a_board_given_up_is_one_line_and_one_row(capsys: pytest.CaptureFixture[str]):
    fields = {"code": "psram-small", "outcome": faults.UNFIT, "found": 0, "wanted": 2}
    told = [
        events.Event(events.FAULT, 5, "", "/dev/x", "", {"code": "board-silent"}),
        events.Event(events.SEEN, 5, CHIP, "/dev/x"),
        events.Event(events.FAULT, 5, CHIP, "/dev/x", "detect", fields),
        events.Event(events.GIVEN_UP, 5, CHIP, "/dev/x", "detect", fields),
    ]
    lines, table = live.TextLines(), live.Table()
    for event in told:
        lines.tell(event)
        table.tell(event)
    assert capsys.readouterr().err.count("PSRAM") == 1
    assert table._table().row_count == 1


def test_a_slow_port_is_asked_before_it_is_given_up(temporary: Path):
    place = Place(temporary)
    sought = seeker.Seeker(place.tray([], 1).bench, place.candidates, lambda _board: None)
    spot = sought.places["x"] = seeker.Place("x", float("-inf"))
    assert sought.mute(1.0) == []
    spot.told = "board-silent"
    assert sought.mute(1.0) == ["x"]
    place.inventory.close()
