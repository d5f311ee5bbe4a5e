"""Every driver against a sensor that answers, lies, falls silent and speaks out of turn.

Whatever comes in whatever order: a session finishes once, always has a deadline until then, and
ends by itself when nothing more comes. And what a robust hub never does, no driver does.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portable import sensor_script
from varde_firmware.core import decider, drivers, procedures, sensor_session
from varde_firmware.core import sensor_words as words
from varde_firmware.core.drivers import record_access
from varde_protocols import assigned, hub_config

ALL = 0x3E  # every property that matters
NONIN = (assigned.NONIN_CONTINUOUS, assigned.NONIN_CONTROL)
SERVICES: list[tuple[int, list[int]]] = [
    (0x1808, [0x2A18, 0x2A34, 0x2A52]),
    (0x1809, [0x2A1C, 0x2A1E, 0x2A08]),
    (0x180D, [0x2A37]),
    (0x1810, [0x2A35, 0x2A36, 0x2A08]),
    (0x181B, [0x2A9C]),
    (0x181D, [0x2A9D]),
    (0x1822, [0x2A5E, 0x2A5F, 0x2A52]),
    (0x1840, [0x2B8B, 0x2BDD, 0x2BF4, 0x2A52]),
    (assigned.NONIN_SERVICE, list(NONIN)),
    (assigned.VIATOM_SERVICE, [assigned.VIATOM_NOTIFY, assigned.VIATOM_WRITE]),
    (assigned.BERRYMED_SERVICE, [assigned.BERRYMED_NOTIFY]),
    (assigned.JUMPER_SERVICE, [assigned.JUMPER_NOTIFY]),
    (0x1805, [0x2A2B]),
    (0x180F, [0x2A19]),
    (0x181C, [0x2A9F]),
    (0x183F, [0x2BF2]),
]
CONTROL_POINTS = (0x2A52, 0x2A9F, 0x2BF4, 0x2A2B)
OF_MODEL = {
    "viatom-o2ring": assigned.VIATOM_SERVICE,
    "berrymed-bm1000": assigned.BERRYMED_SERVICE,
    "jumper-500f": assigned.JUMPER_SERVICE,
    "nonin-3230": 0x1822,
    "masimo-mightysat": 0x1822,
    "and-uc352": 0x181D,
    "beurer-bf": 0x181D,
}
CASES = [("", number) for number, _ in SERVICES[:8]]
CASES += [(model, OF_MODEL.get(model, 0x1810)) for model in sorted(drivers.MODELS)]

SMALL = st.integers(0, 60)
STATUS = st.sampled_from([0, 0, 0, 7, 0x105, 0x10F, 0x180, 0x181])
RACP_ANSWERS = st.sampled_from([b"\x06\x00\x01\x01", b"\x05\x00\x02\x00"])
BYTES = st.one_of(st.binary(max_size=12), RACP_ANSWERS)
FLAG = st.integers(0, 1)
SPOKEN = st.one_of(
    st.just(decider.Expired()),
    st.just(words.MtuSet()),
    st.builds(words.ServiceFound, SMALL, SMALL),
    st.builds(words.CharacteristicFound, SMALL, SMALL, st.just(ALL), st.sampled_from([0x2A35, 0])),
    st.builds(words.DescriptorFound, SMALL, st.sampled_from([0x2902, 0x2901])),
    st.builds(words.StageDone, STATUS),
    st.builds(words.ReadDone, STATUS, BYTES),
    st.builds(words.Secured, FLAG, FLAG, FLAG),
    st.builds(words.PasskeyAsked, st.integers(2, 4), SMALL),
    st.builds(words.Control, SMALL, BYTES),
    st.builds(words.ValueKept, SMALL),
    st.builds(words.Flushed, FLAG, BYTES),
    st.just(words.Disconnected()),
    st.just(words.Stop(words.STOPPED)),
)
# None: the sensor answers what it was asked.
EVENTS = st.lists(st.one_of(st.none(), st.none(), st.none(), SPOKEN), max_size=60)


def facts_of(model: str, service: int, bond: int) -> Any:
    wanted = [uuid for uuid in dict(SERVICES)[service] if uuid not in CONTROL_POINTS]
    config = hub_config.Sensor(
        1, bytes(7), None, service, wanted[:2], model, bond, 1234 if bond == 2 else None, [1, 99],
        b"",
    )
    return sensor_script.facts_of(config)


class Watched:
    """A session whose every action is looked at."""

    def __init__(self, model: str, service: int, bond: int) -> None:
        rows = [(number, [(uuid, ALL) for uuid in uuids]) for number, uuids in SERVICES]
        self.sensor = sensor_script.Sensor(rows)
        self.session = sensor_session.SensorSession(
            facts := facts_of(model, service, bond), drivers.begin(facts)
        )
        self.answers: list[Any] = []
        self.listened: set[int] = set()
        self.now_ms = 0
        self.finished = 0
        self.is_ready = False
        self.is_safe_to_delete = False

    def feed(self, event: Any) -> None:
        self.now_ms += 50
        if isinstance(event, decider.Expired):
            self.now_ms = max(self.now_ms, self.session.deadline_ms or 0)
        if isinstance(event, words.Flushed):
            self.is_safe_to_delete = event.lost == 0
        elif isinstance(event, words.ValueKept):
            self.is_safe_to_delete = False
        before = self.session.state
        try:
            actions = self.session.handle(event, self.now_ms)
        except decider.IllegalMoveError:
            assert before not in (*sensor_session.STEPPING, sensor_session.CLOSING)
            return
        for action in actions:
            self.look_at(action)
            self.answers.extend(self.answer(action))
        state = self.session.state
        assert (state == sensor_session.CLOSED) == (self.session.deadline_ms is None)
        assert self.finished == (state == sensor_session.CLOSED)

    def answer(self, action: Any) -> list[Any]:
        try:
            answers: list[Any] = self.sensor.answer(action)
        except KeyError:  # a handle that the lies made up
            return [words.StageDone(0x101)]
        return answers

    def look_at(self, action: Any) -> None:
        self.finished += isinstance(action, words.Finish)
        self.is_ready = self.is_ready or isinstance(action, words.Ready)
        if isinstance(action, words.Listen | words.ListenControl):
            self.listened.add(action.value_handle)
        elif isinstance(action, words.Unlisten):
            self.listened.clear()
        elif isinstance(action, words.DiscoverService | words.DiscoverCharacteristics):
            assert not self.is_ready, "discovers while others are set up"
        elif isinstance(action, words.WriteHandle):
            self.look_at_write(action)

    def look_at_write(self, action: words.WriteHandle) -> None:
        if action.data in (procedures.ASK_NOTIFY, procedures.ASK_INDICATE):
            heard = any(handle <= action.handle for handle in self.listened)
            assert heard, "subscribes before it listens"
        if action.data == bytes((record_access.DELETE,)) + record_access.ALL:
            assert self.is_safe_to_delete, "deletes what is not durable"

    def go_on(self) -> None:
        """The sensor answers what it was asked, or time passes."""
        self.feed(self.answers.pop(0) if self.answers else decider.Expired())


@pytest.mark.parametrize(("model", "service"), CASES)
@settings(max_examples=40, deadline=None)
@given(events=EVENTS, bond=st.integers(0, 2))
def test_a_session_finishes_once_and_always_has_a_deadline(
    model: str, service: int, events: list[Any], bond: int
) -> None:
    watched = Watched(model, service, bond)
    watched.feed(words.Begin())
    watched.feed(words.Connected())
    for event in events:
        if watched.session.state == sensor_session.CLOSED:
            break
        if event is None:
            watched.go_on()
        else:
            watched.feed(event)
    for _ in range(2_000):
        if watched.session.state == sensor_session.CLOSED:
            return
        watched.go_on()
    raise AssertionError(f"{model or hex(service)} never ends: {watched.session.state}")
