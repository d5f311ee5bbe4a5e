"""A sensor that a test plays to one session: a table of attributes, and what it does with them.

`Sensor` answers the session's actions with the radio's events, at once and in order, the way the
port posts them; `session.run()` goes on until nothing more happens, `wait()` lets the deadline
pass. So a driver is tested whole: session, steps and the sensor's side of them.
"""

from varde_firmware.core import decider, drivers, sensor_session, steps
from varde_firmware.core import sensor_words as words
from varde_protocols import hub_config

READ, WRITE, NOTIFY, INDICATE = 0x02, 0x08, 0x10, 0x20
ADDRESS = bytes([1, 0xC0, 1, 2, 3, 4, 5])
NOON_MS = 1_800_014_400_000  # 2027-01-15 12:00:00 UTC


def config(service, characteristics, model="", bond=0, passkey=None, user=None):
    """A sensor as the hub's config has it."""
    return hub_config.Sensor(
        3, ADDRESS, None, service, characteristics, model, bond, passkey, user, b""
    )


class Sensor:
    """Attributes by handle. Subclass or set fields to make it behave."""

    def __init__(self, services):
        """`services`: list of (number, [(number, properties), ...])."""
        self.services = []  # (number, start, end, characteristics)
        self.values = {}  # value handle: bytes, or an ATT error
        self.written = []  # (what, data) in order; what is a characteristic, or ("cccd", of what)
        self.read = []  # characteristics read, "cccd" among them
        self.on_write = {}  # characteristic: what to do with the data, may return a status
        self.on_encrypt = lambda: [words.Secured(1, 0, 1)]
        self.needs_bond = False
        self.is_encrypted = False
        self.is_hasty = False  # what a write brings about comes before its answer
        handle = 1
        for number, characteristics in services:
            start, rows = handle, []
            for uuid, properties in characteristics:
                rows.append((uuid, properties, handle + 2))
                handle += 3
            self.services.append((number, start, handle, rows))
            handle += 1

    def handle(self, wanted):
        """The value handle of a characteristic."""
        for _number, _start, _end, rows in self.services:
            for uuid, _properties, value_handle in rows:
                if uuid == wanted:
                    return value_handle
        raise KeyError(wanted)

    def name(self, handle):
        """The characteristic of a handle; ("cccd", it) of the one after its value."""
        for _number, _start, _end, rows in self.services:
            for uuid, _properties, value_handle in rows:
                if handle == value_handle:
                    return uuid
                if handle == value_handle + 1:
                    return ("cccd", uuid)
        raise KeyError(handle)

    def answer(self, action):
        """The radio's events for an action, a list."""
        name = type(action).__name__
        method = getattr(self, "_" + name, None)
        return method(action) if method else []

    def _ExchangeMtu(self, _action):
        return [words.MtuSet()]

    def _DiscoverService(self, action):
        found = [words.ServiceFound(s, e) for n, s, e, _ in self.services if n == action.uuid]
        found.append(words.StageDone(0))
        return found

    def _DiscoverCharacteristics(self, action):
        found = []
        for _number, start, end, rows in self.services:
            if (start, end) == (action.start_handle, action.end_handle):
                for uuid, properties, handle in rows:
                    found.append(words.CharacteristicFound(handle + 1, handle, properties, uuid))
        found.append(words.StageDone(0))
        return found

    def _DiscoverDescriptors(self, action):
        return [words.DescriptorFound(action.value_handle + 1, 0x2902), words.StageDone(0)]

    def _Pair(self, _action):
        events = self.on_encrypt()
        self.is_encrypted = any(type(e) is words.Secured and e.encrypted for e in events)
        return events

    def _ReadHandle(self, action):
        name = self.name(action.handle)
        self.read.append(name)
        value = self.values.get(name, b"\x00\x00" if type(name) is tuple else b"")
        if self.needs_bond and not self.is_encrypted and type(name) is not tuple:
            value = words.NOT_AUTHENTICATED
        if type(value) is int:
            return [words.ReadDone(value, b"")]
        return [words.ReadDone(0, value)]

    def _WriteHandle(self, action):
        name = self.name(action.handle)
        if self.needs_bond and not self.is_encrypted:
            return [words.StageDone(words.NOT_ENCRYPTED)]
        self.written.append((name, action.data))
        events = self.on_write.get(name, lambda _data: None)(action.data) or []
        if type(events) is int:
            return [words.StageDone(events)]
        done = [words.StageDone(0)] if action.with_response else []
        return events + done if self.is_hasty else done + events

    def _Flush(self, _action):
        return [words.Flushed(0, b"")]

    def _Disconnect(self, _action):
        return [words.Disconnected()]


class Play:
    """One session between a driver and a sensor."""

    def __init__(self, sensor, facts, now_ms=1_000):
        self.sensor = sensor
        self.facts = facts
        self.session = sensor_session.SensorSession(facts, drivers.begin(facts))
        self.now_ms = now_ms
        self.actions = []
        self.listened = {}  # handle: characteristic, "control"
        self.finish = None

    def start(self):
        """Connect, and go on until nothing happens."""
        self.feed(words.Begin())
        self.feed(words.Connected())
        return self

    def feed(self, event):
        """Hand in an event, then what the sensor makes of the actions, until it rests."""
        events = [event]
        while events and self.session.state != sensor_session.CLOSED:
            self.now_ms += 10
            for action in self.session.handle(events.pop(0), self.now_ms):
                self._note(action)
                events.extend(self.sensor.answer(action))

    def _note(self, action):
        self.actions.append(action)
        if type(action) is words.Listen:
            self.listened[action.value_handle] = action.characteristic
        elif type(action) is words.ListenControl:
            self.listened[action.value_handle] = "control"
        elif type(action) is words.Unlisten:
            self.listened = {}
        elif type(action) is words.Finish:
            self.finish = action

    def value(self):
        """The sensor sends one value."""
        self.feed(words.ValueKept(self.session.values + 1))

    def wait(self):
        """Time passes until the session wants to know."""
        self.now_ms = max(self.now_ms, self.session.deadline_ms)
        self.feed(decider.Expired())

    def wait_out(self):
        """Time passes until the session is over."""
        for _ in range(2_000):
            if self.session.state == sensor_session.CLOSED:
                return self.finish
            self.wait()
        raise AssertionError("it never ends: " + self.session.state)

    def of(self, kind):
        """The actions of one kind."""
        return [action for action in self.actions if type(action) is kind]

    def told(self):
        """The events told, by code."""
        return [action.code for action in self.of(words.Tell)]

    def asked_services(self):
        """The services looked up, in order."""
        return [action.uuid for action in self.of(words.DiscoverService)]


def facts_of(sensor_config, utc_ms=NOON_MS):
    """What the hub knows; `utc_ms` at uptime 0, or None."""
    return steps.Facts(sensor_config, None if utc_ms is None else lambda now_ms: utc_ms + now_ms)
