"""The scripts that a bench runs on a hub, with the hub's own bundle, on a desk."""

from __future__ import annotations

import ast
import base64
import binascii
from pathlib import Path

import pytest

from firmware import desk, provisioned
from golden import site
from varde_firmware.core import bonds, journal_sector
from varde_host.bench import hub_scripts
from varde_protocols import assignment, cbor, cose, documents, records, trust
from varde_protocols.crypto import ed25519
from varde_simulator import flash_image

TRUST, ASSIGNMENT = "trust.cbor", "assignment.cbor"
# What stands in a script because the build leaves no names of numbers.
NUMBERS = {
    "SECTOR_BYTES": journal_sector.SECTOR_BYTES,
    "MAX_RECORDS": journal_sector.MAX_RECORDS,
    "SESSION_COPY": journal_sector.SESSION_COPY,
    "MAX_DOCUMENT_BYTES": documents.MAX_DOCUMENT_BYTES,
    "ROLE_SERVICE": trust.ROLE_SERVICE,
    "BOND_PLACES": bonds.MAX_ENTRIES,
    "SEED_BYTES": ed25519.SEED_BYTES,
}


def shown(secret: bytes) -> list[str]:
    """How a secret could stand in a text."""
    return [secret.hex(), base64.b64encode(secret).decode().rstrip("="), repr(secret)[2:-1]]


def result_of(said: desk.Said) -> dict[str, object]:
    assert said.result is not None
    return said.result


@pytest.mark.parametrize("name", hub_scripts.NAMES)
def test_numbers_are_those_of_the_modules(name: str) -> None:
    tree = ast.parse(hub_scripts.source(name))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            wanted = NUMBERS.get(node.targets[0].id)
            if wanted is not None:
                assert ast.literal_eval(node.value) == wanted


@pytest.mark.parametrize("name", hub_scripts.NAMES)
def test_the_last_line_is_json_and_no_secret_is_said(tmp_path: Path, name: str) -> None:
    hub = provisioned.on_desk(tmp_path)
    said = hub.run(name)
    assert "error" not in result_of(said), said.text
    for secret in (provisioned.SEED, provisioned.PASSWORD.encode()):
        for text in shown(secret):
            assert text not in said.text


@pytest.mark.parametrize("name", hub_scripts.NAMES)
def test_on_a_bare_board_each_says_what_is_missing(tmp_path: Path, name: str) -> None:
    result = result_of(desk.Desk(tmp_path, {}).run(name))
    if name not in ("lockstate", "wipe"):
        assert result["error"] == "ImportError"


# identity


def test_the_key_is_made_after_the_radio_is_on_and_once(tmp_path: Path) -> None:
    hub = desk.Desk(tmp_path, provisioned.FILES)
    said = hub.run("identity", DESK_RANDOM="9")
    assert "desk: ['WLAN 1', 'urandom', 'WLAN 0']" in said.text
    key = ed25519.SigningKey(bytes([9]) * 32)
    wanted = {"hub": cose.key_id(key.public).hex(), "public": key.public.hex(), "made": True}
    assert wanted.items() <= result_of(said).items()
    again = hub.run("identity", DESK_RANDOM="10")
    assert "urandom" not in again.text.splitlines()[-1]
    assert {**wanted, "made": False}.items() <= result_of(again).items()


def test_without_a_radio_no_key_is_made(tmp_path: Path) -> None:
    hub = desk.Desk(tmp_path, provisioned.FILES)
    said = hub.run("identity", RADIO_BROKEN="1")
    assert result_of(said)["error"] == "OSError"
    assert "urandom" not in said.text.splitlines()[-1]
    assert "seed" not in result_of(hub.run("state"))["keys"]  # type: ignore[operator]


def test_a_cut_in_the_making_of_a_key_leaves_none_or_one(tmp_path: Path) -> None:
    fresh = desk.Desk(tmp_path / "fresh", provisioned.FILES, provisioned.JOURNAL_BYTES)
    for operation in range(1, 20):
        hub = provisioned.copy(fresh, tmp_path / "cut")
        if not hub.run("identity", cut=(operation, 0.5), DESK_RANDOM="9").is_cut:
            break
        result = result_of(hub.run("identity", DESK_RANDOM="10"))
        assert result["made"] is True
        assert result_of(hub.run("identity"))["hub"] == result["hub"]
    assert operation > 2


def test_the_board_is_known_before_there_is_an_assignment(tmp_path: Path) -> None:
    hub = desk.Desk(tmp_path, provisioned.FILES)
    assert result_of(hub.run("identity", "board = 'no_such_board'"))["error"] == "ImportError"
    assert "error" not in result_of(hub.run("identity", "board = 'generic'"))
    assert "board" in result_of(hub.run("state"))["keys"]  # type: ignore[operator]


# documents


def hub_with(folder: Path, files: dict[str, bytes]) -> desk.Desk:
    hub = desk.Desk(folder, {**provisioned.FILES, **files}, provisioned.JOURNAL_BYTES)
    hub.run("identity", DESK_RANDOM=provisioned.SEED_NUMBER)
    return hub


def assigned(number: int, hub_id: bytes | None = None, site_id: bytes = site.SITE_ID) -> bytes:
    given = assignment.Assignment(
        site_id, number, hub_id, provisioned.config(), None, site.SIGNED_MS, *site.NO_TERMS
    )
    return site.signed(documents.ASSIGNMENT, given, "assignment-1")


def test_documents_are_verified_put_in_place_and_read_back(tmp_path: Path) -> None:
    hub = hub_with(tmp_path, provisioned.trials())
    result = result_of(hub.run("documents"))
    assert result["placed"] == ["/trust.cbor", "/assignment.cbor"]
    assert (result["epoch"], result["assignment"]) == (1, 1)
    assert result["service_keys"] == [provisioned.SERVICE.kid.hex()]
    again = result_of(hub.run("documents"))
    assert again["placed"] == []
    assert again["sha256"] == result["sha256"]
    state = result_of(hub.run("state"))
    for path, digest in result["sha256"].items():  # type: ignore[attr-defined]
        assert state["files"][path][1] == digest  # type: ignore[index]


HUB_ID = cose.key_id(ed25519.SigningKey(provisioned.SEED).public)
GOOD = provisioned.documents()


def rotated() -> dict[str, bytes]:
    """The next trust, under which another key gives assignments, and the next assignment."""
    old = trust.unverified(GOOD[TRUST])
    fields = {name: getattr(old, name) for name in trust.Trust.FIELDS}
    fields["roles"] = {**old.roles, trust.ROLE_ASSIGNMENT: site.role(1, "assignment-2")}
    new = trust.Trust(**{**fields, "epoch": 2})
    given = assignment.Assignment(
        site.SITE_ID, 2, HUB_ID, provisioned.config(), None, site.SIGNED_MS, *site.NO_TERMS
    )
    return {
        TRUST: site.signed(documents.TRUST, new, "trust-1"),
        ASSIGNMENT: site.signed(documents.ASSIGNMENT, given, "assignment-2"),
    }


NEXT = rotated()
NO_ROOTS = [b"\x30\x82\x00\x10" + bytes([number]) * 16 for number in (1, 2)]
REFUSED = {
    "no trust": ({f"{ASSIGNMENT}.trial": GOOD[ASSIGNMENT]}, "OSError"),
    "no assignment": ({f"{TRUST}.trial": GOOD[TRUST]}, "OSError"),
    "a changed byte": (
        {f"{TRUST}.trial": GOOD[TRUST], f"{ASSIGNMENT}.trial": GOOD[ASSIGNMENT][:-1] + b"\0"},
        "CoseError",
    ),
    "an assignment as trust": (
        {f"{TRUST}.trial": GOOD[ASSIGNMENT], f"{ASSIGNMENT}.trial": GOOD[ASSIGNMENT]},
        "DocumentError",
    ),
    "another hub's": (
        {f"{TRUST}.trial": GOOD[TRUST], f"{ASSIGNMENT}.trial": assigned(2, bytes(8))},
        "DocumentError",
    ),
    "another site's": (
        {f"{TRUST}.trial": GOOD[TRUST], f"{ASSIGNMENT}.trial": assigned(2, site_id=bytes(8))},
        "DocumentError",
    ),
    "an older number": (
        {TRUST: GOOD[TRUST], ASSIGNMENT: assigned(3), f"{ASSIGNMENT}.trial": assigned(2)},
        "DocumentError",
    ),
    "another of the same number": (
        {TRUST: GOOD[TRUST], ASSIGNMENT: assigned(3), f"{ASSIGNMENT}.trial": assigned(3, HUB_ID)},
        "DocumentError",
    ),
    "a copy that was cut short": (
        {**GOOD, f"{TRUST}.trial": NEXT[TRUST][:500], f"{ASSIGNMENT}.trial": NEXT[ASSIGNMENT]},
        "DocumentError",
    ),
    "roots that are none": (
        {
            f"{TRUST}.trial": provisioned.documents(NO_ROOTS)[TRUST],
            f"{ASSIGNMENT}.trial": GOOD[ASSIGNMENT],
        },
        "ValueError",
    ),
    "not CBOR": ({f"{TRUST}.trial": b"\xff" * 100}, "DocumentError"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_does_not_hold_is_taken_away_and_not_put_in_place(tmp_path: Path, case: str) -> None:
    files, error = REFUSED[case]
    hub = hub_with(tmp_path, files)
    before = result_of(hub.run("state"))["files"]
    assert isinstance(before, dict)
    kept = {path: known for path, known in before.items() if not path.endswith(".trial")}
    assert result_of(hub.run("documents"))["error"] == error
    assert result_of(hub.run("state"))["files"] == kept
    again = result_of(hub.run("documents"))  # with what is in place, as before
    assert ("error" in again) == (not {f"/{TRUST}", f"/{ASSIGNMENT}"} <= set(kept))


def test_a_newer_assignment_takes_the_place_of_an_older(tmp_path: Path) -> None:
    files = {
        TRUST: GOOD[TRUST],
        ASSIGNMENT: assigned(3),
        f"{ASSIGNMENT}.trial": assigned(4, HUB_ID),
    }
    result = result_of(hub_with(tmp_path, files).run("documents"))
    assert (result["assignment"], result["for_hub"]) == (4, True)
    assert result["placed"] == ["/assignment.cbor"]


def test_after_a_cut_at_any_operation_the_documents_get_their_place(tmp_path: Path) -> None:
    whole = hub_with(tmp_path / "whole", provisioned.trials())
    for operation in range(1, 20):
        hub = provisioned.copy(whole, tmp_path / "cut")
        if not hub.run("documents", cut=(operation, 0.5)).is_cut:
            break
        result = result_of(hub.run("documents"))
        assert (result["epoch"], result["assignment"]) == (1, 1)
        left = result_of(hub.run("state"))["files"]
        assert not [path for path in left if path.endswith(".trial")]  # type: ignore[attr-defined]
    assert operation > 2


def test_a_cut_in_a_rotation_leaves_what_a_start_can_use(tmp_path: Path) -> None:
    trials = {f"{name}.trial": content for name, content in NEXT.items()}
    whole = hub_with(tmp_path / "whole", {**GOOD, **trials})
    seen = set()
    for operation in range(1, 20):
        for share in (0.0, 0.5, 1.0):
            hub = provisioned.copy(whole, tmp_path / "cut")
            is_cut = hub.run("documents", cut=(operation, share)).is_cut
            found = flash_image.read_littlefs(hub.partition("vfs"))
            assignment.unverified(found[ASSIGNMENT]).check_for(
                trust.unverified(found[TRUST]), HUB_ID
            )
            seen.add(tuple(found[name] == NEXT[name] for name in (TRUST, ASSIGNMENT)))
            result = result_of(hub.run("documents"))
            assert (result["epoch"], result["assignment"]) == (2, 2)
        if not is_cut:
            break
    assert seen == {(False, False), (True, False), (True, True)}


# lock


def test_a_hub_that_nobody_could_open_is_not_locked(tmp_path: Path) -> None:
    bare = desk.Desk(tmp_path / "bare", provisioned.FILES, provisioned.JOURNAL_BYTES)
    assert "error" in result_of(bare.run("lock"))
    nobody = hub_with(tmp_path / "nobody", {})
    assert "error" in result_of(nobody.run("lock"))
    payload = cbor.decode(trust.unverified(GOOD[TRUST]).encode())
    # of small order: it could verify anything, so it verifies nothing
    payload[3][trust.ROLE_SERVICE][1] = [bytes(32)]
    data = documents.sign(documents.TRUST, cbor.encode(payload), [site.key("trust-1")])
    closed = hub_with(tmp_path / "closed", {**GOOD, TRUST: data})
    assert "verify nothing" in str(result_of(closed.run("lock"))["text"])
    for hub in (bare, nobody, closed):
        assert result_of(hub.run("lockstate"))["locked"] == 0


def test_a_cut_in_locking_leaves_it_open_or_locked(tmp_path: Path) -> None:
    whole = provisioned.on_desk(tmp_path / "whole", is_locked=False)
    for operation in range(1, 20):
        hub = provisioned.copy(whole, tmp_path / "cut")
        if not hub.run("lock", cut=(operation, 0.5)).is_cut:
            break
        assert result_of(hub.run("lock"))["locked"] == 1
    assert operation > 1


# tail and state


class Log:
    """Writes a journal's partition on this side."""

    def __init__(self, hub: desk.Desk) -> None:
        self.image = bytearray(b"\xff" * provisioned.JOURNAL_BYTES)
        self.sector_count = len(self.image) // journal_sector.SECTOR_BYTES
        self._hub = hub

    def read_into(self, offset: int, buffer: bytearray | memoryview) -> None:
        buffer[:] = self.image[offset : offset + len(buffer)]

    def program(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        for place, byte in enumerate(bytes(data), offset):
            self.image[place] &= byte

    def erase(self, sector: int) -> None:
        start = sector * journal_sector.SECTOR_BYTES
        self.image[start : start + journal_sector.SECTOR_BYTES] = b"\xff" * 4096

    def put_on_hub(self) -> None:
        with self._hub.flash.open("r+b") as file:
            file.seek(flash_image.find(self._hub.flash, "journal").offset)
            file.write(self.image)


def journaled(hub: desk.Desk, count: int) -> list[bytes]:
    """Readings of slots 1 to 3, an event after each, in the hub's journal."""
    from varde_firmware.core import journal, recorder  # noqa: PLC0415

    log = Log(hub)
    book = journal.Journal(log)
    book.mount()
    key = ed25519.SigningKey(provisioned.SEED)
    written: list[bytes] = []
    append = book.append
    book.append = lambda seq, data, *how: (written.append(bytes(data)), append(seq, data, *how))  # type: ignore[method-assign,assignment,func-returns-value]
    maker = recorder.Recorder(book, key, HUB_ID, 1)
    maker.session(0, bytes(32), provisioned.RECEIVER)
    for number in range(count):
        maker.reading(number, 1 + number % 3, 0x2A35, bytes([number]), 0x1810, bytes(7))
        maker.event(number, records.EVENT_PAIRED, number)
    log.put_on_hub()
    return written


def test_state_counts_what_is_unsent(tmp_path: Path) -> None:
    hub = provisioned.on_desk(tmp_path)
    hub.start(DESK_CAUSE="1")  # counts a boot; without pins it stops there
    journaled(hub, 40)
    before = hub.flash.read_bytes()
    state = result_of(hub.run("state"))
    assert state["pending"] == 81
    assert state["kinds"] == {"6": 1, "1": 40, "4": 40}
    assert state["readings"] == {"1": 14, "2": 13, "3": 13}
    assert state["numbers"]["boot"] == 1  # type: ignore[index]
    assert hub.flash.read_bytes() == before


def test_tail_gives_records_as_they_are(tmp_path: Path) -> None:
    hub = provisioned.on_desk(tmp_path)
    written = journaled(hub, 30)
    since, found = 1, []
    while True:
        result = result_of(hub.run("tail", f"since = {since}", "most = 7"))
        rows = result["records"]
        assert isinstance(rows, list)
        found += rows
        if not result["more"]:
            break
        since = rows[-1][0] + 1
    assert [binascii.a2b_base64(text) for _, text in found] == written
    assert result["next"] == len(written) + 1
    key = ed25519.VerifyKey(ed25519.SigningKey(provisioned.SEED).public)
    kinds = set()
    for text in (text for _, text in result_of(hub.run("tail", "kinds = [4]"))["records"]):  # type: ignore[attr-defined]
        kinds.add(cbor.decode(cose.Sign1.parse(binascii.a2b_base64(text)).verify(key))[1])
    assert kinds == {records.EVENT}
