"""The air: one link that all virtual radios of a place share.

Bumble's `LocalLink` delivers at once, to everybody, with the sender's random address, and knows no
distance. Programs on real radios rely on more than that, so here

- advertising reaches only radios that listen (scan or initiate); nobody listens, no timer runs;
- a connection is made in one place and only while the advertiser still advertises, so of two
  centrals that race one wins;
- data travels in connection events: first in, first out, together, after `latency_us`, or at the
  negotiated interval (`pair.py`). With no delay the consequence of a call would overtake the
  call's own return;
- a radio that is out of range or dead is noticed by the supervision timeout, not by magic.

All timers are the running loop's, so they are virtual when the loop is.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bumble import core, hci, link, ll

from varde_simulator.air.pair import Direction, Pair, Terms

if TYPE_CHECKING:
    from varde_simulator.air.controller import Advertiser, VirtualController

# An event every 7.5 to 50 ms is usual. 2 ms keeps the order of things and costs little real time;
# scenarios that care set more.
DEFAULT_LATENCY_US = 2_000
DEFAULT_RSSI_DBM = -50  # a sensor in the same room

Signal = Callable[["VirtualController", "VirtualController"], int | None]
Loss = Callable[["VirtualController", "VirtualController"], bool]


class Air(link.LocalLink):  # type: ignore[misc]
    """Where radios meet. `signal_dbm(sender, receiver)` gives the strength, None = out of range
    (call `range_changed` after it changed); `loses(sender, receiver)` drops one advertisement,
    `loses_data(sender, receiver)` spoils one connection event; `misses_connect(central,
    peripheral)` keeps a connect request from the advertiser. `faults` and `propagation` set these.
    """

    def __init__(
        self, seed: int = 0, latency_us: int = DEFAULT_LATENCY_US, follows_intervals: bool = False
    ) -> None:
        super().__init__()
        self.controllers: dict[VirtualController, None] = {}  # in order of arrival, unlike a set
        self.random = random.Random(seed)  # noqa: S311  replayable, not secret
        self.latency_us = latency_us
        self.follows_intervals = follows_intervals  # then latency_us says nothing
        self.signal_dbm: Signal = lambda _sender, _receiver: DEFAULT_RSSI_DBM
        self.loses: Loss = lambda _sender, _receiver: False
        self.loses_data: Loss | None = None
        self.misses_connect: Loss = lambda _central, _peripheral: False
        self.pdus_in_flight = 0
        self.connections_made = 0
        self._by_address: dict[hci.Address, VirtualController] = {}
        self._listeners: dict[VirtualController, None] = {}
        self._advertisers: dict[Advertiser, None] = {}
        self._directions: dict[tuple[VirtualController, hci.Address], Direction] = {}

    # Radios come and go

    def add_controller(self, controller: "VirtualController") -> None:
        self.controllers[controller] = None
        self._by_address[controller.public_address] = controller

    def remove_controller(self, controller: "VirtualController") -> None:
        """The radio lost its power: its peers find out by their supervision timeouts."""
        self.controllers.pop(controller, None)
        self._listeners.pop(controller, None)
        for address, known in list(self._by_address.items()):
            if known is controller:
                del self._by_address[address]
        for (sender, _), direction in list(self._directions.items()):
            if sender is controller:
                direction.pair.check()

    def on_address_changed(self, controller: "VirtualController") -> None:
        in_use = {connection.self_address for connection in controller.le_connections.values()}
        for address in [a for a in controller.random_addresses if a not in in_use]:
            controller.random_addresses.remove(address)
            if self._by_address.get(address) is controller:
                del self._by_address[address]
        controller.random_addresses.append(controller.random_address)
        self._by_address[controller.random_address] = controller

    def find_le_controller(self, address: hci.Address) -> "VirtualController | None":
        return self._by_address.get(address)

    def range_changed(self) -> None:
        """Looks at every connection: who has gone out of earshot, who has come back."""
        for direction in list(self._directions.values()):
            direction.pair.check()

    # Advertising

    def listening_changed(self, controller: "VirtualController") -> None:
        if controller.is_listening and controller in self.controllers:
            self._listeners[controller] = None
            for advertiser in self._advertisers:
                advertiser.wake()
        else:
            self._listeners.pop(controller, None)

    @property
    def anybody_listens(self) -> bool:
        return bool(self._listeners)

    def advertising_changed(self, advertiser: "Advertiser") -> None:
        if advertiser.enabled:
            self._advertisers[advertiser] = None
        else:
            self._advertisers.pop(advertiser, None)

    def advertise(self, advertiser: "Advertiser") -> None:
        """One advertising event: everybody who listens and hears gets it."""
        sender, address = advertiser.controller, advertiser.address
        for receiver in [each for each in self._listeners if each.listens_to(address)]:
            rssi_dbm = self.heard_dbm(sender, receiver)
            if rssi_dbm is not None and not self.loses(sender, receiver):
                receiver.on_advertisement(advertiser, rssi_dbm)

    def send_advertising_pdu(self, sender_controller: Any, packet: Any) -> None:
        raise NotImplementedError("advertising goes by Air.advertise")

    def heard_dbm(self, sender: "VirtualController", receiver: "VirtualController") -> int | None:
        """How strong; None if one is dead or out of range."""
        alive = sender in self.controllers and receiver in self.controllers
        return self.signal_dbm(sender, receiver) if alive and sender is not receiver else None

    # Connections

    def connect(
        self,
        central: "VirtualController",
        advertiser: "Advertiser",
        request: hci.HCI_LE_Create_Connection_Command,
    ) -> bool:
        """The central answers an advertisement; False if somebody else was faster."""
        if not advertiser.enabled or self.heard_dbm(central, advertiser.controller) is None:
            return False
        peripheral, peripheral_address = advertiser.controller, advertiser.address
        central_address = central.own_address(request.own_address_type)
        if central_address in peripheral.le_connections:
            return False  # it still believes in an earlier connection from there
        terms = Terms(
            request.connection_interval_min, request.max_latency, request.supervision_timeout
        )
        pair = Pair(self, central, peripheral, terms)
        self._directions[central, peripheral_address] = pair.to_peripheral
        pair.to_central.sender_address = peripheral_address
        pair.to_peripheral.sender_address = central_address
        if self.misses_connect(central, peripheral):
            direction = pair.to_central
            direction.connection = central.open_connection(
                hci.Role.CENTRAL, central_address, peripheral_address
            )
            central.report_connection(direction.connection, *terms)
            pair.fail_to_establish()
            return True
        advertiser.stop()
        self._directions[peripheral, central_address] = pair.to_central
        self.connections_made += 1
        for direction, role in (
            (pair.to_peripheral, hci.Role.PERIPHERAL),
            (pair.to_central, hci.Role.CENTRAL),
        ):
            end = direction.receiver
            self_address, peer_address = direction.reverse.sender_address, direction.sender_address
            direction.connection = end.open_connection(role, self_address, peer_address)
            direction.open()
        return True

    def hold(self, controller: "VirtualController", handle: int) -> Callable[[], None]:
        """Keeps from `controller` what its new connection brings, until the returned function is
        called: a host that is busy with the connection itself looks at nothing else."""
        connection: Any = controller.find_le_connection_by_handle(handle)
        direction = connection and self._directions.get((controller, connection.peer_address))
        return direction.reverse.hold() if direction else lambda: None

    def disconnect(self, controller: "VirtualController", connection: Any, reason: int) -> None:
        """Tells the peer, and the own host after the same time."""
        there = self._directions[controller, connection.peer_address]
        back = there.reverse
        there.send(
            there.receiver.on_ll_control_pdu, connection.self_address, ll.TerminateInd(reason)
        )
        back.release()
        ended = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
        back.send(controller.on_le_disconnected, connection, ended)

    def update(self, controller: "VirtualController", connection: Any, terms: Terms) -> None:
        """New terms, set by the central's controller."""
        self._directions[controller, connection.peer_address].pair.update(terms)

    def pairs_of(self, controller: "VirtualController") -> list[Pair]:
        """Its connections."""
        return [d.pair for (sender, _), d in self._directions.items() if sender is controller]

    def connection_ended(self, controller: "VirtualController", peer_address: hci.Address) -> None:
        direction = self._directions.pop((controller, peer_address), None)
        if direction is not None:
            direction.pair.end()

    def send_acl_data(
        self,
        sender_controller: "VirtualController",
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        direction = self._directions.get((sender_controller, destination_address))
        if direction is not None:  # else the connection ended while this was on its way
            receiver = direction.receiver
            direction.send(receiver.on_link_acl_data, direction.sender_address, transport, data)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: Any
    ) -> None:
        sender = self._by_address.get(sender_address)
        direction = self._directions.get((sender, receiver_address)) if sender else None
        if direction is not None:
            direction.send(direction.receiver.on_ll_control_pdu, sender_address, packet)
