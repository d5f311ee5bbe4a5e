"""Killed at any write, a verification goes on where it was, and ends as one record."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from host import signed_bench
from host.cut_process import cut
from host.inventory_bench import K2, NOW_MS, T17
from host.verifying_bench import BEGAN_MS, BY, Person, begun
from varde_host import errors
from varde_host.inventory import items, models, records, store
from varde_host.verification import judgement
from varde_host.verifying import entry, finishing, plan, session, state_file

MOST_OPERATIONS = 400


def answered(path: Path, work: session.Session, person: Person, told: int) -> None:
    """Answer to the end; each answer is told to whoever looks only when it is kept."""
    while work.question() is not None:
        person.answer()
        state_file.keep(path, work.fixed, work.entries)
        os.write(told, b".")


@pytest.mark.parametrize("torn", [False, True])
def test_no_answer_is_lost_whatever_write_is_the_last(tmp_path: Path, torn: bool):
    whole = Person(begun("cuff-visual")).finish()
    was_cut, at = True, 0
    while was_cut:
        folder = tmp_path / f"{at}"
        folder.mkdir()
        path, told_path = folder / "0421AC.json", folder / "told"
        told = os.open(told_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        work = begun("cuff-visual")
        person = Person(work)

        def play(work=work, person=person, path=path, told=told) -> None:
            answered(path, work, person, told)

        was_cut = cut(play, at, torn=torn)
        os.close(told)
        known = state_file.load(path)
        kept = () if known is None else known[1]
        assert told_path.stat().st_size <= len(kept) <= len(whole.entries)
        assert list(kept) == whole.entries[: len(kept)]
        again = session.Session(whole.used, whole.fixed, kept)
        assert Person(again).finish().seen() == whole.seen()
        at += 1
        assert at < MOST_OPERATIONS
    assert at > 3 * len(whole.entries)  # several writes an answer, each of them was the last once


@pytest.fixture
def stocked(tmp_path: Path) -> tuple[Path, str]:
    """An inventory with a cuff in it."""
    path = tmp_path / "inventory.sqlite"
    draw = random.Random(8).randrange

    def fill(connection) -> str:
        models.add(
            connection, "cuff-m", models.CUFF, T17, NOW_MS, name="Mansjett M", maker="A&D"
        )  # fmt: skip
        return items.add(connection, draw, "cuff-m", T17, NOW_MS, serial="S100").item_id

    opened = store.open_inventory(path, create=True)
    item = opened.write(fill)
    opened.close()
    return path, item


def verified(item: str) -> session.Session:
    """A verification that is answered to its end."""
    work = begun("cuff-visual", item_id=item, model="cuff-m", kind="cuff")
    fixed = work.fixed.__class__(
        **{name: getattr(work.fixed, name) for name in work.fixed.__slots__} | {"kit": None}
    )
    return Person(session.Session(work.used, fixed)).finish()


def finish(path: Path, inventory: Path, work: session.Session) -> None:
    """As the command does: tidy, go on with what is there, sign, put in, put away."""
    site = signed_bench.site()
    finishing.tidy(path, site)
    known = state_file.load(path)
    if known is None:
        return
    again = session.Session(work.used, *known)
    opened = store.open_inventory(inventory)
    try:
        finishing.finish(site, opened, again, path, K2, BEGAN_MS + 10**9)
    finally:
        opened.close()


def test_one_record_whatever_step_of_the_end_is_the_last(
    tmp_path: Path, stocked: tuple[Path, str]
):
    inventory, item = stocked
    blank = inventory.read_bytes()
    signed_bench.site()
    work, was_cut, at = verified(item), True, 0
    while was_cut:
        folder = tmp_path / f"{at}"
        folder.mkdir()
        for left in inventory.parent.glob("inventory.sqlite*"):
            left.unlink()
        inventory.write_bytes(blank)
        path = folder / f"{item}.json"
        state_file.keep(path, work.fixed, work.entries)
        was_cut = cut(lambda path=path: finish(path, inventory, work), at)
        finish(path, inventory, work)
        finish(path, inventory, work)
        opened = store.open_inventory(inventory)
        found = opened.read(lambda c: records.of_item(c, item))
        opened.close()
        assert [one.outcome for one in found] == [judgement.PASSED]
        done = sorted(one.name for one in (folder / state_file.DONE).iterdir())
        assert done == sorted([f"{found[0].number}.cose", f"{item}-{found[0].number}.json"])
        assert [one.name for one in folder.iterdir()] == [state_file.DONE]
        at += 1
        assert at < MOST_OPERATIONS
    assert at > 8


def test_what_was_answered_otherwise_after_signing_is_signed_anew(
    tmp_path: Path, stocked: tuple[Path, str]
):
    _, item = stocked
    path, work = tmp_path / f"{item}.json", verified(item)
    site = signed_bench.site()
    first = finishing.signed(site, work, path, K2)
    assert finishing.signed(site, work, path, K2).sha256 == first.sha256
    work.undo("Ikke ren", BEGAN_MS + 10**6, BY)
    person = Person(work)
    person.until(lambda asked: asked.step.id == plan.UNCHANGED)
    work.answer("ja", person.now_ms(), BY)
    assert finishing.signed(site, work, path, K2).content["ended_ms"] >= BEGAN_MS
    assert [one.did for one in work.entries].count(entry.UNDO) == 1


def test_two_at_one_thing(tmp_path: Path):
    path = tmp_path / "verifying" / "0421AC.json"
    with state_file.held(path):
        with pytest.raises(errors.InputRefused) as caught, state_file.held(path):
            pass
        assert caught.value.code == "verify-busy"
    with state_file.held(path):
        pass


def test_practice_leaves_no_record(tmp_path: Path):
    path, work = tmp_path / "0421AC.json", Person(begun("cuff-visual")).finish()
    state_file.keep(path, work.fixed, work.entries)
    left = finishing.practised(work, path, BEGAN_MS)
    assert left.put is None
    assert left.document is None
    assert left.path.exists()
    assert not path.exists()
