"""Two people at the configs of the same hubs, and power cuts: nobody's work is lost in silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import config_place
from host.config_place import ConfigPlace, error_of, ids, publish
from host.cut_process import cut
from host.terminal import Terminal
from varde_host import cli, errors
from varde_host.fleet import desired, desk, drafts, pushing, under_way
from varde_host.site import keys
from varde_protocols import assignment, documents


@pytest.fixture
def place(
    made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConfigPlace]:
    yield from config_place.in_time(made, terminal, monkeypatch)


# --- two people ----------------------------------------------------------------------------------


def test_a_draft_over_which_somebody_else_has_published(place: ConfigPlace):
    publish(place)
    one = ("--hub", ids(place)[0])
    place.run("set", "heartbeat-s=300", *one)
    publish(place, number=2, heartbeat_s=600, board="t-sim7670g")
    _, (row,) = place.json("diff", *one)
    assert row["conflicts"] == ["heartbeat-s"]
    assert error_of(place, "push", *one) == "push-conflict"
    assert place.published(place.hubs[0]).number == 2
    place.run("set", "heartbeat-s=300", *one)  # having seen the other's
    assert place.run("push", *one)[0] == 0
    config = place.published(place.hubs[0]).config
    assert (config.heartbeat_s, config.board) == (300, "t-sim7670g")


def test_two_who_push_at_once(place: ConfigPlace):
    """Both looked before either published: one gets through, the other keeps all drafts."""
    for at in range(3):
        publish(place, at)
    hubs = ids(place)
    place.run("set", "heartbeat-s=300", "--all")
    ready, go = threading.Barrier(2), []

    def sign(given: assignment.Assignment) -> bytes:
        signers = place.site.signers(keys.ASSIGNMENT)
        return documents.sign(documents.ASSIGNMENT, given.encode(), signers)

    def push(at_ms: int) -> None:
        pushes = pushing.prepare(place.site, place.opened, hubs, at_ms)
        ready.wait()
        try:
            pushing.publish(place.site, place.opened, pushes, sign, at_ms)
            go.append("published")
        except errors.InputRefused as error:
            go.append(error.code)

    both = [threading.Thread(target=push, args=(n,)) for n in (1, 2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(go) == ["assignment-taken", "published"]
    assert [place.published(hub).number for hub in place.hubs] == [2, 2, 2]
    assert [place.published(hub).config.heartbeat_s for hub in place.hubs] == [300] * 3


def test_one_who_sets_while_another_pushes_loses_nothing(place: ConfigPlace):
    publish(place)
    one = ids(place)[0]
    place.run("set", "heartbeat-s=300", "--hub", one)

    def sign(given: assignment.Assignment) -> bytes:
        place.run("set", "board=t-sim7670g", "--hub", one)  # while the passphrase is typed
        signers = place.site.signers(keys.ASSIGNMENT)
        return documents.sign(documents.ASSIGNMENT, given.encode(), signers)

    pushes = pushing.prepare(place.site, place.opened, [one], 1)
    pushing.publish(place.site, place.opened, pushes, sign, 1)
    assert place.published(place.hubs[0]).config.board == "generic"
    assert drafts.load(place.directory, one).changes == {"board": "t-sim7670g"}
    assert place.run("push", "--hub", one)[0] == 0
    assert place.published(place.hubs[0]).config.heartbeat_s == 300


def test_a_hub_in_a_rollout_is_not_pushed_to_and_nor_are_the_others(place: ConfigPlace):
    for at in range(2):
        publish(place, at)
    place.run("set", "heartbeat-s=300", "--hub", ids(place)[0], "--hub", ids(place)[1])
    rollout = desk.folder(place.directory) / desk.ROLLOUTS / "vinter"
    desk.write(rollout / f"{ids(place)[1]}.cbor", b"")
    assert under_way.rollout_of(place.directory, ids(place)[1]) == "vinter"
    assert error_of(place, "push", "--all") == "push-rollout"
    assert [place.published(hub).number for hub in place.hubs[:2]] == [1, 1]
    desk.write(rollout / under_way.ENDED, b"")
    assert place.run("push", "--all")[0] == 0


def test_no_key_no_push(place: ConfigPlace):
    publish(place)
    place.run("set", "heartbeat-s=300", "--hub", ids(place)[0])
    (place.directory / "assignment.key").rename(place.directory.parent / "usb.key")
    assert error_of(place, "push", "--all") == "key-elsewhere"
    assert drafts.listing(place.directory) == [ids(place)[0]]
    assert place.run("push", "--all", "--key", place.directory.parent / "usb.key")[0] == 0


# --- power cuts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [False, True])
def test_killed_while_drafts_are_put_away_nothing_is_lost_or_left(place: ConfigPlace, torn: bool):
    """What is published counts; a draft that says the same is no change."""
    publish(place)
    one = ids(place)[0]
    now = desired.plain_of(place.published(place.hubs[0]))
    later = {**now, "heartbeat_s": 300}
    draft = desired.Draft(
        {"heartbeat_s": 300, "board": "x"}, {"heartbeat_s": 900, "board": "generic"}
    )
    for at in range(50):
        drafts.save(place.directory, one, draft)

        def put_away() -> None:
            left = desired.edited(later, drafts.load(place.directory, one), ())
            drafts.save(place.directory, one, left)

        was_cut = cut(put_away, at, torn=torn)
        left = desired.edited(later, drafts.load(place.directory, one), ())
        assert left.changes == {"board": "x"}
        assert desired.conflicts(later, left) == []
        if not was_cut:
            return
    pytest.fail("it does not end")


def test_killed_while_many_drafts_are_written_each_is_the_old_or_the_new(place: ConfigPlace):
    for at in range(2):
        publish(place, at)
    hubs = ids(place)[:2]
    site = ("--site", str(place.directory))
    place.run("set", "board=x", "--hub", hubs[0], "--hub", hubs[1])
    old, new = {"board": "x"}, {"board": "x", "heartbeat_s": 300}
    command = ["config", "set", "heartbeat-s=300", "--hub", hubs[0], "--hub", hubs[1], *site]
    for at in range(50):
        was_cut = cut(lambda: cli.main(command), at)
        found = [drafts.load(place.directory, hub).changes for hub in hubs]
        assert all(changes in (old, new) for changes in found)
        if not was_cut:
            assert found == [new, new]
            return
        with desk.held(place.directory):  # of whoever was killed no lock stays
            for hub in hubs:
                drafts.save(place.directory, hub, desired.Draft(old, {"board": "generic"}))
    pytest.fail("it does not end")
