"""The L2CAP channel ops of a hub's radio: one channel a hub, as in MicroPython's NimBLE binding.

The ESP32 build of MicroPython has none; a hub's `bluetooth` offers them if VARDE_BLE_L2CAP is set.
"""

import errno
from typing import TYPE_CHECKING, Any

from bumble import l2cap

from varde_simulator.air.credit_channel import MPS_BYTES, CreditChannel, credits_for
from varde_simulator.air.station import Station

if TYPE_CHECKING:
    import asyncio

    from varde_simulator.air.radio import Radio

IRQ_L2CAP_ACCEPT = 22
IRQ_L2CAP_CONNECT = 23
IRQ_L2CAP_DISCONNECT = 24
IRQ_L2CAP_RECV = 25
IRQ_L2CAP_SEND_READY = 26

# A hub's buffers hold one SDU to send and two that came, of its own MTU (modbluetooth_nimble.c).
_SEND_MTUS = 2

_Result = l2cap.L2CAP_LE_Credit_Based_Connection_Response.Result
_NO_SUCH_PSM = int(_Result.CONNECTION_REFUSED_LE_PSM_NOT_SUPPORTED)
_NO_RESOURCES = int(_Result.CONNECTION_REFUSED_NO_RESOURCES_AVAILABLE)
# What a refusal is called in NimBLE (BLE_HS_ENOTSUP and so on); the rest is BLE_HS_EUNKNOWN.
_STATUS = {_NO_SUCH_PSM: 8, _NO_RESOURCES: 6, 5: 23, 6: 24, 7: 26, 8: 25}
_STATUS_UNKNOWN = 17
_STATUS_NOT_CONNECTED = 7


class RadioL2cap:
    """Registers `ble.l2cap_...` on the radio's channel."""

    def __init__(self, radio: "Radio") -> None:
        self._radio = radio
        self._listening: tuple[int, int] | None = None  # PSM and MTU, until the radio is off
        self._channel: CreditChannel | None = None
        self._asked = False  # our own request for it is under way
        for name in ("listen", "connect", "disconnect", "send", "recvinto"):
            radio.channel.handle("ble.l2cap_" + name, getattr(self, name))

    def attach(self, station: Station) -> None:
        """A station just started: no channel, nobody listens."""
        self._listening = None
        self._channel = None
        manager: Any = station.device.l2cap_channel_manager
        manager.on_l2cap_le_credit_based_connection_request = self._on_request

    def on_disconnection(self, handle: int) -> None:
        channel = self._channel
        if channel is not None and channel.connection.handle == handle:
            channel.abort()
            if self._channel is channel and self._asked:
                self._end(channel, _STATUS_NOT_CONNECTED)
            self._channel = None  # a peer's request that waits for our handler

    # Ops

    def listen(self, psm: int, mtu: int) -> None:
        self._radio.need_station()
        self._need_no_channel()
        self._listening = (psm, mtu)

    def connect(self, handle: int, psm: int, mtu: int) -> None:
        self._radio.need_client(handle)
        self._need_no_channel()
        channel = self._new_channel(handle, psm, mtu)
        self._asked = True
        manager = self._manager
        identifier = manager.next_identifier(channel.connection)
        request = l2cap.L2CAP_LE_Credit_Based_Connection_Request(
            identifier=identifier,
            le_psm=psm,
            source_cid=channel.source_cid,
            mtu=mtu,
            mps=MPS_BYTES,
            initial_credits=credits_for(mtu),
        )
        manager.le_coc_requests[identifier] = request
        manager.send_control_frame(channel.connection, l2cap.L2CAP_LE_SIGNALING_CID, request)

    def disconnect(self, handle: int, cid: int) -> None:
        self._need_channel(handle, cid).close()

    def send(self, handle: int, cid: int, data: bytes) -> bool:
        """False if it waits for credits: nothing more until `SEND_READY`."""
        channel = self._need_channel(handle, cid)
        if len(data) > min(channel.peer_mtu, _SEND_MTUS * channel.mtu):
            raise OSError(errno.EINVAL)
        if channel.is_stalled:
            raise OSError(errno.EBUSY)
        channel.send(data)
        return not channel.is_stalled

    def recvinto(self, handle: int, cid: int, max_bytes: int | None) -> object:
        """What came, up to `max_bytes`; None asks how much there is."""
        channel = self._need_channel(handle, cid)
        return channel.available_bytes if max_bytes is None else channel.take(max_bytes)

    # Channels

    @property
    def _manager(self) -> Any:
        return self._radio.need_station().device.l2cap_channel_manager

    def _need_no_channel(self) -> None:
        if self._channel is not None or self._listening is not None:
            raise OSError(errno.EALREADY)

    def _need_channel(self, handle: int, cid: int) -> CreditChannel:
        self._radio.need_station()
        channel = self._channel
        is_it = (
            channel is not None
            and channel.is_open
            and (channel.connection.handle, channel.source_cid) == (handle, cid)
        )
        if channel is None or not is_it:
            raise OSError(errno.EINVAL)
        return channel

    def _new_channel(self, handle: int, psm: int, mtu: int) -> CreditChannel:
        manager = self._manager
        connection = self._radio.need_station().device.connections[handle]
        taken = manager.channels.setdefault(handle, {})
        channel = CreditChannel(manager, connection, psm, manager.find_free_le_cid(taken), mtu)
        taken[channel.source_cid] = channel
        cid = channel.source_cid
        report = self._radio.report
        channel.on_opened = lambda: self._opened(channel)
        channel.on_refused = lambda why: self._end(channel, _STATUS.get(why, _STATUS_UNKNOWN))
        channel.on_closed = lambda: self._end(channel, 0)
        channel.on_data = lambda: report(IRQ_L2CAP_RECV, handle, cid)
        channel.on_sent = lambda: report(IRQ_L2CAP_SEND_READY, handle, cid, 0)
        self._channel = channel
        return channel

    def _opened(self, channel: CreditChannel) -> None:
        self._asked = False
        self._radio.report(IRQ_L2CAP_CONNECT, *self._facts(channel))

    def _end(self, channel: CreditChannel, status: int) -> None:
        if self._channel is channel:
            self._channel = None
            self._asked = False
        handle = channel.connection.handle
        self._radio.report(IRQ_L2CAP_DISCONNECT, handle, channel.source_cid, channel.psm, status)

    @staticmethod
    def _facts(channel: CreditChannel) -> tuple[int, int, int, int, int]:
        handle = channel.connection.handle
        return handle, channel.source_cid, channel.psm, channel.mtu, channel.peer_mtu

    # A peer asks for a channel

    def _on_request(self, connection: Any, _cid: int, request: Any) -> None:
        if self._listening is None or request.le_psm != self._listening[0]:
            self._answer(connection, request, None, _NO_SUCH_PSM)
        elif self._channel is not None:
            self._answer(connection, request, None, _NO_RESOURCES)
        else:
            channel = self._new_channel(connection.handle, *self._listening)
            channel.peer_mtu = request.mtu
            facts = self._facts(channel)
            answer = self._radio.channel.ask_now("ble.irq", IRQ_L2CAP_ACCEPT, *facts)
            answer.add_done_callback(lambda future: self._accept(channel, request, future))

    def _accept(
        self, channel: CreditChannel, request: Any, answer: "asyncio.Future[object]"
    ) -> None:
        """The hub's handler has looked at it: anything but None and 0 refuses."""
        if self._channel is not channel or answer.cancelled() or answer.exception():
            return  # the connection or the hub has gone meanwhile
        if answer.result():
            self._channel = None
            channel.forget()
            self._answer(channel.connection, request, None, _NO_RESOURCES)
        else:
            channel.set_peer(request.source_cid, request.mtu, request.mps, request.initial_credits)
            self._answer(channel.connection, request, channel, 0)
            channel.on_opened()

    def _answer(
        self, connection: Any, request: Any, channel: CreditChannel | None, result: int
    ) -> None:
        response = l2cap.L2CAP_LE_Credit_Based_Connection_Response(
            identifier=request.identifier,
            destination_cid=channel.source_cid if channel else 0,
            mtu=channel.mtu if channel else 0,
            mps=MPS_BYTES if channel else 0,
            initial_credits=channel.peer_credits if channel else 0,
            result=_Result(result),
        )
        self._manager.send_control_frame(connection, l2cap.L2CAP_LE_SIGNALING_CID, response)
