"""One sensor's session on the radio: translates events for it, performs its actions."""

from varde_firmware.core import sensor_session
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
        self.session = sensor_session.SensorSession(sensor.service, sensor.characteristics)
        self._task = task
        self._radio = radio
        self._clock = clock
        self._sensor = sensor
        self._all_listeners = listeners
        self._listeners: "List[Listener]" = []
        self._was_cut_off = False

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
        elif name == "disconnected":
            self.feed(words.Disconnected())
        elif name == "not_kept":
            self.feed(words.Stop(words.STOPPED))
        elif name == "stage_done":
            self.feed(words.StageDone(event[2]))
        elif name == "mtu":
            self.feed(words.MtuSet())
        else:
            self.feed(_FOUND[name](*event[2:]))

    def _values(self, listener: "Listener") -> None:
        listener.is_told = False  # first this, then count: what comes in between is told again
        total = 0
        for each in self._listeners:
            total += each.total
        self.feed(words.ValueKept(total))

    def feed(self, event: "Value") -> None:
        """Hand `event` to the session and do what it says."""
        for action in self.session.handle(event, self._clock.now_ms()):
            try:
                getattr(self, _PERFORM[type(action)])(action)
            except OSError as error:  # noqa: PERF203  (each action may fail by itself)
                print("varde: %s: %s" % (type(action).__name__, error))
                if not isinstance(action, words.CancelConnect):
                    self._failed(action)
                    return

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

    def _exchange_mtu(self, _action: words.ExchangeMtu) -> None:
        self._radio.exchange_mtu(self._number())

    def _discover_service(self, action: words.DiscoverService) -> None:
        self._radio.discover_service(self._number(), action.uuid)

    def _discover_characteristics(self, action: words.DiscoverCharacteristics) -> None:
        self._radio.discover_characteristics(
            self._number(), action.start_handle, action.end_handle
        )

    def _discover_descriptors(self, action: words.DiscoverDescriptors) -> None:
        self._radio.discover_descriptors(self._number(), action.value_handle, action.end_handle)

    def _listen(self, action: words.Listen) -> None:
        listener = self._all_listeners.add(self._number(), self._sensor.slot,
                                           self._sensor.service, action.characteristic,
                                           self.address)  # fmt: skip
        self._listeners.append(listener)
        self._radio.listen(self._number(), action.value_handle, listener)

    def _write_switch(self, action: words.WriteSwitch) -> None:
        self._radio.write(self._number(), action.handle, action.data)

    def _ready(self, _action: words.Ready) -> None:
        self._task.ready(self)

    def _disconnect(self, _action: words.Disconnect) -> None:
        if not self._radio.disconnect(self._number()):
            self.feed(words.Disconnected())

    def _finish(self, action: words.Finish) -> None:
        if self.connection is not None:
            self._radio.forget(self.connection)
        is_sure = action.is_sure and not self._was_cut_off
        self._task.ended(self, action.outcome, action.values, is_sure)

    def _number(self) -> int:
        assert self.connection is not None
        return self.connection


_FOUND = {
    "service": words.ServiceFound,
    "characteristic": words.CharacteristicFound,
    "descriptor": words.DescriptorFound,
}
_PERFORM = {
    words.Connect: "_connect",
    words.CancelConnect: "_cancel_connect",
    words.ExchangeMtu: "_exchange_mtu",
    words.DiscoverService: "_discover_service",
    words.DiscoverCharacteristics: "_discover_characteristics",
    words.DiscoverDescriptors: "_discover_descriptors",
    words.Listen: "_listen",
    words.WriteSwitch: "_write_switch",
    words.Ready: "_ready",
    words.Disconnect: "_disconnect",
    words.Finish: "_finish",
}
