"""The page's loop and the terminal's: the same lines; killed, stopped, raced and lied to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.verifying_bench import BEGAN_MS, BY, LISTENING, PUMPED, TYPED, Person, begun
from varde_host import errors
from varde_host.manometer import stability
from varde_host.verifying import (
    dialog,
    entry,
    line_editor,
    plan,
    session,
    sources,
    state_file,
    watching,
)
from varde_host.verifying.runner import Runner

WAYS = {"cuff-static": PUMPED, "scale-r76": LISTENING, "oximeter-functional": TYPED}
OTHER = ("lagertekniker", "t18")


def now_of(work: session.Session) -> int:
    """A clock that shows how much was said: the same for whoever asks, however often."""
    return BEGAN_MS + 1000 * (len(work.entries) + 1)


class Instrument:
    """Gives what a perfect one would, or what the test says; None: nothing came."""

    def __init__(self, person: Person, given: list[Any]) -> None:
        self.person = person
        self.given = given

    def value(self, step: plan.Step, _since_ms: int) -> entry.Value:
        said = self.given.pop(0) if self.given else "good"
        if said is None:
            return None
        is_number = said != "good" and step.kind != plan.CURVE
        return said if is_number else self.person.gives(step)


DEEDS = st.one_of(
    st.just(("good",)),
    st.just(("good",)),
    st.tuples(st.just("typed"), st.text(max_size=12).filter(lambda text: text.isprintable())),
    st.tuples(st.just("typed"), st.sampled_from(["n", "ja", "151", "105", "20,1", "", "-"])),
    st.tuples(st.just("cannot"), st.sampled_from(["Går ikke", "", "01010112345"])),
    st.tuples(st.just("undo"), st.sampled_from(["Feil lest", ""])),
)
GIVEN = st.lists(
    st.one_of(st.just("good"), st.none(), st.decimals(-20, 300, places=2).map(str)), max_size=20
)


class Line:
    """What a person at the terminal says to the deeds, one after another; then stops."""

    def __init__(self, person: Person, deeds: list[tuple[str, ...]]) -> None:
        self.person = person
        self.deeds = list(deeds)
        self.is_asked_why = False

    def __call__(self, question: str) -> line_editor.Said:
        work = self.person.work
        asked = work.question()
        assert asked is not None
        if "Gjelder det bare" in question:
            return line_editor.Said(line_editor.TYPED, "")
        if question.startswith(("Hvorfor", "Hva var galt")):
            return line_editor.Said(line_editor.TYPED, "")  # no reason: nothing is done
        if not self.deeds:
            return line_editor.Said(line_editor.STOP)
        deed = self.deeds.pop(0)
        if deed[0] == "cannot":
            return line_editor.Said(line_editor.CANNOT, deed[1])
        if deed[0] == "undo":
            return line_editor.Said(line_editor.BACK, deed[1])
        if asked.kind in plan.MACHINE:
            return line_editor.Said(line_editor.TYPED)  # once more
        text = deed[1] if deed[0] == "typed" else self.person.says(asked.step)
        return line_editor.Said(line_editor.TYPED, text)


def by_terminal(name: str, deeds: list[tuple[str, ...]], given_: list[Any]) -> list[entry.Entry]:
    work = begun(name, WAYS[name])
    person = Person(work)
    talk = dialog.Dialog(
        work, Instrument(person, list(given_)), Line(person, deeds), lambda _text: None,  # type: ignore[arg-type]
        lambda: None, lambda: now_of(work), BY, lambda: None,
    )  # fmt: skip
    talk.run()
    return work.entries


async def settled(led: Runner) -> None:
    """Let the instrument finish what it is asked."""
    while led.is_measuring:
        await asyncio.sleep(0)


async def by_page(name: str, deeds: list[tuple[str, ...]], given_: list[Any]) -> list[entry.Entry]:
    work = begun(name, WAYS[name])
    person = Person(work)
    led = runner_of(work, Instrument(person, list(given_)), WAYS[name])
    led.start()
    await settled(led)
    for deed in deeds:
        asked = work.question()
        if asked is None:
            break
        with contextlib.suppress(errors.InputRefused):
            if deed[0] == "cannot" and deed[1]:
                await led.cannot(led.turn, deed[1], "", BY)
            elif deed[0] == "undo" and deed[1]:
                await led.undo(led.turn, deed[1], BY)
            elif deed[0] in ("cannot", "undo"):
                pass
            elif asked.kind in plan.MACHINE:
                led.retry(led.turn)
            else:
                text = deed[1] if deed[0] == "typed" else person.says(asked.step)
                led.answer(led.turn, text, BY)
        await settled(led)
    await led.close()
    return work.entries


def runner_of(work: session.Session, values: Any, ways: plan.Ways, keep: Any = None) -> Runner:
    @contextlib.contextmanager
    def connect(watch: sources.Watch) -> Iterator[Any]:
        values.watch = watch
        yield values

    return Runner(work, keep or (lambda: None), lambda: now_of(work), BY, ways, connect)


def ran(story: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(story, 60))


@pytest.mark.parametrize("name", sorted(WAYS))
@settings(max_examples=20, deadline=None)
@given(skip=st.integers(0, 45), deeds=st.lists(DEEDS, max_size=20), came=GIVEN)
def test_any_history_leaves_the_terminals_lines(
    name: str, skip: int, deeds: list[tuple[str, ...]], came: list[Any]
):
    whole = [("good",)] * skip + deeds
    typed = by_terminal(name, whole, came)
    assert ran(by_page(name, whole, came)) == typed


class Slow:
    """An instrument that measures until it is told to stop."""

    def __init__(self) -> None:
        self.watch: sources.Watch = sources.ignore
        self.is_asked = threading.Event()
        self.samples = [(0, "149.8712"), (500, "149.8715"), (1000, "149.8711")]

    def value(self, _step: plan.Step, _since_ms: int) -> entry.Value:
        self.is_asked.set()
        for at_ms, value in self.samples:
            self.watch(stability.Sample(BEGAN_MS + at_ms, Decimal(value)))
        while True:
            self.watch(None)


def at_a_hold() -> session.Session:
    work = begun("cuff-static", PUMPED)
    Person(work).until(lambda asked: asked.kind == plan.HOLD and asked.step.planned.nominal == 150)
    return work


async def asked_slowly(work: session.Session) -> tuple[Runner, Slow]:
    slow = Slow()
    led = runner_of(work, slow, PUMPED)
    led.start()
    await asyncio.to_thread(slow.is_asked.wait, 30)
    while led.seen is None or not led.seen.is_still:  # all its samples have come
        await asyncio.sleep(0.01)
    return led, slow


def test_while_it_is_held_nobody_sees_what_the_reference_stands_at():
    async def story() -> watching.Seen:
        led, _slow = await asked_slowly(at_a_hold())
        seen = led.seen
        await led.close()
        assert seen is not None
        return seen

    seen = ran(story())
    assert (seen.target, seen.value, seen.is_near, seen.is_still) == (150, 150, True, True)
    assert seen.curve == ()
    assert "149" not in str(seen)


def test_a_person_may_give_up_while_it_measures():
    async def story() -> list[entry.Entry]:
        work = at_a_hold()
        led, _slow = await asked_slowly(work)
        before = led.turn
        with pytest.raises(errors.InputRefused) as caught:
            await led.cannot(before - 1, "Lekker", entry.POINT, BY)
        assert caught.value.code == "verify-turn"
        assert led.is_measuring
        await led.cannot(before, "Lekker", entry.POINT, OTHER)
        await led.close()
        return work.entries

    last = ran(story())[-1]
    assert (last.did, last.value, last.scope, last.by) == (
        entry.CANNOT, "Lekker", entry.POINT, OTHER,
    )  # fmt: skip


def test_without_its_manometer_the_point_is_read_by_hand():
    async def story() -> session.Session:
        work = at_a_hold()
        led, _slow = await asked_slowly(work)
        await led.type_instead(led.turn, BY)
        await led.close()
        return work

    asked = ran(story()).question()
    assert asked is not None
    assert asked.kind == plan.READY


def test_an_instrument_that_is_gone_is_said_and_asked_again():
    class Gone:
        count = 0

        def value(self, _step: plan.Step, _since_ms: int) -> entry.Value:
            self.count += 1
            if self.count == 1:
                raise errors.WorldFailed("manometer-gone", "/dev/ttyX", said="gone")
            return "149.8712"

    async def story() -> tuple[str, str]:
        led = runner_of(at_a_hold(), Gone(), PUMPED)
        led.start()
        await settled(led)
        assert led.trouble is not None
        trouble = led.trouble.code
        led.retry(led.turn)
        await settled(led)
        asked = led.decider.question()
        assert asked is not None
        return trouble, asked.step.name

    assert ran(story()) == ("manometer-gone", "display")


def test_a_bug_of_ours_while_it_measures_is_said_and_asked_again(capsys):
    class Broken:
        count = 0

        def value(self, _step: plan.Step, _since_ms: int) -> entry.Value:
            self.count += 1
            if self.count == 1:
                raise RuntimeError("ours")
            return "149.8712"

    async def story() -> tuple[str, str]:
        led = runner_of(at_a_hold(), Broken(), PUMPED)
        led.start()
        await settled(led)
        assert led.trouble is not None
        trouble = led.trouble.code
        led.retry(led.turn)
        await settled(led)
        asked = led.decider.question()
        assert asked is not None
        return trouble, asked.step.name

    assert ran(story()) == ("verify-bug", "display")
    assert "RuntimeError: ours" in capsys.readouterr().err


def test_two_answers_to_one_question_are_one():
    async def story() -> tuple[str, int]:
        work = begun("oximeter-functional")
        led = runner_of(work, None, TYPED)
        led.start()
        turn, person = led.turn, Person(work)
        led.answer(turn, person.says(work.question().step), BY)
        with pytest.raises(errors.InputRefused) as caught:
            led.answer(turn, "99", OTHER)
        return caught.value.code, len(work.entries)

    assert ran(story()) == ("verify-turn", 1)


def test_what_cannot_be_kept_is_the_end_of_it():
    def full() -> None:
        raise errors.WorldFailed("file-write", "state", reason="full")

    async def story() -> None:
        work = begun("oximeter-functional")
        led = runner_of(work, None, TYPED, full)
        led.start()
        for _ in range(2):
            with pytest.raises(errors.WorldFailed):
                led.answer(led.turn, Person(work).says(work.question().step), BY)
        assert led.failed is not None

    ran(story())


def test_the_disk_has_every_answer_before_the_next_question(tmp_path: Path):
    async def story() -> None:
        work = begun("oximeter-functional")
        path = tmp_path / "item.json"
        led = runner_of(work, None, TYPED, lambda: state_file.keep(path, work.fixed, work.entries))
        led.start()
        while (asked := work.question()) is not None:
            led.answer(led.turn, Person(work).says(asked.step), BY)
            state = state_file.load(path)  # killed here, this is what is left
            assert state is not None
            again = session.Session(work.used, *state)
            assert again.question() == work.question()
            assert again.entries == work.entries

    ran(story())


@given(st.lists(st.tuples(st.integers(-3000, 9000), st.decimals(-50, 400, places=4)), max_size=40))
def test_any_course_is_shown_coarse_while_held(course: list[tuple[int, Decimal]]):
    asked = at_a_hold().question()
    assert asked is not None
    watch, at_ms = watching.Watch(asked.step), BEGAN_MS
    for past_ms, value in course:
        at_ms += past_ms
        watch.take(stability.Sample(at_ms, value))
        seen = watch.seen()
        assert seen.value is not None
        assert seen.value % watching.COARSE == 0
        assert abs(seen.value - value) <= watching.COARSE / 2
        assert seen.curve == ()
