"""Attacks on updates over the network: a line of sabotage, and what a whole hub makes of it.

The hub, the collector and the way between them are the real ones; the source of the blobs is
`hostile_source`. Each test is named after its attack. Whatever is tried: the hub runs what it ran
before, says why, loses no reading, and takes the next honest assignment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import pytest

from stories import hostile_source as source
from stories import releases, update_cases
from stories.releases import HOLDERS, STRANGER, Released
from stories.update_cases import CONFIRMED, REFUSED, Case, Home, Result
from varde_host.release import blocks
from varde_host.site import keys
from varde_protocols import update_words as words
from varde_simulator import interpreter
from varde_simulator.stage import StageError

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

GOOD, NEXT = releases.named("good", 1), releases.named("good", 2)
COMPONENT = GOOD.given.components[0]
BLOBS, LIST, DOCUMENT = COMPONENT.sha256.hex(), COMPONENT.blocks_sha256.hex(), GOOD.digest.hex()
BLOCK = 7
HONEST_AFTER_MIN, HONEST_NUMBER, HONEST_HEARTBEAT_S = 75, 9, 800
OTHER_SITE, OTHER_HUB = b"othersit", b"otherhub"


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def with_document(released: Released, *signers: keys.Signer) -> Released:
    """The same release, signed by others."""
    document = releases.sign(released.payload, *signers)
    served = {**released.served, released.digest.hex(): document}
    return Released(
        released.number, released.payload, document, released.files, released.image, served
    )


def of_bundle(data: bytes) -> Released:
    """A release, well signed, whose application is these bytes."""
    made = releases.make(1, releases.built())
    component = blocks.component(1, data, 0)
    given = made.given
    payload = type(given)(1, "bad", given.target, [component], 0, given.signed_ms).encode()
    served = {hashlib.sha256(data).hexdigest(): data,
              component.blocks_sha256.hex(): blocks.listing(data),
              hashlib.sha256(payload).hexdigest(): releases.sign(payload)}  # fmt: skip
    return Released(1, payload, releases.sign(payload), {}, b"", served)


Act = Callable[[Home], Awaitable[None]]


def then_honest(act: Act) -> Act:
    """After it the site's IT gives an assignment that is good, without code."""

    async def acted(home: Home) -> None:
        await act(home)
        await home.minutes(HONEST_AFTER_MIN)
        home.publish(HONEST_NUMBER, config={"heartbeat_s": HONEST_HEARTBEAT_S})

    return acted


@then_honest
async def assigned(home: Home) -> None:
    home.publish(2, home.case.offered)


def by_source(fault: source.Fault) -> Case:
    return Case(assigned, GOOD, fault)


def by_release(released: Released) -> Case:
    return Case(assigned, released)


def by_collector(make: Callable[[Home], bytes]) -> Case:
    """Whoever has the collector gives the hub this document for its next assignment."""

    @then_honest
    async def act(home: Home) -> None:
        home.slip_in(make(home))

    return Case(act, GOOD)


def site_key(home: Home) -> tuple[keys.Signer, ...]:
    return tuple(home.stage.site.signers(keys.ASSIGNMENT, None, ()))


def of_blobs(fault: source.Fault) -> Case:
    return by_source(source.only_of(BLOBS, fault))


UNREACHABLE, WRONG_HASH = words.UNREACHABLE, words.WRONG_HASH
TURNED = flipped(GOOD.component, BLOCK * 4096 + 5)
FROM_THE_SOURCE = {
    "wrong-hash-in-block-n": (of_blobs(source.swapped(TURNED)), WRONG_HASH),
    "blocks-of-another-release": (of_blobs(source.swapped(NEXT.component)), WRONG_HASH),
    "list-of-another-release": (by_source(source.only_of(LIST, source.swapped(
        blocks.listing(NEXT.component)))), WRONG_HASH),
    "list-of-blocks-too-long": (by_source(source.only_of(LIST, source.swapped(
        GOOD.served[LIST] * 2))), WRONG_HASH),
    "list-of-blocks-endless": (by_source(source.only_of(LIST, source.endless)), UNREACHABLE),
    "document-of-another-release": (by_source(source.only_of(DOCUMENT, source.swapped(
        NEXT.document))), WRONG_HASH),
    "document-endless": (by_source(source.only_of(DOCUMENT, source.endless)), UNREACHABLE),
    "wrong-length-shorter": (of_blobs(source.shorter), WRONG_HASH),
    "wrong-length-longer": (of_blobs(source.longer), UNREACHABLE),
    "content-range-lies": (of_blobs(source.other_range), WRONG_HASH),
    "content-range-of-a-larger-whole": (of_blobs(source.other_total), WRONG_HASH),
    "content-range-missing": (of_blobs(source.no_range), WRONG_HASH),
    "whole-for-a-range": (of_blobs(source.without_ranges), UNREACHABLE),
    "endless-data": (of_blobs(source.endless), UNREACHABLE),
    "promised-endless-data": (of_blobs(source.promised_endless), UNREACHABLE),
    "endless-headers": (of_blobs(source.endless_head), UNREACHABLE),
    "slow-retrieval": (of_blobs(source.drip(1, 14.0)), UNREACHABLE),
    "silence": (of_blobs(source.silence), UNREACHABLE),
    "cut-short": (of_blobs(source.cut_short), UNREACHABLE),
    "redirect": (by_source(source.status(302, "Location: https://elsewhere.example/x")),
                 UNREACHABLE),
    "404": (by_source(source.status(404)), UNREACHABLE),
    "500": (by_source(source.status(500)), UNREACHABLE),
}  # fmt: skip
"""By name: the case, and the reason that the hub must give."""

SIGNED = {
    "leaked-release-key": (by_release(with_document(GOOD, HOLDERS[0])), words.SIGNATURE),
    "release-of-strangers": (by_release(with_document(GOOD, STRANGER)), words.UNKNOWN_KEY),
    "component-for-another-target": (
        by_release(releases.make(1, releases.good(), target="esp32s3")), words.WRONG_TARGET),
    "min-from": (by_release(releases.make(2, releases.good(), min_from=1)), words.WRONG_TARGET),
    "bundle-that-is-none": (by_release(of_bundle(b"no zlib stream" * 999)), words.MALFORMED),
}  # fmt: skip

ASSIGNED = {
    "wrong-hub": (by_collector(
        lambda home: home.assigned(2, GOOD, hub_id=OTHER_HUB)), words.OTHER_HUB),
    "wrong-site": (by_collector(
        lambda home: home.assigned(2, GOOD, site_id=OTHER_SITE)), words.OTHER_SITE),
    "two-release-keys-without-an-assignment": (by_collector(
        lambda home: home.assigned(2, GOOD, signers=tuple(HOLDERS[:2]))), words.UNKNOWN_KEY),
    "assignment-of-a-stranger": (by_collector(
        lambda home: home.assigned(2, GOOD, signers=(STRANGER,))), words.UNKNOWN_KEY),
    "assignment-with-a-flipped-bit": (by_collector(
        lambda home: flipped(home.assigned(2, GOOD), 60)), words.SIGNATURE),
    "assignment-that-is-none": (by_collector(lambda _home: b"no document"), words.MALFORMED),
    "release-for-an-assignment": (by_collector(lambda _home: GOOD.document), words.MALFORMED),
}  # fmt: skip


async def leaked_site_key(home: Home) -> None:
    """Who has it signs the release, and gives it out."""
    forged = with_document(GOOD, *site_key(home))
    home.stage.source.offer(home.path, forged.served)
    home.publish(2, forged)


async def rollback(home: Home) -> None:
    """The newer release is confirmed; then somebody assigns the older one."""
    home.stage.source.offer(home.path, {**GOOD.served, **NEXT.served})
    home.publish(2, NEXT)
    await home.minutes(60)
    home.publish(3, GOOD)


async def freeze(home: Home) -> None:
    """The collector gives an assignment that was in force once, under a number that is new."""
    first = home.assigned(2, None, config={"heartbeat_s": 800})
    home.stage.publish(first)
    await home.minutes(40)
    home.publish(3, None, config={"heartbeat_s": 900})
    await home.minutes(40)
    home.slip_in(first, 4)


async def freeze_by_silence(home: Home) -> None:
    """The collector has a newer one and gives none."""
    home.slip_in(b"", 4)


async def offered_until_it_heals(home: Home) -> None:
    home.publish(2, GOOD)


async def next_release(home: Home) -> None:
    """A spoiled one, then an honest one from an honest source."""
    home.publish(2, GOOD)
    await home.minutes(HONEST_AFTER_MIN)
    home.stage.source.offer(home.path, NEXT.served)
    home.publish(3, NEXT)


OTHERS = {
    "leaked-site-key": Case(then_honest(leaked_site_key), GOOD),
    "rollback": Case(rollback, GOOD),
    "freeze": Case(then_honest(freeze), GOOD),
    "freeze-by-silence": Case(then_honest(freeze_by_silence), GOOD),
    "heals": Case(offered_until_it_heals, GOOD, source.until_request(4, source.status(503))),
    "next-release": Case(next_release, GOOD, source.only_of(BLOBS, source.swapped(TURNED))),
}
EXPECTED = {**FROM_THE_SOURCE, **SIGNED, **ASSIGNED}
CASES = {**{name: case for name, (case, _) in EXPECTED.items()}, **OTHERS}
# What an attack can make a hub fetch in two hours, beside the honest release and the exchanges:
# each try is bounded, and they come ever more rarely.
MOST_DOWN_BYTES = 3 * GOOD.size_bytes
MOST_REQUESTS = 60


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return update_cases.once(
        tmp_path_factory, "attacks", lambda folder: update_cases.play_cases(folder, CASES)
    )


def reasons(it: Result) -> set[int]:
    """Why the hub took nothing of the attack: by its events, or by its reports while it tries."""
    refused = {reason for state, _what, reason, _number in it.said if state == REFUSED}
    waiting = {row[3] for row in it.reported if row[2] == words.WAITING}
    return refused or waiting


@pytest.mark.parametrize("name", CASES)
def test_no_reading_is_lost(came, name):
    assert came[name].outcome.passed, came[name].outcome


@pytest.mark.parametrize("name", [*EXPECTED, "leaked-site-key"])
def test_nothing_of_it_is_installed(came, name):
    it = came[name]
    assert not [said for said in it.said if said[0] == CONFIRMED and said[1] != words.CONFIG]
    assert it.runs()


@pytest.mark.parametrize("name", [*EXPECTED, "leaked-site-key", "freeze", "freeze-by-silence"])
def test_the_next_honest_assignment_is_taken(came, name):
    assert came[name].flash.record.assignment == HONEST_NUMBER, came[name].said


@pytest.mark.parametrize("name", EXPECTED)
def test_the_hub_says_why(came, name):
    assert reasons(came[name]) == {EXPECTED[name][1]}


@pytest.mark.parametrize("name", FROM_THE_SOURCE)
def test_what_it_costs_is_bounded(came, name):
    it = came[name]
    assert it.down_bytes <= MOST_DOWN_BYTES
    assert it.counts.requests <= MOST_REQUESTS


def test_leaked_site_key_installs_no_code(came):
    assert reasons(came["leaked-site-key"]) == {words.UNKNOWN_KEY}


def test_rollback_is_refused_and_told(came):
    it = came["rollback"]
    assert it.runs(NEXT)
    assert words.ROLLBACK in reasons(it)


def test_freeze_is_told_and_locks_nobody_out(came):
    assert words.ROLLBACK in reasons(came["freeze"])


def test_next_honest_release_is_taken(came):
    assert came["next-release"].runs(NEXT)


def test_a_source_that_heals_is_used(came):
    assert (CONFIRMED, words.APPLICATION, words.NONE, 1) in came["heals"].said
