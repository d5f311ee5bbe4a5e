"""Services and characteristics of the Bluetooth specifications that sensors are built from."""

from varde_simulator.sensors.model import (
    INDICATE,
    NOTIFY,
    OPEN,
    READ,
    WRITE,
    Characteristic,
    Service,
)

GLUCOSE_SERVICE = 0x1808
THERMOMETER_SERVICE = 0x1809
DEVICE_INFORMATION_SERVICE = 0x180A
HEART_RATE_SERVICE = 0x180D
BATTERY_SERVICE = 0x180F
BLOOD_PRESSURE_SERVICE = 0x1810
CURRENT_TIME_SERVICE = 0x1805
BODY_COMPOSITION_SERVICE = 0x181B
USER_DATA_SERVICE = 0x181C
WEIGHT_SERVICE = 0x181D
PLX_SERVICE = 0x1822
ELAPSED_TIME_SERVICE = 0x183F
HEALTH_SENSOR_SERVICE = 0x1840

DATE_TIME = 0x2A08
GLUCOSE_MEASUREMENT = 0x2A18
BATTERY_LEVEL = 0x2A19
TEMPERATURE_MEASUREMENT = 0x2A1C
TEMPERATURE_TYPE = 0x2A1D
INTERMEDIATE_TEMPERATURE = 0x2A1E
CURRENT_TIME = 0x2A2B
BLOOD_PRESSURE_MEASUREMENT = 0x2A35
INTERMEDIATE_CUFF_PRESSURE = 0x2A36
HEART_RATE_MEASUREMENT = 0x2A37
BODY_SENSOR_LOCATION = 0x2A38
BLOOD_PRESSURE_FEATURE = 0x2A49
GLUCOSE_FEATURE = 0x2A51
RECORD_ACCESS = 0x2A52
PLX_SPOT_CHECK = 0x2A5E
PLX_CONTINUOUS = 0x2A5F
PLX_FEATURES = 0x2A60
BODY_COMPOSITION_FEATURE = 0x2A9B
BODY_COMPOSITION_MEASUREMENT = 0x2A9C
WEIGHT_MEASUREMENT = 0x2A9D
WEIGHT_FEATURE = 0x2A9E

_SYSTEM_ID = 0x2A23
_MODEL_NUMBER = 0x2A24
_SERIAL_NUMBER = 0x2A25
_FIRMWARE_REVISION = 0x2A26
_MANUFACTURER_NAME = 0x2A29
# Of the companies that this simulator invents nothing for: 40 bits of a number, 24 of an OUI that
# is locally administered (IEEE 802, 8.4), so that no maker's devices are taken for it.
_SIMULATED_OUI = bytes.fromhex("02 00 56")


def battery(percent: int, protection: int = OPEN) -> Service:
    """Battery Service 1.0: 0 to 100."""
    level = Characteristic(BATTERY_LEVEL, READ | NOTIFY, bytes([percent]))
    return Service(BATTERY_SERVICE, (level,), protection)


def device_information(
    model: str,
    serial: str,
    manufacturer: str = "Varde simulator",
    firmware: str = "1.0",
    with_system_id: bool = False,
) -> Service:
    """Device Information Service 1.1; strings without terminator."""
    strings = [
        (_MANUFACTURER_NAME, manufacturer.encode()),
        (_MODEL_NUMBER, model.encode()),
        (_SERIAL_NUMBER, serial.encode()),
        (_FIRMWARE_REVISION, firmware.encode()),
    ]
    if with_system_id:
        number = serial.encode()[-5:].rjust(5, b"\0")
        strings.append((_SYSTEM_ID, number + _SIMULATED_OUI))
    characteristics = tuple(Characteristic(uuid, READ, text) for uuid, text in strings)
    return Service(DEVICE_INFORMATION_SERVICE, characteristics)


def current_time(properties: int = READ | WRITE | NOTIFY, protection: int = OPEN) -> Service:
    """Current Time Service 1.1; `time_service.serve_current_time` answers for it."""
    return Service(CURRENT_TIME_SERVICE, (Characteristic(CURRENT_TIME, properties),), protection)


def record_access() -> Characteristic:
    """Record Access Control Point; `record_access.RecordAccess` answers for it."""
    return Characteristic(RECORD_ACCESS, WRITE | INDICATE)
