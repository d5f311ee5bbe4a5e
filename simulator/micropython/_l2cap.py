"""L2CAP channels of `bluetooth.BLE`, for programs of boards whose build has them."""

from errno import ENOMEM

import _air

# What a frame of the channel carries besides its own fields; a board's buffers end sooner or later
# as well.
_MAX_DATA_BYTES = 4000
_MIN_MTU, _MAX_MTU = 32, 0xFFFF


def _mtu(mtu):
    return max(_MIN_MTU, min(_MAX_MTU, mtu))


class Channels:
    def l2cap_listen(self, psm, mtu):
        return _air.call("ble.l2cap_listen", psm, _mtu(mtu))

    def l2cap_connect(self, conn_handle, psm, mtu):
        return _air.call("ble.l2cap_connect", conn_handle, psm, _mtu(mtu))

    def l2cap_disconnect(self, conn_handle, cid):
        return _air.call("ble.l2cap_disconnect", conn_handle, cid)

    def l2cap_send(self, conn_handle, cid, data):
        if len(data) > _MAX_DATA_BYTES:
            raise OSError(ENOMEM)
        return _air.call("ble.l2cap_send", conn_handle, cid, bytes(data))

    def l2cap_recvinto(self, conn_handle, cid, buffer):
        if buffer is None:
            return _air.call("ble.l2cap_recvinto", conn_handle, cid, None)
        room = min(len(buffer), _MAX_DATA_BYTES)
        data = _air.call("ble.l2cap_recvinto", conn_handle, cid, room)
        memoryview(buffer)[: len(data)] = data
        return len(data)
