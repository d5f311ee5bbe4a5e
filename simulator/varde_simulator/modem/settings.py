"""What kind of SIM, operator and module there is; none of it a fault."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`pin` None: the SIM asks for none. `apn`, `login` (user, password) None: any will do.
    `clock_begins`: what the module's clock shows before it was set, 1970 or 1980. `ppp_of`: the
    MicroPython whose `network.PPP` the hub has, 1.25 or 1.26."""

    pin: str | None = None
    fault_pin: str = "4711"  # the SIM's, when the fault `sim-pin` gives it one
    apn: str | None = None
    login: tuple[str, str] | None = None
    operator: str = "Fjellnett"
    signal: int = 20  # +CSQ, -113 dBm + 2 each
    zone_quarters: int = 4
    clock_begins: str = "1970"
    ppp_of: str = "1.25"
    model: str = "SIM7670G-MNGV"
    register_s: tuple[float, float] = (5.0, 60.0)  # from the open SIM on, at random between these
