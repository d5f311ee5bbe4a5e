"""Kill -9, of a process that runs the real loop over real files, at every step that it takes.

Each example is a fork that is killed before or after its nth transaction, request or operation on
the disk. Then another receiver goes on, and each target has each measurement once.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from host import cut_process
from host import handover_world as play
from varde_host.fhir import of
from varde_host.handover import considering, file_drop, running, sending
from varde_host.receiver_store import store as receiver_store

TARGETS = ("journal", "research")


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of, "of", play.stand_in_of)


def facts(count: int) -> list[play.Fact]:
    return [
        play.Fact(play.HUBS[number % 2], number, "i", Decimal(70 + number), source="bb", at_ms=5)
        for number in range(1, count + 1)
    ]


def rendered(item: sending.Outgoing) -> bytes:
    first = item.resources[0]
    return json.dumps([item.version, str(first["valueQuantity"]["value"])]).encode()


def drop(folder: Path) -> file_drop.FileDrop:
    return file_drop.FileDrop(folder, "json", rendered)


class Counting:
    """Kills its process before or after the nth step; counts without a number."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps = 0

    def step(self) -> None:
        if self.steps == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps += 1


class CountedStore(play.CutStore):
    """Each transaction is two steps: before it, and after its commit."""

    def __init__(self, store: object, counting: Counting) -> None:
        super().__init__(store)  # type: ignore[arg-type]
        self.counting = counting

    def write(self, work: Callable) -> object:
        self.counting.step()
        done = self.store.write(work)
        self.counting.step()
        return done


class CountedSender:
    """Each request is two steps: before it, and once the target has it."""

    def __init__(self, sender: file_drop.FileDrop, counting: Counting) -> None:
        self.sender = sender
        self.counting = counting

    def send(self, items: Sequence[sending.Outgoing]) -> Sequence[sending.Sent]:
        self.counting.step()
        done = self.sender.send(items)
        self.counting.step()
        return done

    def settle(self, items: Sequence[sending.Outgoing]) -> None:
        self.sender.settle(items)
        self.counting.step()

    def tidy(self) -> None:
        self.counting.step()
        self.sender.tidy()


def work(place: Path, world: play.World, counting: Counting | None = None) -> bool:
    """Run one whole round in this process."""
    opened = receiver_store.Store(place / "receiver.sqlite")
    counting = counting or Counting()
    senders = {name: CountedSender(drop(place / name), counting) for name in TARGETS}
    service = play.service(CountedStore(opened, counting), world,
                           [play.target(name) for name in TARGETS])  # fmt: skip
    loop = running.Running(service, senders, lambda: None, lambda _: None, lambda: 0.0)
    try:
        return loop.once()
    finally:
        opened.close()


def killed(work_to_do: Callable[[], object]) -> bool:
    """Run it in a fork; tell if it was killed."""
    return cut_process.cut(work_to_do, 10**9)


class Taking:
    """Whoever reads a target's folder: takes each file away as soon as it is there."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.taken: dict[str, list[tuple[str, bytes]]] = {name: [] for name in TARGETS}

    def look(self) -> None:
        for name, taken in self.taken.items():
            with contextlib.suppress(FileNotFoundError):
                for path in sorted((self.place / name).iterdir()):
                    if path.name[0] != ".":
                        taken.append((path.name, path.read_bytes()))
                        path.unlink()


def steps_of(place: Path, world: play.World) -> int:
    counting = Counting()
    assert work(place, world, counting)
    return counting.steps


def place_of(tmp_path: Path, name: str) -> Path:
    """A receiver's folder with an empty store, copied: to make one takes longer than a round."""
    place = tmp_path / name
    place.mkdir()
    shutil.copy(tmp_path / "receiver.sqlite", place)
    return place


def test_killed_at_every_step_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """First all of it is new, then one is amended; two targets each time."""
    receiver_store.open_store(tmp_path / "receiver.sqlite").close()
    steps = steps_of(place_of(tmp_path, "counted"), play.World(facts(3)))
    assert steps >= 12
    for at in range(steps):
        place = place_of(tmp_path, str(at))
        reader = Taking(place)
        world = play.World(facts(3))
        assert killed(lambda place=place, world=world, at=at: work(place, world, Counting(at)))
        reader.look()
        world.facts[0] = play.moved(world.facts[0], marks=("privately-owned",))
        killed(lambda place=place, world=world, at=at: work(place, world, Counting(at)))
        reader.look()
        assert work(place, world)
        assert work(place, world)
        reader.look()
        for taken in reader.taken.values():
            _once_each(taken, at)


def _once_each(taken: list[tuple[str, bytes]], at: int) -> None:
    """Each value came as version 1, the amended one perhaps as 2 as well, none twice."""
    said = [json.loads(data) for _name, data in taken]
    assert len({name for name, _ in taken}) == len(taken), at
    assert sorted(value for version, value in said if version == 1) == ["71", "72", "73"], at
    assert [value for version, value in said if version == 2] in ([], ["71"]), at
    assert all(version <= 2 for version, _ in said), at


def test_one_target_down_holds_up_nothing_and_gets_all_later(tmp_path: Path) -> None:
    world = play.World(facts(120))
    end = play.StandInTarget()
    end.is_down = True
    opened = receiver_store.open_store(tmp_path / "receiver.sqlite")
    service = play.service(opened, world, [play.target(name) for name in TARGETS])
    reports: list = []

    def round_(*_: object) -> bool:
        loop = running.Running(
            service, {"journal": end, "research": drop(tmp_path / "research")},
            lambda: None, reports.append, lambda: 0.0,
        )  # fmt: skip
        return loop.once()

    assert not round_()
    assert len(list((tmp_path / "research").glob("*.json"))) == 120
    assert end.kept == {}
    assert not round_()
    end.is_down = False
    assert round_()
    assert round_()
    assert len(end.kept) == end.created == 120
    assert len(list((tmp_path / "research").glob("*.json"))) == 120
    opened.close()


def test_two_receivers_at_once_on_one_store(tmp_path: Path) -> None:
    """Five processes run at once, some are killed; the sixth finds each measurement there once."""
    world = play.World(facts(40))
    (tmp_path / "go").touch()
    receiver_store.open_store(tmp_path / "receiver.sqlite").close()
    children = []
    for at in (None, 4, None, 9, None):
        child = os.fork()
        if child == 0:
            try:
                for _ in range(3):
                    work(tmp_path, world, Counting(at))
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    for _ in range(2):
        work(tmp_path, world)
    for name in TARGETS:
        files = list((tmp_path / name).glob("*.json"))
        assert len(files) == 40
        said = [json.loads(path.read_bytes()) for path in files]
        assert sorted(value for _, value in said) == sorted(str(71 + n) for n in range(40))


def test_a_store_that_cannot_be_written_to_loses_nothing(tmp_path: Path) -> None:
    """Stands in for a full disk: the database may not grow past what it has."""
    import resource  # noqa: PLC0415 for this test alone

    world = play.World(facts(40))
    receiver_store.open_store(tmp_path / "receiver.sqlite").close()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with contextlib.suppress(Exception):
            assert not work(tmp_path, world)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert work(tmp_path, world)
    for name in TARGETS:
        assert len(list((tmp_path / name).glob("*.json"))) == 40


def test_a_bug_in_one_reading_keeps_no_other_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def buggy(each: object, chosen: object) -> of.Made:
        if each.seq == 1:  # type: ignore[attr-defined]
            raise ValueError("80.50 kg of somebody")
        return play.stand_in_of(each, chosen)  # type: ignore[arg-type]

    monkeypatch.setattr(of, "of", buggy)
    receiver_store.open_store(tmp_path / "receiver.sqlite").close()
    world = play.World(facts(3))
    assert work(tmp_path, world)
    assert len(list((tmp_path / "journal").glob("*.json"))) == 2
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert "80.50" not in told


def test_what_waits_says_nothing_of_what_was_measured(tmp_path: Path) -> None:
    """Whoever has the store, and not the receiver's key, reads no value and no loan."""
    receiver_store.open_store(tmp_path / "receiver.sqlite").close()
    world = play.World([play.moved(facts(1)[0], value=Decimal("173.25"), loan="loan-secret")])
    opened = receiver_store.open_store(tmp_path / "receiver.sqlite")
    considering.consider(play.service(opened, world, [play.target("journal")]))
    opened.close()
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert b"173.25" not in data
        assert b"loan-secret" not in data
