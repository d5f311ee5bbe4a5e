"""LilyGO T-SIM7670G-S3: ESP32-S3, 16 MB flash, 8 MB PSRAM, SIM7670G modem, 18650 cell.

Pins as in the maker's `utilities.h`, section LILYGO_T_SIM7670G_S3.
"""

LIGHT = ("led", 12, 0)  # active low
# The power key hangs behind a transistor, the reset line does not.
MODEM = {
    "tx": 11, "rx": 10, "dtr": 9, "ring": 3, "baud": 115200,
    "power_key": 18, "power_key_level": 1, "reset": 17, "reset_level": 0,
}  # fmt: skip
BATTERY_ADC = (4, 2)  # behind a divider by 2
BUTTON = 0  # BOOT, active low
BUZZER = None
