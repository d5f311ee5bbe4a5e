"""What a scenario says of networks and of the modem: how they are, and what the hub is told of
them. docs/simulator.md describes the keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from varde_simulator import wifi
from varde_simulator.modem import faults
from varde_simulator.modem.modem_clock import BEGINNINGS
from varde_simulator.modem.settings import Settings
from varde_simulator.scenario_table import (
    TEXT,
    YES_NO,
    Kind,
    ScenarioError,
    Table,
    drawn,
    list_of,
    number,
    one_of,
)

MAX_PARAMETER = 10_000_000  # seconds of a fault, some months
MAX_BUDGET_MIB = 1_000_000
MODEM_BOARD = "lilygo_t_sim7670g_s3"  # the board whose pins the virtual modem is on
_PIN = Kind(
    "a text of four to eight digits, or an empty one",
    lambda value: (
        value == "" or (isinstance(value, str) and value.isdecimal() and 4 <= len(value) <= 8)
    ),
)


@dataclass(frozen=True)
class NetworkPlan:
    """One WiFi network of the home; the hub's config has its password right."""

    ssid: str
    password: str
    rssi_dbm: int = -58
    fault: str = ""

    def access_point(self) -> wifi.AccessPoint:
        """One to put into the air."""
        return wifi.AccessPoint(self.ssid, self.password, self.rssi_dbm, fault=self.fault)


@dataclass(frozen=True)
class ModemPlan:
    """What the hub is told (`apn` to `data_budget_mib`), and what the modem is."""

    apn: str
    user: str
    password: str
    pin: str
    data_budget_mib: int
    settings: Settings
    faults: tuple[str, ...]

    def lines(self) -> str:
        """As `varde hub assignment --modem` reads them."""
        fields = {"apn": self.apn, "user": self.user, "password": self.password, "pin": self.pin}
        return "".join(f"{name}={value}\n" for name, value in fields.items() if value)


HOME = NetworkPlan("hjemme", "ikke hemmelig")  # of a home that does not exist


@dataclass(frozen=True)
class LinksPlan:
    """All that connects a hub."""

    networks: tuple[NetworkPlan, ...] = (HOME,)
    modem: ModemPlan | None = None

    def wifi_lines(self) -> str:
        """As `varde hub assignment --wifi` reads them."""
        return "".join(
            f"{each.ssid.replace(':', chr(92) + ':')}:{each.password}\n" for each in self.networks
        )


# Of the event `modem`: what its fault may be told. A range is drawn by the seed.
PARAMETERS = sorted({name for known in faults.NAMES.values() for name in known})
MODEM_EVENT: Mapping[str, Kind] = {
    "fault": one_of(tuple(faults.NAMES)),
    **{name: drawn(number(0, MAX_PARAMETER)) for name in PARAMETERS},
    "by_s": drawn(number(-MAX_PARAMETER, MAX_PARAMETER)),
    "share": drawn(number(0, 1)),
}


def parse(top: Table) -> LinksPlan:
    """The tables [[network]] and [modem], and `wifi = false`; raises ScenarioError."""
    tables = top.tables("network", needed=False)
    has_wifi = top.take("wifi", YES_NO, True)
    networks = tuple(map(_network, tables)) or (HOME,)
    names = [each.ssid for each in networks]
    if len(set(names)) < len(names):
        raise ScenarioError(f"{top.where}: two [[network]] tables have the same `ssid`")
    table = top.table("modem")
    modem = None if table is None else _modem(table)
    if not has_wifi and (tables or modem is None):
        raise ScenarioError(f"{top.where}: `wifi = false` needs [modem], and no [[network]]")
    return LinksPlan(networks if has_wifi else (), modem)


def _network(table: Table) -> NetworkPlan:
    network = NetworkPlan(
        ssid=table.take("ssid", TEXT),
        password=table.take("password", TEXT),
        rssi_dbm=table.take("rssi_dbm", number(-100, -20, whole=True), HOME.rssi_dbm),
        fault=table.take("fault", one_of(wifi.FAULTS), ""),
    )
    table.finish()
    return network


def _modem(table: Table) -> ModemPlan:
    pin = table.take("pin", _PIN, "")
    sim_pin = table.take("sim_pin", _PIN, pin)
    settings = Settings(
        pin=sim_pin or None,
        signal=table.take("signal", number(0, 31, whole=True), Settings.signal),
        zone_quarters=table.take("zone_quarters", number(-48, 56, whole=True), 4),
        clock_begins=table.take("clock_begins", one_of(tuple(BEGINNINGS)), Settings.clock_begins),
    )
    modem = ModemPlan(
        apn=table.take("apn", TEXT),
        user=table.take("user", TEXT, ""),
        password=table.take("password", TEXT, ""),
        pin=pin,
        data_budget_mib=table.take("data_budget_mib", number(0, MAX_BUDGET_MIB, whole=True), 0),
        settings=settings,
        faults=tuple(table.take("faults", list_of(one_of(tuple(faults.NAMES))), [])),
    )
    table.finish()
    return modem


def check_event(do: str, keys: Mapping[str, Any], links: LinksPlan, where: str) -> None:
    """That such an event can happen to these links; raises ScenarioError."""
    wants_modem = do == "modem" or keys.get("link") == "modem"
    if wants_modem and links.modem is None:
        raise ScenarioError(f"{where}: happens to a modem; give [modem]")
    if do == "wifi" and "network" in keys:
        names = [each.ssid for each in links.networks]
        if keys["network"] not in names:
            raise ScenarioError(f"{where}: `network` is one of {', '.join(names) or 'none'}")
    if do == "modem":
        allowed = faults.NAMES[keys["fault"]]
        for name in PARAMETERS:
            if name in keys and name not in allowed:
                raise ScenarioError(f"{where}: fault `{keys['fault']}` has no `{name}`")
