"""The desk: several boards, two technicians, and no power now and then."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from host.desk_place import T17, T18, DeskPlace, asked, asks, outcomes, over, until
from host.inventory_bench import refusal
from host.tray_place import CHIPS, flash, nothing, step
from varde_host import errors
from varde_host.bench import faults, work
from varde_host.bench.making import kit_binding
from varde_host.bench.taking_back import returning
from varde_host.bench_desk import batch, cards, jobs
from varde_host.inventory import audit, items, models, progress


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = DeskPlace(tmp_path, monkeypatch)
    yield made
    made.close()


def test_boards_become_hubs_and_cards_say_so(place: DeskPlace):
    place.bench_steps(step("one", flash), step("two", nothing, "one"))

    async def story() -> None:
        async with place.desk() as desk:
            for number in range(2):
                place.plug(str(number), CHIPS[number])
            ended = await over(desk, await desk.start(jobs.MAKE, T17, count=2))
            assert (ended.state, dict(ended.said)) == (jobs.DONE, {"done": 2, "boards": 2})
            assert outcomes(desk) == dict.fromkeys(CHIPS[:2], cards.DONE)
            assert {(card.made, card.steps) for card in desk.cards()} == {(2, 2)}

    asyncio.run(story())
    assert place.finished(CHIPS[0]) == ["one", "two"]


def test_the_label_is_asked_for_where_it_is_wanted(place: DeskPlace):
    place.bench_steps(step("one", nothing))

    async def story() -> None:
        place.plug("0", CHIPS[0])
        async with place.desk() as desk:
            await over(desk, await desk.start(jobs.MAKE, T17, count=1))
            assert place.finished(CHIPS[0]) == ["one"]
            place.unplug("0")
            place.plug("0", CHIPS[0])
            await over(desk, await desk.start(jobs.MAKE, T17, count=1, label=True))
            assert place.finished(CHIPS[0]) == ["one", "label"]

    asyncio.run(story())


def test_a_desk_without_an_image_says_so(place: DeskPlace):
    place.here = dataclasses.replace(place.here, image=None)

    async def story() -> None:
        async with place.desk() as desk:
            with pytest.raises(errors.InputRefused, match="desk-image"):
                await desk.start(jobs.MAKE, T17)
            assert desk.jobs() == []

    asyncio.run(story())


# Two technicians


def two_kits(place: DeskPlace) -> tuple[str, str]:
    place.acceptance(step("accept-one", asks))
    for number in range(2):
        place.plug(str(number), CHIPS[number])
    return place.kit_with_hub(CHIPS[0]), place.kit_with_hub(CHIPS[1])


def test_two_technicians_on_two_kits_answer_their_own_questions(place: DeskPlace):
    kits = two_kits(place)

    async def story() -> None:
        async with place.desk() as desk:
            first = await desk.start(jobs.ACCEPT, T17, kit=kits[0])
            second = await desk.start(jobs.ACCEPT, T18, kit=kits[1])
            ours, theirs = await asked(desk, 2)
            if ours.job != first.number:
                ours, theirs = theirs, ours
            assert (ours.board, theirs.board) == (CHIPS[0], CHIPS[1])
            assert (ours.held_by, theirs.held_by) == (T17, T18)
            assert {card.kit: card.question for card in desk.cards()} == {
                kits[0]: ours.id, kits[1]: theirs.id,
            }  # fmt: skip
            for act in (desk.questions.answer, desk.questions.cannot):
                with pytest.raises(errors.InputRefused, match="desk-question-held"):
                    act(theirs.id, "no", T17)
            desk.questions.answer(ours.id, "", T17)
            await over(desk, first)
            assert [each.id for each in desk.questions.waiting()] == [theirs.id]
            desk.questions.take_over(theirs.id, T17)
            with pytest.raises(errors.InputRefused, match="desk-question-held"):
                desk.questions.answer(theirs.id, "", T18)
            desk.questions.answer(theirs.id, "no", T17)
            await over(desk, second)
            with pytest.raises(errors.InputRefused, match="desk-question-gone"):
                desk.questions.answer(theirs.id, "", T17)

    asyncio.run(story())
    said = [place.inventory.read(lambda c, n=n: progress.finished(c, CHIPS[n])) for n in (0, 1)]
    assert [each["accept-one"]["facts"]["said"] for each in said] == ["", "no"]


def test_who_takes_a_question_over_has_the_jobs_next_as_well(place: DeskPlace):
    place.bench_steps(step("one", asks), step("two", asks))
    place.plug("0", CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.MAKE, T17, count=1)
            [first] = await asked(desk)
            desk.questions.take_over(first.id, T18)
            desk.questions.answer(first.id, "", T18)
            await until(
                desk, lambda: [q.id for q in desk.questions.waiting()] not in ([], [first.id])
            )
            [second] = desk.questions.waiting()
            assert second.held_by == T18
            with pytest.raises(errors.InputRefused, match="desk-question-held"):
                desk.cannot(job.number, CHIPS[0], "not mine", T17)
            desk.questions.answer(second.id, "", T18)
            assert (await over(desk, job)).state == jobs.DONE

    asyncio.run(story())


def test_a_kit_has_one_job_at_a_time(place: DeskPlace):
    kit, _ = two_kits(place)

    async def story() -> None:
        async with place.desk() as desk:
            await desk.start(jobs.ACCEPT, T17, kit=kit)
            with pytest.raises(errors.InputRefused, match="desk-kit-busy") as caught:
                await desk.start(jobs.RETURN, T18, kit=kit)
            assert caught.value.fields["person"] == "t17"
            assert len(desk.jobs()) == 1

    asyncio.run(story())


def test_each_job_takes_its_own_kits_board_alone(place: DeskPlace):
    kit, _ = two_kits(place)
    place.unplug("0")

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.ACCEPT, T17, kit=kit)
            await until(desk, lambda: desk.cards()[0].code == "other-board")
            assert desk.cards()[0].outcome == cards.WAITING
            assert desk.cards()[0].kit == kit
            place.plug("2", CHIPS[0])
            [question] = await asked(desk)
            assert question.board == CHIPS[0]
            desk.questions.answer(question.id, "", T17)
            await over(desk, job)

    asyncio.run(story())
    assert place.finished(CHIPS[1]) == []


def test_a_kit_is_made_of_its_own_board_or_of_one_that_is_nobodys(place: DeskPlace):
    place.bench_steps(step("one", nothing))
    kit, other = place.kit_with_hub(CHIPS[0]), place.room.kit()
    for number in (0, 1):
        place.plug(str(number), CHIPS[number])

    async def story() -> None:
        async with place.desk() as desk:
            assert (await over(desk, await desk.start(jobs.MAKE, T17, kit=kit))).state == jobs.DONE
            assert place.finished(CHIPS[1]) == []
            job = await over(desk, await desk.start(jobs.MAKE, T17, kit=other))
            assert [card.chip for card in desk.cards(job.number)] == [CHIPS[1]]

    asyncio.run(story())
    assert [place.finished(chip) for chip in CHIPS[:2]] == [["one"], ["one"]]


def test_of_two_bare_boards_a_kit_takes_one(place: DeskPlace):
    async def bind(work: work.Work) -> work.Evidence:
        inventory = work.bench.inventory
        made = kit_binding.kit_of(
            inventory, work.board.chip_id, work.board.chip_id + "0000", T17,
            work.bench.utc_ms(), work.settings.kit,
        )  # fmt: skip
        return {"kit": made.kit_id}

    place.bench_steps(step("one", bind))
    kit = place.room.kit()
    place.room.model("hub-s3", models.HUB)
    place.room.put(place.room.item("hub-s3", serial="NOCHIP"), kit)
    for number in (0, 1):
        place.plug(str(number), CHIPS[number])

    async def story() -> None:
        async with place.desk() as desk:
            assert (await over(desk, await desk.start(jobs.MAKE, T17, kit=kit))).state == jobs.DONE

    asyncio.run(story())
    [hub] = place.room.see(items.listing, kit_id=kit)
    assert (hub.serial, place.finished(hub.chip_id)) == ("NOCHIP", ["one"])
    [other] = set(CHIPS[:2]) - {hub.chip_id}
    assert place.finished(other) == []


def test_a_board_on_its_way_back_is_not_made_by_a_tray(place: DeskPlace):
    place.bench_steps(step("one", nothing))
    for number in (0, 1):
        place.plug(str(number), CHIPS[number])
    place.room.do(progress.finish, CHIPS[0], returning.LOOK, {"at_ms": 1}, T17, 1)

    async def story() -> None:
        async with place.desk() as desk:
            job = await over(desk, await desk.start(jobs.MAKE, T17, count=2))
            assert (job.state, job.failure.code) == (jobs.FAILED, "holds-readings")
            assert outcomes(desk) == {CHIPS[0]: cards.FAILED, CHIPS[1]: cards.DONE}

    asyncio.run(story())
    assert place.finished(CHIPS[0]) == [returning.LOOK]


def test_what_is_made_for_a_batch_is_in_it(place: DeskPlace):
    place.bench_steps(step("one", nothing))
    kit = place.kit_with_hub(CHIPS[0])
    for number in (0, 1):
        place.plug(str(number), CHIPS[number])
    batch.create(place.site.directory, "mai", 1)

    async def story() -> None:
        async with place.desk() as desk:
            await over(desk, await desk.start(jobs.MAKE, T17, count=2, batch="mai"))
            with pytest.raises(errors.InputRefused, match="batch-unknown"):
                await desk.start(jobs.MAKE, T17, count=2, batch="juni")

    asyncio.run(story())
    made = batch.load(place.site.directory, "mai")
    assert set(made.chips) == set(CHIPS[:2])
    assert place.inventory.read(lambda c: batch.members(c, made)) == [kit]


def test_what_cannot_be_done_has_a_reason(place: DeskPlace):
    place.bench_steps(step("one", asks))
    place.plug("0", CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.MAKE, T17, count=1)
            [question] = await asked(desk)
            for reason, code in (("", "text-form"), ("13097248022", "birth-number")):
                with pytest.raises(errors.InputRefused, match=code):
                    desk.questions.cannot(question.id, reason, T17)
            desk.questions.cannot(question.id, "no lamp on this board", T17)
            ended = await over(desk, job)
            assert (ended.state, ended.failure.code) == (jobs.FAILED, "cannot")
            assert outcomes(desk) == {CHIPS[0]: cards.FAILED}

    asyncio.run(story())
    lines = place.inventory.read(lambda c: [line.detail for line in audit.lines(c)])
    assert any("no lamp on this board" in line for line in lines)


def test_what_a_board_waits_for_can_be_refused_as_well(place: DeskPlace):
    async def hold(_work: work.Work) -> work.Evidence:
        raise faults.Fault("hold-boot")

    place.bench_steps(step("one", hold))
    place.plug("0", CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.MAKE, T17, count=1)
            await until(desk, lambda: outcomes(desk) == {CHIPS[0]: cards.PERSON})
            with pytest.raises(errors.InputRefused, match="desk-question-held"):
                desk.cannot(job.number, CHIPS[0], "not mine", T18)
            with pytest.raises(errors.InputRefused, match="desk-question-gone"):
                desk.cannot(job.number, CHIPS[1], "no such board waits", T17)
            desk.cannot(job.number, CHIPS[0], "the button is broken", T17)
            assert (await over(desk, job)).failure.code == "cannot"

    asyncio.run(story())


# Stopped, and cut


def test_a_stopped_job_goes_on_where_it_was(place: DeskPlace):
    place.bench_steps(step("one", flash), step("two", asks, "one"))
    place.plug("0", CHIPS[0])

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.MAKE, T17, count=1)
            await asked(desk)
            assert (await desk.stop(job.number, T18)).state == jobs.STOPPED
            assert outcomes(desk) == {CHIPS[0]: cards.STOPPED}
            assert desk.questions.waiting() == []
            again = await desk.resume(job.number, T18)
            [question] = await asked(desk)
            desk.questions.answer(question.id, "", T18)
            assert (await over(desk, again)).state == jobs.DONE
            assert [each.number for each in desk.jobs()] == [again.number]
            for act in (desk.stop, desk.resume):
                with pytest.raises(errors.InputRefused, match="desk-job-over"):
                    await act(again.number, T17)
            desk.dismiss(again.number)
            assert refusal(desk.job, again.number).code == "desk-job-unknown"

    asyncio.run(story())
    assert sum("write-flash" in arguments for word, arguments, _ in place.runs()) == 2


def test_a_job_that_is_stopped_at_once_is_stopped(place: DeskPlace):
    kit, _ = two_kits(place)

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.ACCEPT, T17, kit=kit)
            assert (await desk.stop(job.number, T17)).state == jobs.STOPPED

    asyncio.run(story())


def test_a_full_disk_leaves_no_job_that_nobody_does(place: DeskPlace, capsys):
    """Refused at the beginning; at the end what was done is done, and is shown."""
    place.bench_steps(step("one", asks))
    place.plug("0", CHIPS[0])
    full = place.site.directory / "desk.json.part" / "no-room"

    async def story() -> None:
        async with place.desk() as desk:
            full.mkdir(parents=True)
            with pytest.raises(errors.WorldFailed, match="file-write"):
                await desk.start(jobs.MAKE, T17, count=1)
            assert desk.jobs() == []
            full.rmdir()
            full.parent.rmdir()
            job = await desk.start(jobs.MAKE, T17, count=1)
            [question] = await asked(desk)
            full.mkdir(parents=True)
            desk.questions.answer(question.id, "", T17)
            assert (await over(desk, job)).state == jobs.DONE
            full.rmdir()
            full.parent.rmdir()

    asyncio.run(story())
    assert "WorldFailed" in capsys.readouterr().err


def test_a_closed_desk_shows_what_was_under_way(place: DeskPlace):
    kit, _ = two_kits(place)

    async def story() -> None:
        async with place.desk() as desk:
            job = await desk.start(jobs.ACCEPT, T17, kit=kit, place="Benk 1")
            await asked(desk)
        async with place.desk() as desk:
            [cut] = desk.jobs()
            assert (cut.number, cut.state, cut.kit, cut.by) == (job.number, jobs.CUT, kit, T17)
            assert desk.job_of_kit(kit) == cut
            [card] = desk.cards()
            assert (card.outcome, card.kit, card.chip) == (cards.STOPPED, kit, CHIPS[0])
            again = await desk.resume(cut.number, T18)
            assert again.number > cut.number
            assert again.order == cut.order
            desk.questions.answer((await asked(desk))[0].id, "", T18)
            await over(desk, again)
        async with place.desk() as desk:
            assert desk.jobs() == []

    asyncio.run(story())
