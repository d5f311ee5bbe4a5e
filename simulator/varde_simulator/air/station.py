"""One Bluetooth station on the air: Bumble host and device on a virtual controller.

A hub's radio and a sensor are both built on it. It hands out what the layers above want to see
first: scan reports, connections, failed connection attempts, and raw ATT PDUs by connection.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from typing import Any

from bumble import att, device, hci, smp

from varde_simulator.air.att_client import HANDLE_VALUE_CONFIRMATION, WRITE_COMMAND
from varde_simulator.air.controller import VirtualController
from varde_simulator.air.indications import Indications
from varde_simulator.air.lean_bumble import make_bumble_lean
from varde_simulator.air.link import Air
from varde_simulator.air.parameter_requests import ParameterRequests
from varde_simulator.air.permissions import refusal
from varde_simulator.air.privacy import OwnAddress, Resolver, irk_of
from varde_simulator.air.security import Bonds, PairingRules, Security, SecurityChange
from varde_simulator.air.station_host import MALFORMED, DirectHost

PUBLIC = 0
RANDOM_STATIC = 1
MAX_ATT_MTU = 527  # BLE_ATT_MTU_MAX of NimBLE: no ATT PDU is longer
STOP_TIMEOUT_S = 2.0  # BLE_HS_STOP_ON_SHUTDOWN_TIMEOUT: how long goodbyes may take

# Bumble warns of every packet that meets an ended connection; on this air that is daily business.
logging.getLogger("bumble").setLevel(logging.ERROR)
make_bumble_lean()


def address_of(name: str, kind: int = PUBLIC) -> hci.Address:
    """The address that a station of this name has, today and in every replay."""
    raw = bytearray(hashlib.sha256(name.encode()).digest()[:6])
    if kind == PUBLIC:
        raw[0] &= 0xFC  # universally administered, individual (IEEE 802, 8.2)
        return hci.Address(bytes(reversed(raw)), hci.Address.PUBLIC_DEVICE_ADDRESS)
    raw[0] |= 0xC0  # static: the two top bits set (Core 5.4, Vol 6, Part B, 1.3.2.1)
    return hci.Address(bytes(reversed(raw)), hci.Address.RANDOM_DEVICE_ADDRESS)


def address_bytes(address: hci.Address) -> bytes:
    """Most significant byte first, as MicroPython and people write it."""
    return bytes(reversed(bytes(address)))


class Station:
    """`start()` before use. The `on_...` attributes are for the layer above to set."""

    def __init__(self, air: Air, name: str, address: hci.Address) -> None:
        self.air = air
        self.address = address
        self.is_public = address.address_type == hci.Address.PUBLIC_DEVICE_ADDRESS
        self.host = self._host_on_chip(name)
        config = device.DeviceConfiguration(
            name=name,
            address=self._address(RANDOM_STATIC, name),
            gap_service_enabled=False,
            gatt_service_enabled=False,
        )
        self.device = device.Device(config=config, host=self.host)
        self.host.fixed_channels = self.device.l2cap_channel_manager.fixed_channels
        self.device.irk = irk_of(name)
        self.own_address = OwnAddress(self)
        self.rotation_s: float | None = None  # private addresses from `start` on, so often new
        self.device.connect_own_address_type = self.own_address_type
        self.security = Security(self.device, air.random)
        self.security.identity_is_public = lambda: self.is_public
        self._take_over_security()
        self.device.l2cap_channel_manager.register_fixed_channel(att.ATT_CID, self._on_att_pdu)
        self.on_report: Callable[[Any], None] = lambda _report: None
        self.on_connection: Callable[[Any], None] = lambda _connection: None
        self.on_connection_failure: Callable[[int], None] = lambda _status: None
        self.clients: dict[int, Callable[[bytes], None]] = {}  # connection handle to ATT client
        self.indications = Indications(self.send_att)
        self.parameter_requests = ParameterRequests(self)
        self.malformed_pdus = 0
        self._advertising_lock = asyncio.Lock()  # Bumble's start and stop must not interleave

    def _host_on_chip(self, name: str) -> Any:
        """A Bumble host on this station's chip; `adapter.py` has one on real hardware."""
        self.controller = VirtualController(name, self.air, self._address(PUBLIC, name))
        self.controller.resolve = self._resolve
        return DirectHost(self.controller)

    def _take_over_security(self) -> None:
        """From here on Bumble's device has no part in it."""
        channels = self.device.l2cap_channel_manager
        channels.register_fixed_channel(smp.SMP_CID, self.security.on_pdu)
        self.device.smp_manager = self.security
        self.host.long_term_key_provider = self.security.long_term_key
        for event, bumbles, ours in (
            ("change", self.device.on_connection_encryption_change, "on_encryption_change"),
            ("failure", self.device.on_connection_encryption_failure, "on_encryption_failure"),
        ):
            self.host.remove_listener(f"connection_encryption_{event}", bumbles)
            self.host.on(f"connection_encryption_{event}", getattr(self.security, ours))

    @property
    def is_advertising(self) -> bool:
        return self.controller.le_legacy_advertiser.enabled

    @property
    def own_address_type(self) -> hci.OwnAddressType:
        shows_public = self.is_public and not self.own_address.is_private
        return hci.OwnAddressType.PUBLIC if shows_public else hci.OwnAddressType.RANDOM

    def own_address_type_for(self, peer: hci.Address) -> hci.OwnAddressType:
        """To connect to `peer`: NimBLE has its controller make private addresses, and that makes
        them for peers in its resolving list, the bonded ones."""
        kind = self.own_address_type
        if self.is_public and not self.bonds.has(peer):
            kind = hci.OwnAddressType.PUBLIC
        self.device.connect_own_address_type = kind
        return kind

    async def start(self) -> None:
        await self.device.power_on()
        self.device.address_resolver = Resolver(self.security)
        if self.rotation_s is not None:
            await self.own_address.show_resolvable(self.rotation_s)
        self.host.on("advertising_report", self._on_report)
        self.device.on("connection", self._on_connection)
        self.device.on(
            "connection_failure", lambda error: self.on_connection_failure(error.error_code)
        )

    def power_off(self) -> None:
        """Gone from one moment to the next; peers notice by their supervision timeouts."""
        self.own_address.stop()
        self.security.stop()
        self.controller.power_off()
        self.host.ready = False  # what its chip said last is not heard any more
        self.host.emit("flush")

    def go_silent(self) -> None:
        """Off the air, with all it knows; peers notice by their supervision timeouts."""
        self.air.remove_controller(self.controller)

    def come_back(self) -> None:
        """On the air again."""
        self.air.add_controller(self.controller)
        self.air.on_address_changed(self.controller)
        self.air.range_changed()

    async def stop(self) -> None:
        """Says goodbye first: ends the connections, waits until the air has carried that."""
        loop = asyncio.get_running_loop()
        ended = [loop.create_future() for _ in self.device.connections]
        try:
            for connection, end in zip(list(self.device.connections.values()), ended, strict=True):
                connection.once("disconnection", lambda _reason, end=end: end.set_result(None))
                await self.disconnect(connection.handle)
            if ended:
                await asyncio.wait(ended, timeout=STOP_TIMEOUT_S)
        finally:
            self.power_off()

    # Security

    @property
    def pairing(self) -> PairingRules | None:
        """What it wants of pairing; None: "pairing not supported"."""
        return self.security.rules

    @pairing.setter
    def pairing(self, rules: PairingRules | None) -> None:
        self.security.rules = rules
        if rules is not None:
            self.security.touch_key()

    @property
    def bonds(self) -> Bonds:
        bonds: Bonds = self.security.bonds
        return bonds

    @property
    def on_secured(self) -> Callable[[Any, SecurityChange], None]:
        """Called with the connection and how a pairing or an encryption ended."""
        return self.security.on_secured

    @on_secured.setter
    def on_secured(self, call: Callable[[Any, SecurityChange], None]) -> None:
        self.security.on_secured = call

    def request_security(self, handle: int) -> None:
        """A peripheral asks its central to encrypt or pair."""
        self.security.request(handle)

    def pair(self, handle: int) -> None:
        """A central encrypts with the stored key, or pairs; `on_secured` tells the end."""
        self.security.pair(handle)

    def is_encrypted(self, handle: int) -> bool:
        return self.security.level(handle).encrypted

    def is_authenticated(self, handle: int) -> bool:
        return self.security.level(handle).authenticated

    # What the host is told to do

    async def command(self, command: Any) -> int:
        """Sends an HCI command; its status."""
        try:
            if isinstance(command, hci.HCI_SyncCommand):
                await self.host.send_sync_command(command)
            else:
                await self.host.send_async_command(command)
        except hci.HCI_Error as error:
            return int(error.error_code)
        return int(hci.HCI_SUCCESS)

    async def advertise(
        self, advertising_type: int, interval_us: int, data: bytes, response: bytes
    ) -> int:
        """The controller's status: 0, or why it refuses."""
        async with self._advertising_lock:
            await self.device.stop_advertising()
            self.device.advertising_data = data
            self.device.scan_response_data = response
            self.device.advertising_interval_min = interval_us / 1000
            self.device.advertising_interval_max = interval_us / 1000
            try:
                await self.device.start_advertising(
                    advertising_type=device.AdvertisingType(advertising_type),
                    own_address_type=self.own_address_type,
                )
            except hci.HCI_Error as error:
                return int(error.error_code)
            return int(hci.HCI_SUCCESS)

    async def stop_advertising(self) -> None:
        async with self._advertising_lock:
            await self.device.stop_advertising()

    async def disconnect(self, handle: int, reason: int | None = None) -> int:
        why = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        return await self.command(
            hci.HCI_Disconnect_Command(
                connection_handle=handle, reason=why if reason is None else reason
            )
        )

    def send_att(self, handle: int, pdu: bytes) -> None:
        if handle in self.device.connections:
            self.device.send_l2cap_pdu(handle, att.ATT_CID, pdu)

    # What comes in

    def _on_report(self, report: Any) -> None:
        known = self._resolve(report.address) if report.address.is_resolvable else None
        if known is not None:  # it is reported as an identity (Core 5.4, Vol 4, Part E, 7.7.65.2)
            kind = hci.AddressType(known.address_type + hci.AddressType.PUBLIC_IDENTITY)
            report.address = hci.Address(bytes(known), kind)
        self.on_report(report)

    def _resolve(self, address: hci.Address) -> hci.Address | None:
        return self.bonds.resolve(address)

    def _on_connection(self, connection: Any) -> None:
        # First of the listeners: an indication under way ends before the connection does.
        handle = connection.handle

        def ended(_reason: int) -> None:
            self.indications.on_disconnection(handle)
            self.security.on_disconnection(connection)

        connection.once("disconnection", ended)
        self.on_connection(connection)

    def _on_att_pdu(self, handle: int, pdu: bytes) -> None:
        """Odd op codes come from a server, even ones from a client (Core, Vol 3, Part F, 3.3)."""
        if not 0 < len(pdu) <= MAX_ATT_MTU:
            self.malformed_pdus += 1
        elif pdu[0] & 1:
            client = self.clients.get(handle)
            if client is not None:
                client(pdu)
        elif pdu[0] == HANDLE_VALUE_CONFIRMATION:
            self.indications.on_confirmation(handle)
        else:
            self._serve(handle, pdu)

    def _serve(self, handle: int, pdu: bytes) -> None:
        connection = self.device.connections.get(handle)
        if connection is None:
            return
        try:
            request = att.ATT_PDU.from_bytes(pdu)
        except MALFORMED:
            self.malformed_pdus += 1
            return
        server = self.device.gatt_server
        error, about = refusal(server, request, self.security, connection)
        if not error:
            server.on_gatt_pdu(connection, request)
        elif request.op_code != WRITE_COMMAND:
            response = att.ATT_Error_Response(
                request_opcode_in_error=request.op_code,
                attribute_handle_in_error=about,
                error_code=error,
            )
            server.send_response(connection, response)

    def _address(self, kind: int, name: str) -> hci.Address:
        own_kind = PUBLIC if self.is_public else RANDOM_STATIC
        return self.address if kind == own_kind else address_of(name, kind)
