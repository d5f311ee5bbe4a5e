"""What somebody might try with the documents of an update: a line of sabotage, what comes of it.

Each test is named after its attack. What else documents could be is in test_document_attacks.py,
what a source may do in test_update_attacks_source.py; whole hubs over a network are in
tests/stories/test_update_attacks_whole_hub.py.
"""

import unittest

import hub_modules  # noqa: F401
import site_documents as site
from update_bench import (
    BLOCK,
    DATA,
    FAILED,
    REFUSED,
    Answer,
    Attack,
    Source,
    altered,
    component,
    fetching_from,
    ran,
    received,
)  # fmt: skip

from varde_firmware.core import update_record
from varde_firmware.shell import update_documents, update_release
from varde_protocols import assignment, documents, release
from varde_protocols import update_words as words
from varde_protocols.errors import HttpError, WireError

TRUST, RELEASE, ASSIGNMENT = documents.TRUST, documents.RELEASE, documents.ASSIGNMENT
FIRST, SECOND, THIRD = site.TRUSTS
ONE, TWO, THREE = site.TRUST_1, site.TRUST_2, site.TRUST_3
GIVEN = assignment.unverified(site.messages("Assignment")[0])
RELEASED = site.messages("Release")[0]
NEW = release.verify(RELEASED, ONE)
DIGEST = release.digest(NEW.encode())


class Staging:
    """In the place of ports.stage: documents, and how large the slot is."""

    RELEASE = "/release.cbor"
    sectors = 624

    def __init__(self, held=b""):
        self.held = held

    def document(self, _path):
        return self.held

    def put(self, _path, data):
        self.held = data

    def target(self):
        return NEW.target

    def Stage(self):
        return self


class OfARelease(Attack):
    """The assignment names NEW by number and digest; who has signed what is served?"""

    def had(self, data, trust=ONE, held=b""):
        """Fetch it, and verify it."""
        source = Source()
        source.offer(data, DIGEST)
        self.staging = Staging(held)
        fetch = lambda: fetching_from(source, None)  # noqa: E731
        return ran(update_release.have(DIGEST, self.staging, trust, fetch))

    def refused(self, reason, *signers, trust=ONE):
        try:
            self.had(site.signed(RELEASE, NEW, *signers), trust)
        except WireError as error:
            self.assertEqual(update_documents.reason_of(error), reason)
            self.assertEqual(self.staging.held, b"")
            return
        self.fail("it went through")

    def judged(self, reason, number=NEW.number, floor=0, runs=0, **fields):
        """Of a release that differs from NEW, on a hub that runs another."""
        data = site.signed(RELEASE, site.changed(NEW, **fields), "release-1", "release-2")
        values = {"floor": floor, "release": runs}
        none = update_record.Record(*[0] * len(update_record.Record.FIELDS))
        record = none.changed(**values)
        self.stops(reason, REFUSED, update_release.judged, data, number, record, Staging())

    def test_two_of_three(self):
        self.assertEqual(self.had(RELEASED), RELEASED)
        self.assertEqual(self.staging.held, RELEASED)

    def test_one_leaked_release_key(self):
        self.refused(words.SIGNATURE, "release-2")

    def test_one_leaked_release_key_and_strangers(self):
        self.refused(words.SIGNATURE, "release-2", "stranger-1", "stranger-2")

    def test_leaked_site_key(self):
        self.refused(words.UNKNOWN_KEY, "assignment-1")

    def test_all_keys_of_a_site_but_the_release_keys(self):
        self.refused(words.UNKNOWN_KEY, "trust-1", "trust-2", "assignment-1", "service-1")

    def test_release_keys_that_were_taken_away(self):
        self.refused(words.SIGNATURE, "release-1", "release-2", trust=THREE)

    def test_mix_and_match_document_of_another_release(self):
        other = site.signed(RELEASE, site.changed(NEW, floor=1), "release-1", "release-2")
        self.stops(words.WRONG_HASH, FAILED, self.had, other)

    def test_payload_without_signatures(self):
        self.stops(words.WRONG_HASH, FAILED, self.had, NEW.encode())

    def test_held_document_of_another_release_is_not_taken_for_it(self):
        other = site.signed(RELEASE, site.changed(NEW, floor=1), "release-1", "release-2")
        self.assertEqual(self.had(RELEASED, held=other), RELEASED)

    def test_another_number_than_the_assignment_says(self):
        self.judged(words.MALFORMED, number=NEW.number + 1)

    def test_floor(self):
        self.judged(words.FLOOR, floor=NEW.number + 1)

    def test_component_for_another_target(self):
        self.judged(words.WRONG_TARGET, target="esp32c6")

    def test_min_from(self):
        self.judged(words.WRONG_TARGET, components=[component(DATA, min_from=3)], runs=2)

    def test_blocks_that_no_sector_holds(self):
        self.judged(words.WRONG_TARGET, components=[component(DATA, block_bytes=8192)])

    def test_bundle_larger_than_its_place(self):
        large = component(DATA, size_bytes=(256 << 10) + 1)
        self.judged(words.NO_ROOM, components=[large])

    def test_interpreter_larger_than_its_slot(self):
        large = component(DATA, release.INTERPRETER, size_bytes=560 * BLOCK)
        self.judged(words.NO_ROOM, components=[large])


class Identity:
    hub_id = site.HUB_ID
    signing_key = site.key("stranger-7")


class Ports:
    """A hub's, as far as documents ask; TLS reads every root but a bad one."""

    BAD_ROOT = ONE.roots[1][:-1] + b"!"

    def random_bytes(self, count):
        return bytes(count)

    def make_client(self, _host, _port, roots):
        if self.BAD_ROOT in roots:
            raise ValueError("root")


class Files:
    """In the place of ports.stage."""

    TRUST, ASSIGNMENT, RELEASE = "/trust.cbor", "/assignment.trial", "/release.cbor"

    def __init__(self):
        self.files = {}
        self.after = lambda _path: None

    def put(self, path, data):
        self.files[path] = data
        self.after(path)

    def remove(self, path):
        self.files.pop(path, None)


class Collector:
    """Gives these documents, one an answer; None is 204, a number another status."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def ask(self, _head, _parts, _now_ms, most_bytes, into=None):
        self.asked += 1
        given = self.answers.pop(0) if self.answers else None
        if isinstance(given, int):
            return Answer(given, b"", b"", 0)
        if given is None:
            return Answer(204, b"", b"", 0)
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(given)
        return received(raw + given, most_bytes, into)


class FromTheCollector(Attack):
    def documents(self, *answers):
        self.files = Files()
        self.collector = Collector(*answers)
        return update_documents.UpdateDocuments(
            Ports(), self.files, self.collector, Identity(), lambda: 0
        )

    def follows(self, current, *answers):
        return ran(self.documents(*answers).follow(current))

    def refuses(self, reason, *answers, current=ONE):
        """Of the chain's last answer; what was good before it stays."""
        try:
            self.follows(current, *answers)
        except WireError as error:
            self.assertEqual(update_documents.reason_of(error), reason)
            return
        self.fail("it went through")

    def assigned(self, reason, data, trust_now=ONE, after=0):
        try:
            ran(self.documents(data).assignment(trust_now, after))
        except WireError as error:
            self.assertEqual(update_documents.reason_of(error), reason)
            self.assertEqual(self.files.files, {})
            return
        self.assertIsNone(reason)
        self.assertEqual(self.files.files, {Files.ASSIGNMENT: data})

    def next_trust(self, *signers, **fields):
        return site.signed(TRUST, site.changed(TWO, **fields), *signers)

    def test_a_hub_asleep_through_two_rotations_catches_up(self):
        self.assertTrue(self.follows(ONE, SECOND, THIRD, None))
        self.assertEqual(self.files.files[Files.TRUST], THIRD)

    def test_nothing_newer(self):
        self.assertFalse(self.follows(ONE, None))

    def test_a_chain_that_breaks_leaves_the_good_part(self):
        self.refuses(words.SIGNATURE, SECOND, altered(THIRD, 60))
        self.assertEqual(self.files.files[Files.TRUST], SECOND)

    def test_skipped_epoch(self):
        self.refuses(words.ROLLBACK, THIRD)
        self.assertEqual(self.files.files, {})

    def test_rollback_of_trust(self):
        self.refuses(words.ROLLBACK, FIRST, current=TWO)

    def test_freeze_of_trust_the_same_again_and_again(self):
        self.refuses(words.ROLLBACK, SECOND, SECOND, SECOND)
        self.assertEqual(self.collector.asked, 2)

    def test_trust_from_another_chain(self):
        roles = {1: [1, [site.key("stranger-1").public]], 3: ONE.roles[3], 4: ONE.roles[4]}
        other = site.changed(TWO, roles=roles)
        self.refuses(words.UNKNOWN_KEY, site.signed(TRUST, other, "stranger-1"))

    def test_trust_of_one_leaked_key(self):
        self.refuses(words.SIGNATURE, self.next_trust("trust-3"))

    def test_trust_of_another_site(self):
        self.refuses(words.OTHER_SITE, self.next_trust("trust-2", "trust-3", site_id=b"othersit"))

    def test_trust_with_roots_that_would_lock_the_hub_out(self):
        roots = [ONE.roots[0], Ports.BAD_ROOT]
        data = self.next_trust("trust-2", "trust-3", roots=roots)
        self.stops(words.MALFORMED, REFUSED, self.follows, ONE, data)
        self.assertEqual(self.files.files, {})

    def test_keys_that_lost_their_right_have_nothing_under_way(self):
        """What they signed and is being fetched or tried next is forgotten, not only left."""
        asking = self.documents(SECOND, None)
        self.files.files[Files.RELEASE] = self.files.files[Files.ASSIGNMENT] = b"by old keys"
        ran(asking.follow(ONE))
        self.assertEqual(self.files.files, {Files.TRUST: SECOND})

    def test_power_cut_as_keys_lose_their_right(self):
        """Whatever was written when the power went, theirs does not stand beside the new trust."""
        asking = self.documents(SECOND, None)
        self.files.files[Files.RELEASE] = self.files.files[Files.ASSIGNMENT] = b"by old keys"
        self.files.after = self.cut
        self.assertRaises(KeyboardInterrupt, ran, asking.follow(ONE))

    def cut(self, path):
        if path == Files.TRUST:
            self.assertEqual(self.files.files, {Files.TRUST: SECOND})
            raise KeyboardInterrupt

    def test_assignment_endless(self):
        data = bytes(documents.MAX_DOCUMENT_BYTES + 1)
        self.assertRaises(HttpError, ran, self.documents(data).assignment(ONE, 0))

    def test_freeze_by_silence(self):
        """The collector says there is one, and gives none."""
        asking = self.documents(None)
        self.stops(words.UNREACHABLE, FAILED, ran, asking.assignment(ONE, 0))

    def test_collector_that_refuses(self):
        for status in (302, 403, 404, 500, 503):
            asking = self.documents(status)
            self.stops(words.UNREACHABLE, FAILED, ran, asking.assignment(ONE, 0))
            self.stops(words.UNREACHABLE, FAILED, ran, self.documents(status).follow(ONE))

    def test_this_hubs_assignment(self):
        self.assigned(None, site.signed(ASSIGNMENT, GIVEN, "assignment-1"))

    def test_freeze_an_old_assignment_replayed(self):
        data = site.signed(ASSIGNMENT, GIVEN, "assignment-1")
        self.assigned(words.ROLLBACK, data, after=GIVEN.number)

    def test_wrong_hub(self):
        other = site.changed(GIVEN, hub_id=b"otherhub")
        self.assigned(words.OTHER_HUB, site.signed(ASSIGNMENT, other, "assignment-1"))

    def test_wrong_site(self):
        other = site.changed(GIVEN, site_id=b"othersit")
        self.assigned(words.OTHER_SITE, site.signed(ASSIGNMENT, other, "assignment-1"))

    def test_assignment_of_a_stranger(self):
        self.assigned(words.UNKNOWN_KEY, site.signed(ASSIGNMENT, GIVEN, "stranger-1"))

    def test_two_release_keys_without_an_assignment(self):
        data = site.signed(ASSIGNMENT, GIVEN, "release-1", "release-2")
        self.assigned(words.UNKNOWN_KEY, data)

    def test_assignment_key_that_was_taken_away(self):
        data = site.signed(ASSIGNMENT, GIVEN, "assignment-1")
        self.assigned(words.UNKNOWN_KEY, data, trust_now=TWO)

    def test_release_in_an_assignments_place(self):
        self.assigned(words.MALFORMED, site.messages("Release")[0])

    def test_anything_in_an_assignments_place(self):
        for data in (b"", b"\x00", b"\xd8\x62\x84" * 99, bytes(5000)):
            self.assigned(words.MALFORMED, data)


if __name__ == "__main__":
    unittest.main()
