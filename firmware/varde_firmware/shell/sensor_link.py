"""One sensor's session on the radio: translates events for it, performs its actions."""

from varde_firmware.core import drivers, sensor_session
from varde_firmware.core import sensor_words as words
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, List, Optional

    from varde_firmware.ports import Radio
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.listeners import Listener, Listeners
    from varde_firmware.shell.sensor_task import SensorTask
    from varde_protocols.hub_config import Sensor
    from varde_protocols.value import Value

NO_CONNECTION = const(0xFFFF)  # the stack's number for a connection that was not made


class SensorLink:
    """A session and its connection; `index` is the sensor's place in the config."""

    def __init__(self, task: "SensorTask", radio: "Radio", clock: "Clock",
                 listeners: "Listeners", index: int, sensor: "Sensor",
                 address: bytes) -> None:  # fmt: skip
        self.index = index
        self.address = address
        self.connection: "Optional[int]" = None
        self._task = task
        self._radio = radio
        self._clock = clock
        self._sensor = sensor
        self._all_listeners = listeners
        self._listeners: "List[Listener]" = []  # of readings; control points are not counted
        self._was_cut_off = False
        facts = task.facts_of(self)
        self.session = sensor_session.SensorSession(facts, drivers.begin(facts))

    def connected(self, connection: int) -> None:
        """The connection is made, under this number."""
        self.connection = connection
        self.feed(words.Connected())

    def cut_off(self) -> None:
        """The radio is off or fails: what was on its way to the sensor may not have left."""
        self._was_cut_off = True
        self.feed(words.Disconnected())

    def take(self, event: "Any") -> None:
        """One event of the radio for this connection."""
        name = event[0]
        if name == "value":
            self._values(event[2])
        elif name == "flushed":
            self._flushed()
        elif name == "not_kept":
            self.feed(words.Stop(words.STOPPED))
        elif name == "control":
            event[3].taken += 1
            self.feed(words.Control(event[2], event[4]))
        elif name == "read":
            self.feed(words.ReadDone(event[3], event[4]))
        else:
            self.feed(_EVENTS[name](*event[2:]))

    def _values(self, listener: "Listener") -> None:
        listener.is_told = False  # first this, then count: what comes in between is told again
        total = 0
        for each in self._listeners:
            total += each.total
        self.feed(words.ValueKept(total))

    def _flushed(self) -> None:
        lost = 0
        latest = b""
        for each in self._listeners:
            lost += each.lost
            latest = latest or each.latest
        self.feed(words.Flushed(lost, latest))

    def feed(self, event: "Value") -> None:
        """Hand `event` to the session and do what it says."""
        for action in self.session.handle(event, self._clock.now_ms()):
            try:
                self._perform(action)
            except OSError as error:  # noqa: PERF203  (each action may fail by itself)
                print("varde: %s: %s" % (type(action).__name__, error))
                if not isinstance(action, _MAY_FAIL):
                    self._failed(action)
                    return

    def _perform(self, action: "Value") -> None:
        kind = type(action)
        if kind in _BY_RADIO:
            getattr(self._radio, _BY_RADIO[kind])(self._number(), *action._items())
        elif kind in _BY_TASK:
            getattr(self._task, _BY_TASK[kind])(self, *action._items())
        else:
            getattr(self, _BY_LINK[kind])(action)

    def _failed(self, action: "Value") -> None:
        """The radio refused. With a connection that is mostly because the sensor has just gone."""
        if isinstance(action, words.Disconnect):
            self.cut_off()
        elif self.connection is not None:
            self.feed(words.Stop(words.LOST))
        else:
            self.feed(words.Stop(words.RADIO_FAILED))

    def _connect(self, action: words.Connect) -> None:
        self._radio.connect(self.address, action.timeout_ms)

    def _cancel_connect(self, _action: words.CancelConnect) -> None:
        self._radio.cancel_connect()

    def _pair(self, _action: words.Pair) -> None:
        self._radio.demand(self._sensor.bond)
        self._radio.pair(self._number())

    def _disconnect(self, _action: words.Disconnect) -> None:
        if not self._radio.disconnect(self._number()):
            self.feed(words.Disconnected())

    def _listen(self, action: words.Listen) -> None:
        listener = self._listener(action.service, action.characteristic, False)
        self._listeners.append(listener)
        self._radio.listen(self._number(), action.value_handle, listener)

    def _listen_control(self, action: words.ListenControl) -> None:
        listener = self._listener(self._sensor.service, 0, True)
        self._radio.listen(self._number(), action.value_handle, listener)

    def _listener(self, service: int, characteristic: int, is_control: bool) -> "Listener":
        return self._all_listeners.add(self._number(), self._sensor, service, characteristic,
                                       self.address, is_control)  # fmt: skip

    def _keep_read(self, action: words.KeepRead) -> None:
        listener = self._listener(action.service, action.characteristic, False)
        self._task.keep_read(listener, action.value)

    def _finish(self, action: words.Finish) -> None:
        if self.connection is not None:
            self._radio.forget(self.connection)
        is_sure = action.is_sure and (not self._was_cut_off or self.session.sureness.is_proven)
        self._task.ended(self, action.outcome, action.values, is_sure)

    def _number(self) -> int:
        assert self.connection is not None
        return self.connection


_EVENTS = {
    "disconnected": words.Disconnected,
    "service": words.ServiceFound,
    "characteristic": words.CharacteristicFound,
    "descriptor": words.DescriptorFound,
    "stage_done": words.StageDone,
    "mtu": words.MtuSet,
    "secured": words.Secured,
    "passkey_asked": words.PasskeyAsked,
}
_MAY_FAIL = (words.CancelConnect, words.GivePasskey)
# Performed by a method of the radio, with the connection and the action's fields;
_BY_RADIO = {
    words.ExchangeMtu: "exchange_mtu",
    words.GivePasskey: "give_passkey",
    words.DiscoverService: "discover_service",
    words.DiscoverCharacteristics: "discover_characteristics",
    words.DiscoverDescriptors: "discover_descriptors",
    words.ReadHandle: "read",
    words.WriteHandle: "write",
    words.Unlisten: "forget",
}
# by one of the task, with this link and the action's fields;
_BY_TASK = {
    words.ClockRead: "clock_read",
    words.Tell: "tell",
    words.Flush: "flush",
    words.KeepHandles: "keep_handles",
    words.SetBondAside: "set_bond_aside",
    words.RestoreBond: "restore_bond",
    words.Ready: "ready",
}
# by one of the link, with the action.
_BY_LINK = {
    words.Connect: "_connect",
    words.CancelConnect: "_cancel_connect",
    words.Pair: "_pair",
    words.Listen: "_listen",
    words.ListenControl: "_listen_control",
    words.KeepRead: "_keep_read",
    words.Disconnect: "_disconnect",
    words.Finish: "_finish",
}
