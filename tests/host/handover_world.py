"""A world for the handover: measurements that become known bit by bit, and stand-in targets.

The stand-ins say what they are: `StandInTarget` keeps what a FHIR server with conditional create
would keep, `stand_in_of` makes resources of the shape that `fhir.of` makes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from varde_host.database import engine
from varde_host.fhir import measured, of, style
from varde_host.handover import considering, outbox, sealed, sending, targets
from varde_host.receiver import timeline
from varde_host.receiver_store import schema

HUBS = (b"hub-one!", b"hub-two!")
SYSTEM = "urn:varde:observation"


class Killed(BaseException):
    """The process was killed here: no handler of ours may catch it."""


@dataclass(frozen=True)
class Fact:
    """What is known of one measurement: the test's own words for it."""

    hub: bytes
    seq: int
    identifier: str
    value: Decimal
    source: str = "aa"
    at_ms: int | None = None
    loan: str | None = "loan-1"
    marks: tuple[str, ...] = ()

    @property
    def own(self) -> str:
        """Its identifier: by the sensor's clock and the loan (source aa), or by hub and number."""
        if self.source == "aa":
            return f"{self.identifier}/{self.loan}"
        return f"{self.hub.decode()}/{self.seq}"

    @property
    def same(self) -> tuple[str, str]:
        """What makes two facts one measurement."""
        return self.own, str(self.value)

    def measured(self) -> measured.Measured:
        """Return it as the stream gives it."""
        when = timeline.Instant(None, None, 0, 1)
        if self.at_ms is not None:
            when = timeline.Instant(self.at_ms, 1000, None, None)
        return measured.Measured(
            0x2A9D, {"weight": self.value, "identifier": self.own},
            measured.Thing(measured.SCALE), self.loan, self.hub, self.seq, 1, self.source, when,
            marks=self.marks,
        )  # fmt: skip


def stand_in_of(each: measured.Measured, _style: style.Style) -> of.Made:
    """Return a resource as `fhir.of` would, as far as the handover looks at it."""
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "identifier": [{"system": SYSTEM, "value": each.fields["identifier"]}],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"identifier": {"system": "urn:varde:loan", "value": each.loan_id}},
        "valueQuantity": {"value": each.fields["weight"], "code": "kg"},
    }
    if each.when is not None and each.when.utc_ms is not None:
        observation["effectiveDateTime"] = str(each.when.utc_ms)
    return of.Made([observation], [{"resourceType": "Device", "identifier": [{"value": "s"}]}],
                   ["weight"])  # fmt: skip


@dataclass
class World:
    """What the receiver may know at a moment: a stand-in for its store and `loan_facts`."""

    facts: list[Fact] = field(default_factory=list)
    subjects: frozenset[str] | None = None

    def marks(self, _connection: sa.Connection, _hub: bytes | None = None) -> Mapping[bytes, str]:
        told = {hub: [fact for fact in self.facts if fact.hub == hub] for hub in HUBS}
        return {hub: f"{hash((*of_hub, self.subjects))}" for hub, of_hub in told.items() if of_hub}

    def measured(self, _connection: sa.Connection, hub: bytes) -> Iterator[measured.Measured]:
        of_hub = [fact for fact in self.facts if fact.hub == hub]
        return iter([fact.measured() for fact in sorted(of_hub, key=lambda one: one.seq)])

    def with_subject(self) -> frozenset[str] | None:
        return self.subjects


class StandInTarget:
    """Keeps what it gets by identifier, as a FHIR server does; down, refusing or cut on demand."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.created = 0
        self.is_down = False
        self.refuses: set[str] = set()
        self.cut: str | None = None  # "before" or "after": the next request kills who sends it

    def send(self, items: Sequence[sending.Outgoing]) -> Sequence[sending.Sent]:
        if self.cut == "before":
            self.cut = None
            raise Killed
        results = [self._taken(item) for item in items]
        if self.cut == "after":
            self.cut = None
            raise Killed
        return results

    def settle(self, _items: Sequence[sending.Outgoing]) -> None:
        pass

    def tidy(self) -> None:
        pass

    def _taken(self, item: sending.Outgoing) -> sending.Sent:
        if self.is_down:
            return sending.Later(0.0, "down")
        if item.identifier in self.refuses:
            return sending.Refused("not wanted")
        if item.change == "create" and item.identifier in self.kept:
            return sending.Delivered("was there")
        if item.change == "create":
            self.created += 1
        self.kept[item.identifier] = item.resources[0]
        return sending.Delivered("new")

    def says(self) -> dict[str, tuple[str, str | None]]:
        """Return value and loan of all that stands, by identifier."""
        return {
            name: (str(each["valueQuantity"]["value"]), each["subject"]["identifier"]["value"])
            for name, each in self.kept.items()
            if each["status"] != "entered-in-error"
        }


class Time:
    """A clock that jumps: nothing may rest on it."""

    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000

    def utc_ms(self) -> int:
        self.now_ms += -86_400_000 if self.now_ms % 3 else 86_400_001
        return self.now_ms


@dataclass
class CutStore:
    """A store whose user is killed before or after its nth transaction that writes."""

    store: engine.Database
    left: int | None = None
    is_after: bool = False

    @property
    def address(self) -> str | Path:
        return self.store.address

    def reading(self) -> contextlib.AbstractContextManager[sa.Connection]:
        return self.store.reading()

    def read(self, work: Any) -> Any:
        return self.store.read(work)

    def write(self, work: Any) -> Any:
        if self.left is not None:
            self.left -= 1
            if self.left < 0 and not self.is_after:
                raise Killed
        done = self.store.write(work)
        if self.left is not None and self.left < 0:
            raise Killed
        return done


def target(name: str, **settings: object) -> targets.Target:
    """Return a target that is on."""
    table = {"kind": "file", "on": True, "purpose": "tests", **settings}
    return targets.parse({"target": {name: table}})[0]


def service(store: Any, world: Any, chosen: Sequence[targets.Target]) -> considering.Service:
    """Return a service over a store and a world."""
    styles = {each.name: style.Style(bytes(32)) for each in chosen}
    return considering.Service(store, sealed.Sealer(bytes(32)), world, chosen, styles, Time())


def is_quiet(store: engine.Database, name: str) -> bool:
    """Tell if nothing waits for a target."""
    return not store.read(lambda connection: outbox.waits(connection, name))


def empty(store: engine.Database) -> None:
    """Forget everything, so that one database serves many examples."""

    def work(connection: sa.Connection) -> None:
        for table in (schema.handed, schema.outbox, schema.considered):
            connection.execute(sa.delete(table))

    store.write(work)


def moved(fact: Fact, **changes: Any) -> Fact:
    """Return a fact of which something else is known now."""
    return replace(fact, **changes)
