"""Trust that rotates while hubs are at work or asleep, and trust that is somebody else's."""

from __future__ import annotations

import pytest

from stories import releases, update_cases
from stories.update_cases import CONFIRMED, Case, Home, Result
from varde_host.site import keys
from varde_protocols import documents, trust
from varde_protocols import update_words as words
from varde_simulator import interpreter, network
from varde_simulator.stage import StageError

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

FIRST_MIN, SECOND_MIN, AWAKE_MIN = 20, 50, 90


async def rotate(home: Home) -> None:
    """The site's IT has a new assignment key, and every hub shall know it."""
    site = str(home.stage.host.site)
    old = home.stage.site.roles[keys.ASSIGNMENT].publics[0].hex()
    await home.stage.host.run("site", "replace", old, "--site", site, "--no-passphrase")
    home.stage.rotate_trust()
    home.stage.publish_trust()


async def awake(home: Home) -> None:
    """Two rotations, an assignment by the new key after each."""
    await home.minutes(FIRST_MIN)
    await rotate(home)
    home.publish(2, config={"heartbeat_s": 800})
    await home.minutes(SECOND_MIN - FIRST_MIN)
    await rotate(home)
    home.publish(3, config={"heartbeat_s": 700})


async def asleep(home: Home) -> None:
    """Away while both happen; what it then gets is signed by a key of the third epoch."""
    home.play.board.network.set_state(network.DOWN)
    await home.minutes(AWAKE_MIN)
    home.publish(2, config={"heartbeat_s": 800})
    home.play.board.network.set_state(network.UP)


async def old_key(home: Home) -> None:
    """Whoever has the key that was taken away gives an assignment with it."""
    leaked = tuple(home.stage.site.signers(keys.ASSIGNMENT, None, ()))
    await home.minutes(SECOND_MIN + 10)
    home.slip_in(home.assigned(2, None, signers=leaked))


ROTATED = {"awake": Case(awake), "asleep": Case(asleep), "old-key": Case(old_key)}


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return update_cases.once(
        tmp_path_factory, "rotated", lambda folder: update_cases.play_cases(folder, ROTATED)
    )


@pytest.mark.parametrize("name", ROTATED)
def test_no_reading_is_lost(rotated, name):
    assert rotated[name].outcome.passed, rotated[name].outcome


def test_hub_at_work_follows_each_rotation(rotated):
    it = rotated["awake"]
    assert it.epoch == 3
    assert it.said == [
        (CONFIRMED, words.CONFIG, words.NONE, 2), (CONFIRMED, words.CONFIG, words.NONE, 3),
    ]  # fmt: skip


def test_hub_asleep_through_two_rotations_catches_up(rotated):
    it = rotated["asleep"]
    assert it.epoch == 3
    assert it.said == [(CONFIRMED, words.CONFIG, words.NONE, 2)]


def test_key_that_was_taken_away_assigns_nothing(rotated):
    it = rotated["old-key"]
    assert it.epoch == 3
    assert [said[0] for said in it.said] == [update_cases.REFUSED]
    assert it.said[0][2] == words.UNKNOWN_KEY
    assert it.flash.record.assignment == 0


def others_trust(home: Home, epoch: int) -> bytes:
    """A whole trust of a stranger's, for this site."""
    own = trust.unverified(home.stage.host.trust)
    roles = {**own.roles, trust.ROLE_TRUST: [1, [releases.STRANGER.public]]}
    fields = {"epoch": epoch, "roles": roles}
    made = trust.Trust(*[fields.get(name, getattr(own, name)) for name in own.FIELDS])
    return documents.sign(documents.TRUST, made.encode(), [releases.STRANGER])


async def other_chain(home: Home) -> None:
    """The collector gives a trust of somebody else's; then the site an assignment."""
    home.stage.slip_in_trust(2, others_trust(home, 2))
    home.slip_in(home.assigned(2, None, config={"heartbeat_s": 800}))


async def skipped_epoch(home: Home) -> None:
    home.stage.slip_in_trust(2, others_trust(home, 3))
    home.slip_in(home.assigned(2, None, config={"heartbeat_s": 800}))


@pytest.mark.parametrize("act", [other_chain, skipped_epoch])
def test_trust_from_another_chain_is_not_followed(tmp_path, act):
    it = update_cases.play_cases(tmp_path / "stage", {"hub": Case(act)})["hub"]
    assert it.outcome.passed, it.outcome
    assert it.epoch == 1
    assert [said[0] for said in it.said] == [update_cases.REFUSED]
