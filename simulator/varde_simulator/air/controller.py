"""Bumble's virtual controller with what centrals and sensors of the field rely on put right.

Each method here replaces one behaviour of `bumble.controller` 0.0.236; `docs/radio.md` has the
table of what was missing. Only legacy advertising and Low Energy: the radio of an ESP32 running
MicroPython, and of the sensors it meets.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from bumble import controller, core, hci

from varde_simulator.air.link import Air
from varde_simulator.air.pair import Terms, are_legal

ADV_IND = 0
ADV_DIRECT_IND = 1
ADV_SCAN_IND = 2
ADV_NONCONN_IND = 3
SCAN_RSP = 4

ADVERTISING_UNIT_US = 625
# The advertiser moves each event by 0 to 10 ms (Core 5.4, Vol 6, Part B, 4.4.2.2.1), so that two
# with the same interval do not drown each other for ever.
MAX_ADVERTISING_DELAY_US = 10_000
ACL_DATA_BYTES = 251  # data length extension: one ATT PDU in one packet

_UNWANTED_FEATURES = (
    hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    | hci.LeFeatureMask.LE_CODED_PHY
)
_ACTIVE_SCAN = 1


class Advertiser:
    """Legacy advertising of one controller. The attributes in the middle are HCI's parameters,
    written by `bumble.controller` under these names."""

    def __init__(self, owner: "VirtualController") -> None:
        self.controller = owner
        self.enabled = False
        self.advertising_interval_min = 0
        self.advertising_interval_max = 0
        self.advertising_type = ADV_IND
        self.own_address_type = 0
        self.peer_address_type = 0
        self.peer_address = hci.Address.ANY
        self.advertising_channel_map = 7
        self.advertising_filter_policy = 0
        self.advertising_data = b""
        self.scan_response_data = b""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def address(self) -> hci.Address:
        return self.controller.own_address(self.own_address_type)

    @property
    def is_connectable(self) -> bool:
        return self.advertising_type in {ADV_IND, ADV_DIRECT_IND}

    @property
    def is_scannable(self) -> bool:
        return self.advertising_type in {ADV_IND, ADV_SCAN_IND}

    def start(self) -> None:
        self.stop()
        self.enabled = True
        self.controller.link.advertising_changed(self)
        self.wake()

    def stop(self) -> None:
        self.enabled = False
        self.controller.link.advertising_changed(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wake(self) -> None:
        """Somebody may hear it now: plans an event, somewhere within an interval from now."""
        if self.enabled and self._timer is None and self.controller.link.anybody_listens:
            self._plan(self.controller.link.random.randrange(self._interval_us))

    @property
    def _interval_us(self) -> int:
        return max(self.advertising_interval_min, 1) * ADVERTISING_UNIT_US

    def _plan(self, delay_us: int) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay_us / 1e6, self._advertise)

    def _advertise(self) -> None:
        self._timer = None
        air = self.controller.link
        air.advertise(self)
        if self.enabled and air.anybody_listens:
            self._plan(self._interval_us + air.random.randrange(MAX_ADVERTISING_DELAY_US))


class VirtualController(controller.Controller):  # type: ignore[misc]
    """The radio chip of one station on `Air`."""

    link: Air
    pending_le_connection: hci.HCI_LE_Create_Connection_Command | None

    def __init__(self, name: str, air: Air, public_address: hci.Address) -> None:
        self.le_features = controller.Controller.le_features & ~_UNWANTED_FEATURES
        self.le_acl_data_packet_length = ACL_DATA_BYTES
        self.supported_max_tx_octets = ACL_DATA_BYTES
        self.supported_max_rx_octets = ACL_DATA_BYTES
        self._scan_started_s = 0.0
        self.random_addresses: list[hci.Address] = []  # and former ones that connections use
        # The resolving list: whose private address is it?
        self.resolve: Callable[[hci.Address], hci.Address | None] = lambda _address: None
        self._refusals: dict[int, list[int]] = {}  # op code to the next answers
        # Where data goes that came in; None: to a host behind a transport, as HCI packets.
        self.on_sdu: Callable[[int, bytes], None] | None = None
        super().__init__(name, link=air, public_address=public_address)
        self.le_legacy_advertiser = Advertiser(self)

    def own_address(self, own_address_type: int) -> hci.Address:
        is_public = own_address_type == hci.OwnAddressType.PUBLIC
        return self.public_address if is_public else self.random_address

    @property
    def is_listening(self) -> bool:
        return bool(self.le_scan_enable) or self.pending_le_connection is not None

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """To the host as an object (`station_host.py`)."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_hci_object, packet)

    def refuse(self, op_code: int, status: int, times: int) -> None:
        """The next so many of these commands fail. Until then nobody looks."""
        self._refusals.setdefault(op_code, []).extend([status] * times)
        self.on_hci_command_packet = self._on_command_or_refuse

    def _on_command_or_refuse(self, command: hci.HCI_Command) -> None:
        statuses = self._refusals.get(command.op_code)
        if statuses:
            self._refuse(command, statuses.pop(0))
        else:
            super().on_hci_command_packet(command)

    def _refuse(self, command: hci.HCI_Command, status: int) -> None:
        if isinstance(command, hci.HCI_SyncCommand):
            self.send_hci_packet(
                hci.HCI_Command_Complete_Event(
                    num_hci_command_packets=1,
                    command_opcode=command.op_code,
                    return_parameters=hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode(status)),
                )
            )
        else:
            self._send_hci_command_status(status, command.op_code)

    def power_off(self) -> None:
        """No goodbye: the battery is out."""
        self.le_legacy_advertiser.stop()
        self.set_packet_sink(None)
        self.on_sdu = None
        self.link.remove_controller(self)

    # Scanning

    def on_hci_le_set_scan_enable_command(
        self, command: hci.HCI_LE_Set_Scan_Enable_Command
    ) -> hci.HCI_StatusReturnParameters:
        result = super().on_hci_le_set_scan_enable_command(command)
        self._scan_started_s = asyncio.get_running_loop().time()
        self.link.listening_changed(self)
        return result

    def listens_to(self, address: hci.Address) -> bool:
        """Whether it would do anything with an advertisement from there."""
        request = self.pending_le_connection
        return bool(self.le_scan_enable) or (
            request is not None and self._is_wanted(request, address)
        )

    def on_advertisement(self, advertiser: Advertiser, rssi_dbm: int) -> None:
        """An advertising event in earshot."""
        if self.le_scan_enable and self._window_is_open():
            self._report(advertiser, advertiser.advertising_type, rssi_dbm)
            if self.le_scan_type == _ACTIVE_SCAN and advertiser.is_scannable:
                self._report(advertiser, SCAN_RSP, rssi_dbm)
        request = self.pending_le_connection
        if (
            request is not None
            and advertiser.is_connectable
            and self._is_wanted(request, advertiser.address)
            and self.link.connect(self, advertiser, request)
        ):
            self.pending_le_connection = None
            self.link.listening_changed(self)

    def _is_wanted(
        self, request: hci.HCI_LE_Create_Connection_Command, heard: hci.Address
    ) -> bool:
        """A request for an identity takes the private addresses of its owner too."""
        if request.peer_address_type < hci.AddressType.PUBLIC_IDENTITY or not heard.is_resolvable:
            return bool(request.peer_address == heard)
        return bool(request.peer_address == self.resolve(heard))

    def _window_is_open(self) -> bool:
        if self.le_scan_window >= self.le_scan_interval:
            return True
        elapsed_s = asyncio.get_running_loop().time() - self._scan_started_s
        unit_s = ADVERTISING_UNIT_US / 1e6
        return bool(elapsed_s % (self.le_scan_interval * unit_s) < self.le_scan_window * unit_s)

    def _report(self, advertiser: Advertiser, event_type: int, rssi_dbm: int) -> None:
        is_response = event_type == SCAN_RSP
        data = advertiser.scan_response_data if is_response else advertiser.advertising_data
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=event_type,
            address_type=advertiser.address.address_type,
            address=advertiser.address,
            data=data,
            rssi=rssi_dbm,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    # Connections

    def on_hci_le_create_connection_command(
        self, command: hci.HCI_LE_Create_Connection_Command
    ) -> None:
        super().on_hci_le_create_connection_command(command)
        self.link.listening_changed(self)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Core 5.4, Vol 4, Part E, 7.8.13: the pending request ends with status 2."""
        request = self.pending_le_connection
        if request is None:
            disallowed = hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
            return hci.HCI_StatusReturnParameters(disallowed)
        self.pending_le_connection = None
        self.link.listening_changed(self)
        asyncio.get_running_loop().call_soon(self._report_cancelled, request)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def _report_cancelled(self, request: hci.HCI_LE_Create_Connection_Command) -> None:
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=request.peer_address_type,
                peer_address=request.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )

    def open_connection(
        self, role: hci.Role, self_address: hci.Address, peer_address: hci.Address
    ) -> Any:
        connection = controller.Connection(
            controller=self,
            handle=self.allocate_connection_handle(),
            role=role,
            self_address=self_address,
            peer_address=peer_address,
            link=self.link,
            transport=core.PhysicalTransport.LE,
            link_type=hci.HCI_Connection_Complete_Event.LinkType.ACL,
        )
        self.le_connections[peer_address] = connection
        return connection

    def report_connection(
        self, connection: Any, interval: int, latency: int, supervision_timeout: int
    ) -> None:
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.SUCCESS,
                connection_handle=connection.handle,
                role=connection.role,
                peer_address_type=connection.peer_address.address_type,
                peer_address=connection.peer_address,
                connection_interval=interval,
                peripheral_latency=latency,
                supervision_timeout=supervision_timeout,
                central_clock_accuracy=0,
            )
        )

    def report_update(self, connection: Any, terms: Terms) -> None:
        """New parameters count from now on."""
        if self.le_connections.get(connection.peer_address) is not connection:
            return  # it ended meanwhile
        self.send_hci_packet(
            hci.HCI_LE_Connection_Update_Complete_Event(
                status=hci.HCI_ErrorCode.SUCCESS,
                connection_handle=connection.handle,
                connection_interval=terms.interval,
                peripheral_latency=terms.latency,
                supervision_timeout=terms.supervision_timeout,
            )
        )

    def on_hci_le_connection_update_command(
        self, command: hci.HCI_LE_Connection_Update_Command
    ) -> None:
        """The central's host sets; a peripheral's would ask by the link layer, which no sensor
        here does: it asks by L2CAP."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        status = hci.HCI_COMMAND_STATUS_PENDING
        if connection is None:
            status = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        elif connection.role != hci.Role.CENTRAL:
            status = hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
        elif not are_legal(
            command.connection_interval_min,
            command.connection_interval_max,
            command.max_latency,
            command.supervision_timeout,
        ):
            status = hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
        self._send_hci_command_status(status, command.op_code)
        if connection is not None and status == hci.HCI_COMMAND_STATUS_PENDING:
            terms = Terms(
                command.connection_interval_max, command.max_latency, command.supervision_timeout
            )
            self.link.update(self, connection, terms)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        connection = self.find_le_connection_by_handle(command.connection_handle)
        if connection is None:
            unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
            self._send_hci_command_status(unknown, command.op_code)
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        self.link.disconnect(self, connection, command.reason)

    def on_ll_control_pdu(self, sender_address: hci.Address, packet: Any) -> None:
        if sender_address in self.le_connections:  # else it ended while this was on its way
            super().on_ll_control_pdu(sender_address, packet)

    def on_link_acl_data(
        self, sender_address: hci.Address, transport: core.PhysicalTransport, data: bytes
    ) -> None:
        connection = self.le_connections.get(sender_address)
        if connection is None:
            return
        if self.on_sdu is None:
            super().on_link_acl_data(sender_address, transport, data)
        else:
            asyncio.get_running_loop().call_soon(self.on_sdu, connection.handle, data)

    def send_sdu(self, handle: int, sdu: bytes) -> None:
        """A whole L2CAP PDU of its host."""
        connection = self.find_le_connection_by_handle(handle)
        if connection is not None:
            connection.on_acl_pdu(sdu)

    def on_le_disconnected(self, connection: Any, reason: int) -> None:
        if self.le_connections.get(connection.peer_address) is connection:
            super().on_le_disconnected(connection, reason)
            self.link.connection_ended(self, connection.peer_address)
