"""The desk when the power goes, and what it makes of anything that it is told."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import cut_process
from host.desk_place import T17, DeskPlace, asks
from host.tray_place import CHIPS, nothing, step
from varde_host import errors
from varde_host.bench import events, faults
from varde_host.bench_desk import cards, jobs, orders, question_kinds, under_way
from varde_host.inventory import audit


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = DeskPlace(tmp_path, monkeypatch)
    yield made
    made.close()


class Cut:
    """A desk that makes two boards, in a process of its own that is killed."""

    def __init__(self, place: DeskPlace) -> None:
        self.place = place
        place.bench_steps(step("one", nothing), step("two", asks), step("three", nothing))
        for number in range(2):
            place.plug(str(number), CHIPS[number])

    def work(self, at_event: int | None = None) -> None:
        """Make them, or die when so much has been told."""
        told = 0
        place = self.place

        def count(card: cards.Card, event: events.Event) -> cards.Card:
            nonlocal told
            told += 1
            if told == at_event:
                os.kill(os.getpid(), signal.SIGKILL)
            return after(card, event)

        after, cards.after = cards.after, count
        place.inventory = type(place.inventory)(place.folder / "inventory.sqlite")
        asyncio.run(self.story())

    async def story(self) -> None:
        """Go on with what there is, or begin; answer what is asked."""
        async with self.place.desk() as desk:
            left = [job for job in desk.jobs() if job.state == jobs.CUT]
            job = (
                await desk.resume(left[0].number, T17)
                if left
                else await desk.start(jobs.MAKE, T17, count=2)
            )
            while desk.job(job.number).state == jobs.RUNNING:
                for question in desk.questions.waiting():
                    desk.questions.answer(question.id, "yes", T17)
                await desk.changing.newer_than(desk.changing.version, 5.0)
            assert desk.job(job.number).state == jobs.DONE, desk.job(job.number)

    def is_whole(self) -> None:
        """Go on in this process: all is done, and nothing twice."""
        asyncio.run(self.story())
        for chip in CHIPS[:2]:
            assert self.place.finished(chip) == ["one", "two", "three"]
        lines = self.place.inventory.read(lambda c: list(audit.lines(c)))
        steps = [(line.subject, line.detail) for line in lines if line.what == "bench.step"]
        assert len(steps) == 6, steps


@pytest.mark.parametrize("told", [1, 4, 9, 15])
def test_killed_at_any_event_it_goes_on(place: DeskPlace, told: int):
    cut = Cut(place)
    assert cut_process.cut(lambda: cut.work(told), 10_000)
    cut.is_whole()


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("at", [0, 2, 5, 12])
def test_killed_at_any_operation_on_the_disk_it_goes_on(place: DeskPlace, at: int, torn: bool):
    cut = Cut(place)
    cut_process.cut(cut.work, at, torn=torn)
    cut.is_whole()


@given(
    st.one_of(
        st.binary(max_size=300),
        st.sampled_from([b"{}", b'{"form":1}', b'{"form":1,"next":1e999,"jobs":[]}']),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_bytes_of_what_was_under_way_are_refused_or_read(data: bytes):
    try:
        following, left = under_way.parse(data)
    except ValueError:
        return
    assert following >= 1
    assert all(each.order.kind in orders.KINDS for each in left)


def test_a_file_that_cannot_be_read_is_put_aside(tmp_path: Path):
    path = tmp_path / under_way.FILE
    rows: list[object] = [
        {"number": 3, "kind": "accept", "by": "lagertekniker:t17", "what": {"kit": {}},
         "began_ms": 1},
        {"number": 3, "kind": "format", "by": "lagertekniker:t17", "what": {}, "began_ms": 1},
        {"number": 3, "kind": "make", "by": "nobody", "what": {}, "began_ms": 1},
        {"number": 3, "kind": "make", "by": "lagertekniker:t17", "what": {"x": 1}, "began_ms": 1},
        7,
    ]  # fmt: skip
    for row in rows:
        path.write_bytes(under_way.json.dumps({"form": 1, "next": 4, "jobs": [row]}).encode())
        assert under_way.load(path) == (1, [])
        assert not path.exists()


def test_an_order_comes_back_from_the_disk_as_it_was(tmp_path: Path):
    given_orders = [
        orders.Make(count=3, ports=("/dev/x",), again=("sensors",), batch="mai"),
        orders.Accept(kit="FA9TX9", label="FA9TX9"),
        orders.Return(kit="FA9TX9", give_up="oppfolgingstjeneste:s3", reason="ført for hånd"),
        orders.Coverage(kit="FA9TX9", room="stue"),
        orders.Update(assignment="a.cbor"),
    ]
    left = [under_way.Left(n, T17, order, n) for n, order in enumerate(given_orders, 1)]
    under_way.keep(tmp_path / "desk.json", 9, left)
    assert under_way.load(tmp_path / "desk.json") == (9, left)


# Cards

KINDS = [value for name, value in vars(events).items() if name.isupper()]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.sampled_from(["", "one", "two"]),
            st.dictionaries(
                st.sampled_from(["code", "question", "percent", "outcome", "who", "reason"]),
                st.one_of(st.sampled_from(sorted(faults.CODES)), st.integers(-9, 200), st.none()),
            ),
        ),
        max_size=12,
    )
)
@settings(max_examples=80, deadline=None)
def test_a_card_can_be_shown_whatever_was_told(told):
    card = cards.Card(1, steps=9)
    for kind, name, fields in told:
        card = cards.after(card, events.Event(kind, 1, "aa", "/dev/x", name, fields))
        assert card.outcome in cards.OUTCOMES
        assert card.percent is None or 0 <= card.percent <= 100
        assert 0 <= card.made <= card.steps
        assert card.sign
        assert card.colour
        assert card.word
        assert card.explained is None or card.explained.now


def test_progress_is_shown_in_steps():
    seen, card = set(), cards.Card(1)
    for percent in range(101):
        event = events.Event(events.PROGRESS, percent, "aa", fields={"percent": percent})
        card = cards.after(card, event)
        seen.add(card.percent)
    assert len(seen) == 100 // cards.PERCENT_STEP + 1


def test_every_question_of_the_bench_has_a_kind():
    source = Path(faults.__file__).parents[1]
    asked_keys = set()
    for file in [*source.glob("bench/**/*.py"), *source.glob("acceptance/*.py")]:
        text = file.read_text()
        for part in text.split("work.ask(")[1:]:
            asked_keys.add(part.split('"')[1].split("{")[0])
    assert asked_keys == {"pairing.scan", "labelling.scan", "accept.ask.", "clear-by-hand."}
    assert all(question_kinds.of(key) != question_kinds.TEXT for key in asked_keys)


def test_one_page_server_keeps_the_file_of_a_site(tmp_path: Path):
    with (
        under_way.alone(tmp_path),
        pytest.raises(errors.InputRefused, match="desk-open"),
        under_way.alone(tmp_path),
    ):
        pass
    with under_way.alone(tmp_path):
        pass
