"""One pairing: Bumble's Security Manager session with what NimBLE and real sensors do.

Bumble 0.0.236 finishes a pairing in a task that a disconnect cancels, waits for ever, takes any
PDU at any time, and cannot use passkey 000000. Here a pairing ends inside the PDU callback of its
last PDU (so what the peer sends next finds it ended), or 30 s after the last one; a PDU that has
no business there changes nothing.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from bumble import crypto, smp
from bumble.smp import CommandCode, ErrorCode, PairingMethod

from varde_simulator.air.bonds import KEY_BYTES, Bond, Key, identity

if TYPE_CHECKING:
    from varde_simulator.air.security import Security

# Core 5.4, Vol 3, Part H, 3.4: a pairing that stands still this long has failed.
PAIRING_TIMEOUT_S = 30.0
MIN_KEY_BYTES = 7  # Core 5.4, Vol 3, Part H, 2.3.4
_PASSKEY_BITS = 20
# Of the status of a pairing, in NimBLE's numbers: why we ended it, why the peer did.
STATUS_TIMEOUT = 13
STATUS_OWN_REASON = 0x400
STATUS_PEER_REASON = 0x500

_KEYS = frozenset(
    (
        CommandCode.ENCRYPTION_INFORMATION,
        CommandCode.MASTER_IDENTIFICATION,
        CommandCode.IDENTITY_INFORMATION,
        CommandCode.IDENTITY_ADDRESS_INFORMATION,
        CommandCode.SIGNING_INFORMATION,
    )
)
_HANDLERS = {
    CommandCode.PAIRING_REQUEST: "on_smp_pairing_request_command",
    CommandCode.PAIRING_RESPONSE: "on_smp_pairing_response_command",
    CommandCode.PAIRING_CONFIRM: "on_smp_pairing_confirm_command",
    CommandCode.PAIRING_RANDOM: "on_smp_pairing_random_command",
    CommandCode.PAIRING_PUBLIC_KEY: "on_smp_pairing_public_key_command",
    CommandCode.PAIRING_DHKEY_CHECK: "on_smp_pairing_dhkey_check_command",
    CommandCode.ENCRYPTION_INFORMATION: "on_smp_encryption_information_command",
    CommandCode.MASTER_IDENTIFICATION: "on_smp_master_identification_command",
    CommandCode.IDENTITY_INFORMATION: "on_smp_identity_information_command",
    CommandCode.IDENTITY_ADDRESS_INFORMATION: "on_smp_identity_address_information_command",
    CommandCode.SIGNING_INFORMATION: "on_smp_signing_information_command",
}


class PairingSession(smp.Session):  # type: ignore[misc]
    """A new one for each attempt; `completed` once it has ended, well or not."""

    manager: "Security"
    completed: bool
    ltk: bytes
    stk: Any  # bytes once it is made

    def __init__(
        self, security: "Security", connection: Any, config: Any, is_initiator: bool
    ) -> None:
        super().__init__(security, connection, config, is_initiator)
        self.pairing_result = None  # nobody awaits it: the end is told to `security`
        self.key_size = self.maximum_encryption_key_size
        self._awaited = {
            CommandCode.PAIRING_RESPONSE if is_initiator else CommandCode.PAIRING_REQUEST
        }
        # Both sides have proved what they had to: the link may be encrypted with the new key.
        self._may_encrypt = False
        self._timer: asyncio.TimerHandle | None = None
        self._restart_timer()

    @property
    def is_authenticated(self) -> bool:
        return bool(self.pairing_method != PairingMethod.JUST_WORKS)

    # PDUs

    def send_command(self, command: Any) -> None:
        if not self.completed:  # an answer of the user may come when all is over
            super().send_command(command)
            self._restart_timer()

    def on_smp_command(self, command: Any) -> None:
        if self.completed or command.code == CommandCode.PAIRING_KEYPRESS_NOTIFICATION:
            return
        if command.code == CommandCode.PAIRING_FAILED:
            self.end_badly(STATUS_PEER_REASON + int(command.reason))
            return
        if command.code not in self._awaited:
            return  # as NimBLE does (ble_sm_process_result): who waits in vain ends by timeout
        self._restart_timer()
        refusal = self._refusal(command)
        if refusal is not None:
            self.send_pairing_failed(refusal)
            return
        self._awaited = set()
        try:
            getattr(self, _HANDLERS[command.code])(command)
        except (ValueError, AssertionError, AttributeError, KeyError):
            self.send_pairing_failed(ErrorCode.UNSPECIFIED_REASON)
        else:
            if command.code != CommandCode.PAIRING_REQUEST:  # nothing before our response
                self._awaited = self._after(command.code)

    def _refusal(self, command: Any) -> ErrorCode | None:
        """What is wrong with the contents of `command`, as far as Bumble does not look."""
        if command.code in {CommandCode.PAIRING_REQUEST, CommandCode.PAIRING_RESPONSE}:
            self.key_size = min(self.key_size, command.maximum_encryption_key_size)
            if self.key_size < MIN_KEY_BYTES:
                return ErrorCode.ENCRYPTION_KEY_SIZE
            if not 0 <= int(command.io_capability) <= smp.IoCapability.KEYBOARD_DISPLAY:
                return ErrorCode.INVALID_PARAMETERS
            if command.oob_data_flag:
                return ErrorCode.OOB_NOT_AVAILABLE  # Bumble would believe it, and call it MITM
        if command.code == CommandCode.PAIRING_PUBLIC_KEY and (
            command.public_key_x == self.ecc_key.x[::-1]
        ):
            return ErrorCode.DHKEY_CHECK_FAILED  # our own, sent back (Core, Part H, 2.3.5.6.1)
        return None

    def _after(self, code: int) -> set[Any]:
        """What may come next."""
        if code == CommandCode.PAIRING_RESPONSE:
            first = CommandCode.PAIRING_PUBLIC_KEY if self.sc else CommandCode.PAIRING_CONFIRM
            return {first}
        if code == CommandCode.PAIRING_PUBLIC_KEY:
            confirms = self.is_initiator or self.pairing_method == PairingMethod.PASSKEY
            return {CommandCode.PAIRING_CONFIRM if confirms else CommandCode.PAIRING_RANDOM}
        if code == CommandCode.PAIRING_CONFIRM:
            return {CommandCode.PAIRING_RANDOM}
        if code == CommandCode.PAIRING_RANDOM and self.sc:
            by_passkey = self.pairing_method == PairingMethod.PASSKEY
            if by_passkey and self.passkey_step < _PASSKEY_BITS:
                return {CommandCode.PAIRING_CONFIRM}
            return {CommandCode.PAIRING_DHKEY_CHECK}
        return set(_KEYS)

    def send_pairing_response_command(self) -> None:
        super().send_pairing_response_command()
        self._awaited = self._after(CommandCode.PAIRING_RESPONSE)
        by_passkey = self.pairing_method == PairingMethod.PASSKEY
        if by_passkey and not self.sc and not self.passkey_display:
            self.display_or_input_passkey()  # at once, as NimBLE; Bumble waits for a confirm value

    def on_smp_pairing_confirm_command_legacy(self, _command: Any) -> None:
        if self.is_initiator:
            self.send_pairing_random_command()
        else:
            self.send_pairing_confirm_command()

    # What a person is asked: inside the PDU callback, so that the question comes before whatever
    # the peer sends next

    def prompt_user_for_numeric_comparison(self, code: int, next_steps: Any) -> None:
        answer = self.pairing_config.delegate.compare_numbers(code, digits=6)
        self._ask(answer, lambda _yes: next_steps(), ErrorCode.NUMERIC_COMPARISON_FAILED)

    async def display_passkey(self) -> None:
        self.display_or_input_passkey()

    def display_or_input_passkey(self, next_steps: Any = None) -> None:
        delegate = self.pairing_config.delegate
        answer = delegate.generate_passkey() if self.passkey_display else delegate.get_number()

        def use(passkey: int) -> None:
            self.passkey = passkey
            if not self.sc:
                self.tk = passkey.to_bytes(16, "little")
            self.passkey_ready.set()
            if next_steps is not None:
                next_steps()

        self._ask(answer, use, ErrorCode.PASSKEY_ENTRY_FAILED)

    def _ask(self, answer: Any, then: Any, refusal: ErrorCode) -> None:
        async def wait() -> None:
            given = await answer
            if self.completed:
                return
            if given is None or given is False:
                self.send_pairing_failed(refusal)
            else:
                then(given)

        self.connection.cancel_on_disconnection(wait())

    def send_pairing_confirm_command(self) -> None:
        """Bumble's own waits for no passkey, or does not take 0 for one."""
        if self.pairing_method != PairingMethod.PASSKEY:
            super().send_pairing_confirm_command()
        elif self.passkey_ready.is_set():
            self._confirm_passkey()
        else:
            self.connection.cancel_on_disconnection(self._confirm_passkey_later())

    async def _confirm_passkey_later(self) -> None:
        await self.passkey_ready.wait()
        self._confirm_passkey()

    def _confirm_passkey(self) -> None:
        if not self.sc:
            super().send_pairing_confirm_command()
            return
        assert self.passkey is not None
        self.r = crypto.r()
        bit = bytes([0x80 + (self.passkey >> self.passkey_step & 1)])
        keys = (self.pka, self.pkb) if self.is_initiator else (self.pkb, self.pka)
        confirm = crypto.f4(*keys, self.r, bit)
        self.send_command(smp.SMP_Pairing_Confirm_Command(confirm_value=confirm))

    # Encryption with the new key

    def start_encryption(self, _key: bytes) -> None:
        self._allow_encryption()
        key = self.ltk if self.sc else self.stk
        self.manager.encrypt(self.connection, Key(self.connection.peer_address, key))

    def send_pairing_dhkey_check_command(self) -> None:
        if self.is_responder:
            self._allow_encryption()
        super().send_pairing_dhkey_check_command()

    def on_smp_pairing_random_command_legacy(self, command: Any) -> None:
        super().on_smp_pairing_random_command_legacy(command)
        if self.is_responder and self.stk is not None:
            self._allow_encryption()

    def _allow_encryption(self) -> None:
        self._may_encrypt = True
        if self.sc:
            self.ltk = self._shortened(self.ltk)
        else:
            self.stk = self._shortened(self.stk)

    def _shortened(self, key: bytes) -> bytes:
        """To the negotiated size (Core 5.4, Vol 3, Part H, 2.3.4)."""
        return key[: self.key_size] + bytes(KEY_BYTES - self.key_size)

    def long_term_key(self, rand: bytes, ediv: int) -> bytes | None:
        """For the encryption that this pairing makes; None before it has come that far."""
        if not self._may_encrypt or rand != bytes(8) or ediv:
            return None
        key: bytes = self.ltk if self.sc else self.stk
        return key

    def on_connection_encryption_change(self) -> None:
        if self.completed or self._may_encrypt:
            super().on_connection_encryption_change()
        else:
            self.send_pairing_failed(ErrorCode.UNSPECIFIED_REASON)  # by a key that is not ours

    def distribute_keys(self) -> None:
        if not self.sc:
            # Bumble's are zero, and with zeros a central asks for the short term key.
            self.ltk = self._shortened(self.ltk)
            self.ltk_ediv = int.from_bytes(crypto.r()[:2], "little")
            self.ltk_rand = crypto.r()[:8]
        super().distribute_keys()

    # The end

    def on_pairing(self) -> Any:
        """All keys are here. Bumble would go on in a task; an awaitable is all it gets."""
        if not self.completed:
            self.completed = True
            self._stop_timer()
            self.manager.on_paired(self, self._bond() if self.bonding else None)
        return asyncio.sleep(0)

    def on_pairing_failure(self, reason: ErrorCode) -> None:
        self.end_badly(STATUS_OWN_REASON + int(reason))

    def end_badly(self, status: int) -> None:
        if not self.completed:
            self.completed = True
            self._stop_timer()
            self.manager.on_pairing_ended_badly(self, status)

    def on_disconnection(self, reason: int) -> None:
        self._stop_timer()
        self.completed = True
        super().on_disconnection(reason)

    def _bond(self) -> Bond:
        address = identity(self.peer_bd_addr or self.connection.peer_address)
        terms = {
            "size": self.key_size,
            "authenticated": self.is_authenticated,
            "secure_connections": self.sc,
        }
        irk = self.peer_identity_resolving_key
        if self.sc:
            own = peer = Key(address, self.ltk, **terms)
        else:
            distributes = (self.initiator_key_distribution, self.responder_key_distribution)
            ours = distributes[self.is_responder] & smp.KeyDistribution.ENC_KEY
            own = Key(address, self.ltk if ours else None, self.ltk_ediv, self.ltk_rand, **terms)
            peer = Key(
                address, self.peer_ltk, self.peer_ediv or 0, self.peer_rand or bytes(8), **terms
            )
        return Bond(own, Key(**{**vars(peer), "irk": irk}), self.connection.peer_address)

    def _restart_timer(self) -> None:
        self._stop_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PAIRING_TIMEOUT_S, self.end_badly, STATUS_TIMEOUT)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
