"""What the inventory's tests share: an inventory of their own, and a kit on its way."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from host import signed_bench
from varde_host import errors
from varde_host.inventory import (
    audit,
    door,
    evidence,
    items,
    kits,
    models,
    places,
    readiness,
    records,
    states,
    store,
)
from varde_host.inventory import who as who_module
from varde_host.inventory.who import Who

NOW_MS = 1_800_000_000_000  # 2027-01-15
DAY_MS = 86_400_000
T17 = Who(who_module.TECHNICIAN, "t17")
T18 = Who(who_module.TECHNICIAN, "t18")
K2 = Who(who_module.CALIBRATION, "k2")
IT = Who(who_module.IT, "i1")
FOLLOW_UP = Who(who_module.FOLLOW_UP, "o5")
OWNER = Who(who_module.OWNER, "e1")
RECORD = "ab" * 32
VALID = "2027-05-12"

# The ordinary way out, with who goes it and what for.
WAY_OUT: list[tuple[str, Who, dict[str, Any]]] = [
    (states.CLEANED, T17, {"cleaning": {"product": "Oxivir", "batch": "L1"}}),
    (states.WIPED, IT, {"wipe": {"record": RECORD}}),
    (states.CHECKED, K2, {"check": {"record": RECORD}}),  # of the kit's own acceptance (`bring`)
    (states.READY, T17, {"packing": {"label": ""}}),
    (states.HANDED_OUT, FOLLOW_UP, {"handout": {"instructed": True}}),
    (states.IN_USE, FOLLOW_UP, {"first-reading": {"seen": "seq 12"}}),
]
BACK = {"return": {"infection": False, "complete": True}}
BACK_INFECTED = {"return": {"infection": True, "complete": True, "quarantine_hours": 48}}


class Stockroom:
    """An inventory whose time stands still until a test moves it, and whose draws repeat."""

    def __init__(self, address) -> None:
        self.opened = store.open_inventory(address)
        self.random = random.Random(6).randrange
        self.now_ms = NOW_MS

    def close(self) -> None:
        self.opened.close()

    def do(self, function, *arguments, **options):
        """Call a writing function of the inventory in its own transaction, a second later."""
        self.now_ms += 1000
        return self.opened.write(lambda c: function(c, *arguments, **options))

    def see(self, function, *arguments, **options):
        return self.opened.read(lambda c: function(c, *arguments, **options))

    def kit(self, profile: str = "standard") -> str:
        made = self.do(
            kits.create, self.random, T17, self.now_ms, source="order 7", profile=profile
        )
        return made.kit_id

    def move(self, kit: str, state: str, given: evidence.Evidence, by: Who = T17, **options):
        return self.do(kits.move, kit, state, given, by, self.now_ms, **options)

    def bring(self, kit: str, state: str) -> kits.Moved:
        """Move a kit along the ordinary way to a state; what lacks in it is put in on the way."""
        for target, by, given in WAY_OUT:
            proof = {"packing": {"label": kit}} if target == states.READY else given
            if target == states.CHECKED:
                proof = {"check": {"record": self.make_good(kit)}}
            moved = self.move(kit, target, proof, by)
            if target == state:
                return moved
        raise AssertionError(state)

    def model(self, model: str = "and-ua651", kind: str = models.SENSOR, **options) -> str:
        facts = {"name": "Cuff monitor", "maker": "A&D"} | options
        return self.do(models.add, model, kind, T17, self.now_ms, **facts).model

    def place(self, code: str = "SHELF1") -> str:
        return self.do(places.add, code, "A shelf", T17, self.now_ms).place

    def item(self, model: str = "and-ua651", **facts) -> str:
        return self.do(items.add, self.random, model, T17, self.now_ms, **facts).item_id

    def put(self, item: str, kit: str) -> None:
        self.do(items.put, item, kit, T17, self.now_ms)

    def take(self, item: str, place: str) -> None:
        self.do(items.take, item, place, T17, self.now_ms)

    # what the bench signs

    def make_good(self, kit: str) -> str:
        """Complete the kit, verify what has to be, accept it; return the acceptance's hash."""
        self.outfit(kit)
        lacking = {each.subject for each in self.lacks(kit)}
        for item in self.see(items.listing, kit_id=kit):
            if item.item_id in lacking and signed_bench.needs_one(item):
                self.verify(item.item_id)
        return self.accept(kit)

    def outfit(self, kit: str) -> None:
        """See that there is a hub in it and a sensor."""
        inside = {item.kind for item in self.see(items.listing, kit_id=kit)}
        known = {each.model for each in self.see(models.listing)}
        if models.HUB not in inside:
            if "hub-s3" not in known:
                self.model("hub-s3", models.HUB)
            self.put(self.item("hub-s3", serial=f"HUB{self.now_ms}"), kit)
        if models.SENSOR not in inside:
            if "and-ua651" not in known:
                self.model()
            self.put(self.item(serial=f"CUFF{self.now_ms}"), kit)

    def seen(self, item: str, procedure: str | None = None):
        """What a good verification of a thing measures today."""
        found = self.see(items.find, item)
        return signed_bench.seen(found, signed_bench.today(self.now_ms), procedure)

    def verify(self, item: str, what=None, by: Who = K2, **options) -> records.Put:
        """Sign a verification (a good one unless told what was seen), and put it in."""
        self.now_ms += 1000
        what = what or self.seen(item)
        signed = signed_bench.verification(what, self.now_ms, by, **options)
        return self.do(records.put, signed, by, self.now_ms)

    def accept(self, kit: str, by: Who = K2, **options) -> str:
        """Sign an acceptance of the kit as it is (a good one unless told), and put it in."""
        self.now_ms += 1000
        inside = [i for i in self.see(items.listing, kit_id=kit) if i.kind in models.MEASURING]
        newest = {i.item_id: self.see(records.newest_verification, i.item_id) for i in inside}
        named = {item: None if found is None else found.sha256 for item, found in newest.items()}
        last = signed_bench.today(self.now_ms + 100 * DAY_MS)
        options = {"valid_until": max(VALID, last)} | options
        options.setdefault("items", named)
        signed = signed_bench.acceptance(kit, now_ms=self.now_ms, by=by, **options)
        self.do(records.put, signed, by, self.now_ms)
        return signed.sha256

    def see_records(self, kit: str) -> list[records.Record]:
        return self.see(records.of_kit, kit)

    def lacks(self, kit: str) -> list[readiness.Lack]:
        return self.see(readiness.lacks, kit, self.now_ms)

    def prove(self) -> audit.Head:
        """The chain holds, and the tables are what the log says."""

        def work(connection: sa.Connection) -> audit.Head:
            logged = door.replay(audit.details(audit.lines(connection)))
            assert list(door.differences(connection, logged)) == []
            return audit.verify(audit.lines(connection))

        return self.opened.read(work)


def refusal(call, *arguments, **options) -> errors.HostError:
    """Return the error of a call that must be refused."""
    with pytest.raises(errors.HostError) as caught:
        call(*arguments, **options)
    return caught.value


def lack(call, *arguments, **options) -> str:
    """Return the first of what a kit lacks, by a move that must be refused for it."""
    error = refusal(call, *arguments, **options)
    assert error.code == "kit-lacks", error
    return str(error.fields["lack"])
