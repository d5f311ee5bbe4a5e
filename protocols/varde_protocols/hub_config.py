"""A hub's configuration: what IT may change at any time, as part of an assignment.

    {1: [[ssid, password], ...], 2: collector host, 3: collector port, 4: heartbeat_s,
     5: [[slot, address or null, name prefix or null, service, [characteristic, ...], model, bond,
     passkey or null, user or null, verification], ...], 6: NTP host, 7: NTP port, 8: board name,
     9: [APN, user, password, PIN] or null, 10: data_budget_kib, 11: [standard offset, rule],
     12: [[minute of day, weekdays, slot], ...], 13: [from, to] or null}

Whom the hub believes is not here but in its trust (`trust`). Everything is checked when a value
is built, so a HubConfig is one that a hub can run as far as bytes tell (not: whether hosts
exist), and both directions refuse the same things. A key that this program does not know is
refused and named: a setting that is silently dropped is worse than none. So are limits for a
patient's values, which a hub knows nothing of: what is measured is judged where it is used.
Shape: protocols/cddl/hub_config.cddl. The limits are in `hub_config_checks`.
"""

from ._compat import TYPE_CHECKING, const
from .errors import WireError
from .value import Value

if TYPE_CHECKING:
    from typing import Any

BOND_NONE = const(0)
BOND_PLAIN = const(1)  # keys are kept; how they were agreed on does not matter
BOND_AUTHENTICATED = const(2)  # agreed on with a passkey

# Summer time.
RULE_NONE = const(0)
RULE_EU = const(1)  # from the last Sunday of March to that of October, at 01:00 UTC (2000/84/EC)

NORWAY = (60, RULE_EU)  # a local_time, as tuple
ANY_SLOT = const(0)  # of a reminder: whatever sensor is used


class ConfigError(WireError):
    """A configuration that no hub may run."""


def checks() -> "Any":
    """Return the module that knows all limits, loaded when it is needed: on a hub once."""
    from . import hub_config_checks  # noqa: PLC0415

    return hub_config_checks


class Network(Value):
    """A WiFi network; an empty password is an open one."""

    FIELDS = ("ssid", "password")
    ssid: str
    password: str

    def _check(self) -> None:
        checks().check_network(self)


class Sensor(Value):
    """A sensor of the kit: known by its address (type 0 or 1, then 6 bytes), its name or both.

    `model` names the driver of a model with ways of its own; "" is a sensor by the specification
    of its `service`. `bond` is BOND_NONE, BOND_PLAIN or BOND_AUTHENTICATED, which takes a passkey:
    `passkey` (0 to 999999) if it never changes, else somebody must read it off. `user` is [index,
    consent code] of the User Data service (UDS 1.1). Services and characteristics are numbers of
    `assigned`. `verification` is what its readings name (`records.Reading`), b"" for none.
    """

    FIELDS = (
        "slot", "address", "name_prefix", "service", "characteristics", "model", "bond", "passkey",
        "user", "verification",
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
    verification: bytes

    def _check(self) -> None:
        checks().check_sensor(self)


class Modem(Value):
    """The subscription of the hub's 4G modem; `user`, `password` and `pin` are empty if unused."""

    FIELDS = ("apn", "user", "password", "pin")
    apn: str
    user: str
    password: str
    pin: str

    def _check(self) -> None:
        checks().check_modem(self)


class HubConfig(Value):
    """All of it. `networks` and `sensors` are lists of Network and Sensor, `modem` is a Modem or
    None. `data_budget_kib` is for a calendar month over the modem, 0 for none: readings always
    go, updates wait.

    `local_time` is [minutes ahead of UTC without summer time, RULE_...]. `reminders` are lists of
    local minute of the day, weekdays as bits (1 Monday to 64 Sunday), and the slot to measure with
    or ANY_SLOT; ascending. `quiet` is [from, to] in local minutes of the day, `to` exclusive, also
    across midnight: reminders make no sound then."""

    FIELDS = (
        "networks", "collector_host", "collector_port", "heartbeat_s", "sensors", "ntp_host",
        "ntp_port", "board", "modem", "data_budget_kib", "local_time", "reminders", "quiet",
    )  # fmt: skip
    networks: "list[Network]"
    collector_host: str
    collector_port: int
    heartbeat_s: int
    sensors: "list[Sensor]"
    ntp_host: str
    ntp_port: int
    board: str
    modem: "Modem | None"
    data_budget_kib: int
    local_time: "list[int]"
    reminders: "list[list[int]]"
    quiet: "list[int] | None"

    def _check(self) -> None:
        checks().check_config(self)

    def fields(self) -> "dict[int, Any]":
        """Return the map that goes on the wire."""
        return {i + 1: _plain(value) for i, value in enumerate(self._items())}


def _plain(value: "Any") -> "Any":
    """Turn a Modem, and lists of Network and Sensor, into lists."""
    if isinstance(value, Value):
        return list(value._items())
    if type(value) is not list:
        return value
    return [list(v._items()) if isinstance(v, Value) else v for v in value]


def from_fields(fields: "Any") -> HubConfig:
    """Return the config that a decoded map holds; raises ConfigError."""
    config: HubConfig = checks().from_fields(fields)
    return config
