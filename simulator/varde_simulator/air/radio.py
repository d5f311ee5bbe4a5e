"""A hub's radio: MicroPython's `bluetooth.BLE` served by a Bumble station, GAP part.

One `Radio` a channel. It answers each op from its own state and reports the rest by events, as the
NimBLE of an ESP32 does: same order, same error codes, same limits. `radio_scan`,
`radio_client` and `radio_server` add the scanner's, the GATT client's and the server's ops.

Events to the hub: `ble.irq` (number, arguments...) and `ble.scan_result`, the only one that may be
dropped. The numbers are those of MicroPython's documentation.
"""

import asyncio
import errno
from typing import Any

from bumble import hci

from varde_simulator.air.att_client import DEFAULT_MTU, AttClient
from varde_simulator.air.channel import Channel
from varde_simulator.air.link import Air
from varde_simulator.air.privacy import static_address, unresolvable_address
from varde_simulator.air.radio_client import RadioClient
from varde_simulator.air.radio_l2cap import RadioL2cap
from varde_simulator.air.radio_scan import RadioScanner, refused
from varde_simulator.air.radio_security import RadioSecurity
from varde_simulator.air.radio_server import RadioServer
from varde_simulator.air.station import (
    MAX_ATT_MTU,
    PUBLIC,
    RANDOM_STATIC,
    Station,
    address_bytes,
    address_of,
)

IRQ_CENTRAL_CONNECT = 1
IRQ_CENTRAL_DISCONNECT = 2
IRQ_PERIPHERAL_CONNECT = 7
IRQ_PERIPHERAL_DISCONNECT = 8
IRQ_CONNECTION_UPDATE = 27

MAX_CONNECTIONS = 4  # the ESP32 build of NimBLE
MAX_ADVERTISING_BYTES = 31
# What `ble_gap_adv_set_data` says of more (esp-nimble, host/src/ble_gap.c, without extended
# advertising, as MicroPython builds it); the binding passes codes without an errno of their own
# on negative.
BLE_ERR_INV_HCI_CMD_PARMS = 0x12

RESOLVABLE, UNRESOLVABLE = 2, 3  # address modes, besides PUBLIC and RANDOM_STATIC

DEFAULT_MTU_WISH = 256
MAX_GAP_NAME_BYTES = 31
DEFAULT_GAP_NAME = b"ESP32"

# NimBLE's defaults for a new connection: 30 to 50 ms, 2.56 s (BLE_GAP_INITIAL_...).
CONNECTION_INTERVAL_MIN = 24
CONNECTION_INTERVAL_MAX = 40
CONNECTION_UNIT_US = 1_250
SUPERVISION_TIMEOUT = 256
SUPERVISION_UNIT_MS = 10
INITIATING_SCAN = 16

NO_CONNECTION = 0xFFFF
NO_ADDRESS_TYPE = 0xFF
_ADV_IND, _ADV_SCAN_IND = 0, 2


class Radio:
    """Registers the `ble.` ops on `channel`; everything ends with the channel."""

    def __init__(self, channel: Channel, air: Air) -> None:
        self.channel = channel
        self.air = air
        self.station: Station | None = None
        self.gap_name = DEFAULT_GAP_NAME
        self.mtu_wish = DEFAULT_MTU_WISH
        self.clients: dict[int, AttClient] = {}
        self._ending: set[int] = set()
        self._connecting_to: hci.Address | None = None
        self._connect_timer: asyncio.TimerHandle | None = None
        self._advertising = [b"", b""]  # data and scan response
        self._tasks: set[asyncio.Task[Any]] = set()
        self.scanner = RadioScanner(self)
        self._client_ops = RadioClient(self)
        self.server = RadioServer(self)
        self.security = RadioSecurity(self)
        self._l2cap = RadioL2cap(self)
        channel.on_close.append(self.power_off)
        for name in (
            "active", "is_active", "mac", "config", "set_gap_name", "set_mtu", "set_addr_mode",
            "connect", "connect_cancel", "disconnect", "advertise",
            "advertise_stop",
        ):  # fmt: skip
            channel.handle("ble." + name, getattr(self, name))

    # Life

    async def active(self, wanted: bool) -> bool:
        """Whether the radio is new: it has no identity yet (`ble.own_irk`)."""
        if wanted and self.station is None:
            station = Station(self.air, self.channel.node, address_of(self.channel.node))
            station.on_report = self.scanner.on_report
            station.on_connection = self._on_connection
            station.on_connection_failure = self._on_connection_failure
            try:
                await station.start()
            except asyncio.CancelledError:  # the hub died meanwhile
                station.power_off()
                raise
            self.station = station
            self.server.attach(station)
            self.security.attach(station)
            self._l2cap.attach(station)
            return True
        if not wanted and self.station is not None:
            self.scanner.end()
            station, self.station = self.station, None
            await station.stop()
            self._forget()
        return False

    def is_active(self) -> bool:
        return self.station is not None

    def power_off(self) -> None:
        """The hub's process has gone."""
        if self.station is not None:
            station, self.station = self.station, None
            station.power_off()
        for task in tuple(self._tasks):  # they wait for words of a chip that is off
            task.cancel()
        self._forget()

    def _forget(self) -> None:
        self.scanner.forget()
        self._advertising = [b"", b""]  # a new start resets the controller
        if self._connect_timer is not None:
            self._connect_timer.cancel()
            self._connect_timer = None
        for client in self.clients.values():
            client.close()
        self.clients.clear()
        self._ending.clear()
        self._connecting_to = None

    @property
    def is_connecting(self) -> bool:
        return self._connecting_to is not None

    def need_station(self) -> Station:
        if self.station is None:
            raise OSError(errno.ENODEV)
        return self.station

    def need_client(self, handle: int) -> AttClient:
        self.need_station()
        client = self.clients.get(handle)
        if client is None:
            raise OSError(errno.ENOTCONN)
        return client

    def report(self, irq: int, *args: object) -> None:
        """Nothing is reported to a hub that has switched its radio off."""
        if self.station is not None:
            self.channel.event("ble.irq", irq, *args)

    def start_task(self, work: Any) -> None:
        """For what goes on after the op has been answered."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Configuration

    def mac(self) -> list[object]:
        station = self.need_station()
        if station.own_address.is_private:
            raise OSError(errno.EINVAL)  # NimBLE's binding does not know the present one
        return [int(not station.is_public), address_bytes(station.address)]

    def config(self, name: str) -> object:
        if name == "gap_name":
            return self.gap_name
        if name == "mtu":
            self.need_station()
            return self.mtu_wish
        raise ValueError("unknown config param")

    def set_gap_name(self, name: bytes) -> None:
        if len(name) > MAX_GAP_NAME_BYTES:
            raise OSError(errno.EINVAL)
        self.gap_name = name

    def set_mtu(self, mtu: int) -> None:
        station = self.need_station()
        if not DEFAULT_MTU <= mtu <= MAX_ATT_MTU:
            raise OSError(errno.EINVAL)
        self.mtu_wish = mtu
        station.device.gatt_server.max_mtu = mtu

    async def set_addr_mode(self, mode: int) -> None:
        """0 public, 1 random static, 2 resolvable private, 3 non-resolvable private."""
        own = self.need_station().own_address
        if mode == PUBLIC:
            own.show_public(address_of(self.channel.node))
        elif mode == RANDOM_STATIC:
            await own.show_random(static_address(self.air.random))
        elif mode == RESOLVABLE:
            await own.show_resolvable()
        elif mode == UNRESOLVABLE:
            await own.show_random(unresolvable_address(self.air.random))
        else:
            raise OSError(errno.EINVAL)

    # Connections

    async def connect(
        self, address_type: int, address: bytes, duration_ms: int, min_us: int, max_us: int
    ) -> None:
        station = self.need_station()
        if self._connecting_to is not None:
            raise OSError(errno.EALREADY)
        peer = hci.Address(bytes(reversed(address)), hci.AddressType(address_type))
        self.scanner.end()
        if any(c.peer_address == peer for c in station.device.connections.values()):
            raise OSError(errno.EIO)  # BLE_HS_EDONE: connected already
        if len(station.device.connections) >= MAX_CONNECTIONS:
            raise OSError(errno.ENOMEM)
        self._connecting_to = peer
        own_address_type = station.own_address_type_for(peer)
        status = await station.command(
            hci.HCI_LE_Create_Connection_Command(
                le_scan_interval=INITIATING_SCAN,
                le_scan_window=INITIATING_SCAN,
                initiator_filter_policy=0,
                peer_address_type=address_type,
                peer_address=peer,
                own_address_type=own_address_type,
                connection_interval_min=min_us // CONNECTION_UNIT_US or CONNECTION_INTERVAL_MIN,
                connection_interval_max=max_us // CONNECTION_UNIT_US or CONNECTION_INTERVAL_MAX,
                max_latency=0,
                supervision_timeout=SUPERVISION_TIMEOUT,
                min_ce_length=0,
                max_ce_length=0,
            )
        )
        if status != hci.HCI_SUCCESS:
            self._connecting_to = None
            raise refused(status)
        if self._connecting_to is not None:
            loop = asyncio.get_running_loop()
            self._connect_timer = loop.call_later(duration_ms / 1000, self._cancel_connect)

    def connect_cancel(self) -> None:
        self.need_station()
        if self._connecting_to is None:
            raise OSError(errno.EALREADY)
        self._cancel_connect()

    def _cancel_connect(self) -> None:
        if self.station is not None:
            self.start_task(self.station.command(hci.HCI_LE_Create_Connection_Cancel_Command()))

    def _connect_ended(self) -> None:
        self._connecting_to = None
        if self._connect_timer is not None:
            self._connect_timer.cancel()
            self._connect_timer = None

    def _on_connection_failure(self, _status: int) -> None:
        self._connect_ended()
        self.report(IRQ_PERIPHERAL_DISCONNECT, NO_CONNECTION, NO_ADDRESS_TYPE, bytes(6))

    def _on_connection(self, connection: Any) -> None:
        station = self.need_station()
        handle = connection.handle
        is_central = connection.role == hci.Role.CENTRAL
        if is_central:
            self._connect_ended()
        client = self._client_ops.new_client(station, connection)
        self.clients[handle] = client
        station.clients[handle] = client.on_pdu
        connection.once("disconnection", lambda _reason: self._on_disconnection(connection))
        connection.on("connection_parameters_update", lambda: self._on_update(connection, 0))
        connection.on(
            "connection_parameters_update_failure", lambda _why: self._on_update(connection, 1)
        )
        self.server.on_connection(connection)
        irq = IRQ_PERIPHERAL_CONNECT if is_central else IRQ_CENTRAL_CONNECT
        # On an ESP32 the handler runs before the stack looks at anything of the new connection.
        release = self.air.hold(station.controller, handle)
        handled = self.channel.ask_now("ble.irq", irq, handle, *_peer_of(connection))
        handled.add_done_callback(lambda _answer: release())

    def _on_update(self, connection: Any, status: int) -> None:
        terms = connection.parameters  # Bumble's, in milliseconds
        self.report(
            IRQ_CONNECTION_UPDATE,
            connection.handle,
            round(terms.connection_interval * 1000) // CONNECTION_UNIT_US,
            terms.peripheral_latency,
            round(terms.supervision_timeout) // SUPERVISION_UNIT_MS,
            status,
        )

    def _on_disconnection(self, connection: Any) -> None:
        handle = connection.handle
        self._ending.discard(handle)
        if self.station is not None:
            self.station.clients.pop(handle, None)
        client = self.clients.pop(handle, None)
        if client is not None:
            client.close()  # procedures end before the connection does, as on NimBLE
        self._l2cap.on_disconnection(handle)
        is_central = connection.role == hci.Role.CENTRAL
        irq = IRQ_PERIPHERAL_DISCONNECT if is_central else IRQ_CENTRAL_DISCONNECT
        self.report(irq, handle, *_peer_of(connection))

    async def disconnect(self, handle: int) -> bool:
        station = self.need_station()
        if handle not in self.clients:
            return False
        if handle in self._ending:
            raise OSError(errno.EALREADY)
        self._ending.add(handle)
        await station.disconnect(handle)
        return True

    # Advertising

    async def advertise(
        self, interval_us: int, data: bytes | None, response: bytes | None, connectable: bool
    ) -> None:
        """In the binding's order: what comes before a refusal has happened."""
        station = self.need_station()
        await station.stop_advertising()
        for part, given in enumerate((data, response)):
            if given is not None and len(given) > MAX_ADVERTISING_BYTES:
                raise OSError(-BLE_ERR_INV_HCI_CMD_PARMS)
            if given is not None:
                self._advertising[part] = given
        if connectable and len(station.device.connections) >= MAX_CONNECTIONS:
            raise OSError(errno.ENOMEM)  # nobody could connect
        kind = _ADV_IND if connectable else _ADV_SCAN_IND
        status = await station.advertise(kind, interval_us, *self._advertising)
        if status != hci.HCI_SUCCESS:
            raise refused(status)

    async def advertise_stop(self) -> None:
        if self.station is not None:
            await self.station.stop_advertising()


def _peer_of(connection: Any) -> tuple[int, bytes]:
    """As it is known now: a pairing may have told the identity behind a private address."""
    return int(connection.peer_address.address_type), address_bytes(connection.peer_address)
