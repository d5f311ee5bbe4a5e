"""The desk's other orders: a room's coverage, the way back, an update; and a bug of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from host.acceptance_place import Log
from host.desk_place import T17, DeskPlace, over, until
from host.tray_place import CHIPS, nothing, step
from varde_host import errors
from varde_host.acceptance import at_collector, room_check
from varde_host.bench import steps as bench_steps
from varde_host.bench import work
from varde_host.bench.taking_back import returning
from varde_host.bench_desk import cards, jobs


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = DeskPlace(tmp_path, monkeypatch)
    monkeypatch.setattr(room_check, "LOOK_S", 0.02)
    monkeypatch.setattr(room_check, "_public", lambda _address, _hub: b"")
    yield made
    made.close()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """What the collector has, which a test writes."""
    made = Log()
    monkeypatch.setattr(at_collector, "heard", lambda *_: made.heard)
    monkeypatch.setattr(at_collector, "newest_seq", lambda *_: max(made.held, default=0))
    return made


def test_somebody_holds_the_button_and_the_room_is_kept(place: DeskPlace, log: Log):
    kit = place.kit_with_hub(CHIPS[0])
    log.report()

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.COVERAGE, T17, kit=kit, room="Stue")
            await until(desk, lambda: desk.cards()[0].outcome == cards.PERSON)
            assert desk.cards()[0].code == "accept.hold-button"
            log.test_run()
            log.wait(1000)
            log.report()
            ended = await over(desk, job)
            assert ended.said["room"] == "Stue"
            assert ended.said["arrived"] == 20

    asyncio.run(story())
    assert any(name.startswith("room-") for name in place.finished(CHIPS[0]))


def test_a_run_that_does_not_come_says_so(place: DeskPlace, log: Log):
    kit = place.kit_with_hub(CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            with pytest.raises(errors.InputRefused, match="text-form"):
                await desk.start(jobs.COVERAGE, T17, kit=kit, room=" ")
            job = await desk.start(jobs.COVERAGE, T17, kit=kit, room="Stue", newest=True)
            ended = await over(desk, job)
            assert (ended.state, ended.failure.code) == (jobs.FAILED, "no-test-run")

    asyncio.run(story())


# The other orders


def test_a_kit_goes_the_way_back_at_the_desk(place: DeskPlace):
    async def record(_work: work.Work) -> work.Evidence:
        return {"record": "ab" * 32, "pdf": "x.pdf"}

    def table(back: returning.Return) -> tuple[bench_steps.Step, ...]:
        return (returning.ReturnStep(returning.RECORD, "", (), "", back.chip_id, record),)

    place.monkeypatch.setattr(returning.Return, "table", table)
    kit = place.kit_with_hub(CHIPS[0])
    place.plug("0", CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            for refused in ({"proof": "hope"}, {"give_up": "oppfolgingstjeneste:s3"}):
                with pytest.raises(errors.InputRefused, match=r"wipe-proof|text-form"):
                    await desk.start(jobs.RETURN, T17, kit=kit, **refused)
            ended = await over(desk, await desk.start(jobs.RETURN, T17, kit=kit, no_radio=True))
            assert (ended.state, ended.said["record"]) == (jobs.DONE, "ab" * 32)

    asyncio.run(story())
    assert place.finished(CHIPS[0]) == [], "the board is bare"


def test_another_kits_label_is_refused_before_the_test(place: DeskPlace):
    kit, other = place.kit_with_hub(CHIPS[0]), place.room.kit()

    async def story() -> None:
        async with place.desk() as desk:
            for label, code in ((other, "kit-label"), ("AAAAAA", "kit-id-check")):
                with pytest.raises(errors.InputRefused, match=code):
                    await desk.start(jobs.ACCEPT, T17, kit=kit, label=label)
            assert desk.jobs() == []

    asyncio.run(story())


def test_an_update_needs_its_assignment(place: DeskPlace):
    async def story() -> None:
        async with place.desk() as desk:
            with pytest.raises(errors.InputRefused, match="file-read"):
                await desk.start(jobs.UPDATE, T17, assignment=str(place.folder / "none.cbor"))
            assert desk.jobs() == []

    asyncio.run(story())


def test_a_bug_in_one_job_ends_that_job_alone(place: DeskPlace, capsys):
    async def broken(_work: work.Work) -> work.Evidence:
        raise ZeroDivisionError

    place.bench_steps(step("one", broken))
    place.plug("0", CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            ended = await over(desk, await desk.start(jobs.MAKE, T17, count=1))
            assert (ended.state, ended.failure.code) == (jobs.FAILED, "desk-bug")
            assert ended.failure.now
            place.bench_steps(step("one", nothing))
            again = await desk.resume(ended.number, T17)
            assert (await over(desk, again)).state == jobs.DONE

    asyncio.run(story())
    assert "ZeroDivisionError" in capsys.readouterr().err
