"""Which pins of the hub's chip the modem is soldered to, and at which levels they speak."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wiring:
    """Pin numbers of the hub's chip; `tx` is the hub's output. `pressed` levels are the pins':
    the power key hangs behind a transistor, the reset line does not."""

    tx: int
    rx: int
    dtr: int
    ring: int
    power_key: int
    reset: int
    baud: int = 115200
    power_key_pressed: int = 1
    reset_pressed: int = 0


# Xinyuan-LilyGO/LilyGo-Modem-Series, utilities.h, section LILYGO_T_SIM7670G_S3, and its examples
# for the levels. `firmware/boards/lilygo_t_sim7670g_s3.py` has the same numbers.
T_SIM7670G_S3 = Wiring(tx=11, rx=10, dtr=9, ring=3, power_key=18, reset=17)
