"""One at a time, by locks that end with whoever has them: kernel's and server's alike."""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from host import handover_world as play
from host.postgres_server import database_of
from varde_host.errors import WorldFailed
from varde_host.fhir import of
from varde_host.handover import considering, delivery, notices, sending, standing, turns
from varde_host.receiver_store import store as receiver_store


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield tmp_path / "receiver.sqlite"
        return
    with database_of(request.getfixturevalue("postgres")) as url:
        yield url


def test_one_has_it_and_the_next_gets_it_afterwards(address: str | Path) -> None:
    with turns.turn(address, "planning") as mine:
        assert mine is not None
        assert mine.is_mine()
        with turns.turn(address, "planning") as other:
            assert other is None
        with turns.turn(address, "target-journal") as another:
            assert another is not None
    with turns.turn(address, "planning") as again:
        assert again is not None


def test_whoever_is_killed_has_no_turn(address: str | Path) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with turns.turn(address, "planning"):
            os.write(writing, b"x")
            signal.pause()
        os._exit(0)
    os.read(reading, 1)
    with turns.turn(address, "planning") as mine:
        assert mine is None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for _ in range(1000):  # a server takes notice of a closed connection in a moment
        with turns.turn(address, "planning") as mine:
            if mine is not None:
                return
    pytest.fail("nobody gets the turn")


def test_a_store_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorldFailed), turns.turn(tmp_path / "no" / "x.sqlite", "planning"):
        pass
    url = "postgresql://127.0.0.1:1/none?password=secret"
    with pytest.raises(WorldFailed) as caught, turns.turn(url, "planning"):
        pass
    assert "secret" not in str(caught.value)


def test_a_whole_round_on_either_database(
    address: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Created, amended, refused, sent again, moved to another loan; and notices."""
    monkeypatch.setattr(of, "of", play.stand_in_of)
    store = receiver_store.open_store(address)
    fact = play.Fact(play.HUBS[0], 1, "i", Decimal("80.50"), at_ms=5)
    other = play.Fact(play.HUBS[0], 2, "j", Decimal(81), source="bb")
    world = play.World([fact, other])
    target, end = play.target("journal"), play.StandInTarget()
    service = play.service(store, world, [target])
    end.refuses = {f"{play.SYSTEM}|{other.own}"}

    def round_() -> delivery.Round:
        considering.consider(service)
        return delivery.deliver(store, "journal", service.boxes(target), end, service.time,
                                lambda: True)  # fmt: skip

    assert round_() == delivery.Round(1, 1)
    assert round_() == delivery.Round()
    with store.reading() as connection:
        stands = standing.of(connection, target)
        refusal = next(standing.refusals(connection, "journal"))
    assert (stands.handed, stands.refused, stands.waiting) == (1, 1, 0)
    assert refusal.words == "not wanted"
    end.refuses = set()
    world.facts = [play.moved(fact, loan="loan-2"), play.moved(other, marks=("may-repeat",))]
    assert round_() == delivery.Round(3, 0)
    assert sorted(end.says().values()) == [("80.50", "loan-2"), ("81", "loan-1")]
    message = sending.Outgoing("urn:x|miss-1", 1, "message", [{"code": "no-power"}], "loan-1")
    for code, queued in (("no-power", 1), ("no-power", 0), ("battery", 1)):
        said = sending.Outgoing(**{**_fields(message), "resources": [{"code": code}]})
        assert notices.queue(service, target, [said]) == queued
        delivery.deliver(store, "journal", service.boxes(target), end, service.time, lambda: True)
    assert end.kept["urn:x|miss-1"] == {"code": "battery"}
    store.close()


def _fields(item: sending.Outgoing) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__slots__}
