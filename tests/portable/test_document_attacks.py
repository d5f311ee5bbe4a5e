"""What somebody might try with documents: a line of sabotage, and what is to come of it.

Each test is named after the attack. The site is the golden one: epoch 1 of its trust is signed by
two of trust-1..3; epoch 2 drops trust-1 and assignment-1; epoch 3 has new trust keys.
"""

import unittest

import site_documents as site

from varde_protocols import assignment, cbor, documents, release, trust_chain, wipe_record
from varde_protocols.hub_config import HubConfig

TRUST, RELEASE, ASSIGNMENT = documents.TRUST, documents.RELEASE, documents.ASSIGNMENT
FIRST, SECOND, THIRD = site.TRUSTS
ONE, TWO, THREE = site.TRUST_1, site.TRUST_2, site.TRUST_3
FOR_HUB, FOR_ANY = site.messages("Assignment")
GIVEN, ANY = assignment.unverified(FOR_HUB), assignment.unverified(FOR_ANY)
OTHER_HUB, OTHER_SITE = b"otherhub", b"othersit"
RELEASED = site.messages("Release")[0]
NEW = release.verify(RELEASED, ONE)
WIPED = site.messages("WipeRecord")[0]


def altered(data, at, value):
    """The document with one byte another."""
    return data[:at] + bytes([value]) + data[at + 1 :]


def relabelled(data, old, new):
    """The document with the key id of one signer in place of another's."""
    ids = [bytes.fromhex(site.VECTORS["keys"][name]["kid"]) for name in (old, new)]
    return data.replace(ids[0], ids[1])


class Attack(unittest.TestCase):
    def refuses(self, code, function, *args):
        self.assertEqual(site.refusal(function, *args), code)

    def follows(self, code, current, data):
        """`current` does not follow to `data`, and this is why."""
        self.refuses(code, trust_chain.following, current, data)

    def next_trust(self, *signers, **fields):
        return site.signed(TRUST, site.changed(TWO, **fields), *signers)

    def assigned(self, code, data, trust=ONE, hub_id=site.HUB_ID, after=0):
        self.refuses(code, assignment.verify, data, trust, hub_id, after)

    def releases(self, code, data, trust=ONE, floor=0):
        self.refuses(code, release.verify, data, trust, floor)


class Trusts(Attack):
    def test_a_hub_that_slept_through_two_rotations_follows(self):
        self.assertEqual(trust_chain.replay(ONE, [SECOND, THIRD]), THREE)

    def test_rollback(self):
        self.follows("trust-epoch", TWO, FIRST)

    def test_replay(self):
        self.follows("trust-epoch", ONE, FIRST)

    def test_skipping_an_epoch(self):
        self.follows("trust-epoch", ONE, THIRD)

    def test_a_chain_out_of_order(self):
        self.refuses("trust-epoch", trust_chain.replay, ONE, [THIRD, SECOND])

    def test_an_endless_chain(self):
        self.refuses("trust-chain", trust_chain.replay, ONE, [SECOND] * 33)

    def test_mix_and_match_of_sites(self):
        self.follows("trust-site", ONE, self.next_trust("trust-2", "trust-3", site_id=OTHER_SITE))

    def test_a_time_before_the_last(self):
        self.follows("trust-time", ONE, self.next_trust("trust-2", "trust-3", signed_ms=0))

    def test_one_leaked_trust_key(self):
        self.follows("document-threshold", ONE, self.next_trust("trust-3"))

    def test_a_leaked_key_that_was_taken_away(self):
        self.follows("document-threshold", TWO, self.next_trust("trust-1", "trust-3", epoch=3))

    def test_new_keys_that_nobody_has(self):
        self.follows("document-threshold", ONE, self.next_trust("trust-1", "trust-3"))

    def test_new_keys_without_the_old(self):
        self.follows("document-threshold", ONE, self.next_trust("trust-3", "trust-4"))

    def test_the_same_key_twice(self):
        once = self.next_trust("trust-3")
        twice = once[:-83] + b"\x82" + once[-82:] * 2
        self.follows("document-malformed", ONE, twice)

    def test_the_same_signature_under_another_key_id(self):
        once = site.signed(TRUST, TWO, "trust-3", "stranger-1")
        self.follows("bad-signature", ONE, relabelled(once, "stranger-1", "trust-2"))

    def test_strangers_signatures_count_for_nothing(self):
        self.follows("document-threshold", ONE, self.next_trust("trust-3", *site.STRANGERS))

    def test_strangers_signatures_harm_nothing(self):
        data = site.signed(TRUST, TWO, "trust-2", "trust-3", *site.STRANGERS[:6])
        self.follows(None, ONE, data)

    def test_a_changed_byte_of_the_payload(self):
        self.follows("bad-signature", ONE, altered(SECOND, 40, SECOND[40] ^ 1))

    def test_a_changed_byte_of_a_signature(self):
        self.follows("bad-signature", ONE, altered(SECOND, len(SECOND) - 1, SECOND[-1] ^ 1))

    def test_a_whole_trust_of_somebody_elses(self):
        own = site.changed(
            ONE, roles={1: [1, [site.key("stranger-1").public]], 3: ONE.roles[3], 4: ONE.roles[4]}
        )
        self.follows("document-threshold", ONE, site.signed(TRUST, own, "stranger-1"))

    def test_a_receiver_whose_secret_everybody_knows(self):
        fields = cbor.decode(TWO.encode())
        fields[6] = bytes(32)
        data = site.signed(TRUST, cbor.encode(fields), "trust-2", "trust-3")
        self.follows("trust-key", ONE, data)

    def test_a_trust_that_no_key_could_ever_follow(self):
        fields = cbor.decode(TWO.encode())
        fields[3][1][0] = 4
        data = site.signed(TRUST, cbor.encode(fields), "trust-2", "trust-3")
        self.follows("trust-range", ONE, data)


class Confusion(Attack):
    def test_a_release_for_a_trust(self):
        self.follows("document-kind", ONE, site.signed(RELEASE, TWO, "trust-2", "trust-3"))

    def test_the_kind_changed_afterwards(self):
        relabelled_kind = altered(site.signed(RELEASE, TWO, "trust-2", "trust-3"), 10, TRUST)
        self.follows("bad-signature", ONE, relabelled_kind)

    def test_a_trust_for_an_assignment(self):
        self.assigned("document-kind", FIRST)

    def test_an_assignment_in_a_wipe_records_clothes(self):
        self.refuses("document-kind", wipe_record.verify, FOR_HUB, ONE)

    def test_a_payload_of_another_kind(self):
        self.assigned("assignment-missing-key", site.signed(ASSIGNMENT, NEW, "assignment-1"))


class Assignments(Attack):
    def test_this_hubs_and_any_hubs_are_taken(self):
        self.assigned(None, FOR_HUB)
        self.assigned(None, FOR_ANY, hub_id=OTHER_HUB)

    def test_wrong_hub(self):
        self.assigned("assignment-hub", FOR_HUB, hub_id=OTHER_HUB)

    def test_wrong_site(self):
        other = site.changed(GIVEN, site_id=OTHER_SITE)
        self.assigned("assignment-site", site.signed(ASSIGNMENT, other, "assignment-1"))

    def test_rollback(self):
        self.assigned("assignment-number", FOR_ANY, after=ANY.number + 1)

    def test_another_of_the_same_number(self):
        self.assigned("assignment-number", FOR_ANY, after=ANY.number)
        self.assigned(None, FOR_ANY, after=ANY.number - 1)

    def test_a_leaked_key_that_was_taken_away(self):
        self.assigned("document-threshold", FOR_HUB, trust=TWO)

    def test_a_key_of_the_next_epoch(self):
        self.assigned("document-threshold", site.signed(ASSIGNMENT, GIVEN, "assignment-2"))

    def test_a_bench_gives_no_assignments(self):
        self.assigned("document-threshold", site.signed(ASSIGNMENT, GIVEN, "service-1"))

    def test_trust_keys_give_no_assignments(self):
        data = site.signed(ASSIGNMENT, GIVEN, "trust-1", "trust-2", "trust-3")
        self.assigned("document-threshold", data)

    def test_a_leaked_assignment_key_makes_no_trust(self):
        self.follows("document-threshold", ONE, self.next_trust("assignment-1"))

    def test_a_leaked_assignment_key_names_no_other_receiver(self):
        fields = cbor.decode(GIVEN.encode())
        fields[4][14] = bytes(32)
        data = site.signed(ASSIGNMENT, cbor.encode(fields), "assignment-1")
        self.assigned("config-unknown-key", data)

    def test_nothing_in_a_config_is_a_key_or_a_root(self):
        named = [name for name in HubConfig.FIELDS if "public" in name or "root" in name]
        self.assertEqual(named, [])


class Releases(Attack):
    def test_two_of_three_release(self):
        self.releases(None, RELEASED)

    def test_one_leaked_release_key(self):
        self.releases("document-threshold", site.signed(RELEASE, NEW, "release-2"))

    def test_a_leaked_site_key_releases_nothing(self):
        self.releases("document-threshold", site.signed(RELEASE, NEW, "assignment-1"))

    def test_all_keys_of_a_site_but_the_release_keys(self):
        signers = ("trust-1", "trust-2", "trust-3", "assignment-1", "service-1", "service-2")
        self.releases("document-threshold", site.signed(RELEASE, NEW, *signers))

    def test_a_release_key_that_was_taken_away(self):
        self.releases("document-threshold", RELEASED, trust=THREE)

    def test_downgrade_below_the_floor(self):
        self.releases("release-floor", RELEASED, floor=8)

    def test_a_site_without_release_keys_takes_none(self):
        roles = {1: ONE.roles[1], 3: ONE.roles[3], 4: ONE.roles[4]}
        self.releases("trust-role", RELEASED, trust=site.changed(ONE, roles=roles))

    def test_another_release_of_the_same_number(self):
        other = site.changed(NEW, floor=0)
        self.assertNotEqual(release.digest(other.encode()), release.digest(NEW.encode()))


class Wipes(Attack):
    def test_a_bench_signs_them(self):
        self.refuses(None, wipe_record.verify, WIPED, ONE)

    def test_nobody_else_does(self):
        record = wipe_record.verify(WIPED, ONE)
        forged = site.signed(documents.WIPE_RECORD, record, "assignment-1")
        self.refuses("document-threshold", wipe_record.verify, forged, ONE)

    def test_another_sites(self):
        other = site.changed(ONE, site_id=OTHER_SITE)
        self.refuses("wipe-site", wipe_record.verify, WIPED, other)


if __name__ == "__main__":
    unittest.main()
