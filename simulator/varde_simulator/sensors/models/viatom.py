"""Viatom / Wellue O2Ring, an oximeter worn over night: commands, answers, files.

What is simulated, and where it is known from:
- Service 14839AC4; commands are written to 8B00ACE7 in pieces of 20 bytes, answers come from
  0734594A in pieces of what the MTU takes. A frame: AA (answer: 55), command (answer: status, 0 is
  good), that byte inverted, block u16, length u16, data, CRC-8 with polynomial 0x07 of all before
  (home-health-hub/viatom-o2ring-ble, protocol.py and const.py).
- Commands 0x14 information (JSON), 0x15 ping, 0x16 settings (JSON; SetTIME here), 0x17 values as
  old firmware has them, 0x1B values as the maker's app asks for them, 3, 4, 5 open, read, close a
  file by its name with a zero behind it, else error 9 (commands.py, client.py there).
- Answer to 0x1B: SpO2, pulse u16, battery, charging, perfusion, on the finger, 3 bytes, then a
  wave. To 0x17: SpO2, pulse, 5 bytes, battery, charging, movement, perfusion, on the finger. No
  finger: SpO2 0xFF, pulse 0xFFFF (const.py there).
- A session becomes a file when the ring comes off: header of 40 bytes, 5 bytes a sample of 4 s
  (file.py there: version 3).
- No pairing. Its own clock, set by SetTIME.
Not simulated: the wave (length 0), alarms, the reset to factory settings: refused, as is every
unknown command. Not confirmed: what a ring does with a bad CRC (here: nothing), the numbers of
errors but 9, the size of a file's blocks and of pieces after an MTU exchange, whether it
advertises its service (here: the name only). The O2Ring-S speaks another protocol.
"""

import json
import struct
from collections.abc import Callable
from datetime import datetime

from varde_protocols.assigned import VIATOM_NOTIFY, VIATOM_SERVICE, VIATOM_WRITE
from varde_simulator.sensors.finger_stream import Finger, Shown
from varde_simulator.sensors.model import (
    NOTIFY,
    WRITE,
    WRITE_NO_RESPONSE,
    Characteristic,
    ClockPlan,
    Model,
    Service,
)
from varde_simulator.sensors.outbox import ATT_HEADER_BYTES
from varde_simulator.sensors.standard_services import device_information
from varde_simulator.sensors.virtual_sensor import VirtualSensor

FILE_OPEN, FILE_READ, FILE_CLOSE = 0x03, 0x04, 0x05
INFORMATION, PING, SETTINGS, VALUES_OLD, VALUES = 0x14, 0x15, 0x16, 0x17, 0x1B
REFUSED, NO_SUCH_FILE = 1, 9

_REQUEST, _ANSWER = 0xAA, 0x55
_HEADER = struct.Struct("<BBBHH")
_BLOCK_BYTES = 512
_MAX_FILES = 4
_SAMPLE_S = 4
_MAX_SAMPLES = 10 * 3600 // _SAMPLE_S  # a session has at most ten hours
_FILE_VERSION, _SLEEP_MODE = 3, 0
_FILE_HEADER = struct.Struct("<BBHBBBBBIHHBBBBHBBBI10x")
_SAMPLE = struct.Struct("<BHBB")
_TIME = "%Y-%m-%d,%H:%M:%S"
_NO_SPO2, _NO_PULSE = 0xFF, 0xFFFF
_ON_FINGER = 1

Answer = tuple[int, bytes]


class O2Ring(Finger):
    """`files`: what sessions have left, by name; the oldest goes first."""

    def __init__(self, sensor: VirtualSensor) -> None:
        super().__init__(sensor)
        self.files: dict[str, bytes] = {}
        self.battery_percent = 100
        self._inbox = b""
        self._open = b""
        self._samples: list[tuple[int, int]] = []
        self._session_start = ""
        self._commands: dict[int, Callable[[int, bytes], Answer]] = {
            INFORMATION: self._information,
            PING: lambda _block, _data: (0, b""),
            SETTINGS: self._settings,
            VALUES_OLD: self._values_old,
            VALUES: self._values,
            FILE_OPEN: self._file_open,
            FILE_READ: self._file_read,
            FILE_CLOSE: lambda _block, _data: (0, b""),
        }
        sensor.table.when_written[VIATOM_WRITE] = self._written

    # On the finger

    def finger_in(self, shown: Shown) -> None:
        if self.shown is None:
            self._begin_session()
        super().finger_in(shown)

    def finger_out(self) -> None:
        """The ring comes off: the session becomes a file."""
        super().finger_out()
        self.sensor.cancel("sample")
        if self._samples:
            self.files[self._session_start + ".vld"] = self._file()
            while len(self.files) > _MAX_FILES:
                del self.files[next(iter(self.files))]

    def _begin_session(self) -> None:
        self._samples.clear()
        self._session_start = self._now().strftime("%Y%m%d%H%M%S")
        self.sensor.later("sample", 0, self._sample)

    def _sample(self) -> None:
        if self.shown is not None and len(self._samples) < _MAX_SAMPLES:
            self._samples.append((int(self.shown.spo2), int(self.shown.pulse)))
        self.sensor.later("sample", _SAMPLE_S, self._sample)

    def _file(self) -> bytes:
        start = datetime.strptime(self._session_start, "%Y%m%d%H%M%S")  # noqa: DTZ007  no zone
        spo2 = [sample for sample, _ in self._samples]
        duration_s = len(spo2) * _SAMPLE_S
        size = _FILE_HEADER.size + len(spo2) * _SAMPLE.size
        below_90 = sum(_SAMPLE_S for sample in spo2 if sample < 90)
        mean = round(sum(spo2) / len(spo2))
        header = _FILE_HEADER.pack(
            _FILE_VERSION, _SLEEP_MODE, *start.timetuple()[:6], size, duration_s, 0,
            mean, min(spo2), 0, 0, below_90, 0, 100 * below_90 // duration_s, 100, 0,
        )  # fmt: skip
        return header + b"".join(_SAMPLE.pack(*sample, 0, 0) for sample in self._samples)

    def _now(self) -> datetime:
        assert self.sensor.clock is not None
        return self.sensor.clock.now()

    # Commands

    def connected(self) -> None:
        self._inbox = b""

    def _written(self, data: bytes) -> None:
        """A piece of a frame; what does not begin one is dropped."""
        self._inbox += data
        while self._inbox and self._inbox[0] != _REQUEST:
            self._inbox = self._inbox[1:]
        if len(self._inbox) < _HEADER.size:
            return
        _, command, inverted, block, length = _HEADER.unpack_from(self._inbox)
        end = _HEADER.size + length
        if len(self._inbox) <= end:
            return
        frame, self._inbox = self._inbox[: end + 1], self._inbox[end + 1 :]
        if command ^ 0xFF == inverted and crc8(frame[:-1]) == frame[-1]:
            handler = self._commands.get(command, _refuse)
            status, answer = handler(block, frame[_HEADER.size : -1])
            self._send(encode_answer(status, block, answer), command in {VALUES, VALUES_OLD})

    def _send(self, frame: bytes, is_value: bool) -> None:
        """What it measures counts in the ledger; what it says of itself does not."""
        outbox = self.sensor.outbox
        if outbox.connection is not None and self.sensor.table.notifies(VIATOM_NOTIFY):
            piece_bytes = outbox.connection.att_mtu - ATT_HEADER_BYTES
            for at in range(0, len(frame), piece_bytes):
                piece = frame[at : at + piece_bytes]
                if is_value:
                    outbox.notify_live(VIATOM_NOTIFY, piece)
                else:
                    outbox.notify(VIATOM_NOTIFY, piece)

    def _information(self, _block: int, _data: bytes) -> Answer:
        text = {
            "Model": "1641",
            "SN": self.sensor.label,
            "SoftwareVer": "1.0.0",
            "CurTIME": self._now().strftime(_TIME),
            "CurBAT": f"{self.battery_percent}%",
            "CurBatState": "0",
            "FileList": ",".join(self.files),
        }
        return 0, json.dumps(text, separators=(",", ":")).encode()

    def _settings(self, _block: int, data: bytes) -> Answer:
        assert self.sensor.clock is not None
        try:
            wanted = json.loads(data)
            moment = datetime.strptime(wanted["SetTIME"], _TIME)  # noqa: DTZ007  no zone
        except (ValueError, KeyError, TypeError):
            return REFUSED, b""
        if not self.sensor.faults.strikes("refuses-clock"):
            self.sensor.clock.set(moment)
        return 0, b""

    def _values(self, _block: int, _data: bytes) -> Answer:
        spo2, pulse, perfusion, worn = self._display()
        values = struct.pack("<BHBBBB", spo2, pulse, self.battery_percent, 0, perfusion, worn)
        return 0, values + bytes(3) + bytes(2)

    def _values_old(self, _block: int, _data: bytes) -> Answer:
        spo2, pulse, perfusion, worn = self._display()
        battery = self.battery_percent
        return 0, bytes([spo2, pulse & 0xFF, *bytes(5), battery, 0, 0, perfusion, worn, 0])

    def _display(self) -> tuple[int, int, int, int]:
        shown = self.shown
        if shown is None:
            return _NO_SPO2, _NO_PULSE, 0, 0
        perfusion = round((shown.amplitude or 0) * 10)
        return int(shown.spo2), int(shown.pulse), min(perfusion, 255), _ON_FINGER

    def _file_open(self, _block: int, data: bytes) -> Answer:
        name = data[:-1].decode("ascii", "replace")
        if data[-1:] != b"\0" or name not in self.files:
            return NO_SUCH_FILE, b""
        self._open = self.files[name]
        return 0, struct.pack("<I", len(self._open))

    def _file_read(self, block: int, _data: bytes) -> Answer:
        return 0, self._open[block * _BLOCK_BYTES : (block + 1) * _BLOCK_BYTES]


def _refuse(_block: int, _data: bytes) -> Answer:
    return REFUSED, b""


def crc8(data: bytes) -> int:
    """CRC-8, polynomial x^8 + x^2 + x + 1, begun at 0, most significant bit first."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def encode_answer(status: int, block: int, data: bytes) -> bytes:
    """A whole frame from the ring."""
    body = _HEADER.pack(_ANSWER, status, status ^ 0xFF, block, len(data)) + data
    return body + bytes([crc8(body)])


def encode_command(command: int, data: bytes = b"", block: int = 0) -> bytes:
    """A whole frame to the ring."""
    body = _HEADER.pack(_REQUEST, command, command ^ 0xFF, block, len(data)) + data
    return body + bytes([crc8(body)])


def viatom_o2ring(serial: str = "2100001", battery_percent: int = 88) -> Model:
    """Worn over night: answers commands with what it shows, keeps a file of each session."""

    def behaviour(sensor: VirtualSensor) -> O2Ring:
        ring = O2Ring(sensor)
        ring.battery_percent = battery_percent
        return ring

    own = Service(
        VIATOM_SERVICE,
        (
            Characteristic(VIATOM_NOTIFY, NOTIFY),
            Characteristic(VIATOM_WRITE, WRITE | WRITE_NO_RESPONSE),
        ),
    )
    return Model(
        name=f"O2Ring {serial[-4:]}",
        services=(own, device_information("O2Ring", serial, "Viatom")),
        advertised_services=(),
        burst_s=120.0,
        idle_s=30.0,
        advertises_while_measuring=True,
        max_stored=0,
        clock=ClockPlan(),
        driver="viatom-o2ring",
        behaviour=behaviour,
    )
