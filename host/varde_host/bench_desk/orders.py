"""What the desk can be told to do, each with what it needs, and the work itself.

An order is plain values, so that it can lie on the disk while it is under way and be given again
after the computer has lost its power. Its `work` is the same function as the command line's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from varde_host import errors, messages
from varde_host.acceptance import accept_run, room_check
from varde_host.bench import events, faults, making_run, update_run
from varde_host.bench import steps as bench_steps
from varde_host.bench.cable import ports as cable_ports
from varde_host.bench.occasion import Candidates, Occasion
from varde_host.bench.taking_back import draining, return_run, return_sensors, wiping
from varde_host.bench_desk.bench_file import BenchFile
from varde_host.fleet import link_files
from varde_host.inventory import evidence, kit_id
from varde_host.inventory import who as inventory_who
from varde_host.sensor import radio

MAKE: Final = "make"
ACCEPT: Final = "accept"
COVERAGE: Final = "coverage"
RETURN: Final = "return"
UPDATE: Final = "update"
KINDS: Final = (MAKE, ACCEPT, COVERAGE, RETURN, UPDATE)

DEFAULT_FIRMWARE: Final = Path("build/firmware")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order ended: `said` as the command's own JSON; `fault` of the one board, if any."""

    is_good: bool
    said: Mapping[str, Any]
    fault: faults.Fault | None = None


Work = Callable[[Occasion], Awaitable[Outcome]]


def making(here: BenchFile, **asked: Any) -> making_run.Wanted:
    """Return what is put on boards at this bench. Raises InputRefused `desk-image`, `bench-step`,
    and what is wrong with its files."""
    if here.image is None:
        raise errors.InputRefused("desk-image")
    wanted = making_run.Wanted(
        image=here.image, firmware=here.firmware or DEFAULT_FIRMWARE,
        networks=tuple(link_files.networks_in(here.wifi)),
        modem=link_files.subscription_in(here.modem), **asked,
        **_said(
            host=here.host, collector_port=here.collector_port, ntp_host=here.ntp_host,
            ntp_port=here.ntp_port, heartbeat_s=here.heartbeat_s, board=here.board,
        ),
    )  # fmt: skip
    wanted.table()
    return wanted


@dataclass(frozen=True, slots=True)
class Make:
    """Boards become hubs. With a `kit` it is one board, which goes into that kit; else so many as
    `count` says (None: as many as there are ports, 0: whoever comes until it is stopped).

    `until` and `again` name steps of the bench; with `label` the kit's label is printed and
    scanned at the end. `batch` names the batch that the boards' kits belong to.
    """

    kind: ClassVar[str] = MAKE
    kit: str = ""
    count: int | None = None
    ports: tuple[str, ...] = ()
    until: str | None = None
    again: tuple[str, ...] = ()
    label: bool = False
    batch: str = ""

    def prepared(self, here: BenchFile) -> Work:
        """Return the work, with the bench's own settings where the order says nothing.

        Raises InputRefused before anything is begun.
        """
        last = bench_steps.TABLE[-2].name if not self.label and self.until is None else self.until
        wanted = making(
            here, until=last, again=self.again, scans=True, count=1 if self.kit else self.count,
            kit=self.kit and kit_id.check(self.kit),
        )  # fmt: skip

        async def work(occasion: Occasion) -> Outcome:
            ended = await making_run.make(occasion, wanted)
            first = next((result.fault for result in ended.results if result.fault), None)
            said = {"done": ended.done, "boards": ended.boards}
            return Outcome(ended.done == ended.boards, said, first)

        return work


@dataclass(frozen=True, slots=True)
class Accept:
    """The acceptance of a kit; `label` is the code scanned from its case, which makes it ready."""

    kind: ClassVar[str] = ACCEPT
    kit: str
    ports: tuple[str, ...] = ()
    place: str = ""
    label: str | None = None
    anew: bool = False

    def prepared(self, here: BenchFile) -> Work:
        """Return the work (`Make.prepared`)."""
        place = evidence.text(self.place or here.place or messages.text("accept.bench"), "place")
        wanted = accept_run.Wanted(kit_id.check(self.kit), place, self.label, self.anew)

        async def work(occasion: Occasion) -> Outcome:
            ended = await accept_run.accept(occasion, wanted)
            said = {
                "kit": wanted.kit, "state": ended.state, "accepted": ended.is_good,
                "number": ended.made and ended.made.number,
                "record": ended.made and ended.made.signed.sha256,
                "deviation": ended.made and ended.made.note_id,
                "lacks": [lack.text for lack in ended.made.lacks] if ended.made else [],
            }  # fmt: skip
            return Outcome(ended.is_good, said, ended.fault)

        return work


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well the radio reaches from a room (in words, never a person's name)."""

    kind: ClassVar[str] = COVERAGE
    kit: str
    room: str
    newest: bool = False

    def prepared(self, here: BenchFile) -> Work:
        """Return the work (`Make.prepared`)."""
        del here
        wanted = room_check.Wanted(kit_id.check(self.kit), self.room, self.newest)

        async def work(occasion: Occasion) -> Outcome:
            def say_hold() -> None:
                fields = {"question": "accept.hold-button"}
                now_ms = occasion.utc_ms()
                occasion.tell(events.Event(events.PERSON, now_ms, "", fields=fields))

            inventory, database = occasion.inventory, occasion.database
            ended = await room_check.check(
                inventory, database, wanted, occasion.by, occasion.utc_ms, say_hold
            )
            return Outcome(ended.is_good, {"kit": wanted.kit, **ended.kept})

        return work


@dataclass(frozen=True, slots=True)
class Return:
    """The way back of a kit. `give_up` is who of the follow-up service decided (`function:person`)
    that readings which cannot come are wiped, `reason` why."""

    kind: ClassVar[str] = RETURN
    kit: str
    ports: tuple[str, ...] = ()
    give_up: str | None = None
    reason: str = ""
    proof: str = wiping.DUMP
    no_radio: bool = False
    sensors_later: bool = False

    def prepared(self, here: BenchFile) -> Work:
        """Return the work (`Make.prepared`)."""
        heard = None if self.no_radio else radio.chosen(here.radio)
        plan = return_sensors.Plan(heard, asks=True, may_skip=self.sensors_later)
        networks = tuple(link_files.networks_in(here.wifi))
        wanted = return_run.Wanted(
            kit_id.check(self.kit), self._decision(), networks, self.proof, plan
        )

        async def work(occasion: Occasion) -> Outcome:
            ended = await return_run.take_back(occasion, wanted)
            first = next((result.fault for result in ended.results if result.fault), None)
            said = {"kit": wanted.kit, "wiped": ended.is_wiped, **dict(ended.record)}
            return Outcome(ended.is_wiped, said, first)

        return work

    def _decision(self) -> draining.Decision | None:
        if self.give_up is None:
            return None
        said = evidence.text(self.reason, "reason")
        return draining.Decision(inventory_who.parse(self.give_up), said)


@dataclass(frozen=True, slots=True)
class Update:
    """An update by cable: a signed assignment's file, and a release's folder."""

    kind: ClassVar[str] = UPDATE
    assignment: str
    ports: tuple[str, ...] = ()
    release: str | None = None
    kit: str = ""

    def prepared(self, here: BenchFile) -> Work:
        """Return the work (`Make.prepared`)."""
        del here
        release = None if self.release is None else Path(self.release)
        brought = update_run.brought(Path(self.assignment), release)

        async def work(occasion: Occasion) -> Outcome:
            ended = await update_run.bring(occasion, brought)
            first = next((result.fault for result in ended.results if result.fault), None)
            return Outcome(ended.is_on_trial, {"on_trial": ended.is_on_trial}, first)

        return work


Order = Make | Accept | Coverage | Return | Update
"""`kit` is "" where it is about none that is known yet."""

_ORDERS: Final[Mapping[str, Callable[..., Order]]] = {
    MAKE: Make, ACCEPT: Accept, COVERAGE: Coverage, RETURN: Return, UPDATE: Update,
}  # fmt: skip


def order(kind: str, what: Mapping[str, Any]) -> Order:
    """Return the order of a kind with these values; TypeError for one that it does not have."""
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in what.items()}
    return _ORDERS[kind](**given)


def values(given: Order) -> dict[str, Any]:
    """Return an order's values, as they lie on the disk."""
    return dataclasses.asdict(given)


def candidates(given: Order, here: BenchFile) -> Candidates:
    """Return who looks up the ports: the order's, else the bench's, else all with a board."""
    return cable_ports.candidates(list(getattr(given, "ports", ()) or here.ports))


def _said(**fields: Any) -> dict[str, Any]:
    """Return what is said; the rest keeps its default."""
    return {name: value for name, value in fields.items() if value is not None}
