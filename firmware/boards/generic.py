"""Any ESP32-S3 with 8 MB of flash and PSRAM, such as Espressif's ESP32-S3-DevKitC-1."""

LIGHT = ("ws2812", 48)  # GPIO 38 on the kit's revision 1.1
MODEM = None
BATTERY_ADC = None
BUTTON = 0  # BOOT, active low
BUZZER = None
