"""The hub's hardware, as the shell sees it. What each port must offer is written here, once.

A port holds no decisions. It raises OSError for what the world does, WireError for what a peer
sends. The ESP32 and the simulator's interpreter are served by the same code; tests hand in others.

Events of the radio, as the task takes them; the handler only fills slots made beforehand:

    ("sighted", sensor index, signal in dBm, address of 7 bytes)    the matcher took an advert
    ("advert", listener)                               advertised values wait in the ring
    ("scan_done",)                                     the scan is over, for whatever reason
    ("connected", connection, address of 7 bytes)
    ("disconnected", connection)                       0xFFFF: a connection was not made
    ("service", connection, start handle, end handle)
    ("characteristic", connection, end handle, value handle, properties, number or 0)
    ("descriptor", connection, handle, number or 0)
    ("stage_done", connection, status)                 a discovery or a write is over
    ("read", connection, handle, status, value bytes)  the value is b"" if status is not 0
    ("mtu", connection)
    ("secured", connection, encrypted, authenticated, bonded)    as 0 and 1; all 0: it failed
    ("passkey_asked", connection, action, number)      answer with `give_passkey`
    ("value", connection, listener)                    one or more values since it was last told
    ("control", connection, handle, listener, value bytes)    of a control listener; count `taken`
    ("not_kept", connection)                           an indication could not be kept; hung up
    ("flushed", connection)                            from the task, see its `flush`
    ("bond_refused", address of 7 bytes)               no room for this sensor's keys
    ("fault", class name, text)                        the handler itself failed

Numbers of services and characteristics are those of `varde_protocols.assigned`. A status is 0 for
success, 0x100 + the ATT error (Core 5.4, Vol 3, Part F, 3.4.1.1) if refused, or the stack's own.
"""

from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Protocol, Tuple, Union

    from .link_ports import Client, ModemPort, Response, Wifi

    __all__ = ["Client", "ModemPort", "Response", "Wifi"]

    Buffer = Union[bytes, bytearray, memoryview]
    NowMs = Callable[[], int]

    class Listener(Protocol):
        """Whom a value is for.

        A control listener's values go to the session as events and are not kept; `lost` counts
        values that came and could not be kept; `taken` those that the session has heard of.
        """

        number: int
        total: int
        taken: int
        lost: int
        is_told: bool
        is_control: bool

    class Matcher(Protocol):
        """Picks our sensors' advertisements; called in the handler."""

        def match(
            self, address_type: int, address: Buffer, adv_type: int, data: Buffer
        ) -> int: ...  # -1: none of ours to connect to

        def told(self, index: int) -> None: ...

        is_value: bool  # the advertisement holds a value: values.listener, .start, .end
        values: Any

        def took_value(self, data: Buffer) -> None: ...

    class Ring(Protocol):
        """Takes notifications; called in the handler."""

        def put(self, number: int, ticks_ms: int, value: Buffer) -> bool: ...

        def put_part(
            self, number: int, ticks_ms: int, data: Buffer, start: int, end: int
        ) -> bool: ...

    class Inbox(Protocol):
        """Takes events; called in the handler. Neither raises nor allocates."""

        def put(self, name: str, a: Any = None, b: Any = None, c: Any = None, d: Any = None,
                e: Any = None) -> None: ...  # fmt: skip

        def put_bytes(
            self, data: Buffer, name: str, a: Any = None, b: Any = None, c: Any = None
        ) -> None: ...

    class Keeper(Protocol):
        """Makes an indication durable; called in the handler, False if it could not."""

        def keep(self, listener: Any, uptime_ms: int, value: bytes) -> bool: ...

    class Secrets(Protocol):
        """Keys of bonds; called in the handler. `set` with value None removes."""

        def get(self, kind: int, index: int, key: Optional[Buffer]) -> Optional[bytes]: ...

        def set(self, kind: int, key: Buffer, value: Optional[Buffer]) -> bool: ...

    class BondStore(Protocol):
        """Where keys of bonds survive: blobs by number. `load` returns 0 where there is none."""

        def load(self, place: int, buffer: bytearray) -> int: ...

        def save(self, place: int, blob: bytes) -> None: ...

        def erase(self, place: int) -> None: ...

    class Exclusive(Protocol):
        """Runs work on journal and keys, one at a time."""

        def run(self, function: Callable[..., Any], *args: Any) -> Any: ...

        def run_in_handler(self, function: Callable[..., Any], *args: Any) -> Any: ...

    class Radio(Protocol):
        """A Bluetooth LE central. All calls return at once; events tell what came of them."""

        @property
        def dropped(self) -> int:
            """How many values were lost: no room in the ring, or longer than a value may be."""
            ...

        def switch_on(self, inbox: Inbox) -> None: ...

        def switch_off(self) -> None: ...

        def scan(self, duration_ms: int) -> None: ...

        def stop_scan(self) -> None: ...

        def connect(self, address: bytes, timeout_ms: int) -> None: ...

        def cancel_connect(self) -> None: ...

        def disconnect(self, connection: int) -> bool: ...

        def exchange_mtu(self, connection: int) -> None: ...

        def demand(self, bond: int) -> None:
            """What the next pairing shall be: 0 forgotten, 1 bonded, 2 bonded by passkey."""
            ...

        def pair(self, connection: int) -> None:
            """Encrypt: with the bond's key, or by pairing if there is none; ("secured", ...)."""
            ...

        def give_passkey(self, connection: int, action: int, passkey: int) -> None:
            """Answer "passkey_asked": 2 what the sensor shows, 3 what we show, 4 0 or 1."""
            ...

        def read(self, connection: int, handle: int) -> None: ...

        def discover_service(self, connection: int, number: int) -> None:
            """Find this service; raises KeyError (ours) for a number without a UUID."""
            ...

        def discover_characteristics(self, connection: int, start: int, end: int) -> None: ...

        def discover_descriptors(self, connection: int, start: int, end: int) -> None: ...

        def write(
            self, connection: int, handle: int, data: bytes, with_response: bool = True
        ) -> None:
            """With a response "stage_done" tells when it is over, without nothing does."""
            ...

        def listen(self, connection: int, value_handle: int, listener: Listener) -> None: ...

        def forget(self, connection: int) -> None: ...

    class IdentityStore(Protocol):
        """What survives everything but a wipe."""

        def seed(self) -> Optional[bytes]: ...

        def set_seed(self, seed: bytes) -> None: ...

        def count_boot(self) -> int: ...

        def utc_floor_ms(self) -> int: ...

        def set_utc_floor_ms(self, utc_ms: int) -> None: ...

        def data_used(self) -> bytes: ...  # b"" if never set

        def set_data_used(self, blob: bytes) -> None: ...

        def pin_tried(self) -> int: ...

        def set_pin_tried(self, number: int) -> None: ...

        def damage_told(self) -> int: ...

        def set_damage_told(self, count: int) -> None: ...

    class Board(Protocol):
        modem_pins: Optional[Dict[str, int]]  # None: it has no modem

        def reset_cause(self) -> int: ...

        def set_rtc_ms(self, utc_ms: int) -> None: ...

        def rtc_ms(self) -> int: ...

        def start_watchdog(self) -> None: ...

        def feed_watchdog(self) -> None: ...

        def listen(self, on_press: Callable[[Any], None]) -> None: ...  # called in a handler

        def is_pressed(self) -> bool: ...

        def show(self, rgb: Tuple[int, int, int]) -> None: ...

    class Signals(Protocol):
        """Buzzer, and what of reminders survives."""

        def tone(self) -> Callable[[], None]: ...  # begins it, and returns what ends it

        def kept(self) -> bytes: ...  # b"" if never kept

        def keep(self, blob: bytes) -> None: ...

    class Ports(Protocol):
        """All of them, and how to make those that need the config."""

        exclusive: Exclusive
        store: IdentityStore
        bond_store: BondStore
        flash: Any  # as core.journal.Flash
        wifi: Wifi
        random_bytes: Callable[[int], bytes]  # fit for keys

        def spare_heap_bytes(self) -> int: ...  # 0 also if it is in small pieces only

        def facts(self, board_name: str) -> Dict[int, Any]: ...

        def load_documents(self, hub_id: bytes, is_on_trial: bool = False) -> Tuple[Any, Any]: ...

        def for_updates(self, name: str) -> Any: ...  # a module: update_store, slots ...

        def make_console(self) -> Any: ...  # console.Console; None: the hub is not locked

        def make_signals(self, board_name: str) -> Signals: ...

        def make_board(self, name: str) -> Board: ...

        def make_radio(
            self, matcher: Matcher, ring: Ring, keeper: Keeper, secrets: Secrets, now_ms: NowMs
        ) -> Radio: ...

        def make_modem(self, pins: Dict[str, int]) -> ModemPort: ...

        def make_client(self, host: str, port: int, roots: List[bytes]) -> Client: ...

        async def ask_time(self, host: str, port: int, packet: bytes, now_ms: NowMs) -> Any: ...
