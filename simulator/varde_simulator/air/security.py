"""Security of one station: pairing, bonds, encryption, and what an attribute demands of them.

`Security` is Bumble's security manager put right (`docs/radio.md` has the list). The station's
owner sets `rules` (None: no pairing here), hears of every end of a pairing or encryption by
`on_secured`, and may hold its bonds elsewhere by replacing `bonds`.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bumble import hci, pairing, smp

from varde_simulator.air.bonds import OWN, PEER, Bond, Bonds, Key
from varde_simulator.air.pairing_session import (
    PAIRING_TIMEOUT_S,
    STATUS_PEER_REASON,
    STATUS_TIMEOUT,
    PairingSession,
)

__all__ = ["Bond", "Bonds", "Key", "PairingRules", "Security", "SecurityChange"]

# NimBLE's numbers for how an encryption ended; `pairing_session` has those of pairings.
STATUS_NOT_CONNECTED = 7
LOST_BOND_PAUSE_S = 0.05  # the refusal arrives before the goodbye
STATUS_HCI = 0x200

DISPLAY, DISPLAY_YES_NO, KEYBOARD, NO_INPUT_NO_OUTPUT, KEYBOARD_DISPLAY = range(5)
MAX_PASSKEY = 999_999


@dataclass
class PairingRules:
    """What one station wants of pairing. `io` has MicroPython's and HCI's numbers."""

    bond: bool = True
    mitm: bool = False
    secure_connections: bool = True
    io: int = NO_INPUT_NO_OUTPUT
    # What a display shows, or the person at a keyboard types. None: a new random one each time;
    # at a keyboard: nobody types, the pairing is refused.
    passkey: int | None = None
    accepts: Callable[[], bool] = lambda: True  # asked at each pairing request: in pairing mode?
    compares: Callable[[int], bool] = lambda _number: True  # same number on both displays?
    shows: Callable[[int], None] = lambda _passkey: None  # a display's passkey, as it appears
    # A peripheral that has lost the key a central wants: hangs up with this HCI reason after the
    # refusal (0x05 authentication failure, 0x06 key missing), or None: stays connected.
    lost_bond_reason: int | None = None


@dataclass(frozen=True)
class SecurityChange:
    """How a pairing or an encryption ended. `status` 0: well; 0x200 + HCI error (0x206: the peer
    has no key); 0x400 + SMP reason we gave, 0x500 + SMP reason the peer gave; 7: the connection
    ended; 13: timeout."""

    encrypted: bool
    authenticated: bool
    bonded: bool
    key_size: int
    status: int = 0


OPEN = SecurityChange(False, False, False, 0)


class Security(smp.Manager):  # type: ignore[misc]
    """Of all connections of one station."""

    def __init__(self, device: Any, random: Any) -> None:
        super().__init__(device, self._config)
        self.rules: PairingRules | None = None
        self.bonds: Any = Bonds()
        self.on_secured: Callable[[Any, SecurityChange], None] = lambda _connection, _change: None
        self.new_delegate: Callable[[Any], pairing.PairingDelegate] = self._virtual_person
        self.malformed_pdus = 0
        self.identity_is_public: Callable[[], bool] = lambda: True
        self.session_proxy = PairingSession
        self._random = random
        self._levels: dict[int, SecurityChange] = {}
        # A new NimBLE pairs at once where the peer has lost its key; MicroPython 1.25's does not.
        self.pairs_where_key_is_missing = False
        self._restoring: dict[int, Key] = {}  # encryption by a stored key is under way
        self._starting: set[int] = set()  # connections whose key is being looked up
        self._requests: dict[int, asyncio.TimerHandle] = {}  # of ours, still without an answer
        self._tasks: set[asyncio.Task[Any]] = set()

    def touch_key(self) -> None:
        """The first key takes long (crypto code is loaded): not in the middle of a pairing."""
        assert self.ecc_key.x

    # State

    def level(self, handle: int) -> SecurityChange:
        return self._levels.get(handle, OPEN)

    # Starting

    def is_busy(self, handle: int) -> bool:
        """A pairing or an encryption is under way, or asked for."""
        return (
            self.is_pairing(handle)
            or handle in self._restoring
            or handle in self._starting
            or handle in self._requests
        )

    def request(self, handle: int) -> None:
        """A peripheral asks its central for security."""
        connection = self._connection(handle)
        self._end_request(handle)
        loop = asyncio.get_running_loop()
        self._requests[handle] = loop.call_later(
            PAIRING_TIMEOUT_S, self._on_request_ended, connection, STATUS_TIMEOUT
        )
        self.request_pairing(connection)

    def pair(self, handle: int) -> None:
        """A central encrypts with the stored key, or pairs if there is none."""
        if not self.is_busy(handle):
            self._starting.add(handle)
            self._start(self._secure(self._connection(handle), smp.AuthReq.BONDING))

    async def _secure(self, connection: Any, wanted: smp.AuthReq) -> None:
        """As NimBLE (ble_sm_sec_req_rx): a stored key, if it is good enough for the wish."""
        handle = connection.handle
        key: Key | None = None
        if wanted & smp.AuthReq.BONDING:
            key = await self.bonds.find(connection.peer_address, PEER)
        self._starting.discard(handle)
        if self.device.connections.get(handle) is not connection or self.is_busy(handle):
            return
        too_weak = key is not None and wanted & smp.AuthReq.MITM and not key.authenticated
        if key is None or key.ltk is None or too_weak:
            self._pair(connection)
            return
        self._restoring[handle] = key
        self.encrypt(connection, key)

    def encrypt(self, connection: Any, key: Key) -> None:
        """The central's side of it; `key` needs no more than its LTK and how to find it."""
        command = hci.HCI_LE_Enable_Encryption_Command(
            connection_handle=connection.handle,
            random_number=key.rand,
            encrypted_diversifier=key.ediv,
            long_term_key=key.ltk,
        )
        self._start(self._command(command))

    def _pair(self, connection: Any) -> None:
        session = self.session_proxy(self, connection, self._config(connection), True)
        self.sessions[connection.handle] = session
        session.send_pairing_request_command()

    def is_pairing(self, handle: int) -> bool:
        session = self.sessions.get(handle)
        return session is not None and not session.completed

    # PDUs

    def on_pdu(self, handle: int, pdu: bytes) -> None:
        connection = self.device.connections.get(handle)
        if connection is None:
            return
        try:
            command = smp.SMP_Command.from_bytes(pdu)
            code = smp.CommandCode(command.code)
        except Exception:  # noqa: BLE001  Bumble's parser raises what the bytes make it
            self.malformed_pdus += 1
            return
        if code == smp.CommandCode.SECURITY_REQUEST:
            if connection.role == hci.Role.CENTRAL:
                self._on_security_request(connection, command.auth_req)
        elif code == smp.CommandCode.PAIRING_REQUEST:
            self._on_pairing_request(connection, command)
        elif self.is_pairing(handle):
            self.sessions[handle].on_smp_command(command)
        elif code == smp.CommandCode.PAIRING_FAILED and handle in self._requests:
            self._on_request_ended(connection, STATUS_PEER_REASON + int(command.reason))

    def _on_security_request(self, connection: Any, wanted: smp.AuthReq) -> None:
        if self.rules is None:
            self._refuse(connection, smp.ErrorCode.PAIRING_NOT_SUPPORTED)
        elif not self.is_busy(connection.handle):
            self._starting.add(connection.handle)
            self._start(self._secure(connection, wanted))

    def _on_pairing_request(self, connection: Any, command: Any) -> None:
        handle = connection.handle
        self._end_request(handle)
        if self.is_pairing(handle):
            self.malformed_pdus += 1  # NimBLE ignores it
        elif connection.role == hci.Role.CENTRAL:
            self._refuse(connection, smp.ErrorCode.COMMAND_NOT_SUPPORTED)
        elif self.rules is None:
            self._refuse(connection, smp.ErrorCode.PAIRING_NOT_SUPPORTED)
        else:
            session = self.session_proxy(self, connection, self._config(connection), False)
            self.sessions[handle] = session
            session.on_smp_command(command)

    def _refuse(self, connection: Any, reason: smp.ErrorCode) -> None:
        self.send_command(connection, smp.SMP_Pairing_Failed_Command(reason=reason))

    def _on_request_ended(self, connection: Any, status: int) -> None:
        self._end_request(connection.handle)
        self._report_failure(connection, status)

    def _end_request(self, handle: int) -> None:
        timer = self._requests.pop(handle, None)
        if timer is not None:
            timer.cancel()

    # Encryption

    async def long_term_key(self, handle: int, rand: bytes, ediv: int) -> bytes | None:
        """The controller of a peripheral asks for the key that a central encrypts with."""
        connection = self.device.connections.get(handle)
        if connection is None:
            return None
        self._end_request(handle)
        if self.is_pairing(handle):
            ltk = self.sessions[handle].long_term_key(rand, ediv)
            return ltk if isinstance(ltk, bytes) else None
        key: Key | None = await self.bonds.find(connection.peer_address, OWN)
        if key is not None and key.ltk is not None and (key.rand, key.ediv) == (rand, ediv):
            self._restoring[handle] = key
            return key.ltk
        reason = self.rules.lost_bond_reason if self.rules is not None else None
        if reason is not None:
            hang_up = hci.HCI_Disconnect_Command(connection_handle=handle, reason=reason)
            self._start(self._command(hang_up, LOST_BOND_PAUSE_S))
        return None

    async def _command(self, command: Any, pause_s: float = 0) -> None:
        if pause_s:
            await asyncio.sleep(pause_s)
        with contextlib.suppress(hci.HCI_Error):  # the peer may have hung up meanwhile
            await self.device.host.send_async_command(command)

    def on_encryption_change(self, handle: int, encryption: int, _key_size: int) -> None:
        connection = self.device.connections.get(handle)
        if connection is None:
            return
        key = self._restoring.pop(handle, None)
        session = self.sessions.get(handle)
        if key is not None:
            change = SecurityChange(True, key.authenticated, True, key.size)
        elif session is not None:
            change = SecurityChange(True, session.is_authenticated, False, session.key_size)
        else:
            return
        self._set_level(connection, change)
        connection.encryption = encryption
        connection.emit(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE)  # a pairing goes on
        if key is not None:
            self.on_secured(connection, change)

    def on_encryption_failure(self, handle: int, error: int) -> None:
        connection = self.device.connections.get(handle)
        if connection is None:
            return
        was_restoring = self._restoring.pop(handle, None) is not None
        connection.emit(connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, error)
        is_lost = error == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
        if was_restoring and is_lost and self.pairs_where_key_is_missing:
            self._pair(connection)
        elif was_restoring:
            self._report_failure(connection, STATUS_HCI + error)
        elif self.is_pairing(handle):
            self.sessions[handle].end_badly(STATUS_HCI + error)

    def on_disconnection(self, connection: Any) -> None:
        """Before the connection's own end is told."""
        handle = connection.handle
        was_busy = self.is_busy(handle)
        self._restoring.pop(handle, None)
        self._starting.discard(handle)
        self._end_request(handle)
        self._levels.pop(handle, None)
        if was_busy:
            session = self.sessions.get(handle)
            if session is not None:
                session.completed = True
            self.on_secured(
                connection, SecurityChange(False, False, False, 0, STATUS_NOT_CONNECTED)
            )

    # Ends of pairings, told by the session

    def on_session_start(self, _session: Any) -> None:
        pass

    def on_paired(self, session: PairingSession, bond: Bond | None) -> None:
        connection = session.connection
        if bond is not None:
            self.bonds.store(bond)
            if bond.address != connection.peer_address:
                connection.peer_resolvable_address = connection.peer_address
                connection.peer_address = bond.address
        change = SecurityChange(True, session.is_authenticated, bond is not None, session.key_size)
        self._set_level(connection, change)
        connection.sc = session.sc
        self.on_secured(connection, change)

    def on_pairing_ended_badly(self, session: PairingSession, status: int) -> None:
        self._report_failure(session.connection, status)

    def _report_failure(self, connection: Any, status: int) -> None:
        level = self.level(connection.handle)
        self.on_secured(
            connection,
            SecurityChange(
                level.encrypted, level.authenticated, level.bonded, level.key_size, status
            ),
        )

    def _set_level(self, connection: Any, change: SecurityChange) -> None:
        self._levels[connection.handle] = change
        connection.authenticated = change.authenticated
        connection.encryption_key_size = change.key_size

    # What Bumble asks

    def _config(self, connection: Any) -> pairing.PairingConfig:
        rules = self.rules or PairingRules()
        kinds = pairing.PairingConfig.AddressType
        return pairing.PairingConfig(
            sc=rules.secure_connections,
            mitm=rules.mitm,
            bonding=rules.bond,
            delegate=self.new_delegate(connection),
            identity_address_type=kinds.PUBLIC if self.identity_is_public() else kinds.RANDOM,
        )

    def _virtual_person(self, _connection: Any) -> pairing.PairingDelegate:
        return VirtualPerson(self.rules or PairingRules(), self._random)

    def _connection(self, handle: int) -> Any:
        return self.device.connections[handle]

    def stop(self) -> None:
        """Off: nobody answers what is still under way."""
        for task in tuple(self._tasks):
            task.cancel()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class VirtualPerson(pairing.PairingDelegate):  # type: ignore[misc]
    """Holds a sensor and does what its `PairingRules` say."""

    def __init__(self, rules: PairingRules, random: Any) -> None:
        super().__init__(io_capability=pairing.PairingDelegate.IoCapability(rules.io))
        self._rules = rules
        self._random = random

    async def accept(self) -> bool:
        return self._rules.accepts()

    async def compare_numbers(self, number: int, digits: int) -> bool:  # noqa: ARG002
        return self._rules.compares(number)

    async def get_number(self) -> int | None:
        return self._rules.passkey

    async def generate_passkey(self) -> int:
        passkey = self._rules.passkey
        if passkey is None:
            passkey = self._random.randrange(MAX_PASSKEY + 1)
        self._rules.shows(passkey)
        return passkey
