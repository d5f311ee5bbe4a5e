"""One hub as a value: what it says beside what it was told. Pure; nothing of it is a reading's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from varde_host import messages
from varde_host.collector import answer
from varde_host.fleet import config_state, own_word, rollout_view
from varde_host.fleet.groups import Member
from varde_host.fleet_view import clock_quality, report_facts, silence
from varde_host.fleet_view.report_facts import DataUse, HubClock, Sensor
from varde_protocols import assigned, records

MOST_UPDATES: Final = 5
KIB: Final = 1024
NOWHERE: Final = Member()


class SensorTerms(NamedTuple):
    """A sensor as the config has it; `model` is "" for one by its service alone."""

    slot: int
    model: str
    service: int
    has_bond: bool

    def __str__(self) -> str:
        """Say it in the language in use."""
        key = f"fleet-page.sensor.{self.service:04x}"
        name = messages.text(key) if messages.has(key) else assigned.name(self.service)
        return f"{name} {self.model} ({self.slot})" if self.model else f"{name} ({self.slot})"


class Terms(NamedTuple):
    """What is published for a hub, without what it is secret for."""

    number: int
    published_ms: int
    heartbeat_s: int = answer.DEFAULT_HEARTBEAT_S
    release: int | None = None
    data_budget_kib: int = 0
    has_modem: bool = False
    sensors: tuple[SensorTerms, ...] = ()

    def sensor(self, slot: int) -> SensorTerms | str:
        """Return the sensor of a slot; str() says it in the language in use."""
        return next((each for each in self.sensors if each.slot == slot), str(slot))

    def for_state(self) -> config_state.Published:
        """Return what `config_state` asks."""
        return config_state.Published(
            self.number, self.published_ms, self.heartbeat_s, self.release
        )


class Home(NamedTuple):
    """The kit that the inventory has a hub in."""

    kit_id: str
    state: str
    profile: str
    place: str | None
    since_ms: int = 0
    """Since when its kit is in that state."""


class Seen(NamedTuple):
    """A verified event of the hub's own; None is the code of what it gave up (a gap)."""

    seq: int
    code: int | None
    detail: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a hub beside its own word."""

    enrolled_ms: int
    terms: Terms | None = None
    home: Home | None = None
    member: Member = NOWHERE
    newest_trust: int | None = None
    trust_ms: int | None = None
    refused: int = 0
    refused_ms: int | None = None


@dataclass(frozen=True, slots=True)
class HubView:
    """What is None the hub has not said, or not in a shape that can be believed (`strange`).

    `runs` is the release that is in force by its last word, `told` the one that it shall run.
    """

    hub_id: str
    known: Known
    silence: silence.Silence
    config: config_state.ConfigState
    truth: own_word.HubTruth
    facts: report_facts.Facts
    events: tuple[Seen, ...]
    runs: int | None
    clock_quality: str

    @property
    def kit_id(self) -> str | None:
        """The kit that it is in."""
        return self.known.home.kit_id if self.known.home else None

    @property
    def told(self) -> int | None:
        """The release that it shall run; None: whatever it has."""
        return self.known.terms.release if self.known.terms else None

    @property
    def heard_ms(self) -> int | None:
        """When it was last heard."""
        return self.truth.last_heard_ms

    @property
    def reported_ms(self) -> int | None:
        """When its newest report came."""
        return self.truth.reported_ms

    @property
    def application(self) -> str | None:
        """The application's version."""
        return self.facts.text(records.FACT_APPLICATION)

    @property
    def interpreter(self) -> str | None:
        """The interpreter's version."""
        return self.facts.text(records.FACT_INTERPRETER)

    @property
    def trust_epoch(self) -> int | None:
        """The epoch of the trust that it believes."""
        return self.facts.number(records.FACT_TRUST_EPOCH)

    @property
    def link(self) -> int | None:
        """The link of the newest report."""
        return self.facts.number(records.FACT_LINK)

    @property
    def signal_dbm(self) -> int | None:
        """That link's signal."""
        return self.facts.number(records.FACT_SIGNAL_DBM, -200, 50)

    @property
    def battery_mv(self) -> int | None:
        """The battery."""
        return self.facts.number(records.FACT_BATTERY_MV)

    @property
    def has_external_power(self) -> bool | None:
        """Whether something charges it."""
        return self.facts.truth(records.FACT_EXTERNAL_POWER)

    @property
    def pending(self) -> int | None:
        """Records that it had not delivered when it reported."""
        return self.facts.number(records.FACT_PENDING)

    @property
    def lost(self) -> int:
        """Readings that it gave up for good (an upper bound)."""
        return self.truth.readings_lost

    @property
    def data_use(self) -> DataUse | None:
        """Bytes of the month it reported last."""
        return self.facts.data_use

    @property
    def budget_percent(self) -> int | None:
        """How much of the month's budget over the modem is used; None without a budget."""
        terms, use = self.known.terms, self.data_use
        if terms is None or not terms.data_budget_kib or use is None or use.modem_bytes is None:
            return None
        return use.modem_bytes * 100 // (terms.data_budget_kib * KIB)

    @property
    def clock(self) -> HubClock | None:
        """Its newest anchor."""
        return self.facts.clock

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Its sensors as it heard them."""
        return self.facts.sensors or ()

    @property
    def updates(self) -> tuple[own_word.UpdateEvent, ...]:
        """How its last updates ended, newest first."""
        return tuple(reversed(self.truth.events[-MOST_UPDATES:]))


def view(truth: own_word.HubTruth, known: Known, events: tuple[Seen, ...], now_ms: int) -> HubView:
    """Put together what is known of a hub now."""
    facts = report_facts.Facts(truth.report.facts if truth.report else None)
    terms = known.terms
    heartbeat_s = terms.heartbeat_s if terms else answer.DEFAULT_HEARTBEAT_S
    return HubView(
        hub_id=truth.hub_id.hex(),
        known=known,
        silence=silence.judge(
            truth.last_heard_ms, heartbeat_s, known.home.state if known.home else None, now_ms,
            out_since_ms=known.home.since_ms if known.home else 0, is_revoked=truth.is_revoked,
        ),
        config=config_state.judge(terms.for_state() if terms else None, truth, now_ms),
        truth=truth,
        facts=facts,
        events=events,
        runs=rollout_view.in_force(truth),
        clock_quality=clock_quality.judge(facts.clock, has_reported=truth.report is not None),
    )  # fmt: skip
