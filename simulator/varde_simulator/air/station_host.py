"""Bumble's host, put right: `StationHost` on any chip, `DirectHost` on a virtual one.

A host and its chip exchange HCI packets as bytes; where both are objects of this process nobody
sees those. `DirectHost` gives packets to its chip as they are, and data past all of HCI: a whole
L2CAP PDU in one call, since the chip has no buffers that could be full, and the air's packets are
not the host's. Bytes and flow control are a quarter each of a sensor session's work.
"""

import contextlib
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bumble import core, hci, host, l2cap, utils

if TYPE_CHECKING:
    from varde_simulator.air.controller import VirtualController

_L2CAP_HEADER = struct.Struct("<HH")  # length of the payload, channel (Core, Vol 3, Part A, 3.1)
_SIGNALING = (l2cap.L2CAP_SIGNALING_CID, l2cap.L2CAP_LE_SIGNALING_CID)
_COMMAND_HEADER_BYTES = 4
_COMMAND_REJECT = struct.Struct("<BBHH")  # code, identifier, length, reason (4.1)
_REJECT, _NOT_UNDERSTOOD = 0x01, 0x0000
_SERVED = {
    code
    for code, frame in l2cap.L2CAP_Control_Frame.classes.items()
    if hasattr(l2cap.ChannelManager, f"on_{frame.__name__.lower()}")
}
# What Bumble's parsers raise at bytes that are no PDU.
MALFORMED = (
    core.InvalidPacketError,
    core.InvalidArgumentError,
    struct.error,
    ValueError,
    IndexError,
    KeyError,
)


class StationHost(host.Host):  # type: ignore[misc]
    """`malformed_pdus` counts what peers sent that is no L2CAP frame."""

    malformed_pdus = 0
    # Handlers of its device by channel number; those that are None it serves otherwise.
    fixed_channels: Mapping[int, Callable[[int, bytes], Any] | None] = {}

    def on_hci_le_long_term_key_request_event(self, event: Any) -> None:
        """The peer encrypts. Bumble's own leaves an error that nobody retrieves if the connection
        ends while the key is looked up."""
        connection = self.connections.get(event.connection_handle)
        if connection is not None:
            utils.AsyncRunner.spawn(self._give_key(connection, event))

    async def _give_key(self, connection: Any, event: Any) -> None:
        handle = event.connection_handle
        key = await utils.cancel_on_event(
            self,
            "flush",
            self.long_term_key_provider(handle, event.random_number, event.encryption_diversifier),
        )
        if self.connections.get(handle) is not connection:
            return
        reply: Any = hci.HCI_LE_Long_Term_Key_Request_Negative_Reply_Command(
            connection_handle=handle
        )
        if key:
            reply = hci.HCI_LE_Long_Term_Key_Request_Reply_Command(
                connection_handle=handle, long_term_key=key
            )
        # The chip may know of an end of which the host has not heard yet.
        with contextlib.suppress(hci.HCI_Error, core.BaseBumbleError):
            await self.send_sync_command(reply)

    def on_l2cap_pdu(self, connection: Any, cid: int, pdu: bytes) -> None:
        """Of signaling commands Bumble gets those that it knows, and whole; it would complain, or
        stumble."""
        if cid in _SIGNALING and not self._is_served(connection, cid, pdu):
            return
        super().on_l2cap_pdu(connection, cid, pdu)

    def _is_served(self, connection: Any, cid: int, pdu: bytes) -> bool:
        if len(pdu) >= _COMMAND_HEADER_BYTES and pdu[0] not in _SERVED:
            reject = _COMMAND_REJECT.pack(_REJECT, pdu[1], 2, _NOT_UNDERSTOOD)
            self.send_l2cap_pdu(connection.handle, cid, reject)
            return False
        try:
            l2cap.L2CAP_Control_Frame.from_bytes(pdu)
        except MALFORMED:
            self.malformed_pdus += 1
            return False
        return True


class DirectHost(StationHost):
    """Of a station on the air."""

    def __init__(self, chip: "VirtualController") -> None:
        super().__init__(chip, chip)
        self._chip = chip
        chip.on_sdu = self._on_sdu

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        if self.hci_sink:
            self.hci_sink.on_hci_packet(packet)

    def on_hci_object(self, packet: hci.HCI_Packet) -> None:
        # Before its reset is done a host listens to nothing but the end of the reset.
        is_reset = getattr(packet, "command_opcode", None) == hci.HCI_RESET_COMMAND
        if self.ready or is_reset:
            self.on_hci_packet(packet)

    def send_l2cap_pdu(self, connection_handle: int, cid: int, pdu: bytes) -> None:
        self.send_acl_sdu(connection_handle, _L2CAP_HEADER.pack(len(pdu), cid) + pdu)

    def send_acl_sdu(self, connection_handle: int, sdu: bytes) -> None:
        if connection_handle in self.connections:
            self._chip.send_sdu(connection_handle, sdu)

    def _on_sdu(self, handle: int, sdu: bytes) -> None:
        connection = self.connections.get(handle)
        if connection is None or not self.ready:
            return
        if len(sdu) < _L2CAP_HEADER.size:
            self.malformed_pdus += 1
            return
        length, cid = _L2CAP_HEADER.unpack_from(sdu)
        payload = sdu[_L2CAP_HEADER.size :]
        if len(payload) != length:
            self.malformed_pdus += 1
            return
        handler = self.fixed_channels.get(cid)
        if handler is not None:
            handler(handle, payload)
        else:
            self.on_l2cap_pdu(connection, cid, payload)
