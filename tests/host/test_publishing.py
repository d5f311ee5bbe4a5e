"""What may be published for hubs, and what hubs then get: never less than was checked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from host import site_hands
from host.conftest import NOW_MS
from host.virtual_hub import VirtualHub, batch_of
from varde_host import errors
from varde_host.collector import commit, database, registry, schema
from varde_host.fleet import publishing
from varde_host.site import files, keys, trust_documents
from varde_protocols import trust_chain
from varde_protocols.errors import WireError

DATABASES = ("sqlite", "postgresql")
HUB = VirtualHub(1).hub_id
OTHER = VirtualHub(2).hub_id


@pytest.fixture
def site(made: Path) -> files.Site:
    return site_hands.next_trust(made)


@pytest.fixture
def fleet(opened: database.Database) -> database.Database:
    """Two hubs that are enrolled."""
    with opened.writing() as connection:
        for number in (1, 2):
            registry.enrol(connection, VirtualHub(number).public, NOW_MS)
    return opened


def refused(work: Callable[..., object], *arguments: object) -> str:
    """Return the code of what is refused."""
    with pytest.raises((errors.InputRefused, WireError)) as caught:
        work(*arguments)
    return caught.value.code


def told(fleet: database.Database) -> dict[bytes, int]:
    """The number that answers to each hub say."""
    query = sa.select(schema.hubs.c.hub_id, schema.hubs.c.config_number)
    return {row.hub_id: row.config_number for row in fleet.read(lambda c: c.execute(query).all())}


def documents_of(fleet: database.Database) -> list[bytes]:
    kept = schema.assignments.c.document != b""
    query = sa.select(schema.assignments.c.document).where(kept)
    return fleet.read(lambda connection: list(connection.scalars(query)))


# --- assignments ---------------------------------------------------------------------------------


def test_the_newest_is_what_its_hub_gets(fleet: database.Database, site: files.Site):
    for number in (2, 3, 9):
        document = site_hands.assigned(site, HUB, number)
        given = publishing.publish_assignment(fleet, site, document, NOW_MS + number)
        assert (given.number, given.hub_id) == (number, HUB)
        found = publishing.current(fleet, HUB)
        assert found == publishing.Published(HUB, number, document, NOW_MS + number)
    assert told(fleet) == {HUB: 9, OTHER: 0}
    assert publishing.current(fleet, OTHER) is None
    assert set(publishing.all_current(fleet)) == {HUB}
    assert publishing.numbers(fleet) == {HUB: 9, OTHER: 0}
    assert len(documents_of(fleet)) == 2  # it, and the one before


def test_the_same_again_changes_nothing(fleet: database.Database, site: files.Site):
    """What was lost between commit and answer is done again."""
    document = site_hands.assigned(site, HUB, 2)
    publishing.publish_assignment(fleet, site, document, NOW_MS)
    publishing.publish_assignment(fleet, site, document, NOW_MS + 5)
    assert publishing.current(fleet, HUB).published_ms == NOW_MS


@pytest.mark.parametrize("number", [1, 4, 5])
def test_a_number_that_is_not_above_all_before_is_refused(
    fleet: database.Database, site: files.Site, number: int
):
    publishing.publish_assignment(fleet, site, site_hands.assigned(site, HUB, 5), NOW_MS)
    another = site_hands.assigned(site, HUB, number, ring="bench")
    assert refused(publishing.publish_assignment, fleet, site, another, 0) == "assignment-taken"
    assert told(fleet)[HUB] == 5


def test_unknown_and_revoked_hubs_get_nothing(fleet: database.Database, site: files.Site):
    publish = publishing.publish_assignment
    stranger = site_hands.assigned(site, bytes(8), 1)
    assert refused(publish, fleet, site, stranger, NOW_MS) == "hub-unknown"
    publish(fleet, site, site_hands.assigned(site, HUB, 1), NOW_MS)
    with fleet.writing() as connection:
        registry.revoke(connection, HUB, NOW_MS)
    assert refused(publish, fleet, site, site_hands.assigned(site, HUB, 2), 0) == "hub-revoked"
    assert told(fleet)[HUB] == 0
    assert documents_of(fleet) == []  # no home's password outlives its hub


def test_a_password_that_goes_is_in_the_file_no_more(tmp_path: Path, site: files.Site):
    """Whoever gets the disk later looks into its free pages, too."""
    path = tmp_path / "a.sqlite"
    secret = site_hands.PASSWORD.encode()

    def do(work: Callable[[database.Database], object]) -> bytes:
        """Return what lies in the file afterwards."""
        opened = database.open_database(path)
        work(opened)
        opened.close()
        return path.read_bytes()

    def publish(opened: database.Database) -> None:
        with opened.writing() as connection:
            registry.enrol(connection, VirtualHub(1).public, NOW_MS)
        for number in range(1, 6):
            document = site_hands.assigned(site, HUB, number)
            publishing.publish_assignment(opened, site, document, NOW_MS)

    def revoke(opened: database.Database) -> None:
        with opened.writing() as connection:
            registry.revoke(connection, HUB, NOW_MS)

    assert do(publish).count(secret) == 2  # the newest, and the one before
    assert secret not in do(revoke)


def test_one_that_names_no_hub_is_not_for_the_air(fleet: database.Database, site: files.Site):
    document = site_hands.assigned(site, None, 1)
    code = refused(publishing.publish_assignment, fleet, site, document, NOW_MS)
    assert code == "assignment-unnamed"


def test_another_sites_is_refused(fleet: database.Database, site: files.Site):
    theirs = site_hands.assigned(site, HUB, 1, site_id=bytes(8))
    code = refused(publishing.publish_assignment, fleet, site, theirs, NOW_MS)
    assert code == "assignment-site"


@pytest.mark.parametrize("role", [keys.TRUST, keys.SERVICE])
def test_another_roles_signature_is_none(fleet: database.Database, site: files.Site, role: str):
    document = site_hands.assigned(site, HUB, 1, site.signers(role, 1))
    code = refused(publishing.publish_assignment, fleet, site, document, NOW_MS)
    assert code == "document-threshold"


def test_no_bit_of_one_may_turn(fleet: database.Database, site: files.Site):
    document = site_hands.assigned(site, HUB, 1)
    for at in range(0, len(document), 7):
        bad = site_hands.altered(document, at)
        assert refused(publishing.publish_assignment, fleet, site, bad, NOW_MS)
    assert told(fleet)[HUB] == 0


def test_many_at_once_are_all_or_none(fleet: database.Database, site: files.Site):
    good = [site_hands.assigned(site, hub_id, 1) for hub_id in (OTHER, HUB)]
    bad = site_hands.assigned(site, bytes(8), 1)
    assert refused(publishing.publish_assignments, fleet, site, [*good, bad], 0) == "hub-unknown"
    assert told(fleet) == {HUB: 0, OTHER: 0}
    given = publishing.publish_assignments(fleet, site, good, NOW_MS)
    assert {each.hub_id for each in given} == {HUB, OTHER}
    assert told(fleet) == {HUB: 1, OTHER: 1}


def test_publishers_and_collectors_at_once_are_in_nobodys_way(
    fleet: database.Database, site: files.Site
):
    """All lock hubs in one order; of two that publish one number one is refused."""
    hubs = [VirtualHub(number) for number in range(1, 9)]
    with fleet.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.public, NOW_MS)
        numbers = {hub.hub_id: registry.find(connection, hub.hub_id).number for hub in hubs}
    signers = [files.load(site.directory).signers(keys.ASSIGNMENT)] * 4
    outcomes: list[str] = []

    def publish(place: int) -> None:
        for number in range(1, 9):
            order = hubs[place:] + hubs[:place]
            made = [
                site_hands.assigned(site, hub.hub_id, number, signers[place], ring=str(place))
                for hub in order
            ]
            try:
                publishing.publish_assignments(fleet, site, made, NOW_MS)
                outcomes.append("published")
            except errors.InputRefused as error:
                outcomes.append(error.code)

    def deliver(place: int) -> None:
        for seq in range(1, 30):
            order = hubs[place:] + hubs[:place]
            batches = [batch_of(numbers[hub.hub_id], hub, [seq]) for hub in order]
            fleet.write(lambda connection, batches=batches: commit.commit(connection, batches))

    works = [(publish, place) for place in range(4)] + [(deliver, place) for place in range(3)]
    threads = [threading.Thread(target=work, args=(place,)) for work, place in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"published", "assignment-taken"}
    assert len(outcomes) == 32
    assert 1 <= outcomes.count("published") <= 8
    assert set(told(fleet).values()) == {8}
    if fleet.kind == "postgresql":
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        with fleet.reading() as connection:
            assert connection.exec_driver_sql(deadlocks).scalar_one() == 0


# --- what is withdrawn ---------------------------------------------------------------------------


def test_a_withdrawn_one_makes_room_for_the_one_before(fleet: database.Database, site: files.Site):
    for number in (3, 4):
        document = site_hands.assigned(site, HUB, number)
        publishing.publish_assignment(fleet, site, document, NOW_MS)
    assert publishing.withdraw(fleet, HUB, 4, NOW_MS)
    assert publishing.withdraw(fleet, HUB, 4, NOW_MS)  # as said above, done again
    assert publishing.current(fleet, HUB).number == 3
    assert told(fleet)[HUB] == 3
    assert publishing.numbers(fleet)[HUB] == 4
    assert publishing.history(fleet)[HUB][4].document == b""
    code = refused(publishing.publish_assignment, fleet, site, document, NOW_MS)
    assert code == "assignment-taken"
    publishing.publish_assignment(fleet, site, site_hands.assigned(site, HUB, 5), NOW_MS)
    assert told(fleet)[HUB] == 5
    assert len(documents_of(fleet)) == 2
    given = publishing.history(fleet)[HUB]
    assert [(number, row.withdrawn_ms is None) for number, row in given.items()] == [
        (3, True), (4, False), (5, True),
    ]  # fmt: skip
    assert given[4].digest == publishing.digest(document)


def test_what_was_withdrawn_is_not_published_by_saying_it_again(
    fleet: database.Database, site: files.Site
):
    document = site_hands.assigned(site, HUB, 3)
    publishing.publish_assignment(fleet, site, document, NOW_MS)
    publishing.withdraw(fleet, HUB, 3, NOW_MS)
    code = refused(publishing.publish_assignment, fleet, site, document, NOW_MS)
    assert code == "assignment-taken"
    assert publishing.current(fleet, HUB) is None


def test_what_ever_was_out_is_known_and_its_content_is_not(
    fleet: database.Database, site: files.Site
):
    documents = [site_hands.assigned(site, HUB, number) for number in range(1, 6)]
    for at, document in enumerate(documents):
        publishing.publish_assignment(fleet, site, document, NOW_MS + at)
    given = publishing.history(fleet)
    assert set(given) == {HUB}
    assert [row.digest for row in given[HUB].values()] == [*map(publishing.digest, documents)]
    assert [row.document for row in given[HUB].values()] == [b"", b"", b"", *documents[3:]]
    assert [row.published_ms for row in given[HUB].values()] == [NOW_MS + at for at in range(5)]


def test_the_only_one_withdrawn_leaves_nothing(fleet: database.Database, site: files.Site):
    publishing.publish_assignment(fleet, site, site_hands.assigned(site, HUB, 3), NOW_MS)
    assert publishing.withdraw(fleet, HUB, 3, NOW_MS)
    assert publishing.current(fleet, HUB) is None
    assert told(fleet)[HUB] == 0


@pytest.mark.parametrize("number", [0, 2, 4])
def test_what_a_hub_does_not_get_is_not_withdrawn(
    fleet: database.Database, site: files.Site, number: int
):
    publishing.publish_assignment(fleet, site, site_hands.assigned(site, HUB, 2), NOW_MS)
    publishing.publish_assignment(fleet, site, site_hands.assigned(site, HUB, 3), NOW_MS)
    assert not publishing.withdraw(fleet, HUB, number, NOW_MS)
    assert not publishing.withdraw(fleet, OTHER, number, NOW_MS)
    assert told(fleet)[HUB] == 3
    assert refused(publishing.withdraw, fleet, bytes(8), 1, NOW_MS) == "hub-unknown"


# --- trusts --------------------------------------------------------------------------------------


def test_each_epoch_is_published_once(fleet: database.Database, site: files.Site):
    assert publishing.publish_trust(fleet, site, NOW_MS) == [1]
    later = site_hands.next_trust(site.directory)
    later = site_hands.next_trust(later.directory, "assignment-2.key")
    assert publishing.publish_trust(fleet, later, NOW_MS) == [2, 3]
    assert publishing.publish_trust(fleet, later, NOW_MS) == []
    assert publishing.epochs(fleet) == [1, 2, 3]


def test_a_site_without_a_trust_publishes_nothing(fleet: database.Database, made: Path):
    site = files.load(made)
    assert refused(publishing.publish_trust, fleet, site, NOW_MS) == "trust-missing"
    document = site_hands.assigned(site, HUB, 1)
    code = refused(publishing.publish_assignment, fleet, site, document, NOW_MS)
    assert code == "trust-missing"


def test_a_hole_in_the_chain_is_found(fleet: database.Database, site: files.Site):
    site_hands.next_trust(site.directory)
    later = site_hands.next_trust(site.directory, "assignment-2.key")
    trust_documents.path(later, 2).rename(later.directory / "elsewhere")
    assert refused(publishing.publish_trust, fleet, later, NOW_MS) == "trust-hole"
    assert publishing.epochs(fleet) == []
    assert refused(trust_documents.issue, later, NOW_MS) == "trust-hole"


def test_a_hole_in_what_is_out_is_filled(fleet: database.Database, site: files.Site):
    later = site_hands.next_trust(site.directory)
    publishing.publish_trust(fleet, later, NOW_MS)
    with fleet.writing() as connection:
        connection.execute(sa.delete(schema.trusts).where(schema.trusts.c.epoch == 1))
    assert publishing.publish_trust(fleet, later, NOW_MS) == [1]


def test_a_chain_that_does_not_hold_is_not_published(fleet: database.Database, site: files.Site):
    later = site_hands.next_trust(site.directory)
    file = trust_documents.path(later, 2)
    file.write_bytes(site_hands.altered(file.read_bytes(), len(file.read_bytes()) - 1))
    assert refused(publishing.publish_trust, fleet, later, NOW_MS) == "bad-signature"
    assert publishing.epochs(fleet) == []


def test_another_sites_trust_has_no_place_beside_ours(
    fleet: database.Database, site: files.Site, tmp_path: Path, terminal
):
    publishing.publish_trust(fleet, site, NOW_MS)
    other = tmp_path / "other"
    assert terminal.run("site", "init", other, "--no-passphrase")[0] == 0
    theirs = site_hands.next_trust(other)
    assert refused(publishing.publish_trust, fleet, theirs, NOW_MS) == "trust-differs"
    document = site_hands.assigned(theirs, HUB, 1)
    code = refused(publishing.publish_assignment, fleet, theirs, document, NOW_MS)
    assert code == "trust-differs"


def test_a_trust_goes_out_before_what_needs_it(fleet: database.Database, site: files.Site):
    """A hub that follows what is out must believe every assignment that it gets."""
    later = site_hands.next_trust(site.directory)
    document = site_hands.assigned(later, HUB, 1)
    publish = publishing.publish_assignment
    assert refused(publish, fleet, later, document, NOW_MS) == "trust-unpublished"
    publishing.publish_trust(fleet, later, NOW_MS)
    publish(fleet, later, document, NOW_MS)
    assert told(fleet)[HUB] == 1


def test_a_key_that_has_left_signs_no_more(fleet: database.Database, site: files.Site):
    later = site_hands.next_trust(site.directory)
    publishing.publish_trust(fleet, later, NOW_MS)
    old = site_hands.assigned(site, HUB, 1)
    code = refused(publishing.publish_assignment, fleet, later, old, NOW_MS)
    assert code == "document-threshold"


def test_a_site_from_an_old_backup_publishes_nothing(fleet: database.Database, site: files.Site):
    later = site_hands.next_trust(site.directory)
    publishing.publish_trust(fleet, later, NOW_MS)
    trust_documents.path(later, 2).unlink()
    assert refused(publishing.publish_trust, fleet, later, NOW_MS) == "trust-differs"
    code = refused(
        publishing.publish_assignment, fleet, later, site_hands.assigned(site, HUB, 1), NOW_MS
    )
    assert code in {"trust-differs", "document-threshold"}


def test_what_is_out_can_be_followed_to_its_end(fleet: database.Database, site: files.Site):
    for number in range(1, 5):
        name = "assignment.key" if number == 1 else f"assignment-{number}.key"
        site = site_hands.next_trust(site.directory, name)
    publishing.publish_trust(fleet, site, NOW_MS)
    query = sa.select(schema.trusts.c.document).order_by(schema.trusts.c.epoch)
    first, *rest = fleet.read(lambda connection: list(connection.scalars(query)))
    last = trust_chain.replay(trust_chain.first(first), rest)
    assert last == trust_documents.newest(site)[0]
