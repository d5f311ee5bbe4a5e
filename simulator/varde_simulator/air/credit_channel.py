"""One end of an L2CAP credit-based channel, with NimBLE's rule for credits.

A credit lets the peer send one frame (Core 5.4, Vol 3, Part A, 10.1). Bumble gives credits back as
frames arrive, so nothing ever holds a sender up. NimBLE hands out what one SDU needs, and more
only when the program has taken what came: a slow reader stops its peer, which is what programs are
written for.
"""

import struct
from collections.abc import Callable
from typing import Any

from bumble import l2cap

# A frame with its L2CAP header fills one radio packet of 251 bytes (data length extension).
MPS_BYTES = 247
MIN_MPS_BYTES = 23  # Core, Vol 3, Part A, 4.22
_SDU_LENGTH_BYTES = 2


def credits_for(mtu: int) -> int:
    """Frames that one SDU of `mtu` bytes takes, its length field included."""
    return -(-(mtu + _SDU_LENGTH_BYTES) // MPS_BYTES)


class CreditChannel:
    """`send(sdu)` and `take(n)`; the `on_...` attributes report. Bumble's channel manager calls
    the methods from `on_pdu` on, by these names.

    `credits` are ours to send with, `peer_credits` those the peer still has of us.
    """

    def __init__(self, manager: Any, connection: Any, psm: int, cid: int, mtu: int) -> None:
        self.connection = connection
        self.psm = psm
        self.source_cid = cid
        self.destination_cid = 0
        self.mtu = mtu
        self.peer_mtu = 0
        self.peer_mps = MIN_MPS_BYTES
        self.credits = 0
        self.peer_credits = credits_for(mtu)
        self.is_open = False
        self.on_opened: Callable[[], None] = lambda: None
        self.on_refused: Callable[[int], None] = lambda _result: None
        self.on_data: Callable[[], None] = lambda: None
        self.on_sent: Callable[[], None] = lambda: None  # after a send that stalled
        self.on_closed: Callable[[], None] = lambda: None
        self._manager = manager
        self._unsent = b""
        self._sdu = bytearray()  # the one that is coming in, with its length field
        self._received = bytearray()  # whole SDUs that nobody has taken yet

    @property
    def is_stalled(self) -> bool:
        """Part of an SDU waits for credits; no other can be sent."""
        return bool(self._unsent)

    @property
    def available_bytes(self) -> int:
        return len(self._received)

    def set_peer(self, cid: int, mtu: int, mps: int, initial_credits: int) -> None:
        self.destination_cid = cid
        self.peer_mtu = mtu
        self.peer_mps = mps
        self.credits = initial_credits
        self.is_open = True
        handle = self.connection.handle
        self._manager.le_coc_channels.setdefault(handle, {})[cid] = self

    def send(self, sdu: bytes) -> None:
        """At most `peer_mtu` bytes, and not while stalled."""
        self._unsent = struct.pack("<H", len(sdu)) + sdu
        self._send_frames()

    def take(self, max_bytes: int) -> bytes:
        """What has come in; taking the last of it lets the peer send again."""
        taken = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if taken and not self._received:
            self._grant(credits_for(self.mtu) - self.peer_credits)
        return taken

    def close(self) -> None:
        """Asks the peer; `on_closed` follows its answer."""
        self._send_control(
            l2cap.L2CAP_Disconnection_Request(
                identifier=self._manager.next_identifier(self.connection),
                destination_cid=self.destination_cid,
                source_cid=self.source_cid,
            )
        )

    # Called by Bumble's channel manager

    def on_pdu(self, pdu: bytes) -> None:
        if self.peer_credits == 0:
            return self.close()  # Core, Vol 3, Part A, 10.1: a frame without credit ends it
        self.peer_credits -= 1
        self._sdu += pdu
        if len(self._sdu) < _SDU_LENGTH_BYTES:
            return self.close()
        whole_bytes = _SDU_LENGTH_BYTES + int.from_bytes(self._sdu[:_SDU_LENGTH_BYTES], "little")
        if whole_bytes > _SDU_LENGTH_BYTES + self.mtu or len(self._sdu) > whole_bytes:
            return self.close()
        if len(self._sdu) < whole_bytes:
            if self.peer_credits == 0:
                self._grant(1)  # a sender of small frames: this SDU still has room
            return None
        self._received += self._sdu[_SDU_LENGTH_BYTES:]
        self._sdu.clear()
        return self.on_data()

    def on_credits(self, granted: int) -> None:
        was_stalled = self.is_stalled
        self.credits += granted
        self._send_frames()
        if was_stalled and not self.is_stalled:
            self.on_sent()

    def on_connection_response(
        self, response: l2cap.L2CAP_LE_Credit_Based_Connection_Response
    ) -> None:
        if response.result:
            self.forget()
            self.on_refused(int(response.result))
        else:
            self.set_peer(
                response.destination_cid, response.mtu, response.mps, response.initial_credits
            )
            self.on_opened()

    def on_disconnection_request(self, request: l2cap.L2CAP_Disconnection_Request) -> None:
        self._send_control(
            l2cap.L2CAP_Disconnection_Response(
                identifier=request.identifier,
                destination_cid=request.destination_cid,
                source_cid=request.source_cid,
            )
        )
        self.abort()

    def on_disconnection_response(self, _response: l2cap.L2CAP_Disconnection_Response) -> None:
        self.abort()

    def abort(self) -> None:
        """It is over, by agreement or because the connection is."""
        if self.is_open:
            self.is_open = False
            self.forget()
            self.on_closed()

    def forget(self) -> None:
        """Gives the channel identifiers back."""
        handle = self.connection.handle
        self._manager.channels.get(handle, {}).pop(self.source_cid, None)
        self._manager.le_coc_channels.get(handle, {}).pop(self.destination_cid, None)

    def _send_frames(self) -> None:
        while self._unsent and self.credits:
            self.credits -= 1
            frame, self._unsent = self._unsent[: self.peer_mps], self._unsent[self.peer_mps :]
            self._manager.send_pdu(self.connection, self.destination_cid, frame)

    def _grant(self, count: int) -> None:
        if count > 0 and self.is_open:
            self.peer_credits += count
            self._send_control(
                l2cap.L2CAP_LE_Flow_Control_Credit(
                    identifier=self._manager.next_identifier(self.connection),
                    cid=self.source_cid,
                    credits=count,
                )
            )

    def _send_control(self, frame: l2cap.L2CAP_Control_Frame) -> None:
        self._manager.send_control_frame(self.connection, l2cap.L2CAP_LE_SIGNALING_CID, frame)

