"""A peripheral asks its central for other connection parameters, by L2CAP.

Sensors do: they connect at the central's pace and then ask for a slow one that saves their battery
(Core 5.4, Vol 3, Part A, 4.20). A central that agrees has its controller set them; Bumble alone
agrees to everything, also to what no controller takes.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from bumble import hci, l2cap

from varde_simulator.air.pair import are_legal

if TYPE_CHECKING:
    from varde_simulator.air.station import Station

ACCEPTED = l2cap.L2CAP_CONNECTION_PARAMETERS_ACCEPTED_RESULT
REJECTED = l2cap.L2CAP_CONNECTION_PARAMETERS_REJECTED_RESULT


class ParameterRequests:
    """Both ends of it, for one station. `accepts` is for a central that would rather not."""

    def __init__(self, station: "Station") -> None:
        self.accepts = True
        self.last_answer: int | None = None  # what a central said to our last request
        self._station = station
        self._tasks: set[asyncio.Task[int]] = set()
        self._channels: Any = station.device.l2cap_channel_manager
        self._channels.on_l2cap_connection_parameter_update_request = self._on_request
        self._channels.on_l2cap_connection_parameter_update_response = self._on_response

    def ask(
        self, handle: int, interval_min: int, interval_max: int, latency: int, timeout: int
    ) -> None:
        """In the specification's units: 1.25 ms, 1.25 ms, events, 10 ms. Nothing happens if the
        connection has gone."""
        connection = self._station.device.connections.get(handle)
        if connection is not None:
            request = l2cap.L2CAP_Connection_Parameter_Update_Request(
                identifier=self._channels.next_identifier(connection),
                interval_min=interval_min,
                interval_max=interval_max,
                latency=latency,
                timeout=timeout,
            )
            self._send(connection, request)

    def _on_request(self, connection: Any, _cid: int, request: Any) -> None:
        terms = (request.interval_min, request.interval_max, request.latency, request.timeout)
        agrees = self.accepts and connection.role == hci.Role.CENTRAL and are_legal(*terms)
        response = l2cap.L2CAP_Connection_Parameter_Update_Response(
            identifier=request.identifier, result=ACCEPTED if agrees else REJECTED
        )
        self._send(connection, response)
        if agrees:
            task = asyncio.ensure_future(
                self._station.command(
                    hci.HCI_LE_Connection_Update_Command(
                        connection_handle=connection.handle,
                        connection_interval_min=request.interval_min,
                        connection_interval_max=request.interval_max,
                        max_latency=request.latency,
                        supervision_timeout=request.timeout,
                        min_ce_length=0,
                        max_ce_length=0,
                    )
                )
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _on_response(self, _connection: Any, _cid: int, response: Any) -> None:
        self.last_answer = int(response.result)

    def _send(self, connection: Any, frame: l2cap.L2CAP_Control_Frame) -> None:
        self._channels.send_control_frame(connection, l2cap.L2CAP_LE_SIGNALING_CID, frame)
