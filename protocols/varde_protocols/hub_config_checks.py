"""What a hub's configuration must hold to, and how it is read: see `hub_config`; and what an
assignment says of when and whence its release comes (`check_terms`).

Apart from it because a hub needs this once, at its start, and unloads it then.
"""

from . import assigned, exchange, records
from ._compat import TYPE_CHECKING, const
from .field_checks import least_key, shown
from .hub_config import (
    ANY_SLOT,
    BOND_AUTHENTICATED,
    BOND_NONE,
    RULE_EU,
    RULE_NONE,
    ConfigError,
    HubConfig,
    Modem,
    Network,
    Sensor,
)

if TYPE_CHECKING:
    from typing import Any

    from .assignment import Assignment

MAX_NETWORKS = const(8)
MAX_SSID_BYTES = const(32)  # IEEE 802.11 section 9.4.2.2
MIN_PASSWORD_BYTES = const(8)  # WPA2 passphrase; none for an open network
MAX_PASSWORD_BYTES = const(64)  # 63 for a passphrase, 64 for a key in hex (IEEE 802.11 annex J.4)
MAX_HOST_BYTES = const(253)  # RFC 1035 section 2.3.4, as text
MAX_SENSORS = const(24)  # a kit has 3 to 6; a ward round, or a test of them all, has more
MAX_SLOT = const(254)  # 255 is of test readings
MAX_CHARACTERISTICS = const(8)
ADDRESS_BYTES = const(7)
MAX_NAME_BYTES = const(29)  # what fits an advertisement (Core specification 3.C.11)
MAX_BOARD_BYTES = const(32)
MAX_MODEL_BYTES = const(24)
MAX_PASSKEY = const(999_999)  # six digits (Core specification 3.H.2.3.5.3)
MAX_USER = const(254)  # 255 is "unknown user" (User Data Service 3.2)
MAX_APN_BYTES = const(63)  # a label of the operator's, 3GPP TS 23.003 section 9.1: at most 63
MAX_LOGIN_BYTES = const(63)
MIN_PIN_DIGITS = const(4)  # 3GPP TS 51.011 section 9.3: 4 to 8 digits
MAX_PIN_DIGITS = const(8)
MAX_BUDGET_KIB = const(1 << 30)
MAX_CONSENT = const(9999)  # User Data Service 3.2.2
MAX_REMINDERS = const(12)  # four a day for each of three sensors
LAST_MINUTE = const(1439)  # of a day
ALL_WEEKDAYS = const(0x7F)
MIN_OFFSET_MIN = -720  # UTC-12
MAX_OFFSET_MIN = const(840)  # UTC+14
MAX_PATH_BYTES = const(128)  # before a hash of 64 digits, in one line of a request
MAX_RING_BYTES = const(16)

_HEX = "0123456789abcdefABCDEF"
# Names and both kinds of address. Spelled out: lower() would make ASCII of U+212A on CPython.
_MODEL_CHARACTERS = "-0123456789abcdefghijklmnopqrstuvwxyz"
_PATH_CHARACTERS = "/_~"  # and those of hosts: what stands for itself (RFC 3986 section 3.3)
_HOST_CHARACTERS = "-.:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


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


def check_network(network: "Network") -> None:
    """Raise ConfigError if the fields do not make a network."""
    _check_text(network.ssid, 1, MAX_SSID_BYTES, "ssid")
    if network.password != "":
        _check_text(network.password, MIN_PASSWORD_BYTES, MAX_PASSWORD_BYTES, "password")
        is_key = len(network.password.encode()) == MAX_PASSWORD_BYTES
        _require(not is_key or all(c in _HEX for c in network.password), "text", "password",
                 "give at most 63 bytes, or a key of 64 hex digits")  # fmt: skip


def check_sensor(sensor: "Sensor") -> None:
    """Raise ConfigError if the fields do not make a sensor."""
    _check_uint(sensor.slot, 0, MAX_SLOT, "slot")
    where = "sensor %d" % sensor.slot
    if sensor.address is not None:
        _check_bytes(sensor.address, ADDRESS_BYTES, ADDRESS_BYTES, where + " address")
        _require(sensor.address[0] <= 1, "range", where + " address", "type is 0 or 1")
    if sensor.name_prefix is not None:
        _check_text(sensor.name_prefix, 1, MAX_NAME_BYTES, where + " name prefix")
    _require(sensor.address is not None or sensor.name_prefix is not None, "sensor", where,
             "give address or name, or a neighbour's sensor is taken for it")  # fmt: skip
    _check_uuid(sensor.service, where + " service")
    _check_list(sensor.characteristics, 1, MAX_CHARACTERISTICS, where + " characteristics")
    for characteristic in sensor.characteristics:
        _check_uuid(characteristic, where + " characteristic")
    _check_distinct(sensor.characteristics, where + " characteristics")
    _check_driver(sensor, where)


def _check_uuid(number: int, name: str) -> None:
    _check_uint(number, 0, assigned.MAX_NUMBER, name)
    # its readings would be taken for tests, and handed on to nobody
    _require(number != assigned.TEST, "range", name, "give one that a sensor has")


def _check_driver(sensor: "Sensor", where: str) -> None:
    _check_text(sensor.model, 0, MAX_MODEL_BYTES, where + " model")
    good = all(c in _MODEL_CHARACTERS for c in sensor.model)
    _require(good, "text", where + " model", "give small letters, digits and hyphens")
    _check_uint(sensor.bond, BOND_NONE, BOND_AUTHENTICATED, where + " bond")
    if sensor.passkey is not None:
        _check_uint(sensor.passkey, 0, MAX_PASSKEY, where + " passkey")
        _require(sensor.bond == BOND_AUTHENTICATED, "sensor", where + " passkey",
                 "give it with bond %d only" % BOND_AUTHENTICATED)  # fmt: skip
    if sensor.user is not None:
        _check_list(sensor.user, 2, 2, where + " user")
        _check_uint(sensor.user[0], 0, MAX_USER, where + " user index")
        _check_uint(sensor.user[1], 0, MAX_CONSENT, where + " consent code")
    least = records.VERIFICATION_BYTES if sensor.verification else 0
    _check_bytes(sensor.verification, least, least, where + " verification")


def check_modem(modem: "Modem") -> None:
    """Raise ConfigError if the fields do not make a subscription."""
    _check_text(modem.apn, 1, MAX_APN_BYTES, "apn")
    good = all(c in _HOST_CHARACTERS and c != ":" for c in modem.apn)
    _require(good, "text", "apn", "give it as the operator writes it")
    for text, name in ((modem.user, "modem user"), (modem.password, "modem password")):
        _check_text(text, 0, MAX_LOGIN_BYTES, name)
        # they go into a quoted string of an AT command, which knows no escapes
        good = all(c != '"' and ord(c) < 0x80 for c in text)
        _require(good, "text", name, 'leave out " and accents')
    good = type(modem.pin) is str and all(c in "0123456789" for c in modem.pin)
    good = good and (not modem.pin or MIN_PIN_DIGITS <= len(modem.pin) <= MAX_PIN_DIGITS)
    _require(good, "text", "pin", "give 4 to 8 digits, or nothing")


def check_config(config: "HubConfig") -> None:
    """Raise ConfigError if the fields do not make a config."""
    _check_network(config)
    low, high = exchange.MIN_HEARTBEAT_S, exchange.MAX_HEARTBEAT_S
    _check_uint(config.heartbeat_s, low, high, "heartbeat_s")
    _check_list(config.sensors, 0, MAX_SENSORS, "sensors")
    _check_distinct([sensor.slot for sensor in config.sensors], "sensor slots")
    known = [sensor.address for sensor in config.sensors if sensor.address is not None]
    _check_distinct(known, "sensor addresses")
    _check_names(config.sensors)
    _check_text(config.board, 1, MAX_BOARD_BYTES, "board")
    _check_uint(config.data_budget_kib, 0, MAX_BUDGET_KIB, "data_budget_kib")
    _check_list(config.local_time, 2, 2, "local_time")
    _check_uint(config.local_time[0], MIN_OFFSET_MIN, MAX_OFFSET_MIN, "local_time")
    _check_uint(config.local_time[1], RULE_NONE, RULE_EU, "local_time")
    _check_reminders(config)
    _check_hours(config.quiet, "quiet")


def _check_reminders(config: "HubConfig") -> None:
    """One for a sensor that the hub has not could never be followed."""
    _check_list(config.reminders, 0, MAX_REMINDERS, "reminders")
    slots = [ANY_SLOT] + [sensor.slot for sensor in config.sensors]
    before: "list[int]" = []
    for reminder in config.reminders:
        _check_list(reminder, 3, 3, "reminders")
        _check_uint(reminder[0], 0, LAST_MINUTE, "reminders")
        _check_uint(reminder[1], 1, ALL_WEEKDAYS, "reminders")
        _check_uint(reminder[2], 0, MAX_SLOT, "reminders")
        _require(reminder[2] in slots, "sensor", "reminders", "give a sensor's, 0 for any")
        _require(before < reminder, "duplicate", "reminders", "give each once, ascending")
        before = reminder


def _check_hours(hours: "Any", name: str) -> None:
    if hours is not None:
        _check_list(hours, 2, 2, name)
        for minute in hours:
            _check_uint(minute, 0, LAST_MINUTE, name)
        _require(hours[0] != hours[1], "range", name, "give null if there are none")


def check_terms(given: "Assignment") -> None:
    """Raise ConfigError if window, allowance, source or ring of an assignment cannot be."""
    _check_hours(given.window, "window")
    if given.allowance_kib is not None:
        _check_uint(given.allowance_kib, 0, MAX_BUDGET_KIB, "allowance_kib")
    if given.source is not None:
        _check_list(given.source, 3, 3, "source")
        host, port, path = given.source
        _check_host(host, "source")
        _check_uint(port, 1, 0xFFFF, "source")
        _check_text(path, 0, MAX_PATH_BYTES, "source")
        good = all(c in _HOST_CHARACTERS or c in _PATH_CHARACTERS for c in path)
        good = good and (path == "" or path[0] == "/" != path[-1])
        _require(good, "text", "source", "begin with / and end without")
    _check_text(given.ring, 0, MAX_RING_BYTES, "ring")


def _check_names(sensors: "list[Sensor]") -> None:
    """Sensors that only their names tell apart: one's reading must never be another's."""
    named = [sensor for sensor in sensors if sensor.address is None]
    for i, sensor in enumerate(named):
        for other in named[:i]:
            names = (str(sensor.name_prefix), str(other.name_prefix))
            is_alike = names[0].startswith(names[1]) or names[1].startswith(names[0])
            _require(not is_alike or sensor.service != other.service, "duplicate",
                     "sensor names", "tell these two by their addresses")  # fmt: skip


def _check_network(config: "HubConfig") -> None:
    # without WiFi there must be a modem: a hub with no way out is no hub
    _check_list(config.networks, 0 if config.modem else 1, MAX_NETWORKS, "networks")
    _check_distinct([network.ssid for network in config.networks], "networks")
    _check_host(config.collector_host, "collector host")
    _check_uint(config.collector_port, 1, 0xFFFF, "collector port")
    _check_host(config.ntp_host, "NTP host")
    _check_uint(config.ntp_port, 1, 0xFFFF, "NTP port")


def _rows(members: "Any", kind: "Any", name: str) -> "list[Any]":
    """Build `kind` of every row of an array of arrays."""
    _require(type(members) is list, "shape", name, "give an array")
    width = len(kind.FIELDS)
    for row in members:
        good = type(row) is list and len(row) == width
        _require(good, "shape", name, "give arrays of %d" % width)
    return [kind(*row) for row in members]


def from_fields(fields: "Any") -> "HubConfig":
    """Return the config of a decoded map; see `hub_config.from_fields`."""
    _require(type(fields) is dict, "shape", "config", "give a map")
    count = len(HubConfig.FIELDS)
    unknown = [key for key in fields if type(key) is not int or not 1 <= key <= count]
    if unknown:
        where = "key %s" % shown(least_key(unknown))
        hint = "remove it, or update; a hub knows no patient limits"
        raise ConfigError("config-unknown-key", where, hint)
    for key in range(1, count + 1):
        name = "key %d (%s)" % (key, HubConfig.FIELDS[key - 1])
        _require(key in fields, "missing-key", name, "add it")
    values = [fields[key] for key in range(1, count + 1)]
    values[0] = _rows(values[0], Network, "networks")
    values[4] = _rows(values[4], Sensor, "sensors")
    if values[8] is not None:
        values[8] = _rows([values[8]], Modem, "modem")[0]
    return HubConfig(*values)
