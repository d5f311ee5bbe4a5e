"""A small asynchronous library over `bluetooth.BLE`, as programs for boards are written.

Scanner, central, client, peripheral, server and security in the manner of the usual asyncio
library: the interrupt handler copies and sets flags, tasks wait for the flags. Nothing here knows
of the simulator; it runs on a board as it is.
"""

import asyncio
import binascii
import json
from collections import deque

import bluetooth

from micropython import const, schedule

_CENTRAL_CONNECT, _CENTRAL_DISCONNECT = const(1), const(2)
_GATTS_WRITE, _GATTS_READ_REQUEST = const(3), const(4)
_SCAN_RESULT, _SCAN_DONE = const(5), const(6)
_PERIPHERAL_CONNECT, _PERIPHERAL_DISCONNECT = const(7), const(8)
_RESULTS = (9, 11, 13)
_DONES = (10, 12, 14)
_READ_RESULT, _READ_DONE, _WRITE_DONE = const(15), const(16), const(17)
_NOTIFY, _INDICATE, _INDICATE_DONE, _MTU_EXCHANGED = const(18), const(19), const(20), const(21)
_ENCRYPTION_UPDATE, _GET_SECRET, _SET_SECRET = const(28), const(29), const(30)

_CAPTURE = const(0x10000)  # a flag of ours, above those of the stack
_CAPTURED_WRITES = const(10)

ble = bluetooth.BLE()
connections = {}  # by handle
characteristics = {}  # our server's, by value handle


class GattError(Exception):
    pass


class Disconnected(Exception):
    pass


class Connection:
    def __init__(self, handle, kind, address):
        self.handle = handle
        self.peer = (kind, address)
        self.mtu = 23
        self.security = None
        self.values = deque((), 20)  # (value handle, data, is an indication)
        self.results = []
        self.status = None
        self.data = None
        self.flag = asyncio.ThreadSafeFlag()  # of the one procedure under way
        self.value_flag = asyncio.ThreadSafeFlag()
        self.gone = asyncio.ThreadSafeFlag()
        connections[handle] = self

    async def _done(self):
        while self.status is None:
            await asyncio.wait_for_ms(self.flag.wait(), 5000)
            if self.handle is None:
                raise Disconnected
        status, self.status = self.status, None
        if status:
            raise GattError(status)

    async def exchange_mtu(self):
        ble.gattc_exchange_mtu(self.handle)
        await self._done()
        return self.mtu

    async def discover(self, start, *args):
        self.results = []
        start(self.handle, *args)
        await self._done()
        return self.results

    async def read(self, value_handle):
        ble.gattc_read(self.handle, value_handle)
        await self._done()
        return self.data

    async def write(self, value_handle, data, response=True):
        ble.gattc_write(self.handle, value_handle, data, response)  # a bool, as people write it
        if response:
            await self._done()

    async def value(self):
        while not self.values:
            await asyncio.wait_for_ms(self.value_flag.wait(), 5000)
        return self.values.popleft()

    async def pair(self):
        ble.config(bond=True, le_secure=True, mitm=False, io=3)
        ble.gap_pair(self.handle)
        await self._done()

    async def disconnect(self):
        ble.gap_disconnect(self.handle)
        await asyncio.wait_for_ms(self.gone.wait(), 5000)


def _client_irq(event, data):
    if event in (_PERIPHERAL_DISCONNECT, _CENTRAL_DISCONNECT):
        connection = connections.pop(data[0], None)
        if connection:
            connection.handle = None
            connection.flag.set()
            connection.gone.set()
        return
    connection = connections.get(data[0]) if data and event < _GET_SECRET else None
    if connection is None:
        return
    if event in _RESULTS:
        connection.results.append(data[1:-1] + (bluetooth.UUID(data[-1]),))
    elif event in _DONES or event in (_READ_DONE, _WRITE_DONE):
        connection.status = data[-1]
        connection.flag.set()
    elif event == _READ_RESULT:
        connection.data = bytes(data[2])
    elif event in (_NOTIFY, _INDICATE):
        connection.values.append((data[1], bytes(data[2]), event == _INDICATE))
        connection.value_flag.set()
    elif event == _MTU_EXCHANGED:
        connection.mtu = data[1]
        connection.status = 0
        connection.flag.set()
    elif event == _ENCRYPTION_UPDATE:
        connection.security = data[1:4]
        connection.status = 0 if data[1] else 1
        connection.flag.set()


# Central


class Scan:
    """`async with Scan(...) as scan: async for address, kind, rssi, data in scan`."""

    active = None

    def __init__(self, duration_ms):
        self.duration_ms = duration_ms
        self.queue = []
        self.is_done = False
        self.flag = asyncio.ThreadSafeFlag()

    async def __aenter__(self):
        Scan.active = self
        ble.gap_scan(self.duration_ms, 30000, 30000, True)
        return self

    async def __aexit__(self, kind, error, trace):
        if not self.is_done:
            ble.gap_scan(None)
            while not self.is_done:
                await asyncio.wait_for_ms(self.flag.wait(), 5000)
        Scan.active = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self.queue:
            if self.is_done:
                raise StopAsyncIteration
            await self.flag.wait()
        return self.queue.pop(0)


_wanted = None  # the address that we connect to
_connected = asyncio.ThreadSafeFlag()
_newest = None


async def connect(kind, address, timeout_ms=5000):
    global _wanted
    _wanted = (kind, address)
    try:
        ble.gap_connect(kind, address, timeout_ms)
        await asyncio.wait_for_ms(_connected.wait(), timeout_ms + 1000)
        return _newest
    finally:
        _wanted = None


def _central_irq(event, data):
    global _newest
    scan = Scan.active
    if event == _SCAN_RESULT and scan:
        kind, address, advert, rssi, payload = data
        scan.queue.append(((kind, bytes(address)), advert, rssi, bytes(payload)))
        scan.flag.set()
    elif event == _SCAN_DONE and scan:
        scan.is_done = True
        scan.flag.set()
    elif event == _PERIPHERAL_CONNECT:
        handle, kind, address = data
        # the view compared as it is: programs do
        if _wanted and _wanted[0] == kind and _wanted[1] == address:
            _newest = Connection(handle, kind, bytes(address))
            _connected.set()


# Peripheral and server


class Characteristic:
    def __init__(self, uuid, flags, value=b""):
        self.uuid = uuid
        self.flags = flags
        self.value = value
        self.handle = None
        self.flag = asyncio.ThreadSafeFlag()
        self.status = None
        self.writes = deque((), _CAPTURED_WRITES)
        self.refuse = 0  # the next read is answered with this ATT error

    async def written(self):
        """(connection, data) of the next write."""
        while not self.writes:
            await asyncio.wait_for_ms(self.flag.wait(), 5000)
        return self.writes.popleft()

    async def indicate(self, connection, data):
        self.status = None
        ble.gatts_indicate(connection.handle, self.handle, data)
        while self.status is None:
            await asyncio.wait_for_ms(self.flag.wait(), 5000)
        return self.status


def register(uuid, members):
    (handles,) = ble.gatts_register_services(((uuid, [(c.uuid, c.flags) for c in members]),))
    for characteristic, handle in zip(members, handles):
        characteristic.handle = handle
        characteristics[handle] = characteristic
        ble.gatts_write(handle, characteristic.value)


async def advertise(interval_us, data, response):
    """The next central's connection."""
    ble.gap_advertise(interval_us, data, resp_data=response)
    await asyncio.wait_for_ms(_connected.wait(), 10000)
    return _newest


def _server_irq(event, data):
    global _newest
    if event == _CENTRAL_CONNECT:
        handle, kind, address = data
        _newest = Connection(handle, kind, bytes(address))
        _connected.set()
        return None
    if event not in (_GATTS_WRITE, _GATTS_READ_REQUEST, _INDICATE_DONE):
        return None
    characteristic = characteristics.get(data[1])
    if characteristic is None:
        return None
    if event == _GATTS_READ_REQUEST:
        refusal, characteristic.refuse = characteristic.refuse, 0
        return refusal
    if event == _INDICATE_DONE:
        characteristic.status = data[2]
    else:
        value = ble.gatts_read(data[1])  # a call from inside the handler
        characteristic.writes.append((connections.get(data[0]), value))
    characteristic.flag.set()
    return None


# Security: the secrets in a file

_secrets = {}
_path = None
saves = 0


def load_secrets(path):
    global _path
    _path = path
    _secrets.clear()
    try:
        with open(path) as file:
            entries = json.load(file)
    except OSError:
        return
    for kind, key, value in entries:
        _secrets[kind, binascii.a2b_base64(key)] = binascii.a2b_base64(value)


def _save_secrets(_):
    global saves
    saves += 1
    with open(_path, "w") as file:
        json.dump(
            [
                (kind, binascii.b2a_base64(key), binascii.b2a_base64(value))
                for (kind, key), value in _secrets.items()
            ],
            file,
        )


def _security_irq(event, data):
    if event == _SET_SECRET:
        kind, key, value = data
        entry = kind, bytes(key)
        if value is None:
            if entry not in _secrets:
                return False
            del _secrets[entry]
        else:
            _secrets[entry] = bytes(value)
        schedule(_save_secrets, None)  # not in the handler: flash is slow
        return True
    if event == _GET_SECRET:
        kind, index, key = data
        if key is not None:
            return _secrets.get((kind, bytes(key)))
        values = [value for (known, _), value in _secrets.items() if known == kind]
        return values[index] if index < len(values) else None
    return None


def _irq(event, data):
    for handler in (_central_irq, _server_irq, _security_irq, _client_irq):
        answer = handler(event, data)
        if answer is not None:
            return answer
    return None


ble.irq(_irq)
