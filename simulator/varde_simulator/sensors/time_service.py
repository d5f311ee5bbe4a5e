"""Reading and setting a sensor's clock over the air."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from varde_simulator.sensors.gatt_table import OUT_OF_RANGE, refuse
from varde_simulator.sensors.sensor_clock import SensorClock, from_date_time
from varde_simulator.sensors.standard_services import CURRENT_TIME, DATE_TIME

if TYPE_CHECKING:
    from varde_simulator.sensors.virtual_sensor import VirtualSensor

_CURRENT_TIME_BYTES = 10
ADJUSTED_BY_HOST = 0b10  # "external reference time update" (Current Time 2A2B, adjust reason)


def serve_date_time(sensor: "VirtualSensor", when_set: Callable[[], None] | None = None) -> None:
    """Date Time 2A08, 7 bytes both ways."""
    clock = clock_of(sensor)
    sensor.table.when_read[DATE_TIME] = clock.stamp
    sensor.table.when_written[DATE_TIME] = lambda data: set_clock(sensor, data, 7, when_set)


def serve_current_time(
    sensor: "VirtualSensor", when_set: Callable[[], None] | None = None
) -> None:
    """Current Time 2A2B, 10 bytes both ways."""
    clock = clock_of(sensor)
    sensor.table.when_read[CURRENT_TIME] = clock.current_time
    sensor.table.when_written[CURRENT_TIME] = lambda data: set_clock(
        sensor, data, _CURRENT_TIME_BYTES, when_set
    )


def set_clock(
    sensor: "VirtualSensor", data: bytes, size: int, when_set: Callable[[], None] | None = None
) -> None:
    """Takes a date and time of `size` bytes; refuses what no calendar has."""
    moment = from_date_time(data) if len(data) == size else None
    if moment is None:
        refuse(OUT_OF_RANGE)
    if not sensor.faults.strikes("refuses-clock"):
        clock_of(sensor).set(moment)
    if when_set is not None:
        when_set()


def clock_of(sensor: "VirtualSensor") -> SensorClock:
    """A model that serves its time has a ClockPlan."""
    assert sensor.clock is not None, f"{sensor.model.name} has no ClockPlan"
    return sensor.clock
