"""The hub's configuration, `config.cbor`: written by the toolkit, read by the hub.

    {1: number, 2: [[ssid, password], ...], 3: collector host, 4: collector port,
     5: [root certificate DER, ...], 6: collector Ed25519 public, 7: receiver X25519 public,
     8: heartbeat_s, 9: [[slot, address or null, name prefix or null, service,
     [characteristic, ...], model, bond, passkey or null, user or null], ...],
     10: NTP host, 11: NTP port, 12: board name}

Everything is checked when a value is built, so a HubConfig is one that a hub can run as far as
bytes tell (not: whether hosts exist, roots are certificates of theirs, or anyone has the private
halves of its keys), and both directions refuse the same things. A key that this program does not
know is refused and named: a setting that is silently dropped is worse than none. Shape:
protocols/cddl/hub_config.cddl.
"""

from . import assigned, cbor, exchange
from ._compat import TYPE_CHECKING, const
from .crypto import ed25519, x25519
from .errors import WireError
from .field_checks import least_key, shown
from .value import Value

if TYPE_CHECKING:
    from typing import Any

MAX_CONFIG_BYTES = const(16384)  # four roots, eight networks, all sensors, and room
MAX_NUMBER = (1 << 32) - 1
MAX_NETWORKS = const(8)
MAX_SSID_BYTES = const(32)  # IEEE 802.11 section 9.4.2.2
MIN_PASSWORD_BYTES = const(8)  # WPA2 passphrase; none for an open network
MAX_PASSWORD_BYTES = const(64)  # 63 for a passphrase, 64 for a key in hex (IEEE 802.11 annex J.4)
MAX_HOST_BYTES = const(253)  # RFC 1035 section 2.3.4, as text
MIN_ROOTS = const(2)  # so that one can be replaced while the other holds
MAX_ROOTS = const(4)
MAX_ROOT_BYTES = const(2048)  # a root with an RSA key of 4096 bits takes some 1400
KEY_BYTES = const(32)
MAX_SENSORS = const(24)  # a kit has 3 to 6; a ward round, or a test of them all, has more
MAX_SLOT = const(255)
MAX_CHARACTERISTICS = const(8)
ADDRESS_BYTES = const(7)
MAX_NAME_BYTES = const(29)  # what fits an advertisement (Core specification 3.C.11)
MAX_BOARD_BYTES = const(32)
MAX_MODEL_BYTES = const(24)
BOND_NONE = const(0)
BOND_PLAIN = const(1)  # keys are kept; how they were agreed on does not matter
BOND_AUTHENTICATED = const(2)  # agreed on with a passkey
MAX_PASSKEY = const(999_999)  # six digits (Core specification 3.H.2.3.5.3)
MAX_USER = const(254)  # 255 is "unknown user" (User Data Service 3.2)
MAX_CONSENT = const(9999)  # User Data Service 3.2.2

_HEX = "0123456789abcdefABCDEF"
# Names and both kinds of address. Spelled out: lower() would make ASCII of U+212A on CPython.
_MODEL_CHARACTERS = "-0123456789abcdefghijklmnopqrstuvwxyz"
_HOST_CHARACTERS = "-.:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ConfigError(WireError):
    """A configuration that no hub may run."""


def _require(condition: bool, code: str, where: str, hint: str) -> None:
    if not condition:
        raise ConfigError("config-" + code, where, hint)


def _check_uint(number: "Any", low: int, high: int, name: str) -> None:
    good = type(number) is int and low <= number <= high
    _require(good, "range", name, "give an integer of %d to %d" % (low, high))


def _check_bytes(data: "Any", low: int, high: int, name: str) -> None:
    good = type(data) is bytes and low <= len(data) <= high
    _require(good, "length", name, "give %d to %d bytes" % (low, high))


def _check_text(text: "Any", low: int, high: int, name: str) -> None:
    """Bounds are bytes of UTF-8; control characters have no place in a name or a password."""
    good = type(text) is str and low <= len(text.encode()) <= high
    _require(good, "length", name, "give text of %d to %d bytes" % (low, high))
    _require(all(ord(c) >= 0x20 and ord(c) != 0x7F for c in text), "text", name,
             "leave out control characters")  # fmt: skip


def _check_host(host: "Any", name: str) -> None:
    _check_text(host, 1, MAX_HOST_BYTES, name)
    good = all(c in _HOST_CHARACTERS for c in host)
    _require(good, "text", name, "give a host name or an address")


def _check_list(members: "Any", low: int, high: int, name: str) -> None:
    good = type(members) is list and low <= len(members) <= high
    _require(good, "count", name, "give %d to %d of them" % (low, high))


def _check_distinct(members: "list[Any]", name: str) -> None:
    _require(len(set(members)) == len(members), "duplicate", name, "give each once")


class Network(Value):
    """A WiFi network; an empty password is an open one."""

    FIELDS = ("ssid", "password")
    ssid: str
    password: str

    def _check(self) -> None:
        _check_text(self.ssid, 1, MAX_SSID_BYTES, "ssid")
        if self.password != "":
            _check_text(self.password, MIN_PASSWORD_BYTES, MAX_PASSWORD_BYTES, "password")
            is_key = len(self.password.encode()) == MAX_PASSWORD_BYTES
            _require(not is_key or all(c in _HEX for c in self.password), "text", "password",
                     "give at most 63 bytes, or a key of 64 hex digits")  # fmt: skip


class Sensor(Value):
    """A sensor of the kit: known by its address (type 0 or 1, then 6 bytes), its name or both.

    `model` names the driver of a model with ways of its own; "" is a sensor by the specification
    of its `service`. `bond` is BOND_NONE, BOND_PLAIN or BOND_AUTHENTICATED, which takes a passkey:
    `passkey` (0 to 999999) if it never changes, else somebody must read it off. `user` is [index,
    consent code] of the User Data service (UDS 1.1). Services and characteristics are numbers of
    `assigned`.
    """

    FIELDS = (
        "slot", "address", "name_prefix", "service", "characteristics", "model", "bond", "passkey",
        "user",
    )  # fmt: skip
    slot: int
    address: "bytes | None"
    name_prefix: "str | None"
    service: int
    characteristics: "list[int]"
    model: str
    bond: int
    passkey: "int | None"
    user: "list[int] | None"

    def _check(self) -> None:
        _check_uint(self.slot, 0, MAX_SLOT, "slot")
        where = "sensor %d" % self.slot
        if self.address is not None:
            _check_bytes(self.address, ADDRESS_BYTES, ADDRESS_BYTES, where + " address")
            _require(self.address[0] <= 1, "range", where + " address", "type is 0 or 1")
        if self.name_prefix is not None:
            _check_text(self.name_prefix, 1, MAX_NAME_BYTES, where + " name prefix")
        _require(self.address is not None or self.name_prefix is not None, "sensor", where,
                 "give address or name, or a neighbour's sensor is taken for it")  # fmt: skip
        _check_uint(self.service, 0, assigned.MAX_NUMBER, where + " service")
        _check_list(self.characteristics, 1, MAX_CHARACTERISTICS, where + " characteristics")
        for characteristic in self.characteristics:
            _check_uint(characteristic, 0, assigned.MAX_NUMBER, where + " characteristic")
        _check_distinct(self.characteristics, where + " characteristics")
        self._check_driver(where)

    def _check_driver(self, where: str) -> None:
        _check_text(self.model, 0, MAX_MODEL_BYTES, where + " model")
        good = all(c in _MODEL_CHARACTERS for c in self.model)
        _require(good, "text", where + " model", "give small letters, digits and hyphens")
        _check_uint(self.bond, BOND_NONE, BOND_AUTHENTICATED, where + " bond")
        if self.passkey is not None:
            _check_uint(self.passkey, 0, MAX_PASSKEY, where + " passkey")
            _require(self.bond == BOND_AUTHENTICATED, "sensor", where + " passkey",
                     "give it with bond %d only" % BOND_AUTHENTICATED)  # fmt: skip
        if self.user is not None:
            _check_list(self.user, 2, 2, where + " user")
            _check_uint(self.user[0], 0, MAX_USER, where + " user index")
            _check_uint(self.user[1], 0, MAX_CONSENT, where + " consent code")


class HubConfig(Value):
    """All of it. `networks` and `sensors` are lists of Network and Sensor."""

    FIELDS = (
        "number", "networks", "collector_host", "collector_port", "roots", "collector_public",
        "receiver_public", "heartbeat_s", "sensors", "ntp_host", "ntp_port", "board",
    )  # fmt: skip
    number: int
    networks: "list[Network]"
    collector_host: str
    collector_port: int
    roots: "list[bytes]"
    collector_public: bytes
    receiver_public: bytes
    heartbeat_s: int
    sensors: "list[Sensor]"
    ntp_host: str
    ntp_port: int
    board: str

    def _check(self) -> None:
        _check_uint(self.number, 1, MAX_NUMBER, "number")
        self._check_network()
        self._check_trust()
        low, high = exchange.MIN_HEARTBEAT_S, exchange.MAX_HEARTBEAT_S
        _check_uint(self.heartbeat_s, low, high, "heartbeat_s")
        _check_list(self.sensors, 0, MAX_SENSORS, "sensors")
        _check_distinct([sensor.slot for sensor in self.sensors], "sensor slots")
        known = [sensor.address for sensor in self.sensors if sensor.address is not None]
        _check_distinct(known, "sensor addresses")
        self._check_names()
        _check_text(self.board, 1, MAX_BOARD_BYTES, "board")

    def _check_names(self) -> None:
        """Sensors that only their names tell apart: one's reading must never be another's."""
        named = [sensor for sensor in self.sensors if sensor.address is None]
        for i, sensor in enumerate(named):
            for other in named[:i]:
                names = (str(sensor.name_prefix), str(other.name_prefix))
                is_alike = names[0].startswith(names[1]) or names[1].startswith(names[0])
                _require(not is_alike or sensor.service != other.service, "duplicate",
                         "sensor names", "tell these two by their addresses")  # fmt: skip

    def _check_network(self) -> None:
        _check_list(self.networks, 1, MAX_NETWORKS, "networks")
        _check_distinct([network.ssid for network in self.networks], "networks")
        _check_host(self.collector_host, "collector host")
        _check_uint(self.collector_port, 1, 0xFFFF, "collector port")
        _check_host(self.ntp_host, "NTP host")
        _check_uint(self.ntp_port, 1, 0xFFFF, "NTP port")

    def _check_trust(self) -> None:
        _check_list(self.roots, MIN_ROOTS, MAX_ROOTS, "roots")
        for root in self.roots:
            _check_bytes(root, 4, MAX_ROOT_BYTES, "root")
            # X.690: SEQUENCE with a two-byte length; a certificate is never shorter.
            good = root[:2] == b"\x30\x82" and (root[2] << 8 | root[3]) == len(root) - 4
            _require(good, "root", "root", "give a certificate as DER, not as PEM")
        _check_distinct(self.roots, "roots")
        _check_bytes(self.collector_public, KEY_BYTES, KEY_BYTES, "collector key")
        _check_bytes(self.receiver_public, KEY_BYTES, KEY_BYTES, "receiver key")
        for usable, name in (
            (ed25519.is_usable(self.collector_public), "collector key"),
            (x25519.is_usable(self.receiver_public), "receiver key"),
        ):
            _require(usable, "key", name, "give a public key of its kind")

    def encode(self) -> bytes:
        """Return the bytes of `config.cbor`."""
        return cbor.encode({i + 1: _plain(value) for i, value in enumerate(self._items())})


def _plain(value: "Any") -> "Any":
    """Turn lists of Network and Sensor into lists of lists."""
    if type(value) is not list:
        return value
    return [list(v._items()) if isinstance(v, Value) else v for v in value]


def _rows(members: "Any", kind: "Any", name: str) -> "list[Any]":
    """Build `kind` of every row of an array of arrays."""
    _require(type(members) is list, "shape", name, "give an array")
    width = len(kind.FIELDS)
    for row in members:
        good = type(row) is list and len(row) == width
        _require(good, "shape", name, "give arrays of %d" % width)
    return [kind(*row) for row in members]


def decode(data: bytes) -> HubConfig:
    """Return the config in `data`; raises ConfigError, CborError where the coding is wrong."""
    fields = cbor.decode(data, max_bytes=MAX_CONFIG_BYTES)
    _require(type(fields) is dict, "shape", "config", "give a map")
    count = len(HubConfig.FIELDS)
    unknown = [key for key in fields if type(key) is not int or not 1 <= key <= count]
    if unknown:
        where = "key %s" % shown(least_key(unknown))
        raise ConfigError("config-unknown-key", where, "remove it, or update")
    for key in range(1, count + 1):
        name = "key %d (%s)" % (key, HubConfig.FIELDS[key - 1])
        _require(key in fields, "missing-key", name, "add it")
    values = [fields[key] for key in range(1, count + 1)]
    values[1] = _rows(values[1], Network, "networks")
    values[8] = _rows(values[8], Sensor, "sensors")
    return HubConfig(*values)
