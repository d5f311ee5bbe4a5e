"""Multiply out what was measured: what 100,000 hubs need, and what that costs a hub and year."""

from __future__ import annotations

from typing import NamedTuple

from scale_database import (
    ANCHORS_A_DAY,
    HEARTBEATS_A_DAY,
    READING_BYTES,
    READINGS_A_DAY,
    mean_record_bytes,
)

from varde_protocols import exchange

FLEET = 100_000
DAY_S = 86_400
GIB = 1024**3

# Assumptions, in euros, of the size of large providers' list prices. Put your own in.
PRICES = {
    "collector core and month": 20.0,
    "database core and month, two zones": 130.0,
    "database GiB and month, two zones": 0.25,
    "backup GiB and month": 0.03,
    "load balancer and month": 60.0,
}
CORES_AT_WORK = 0.5  # of a core, at most, at the busiest hour
BUSY_HOUR = 3.0  # times the average: people measure in the morning
BACKUPS_KEPT = 4
DATABASE_CORES_LEAST = 4  # for vacuum, backups and people beside the work


class Fleet(NamedTuple):
    """100,000 hubs of one habit."""

    name: str
    readings_a_day: int
    readings_an_exchange: float

    @property
    def records_a_day(self) -> int:
        return self.readings_a_day + HEARTBEATS_A_DAY + ANCHORS_A_DAY

    @property
    def exchanges_a_day(self) -> float:
        return self.readings_a_day / self.readings_an_exchange + HEARTBEATS_A_DAY

    def outlook(self, seen: dict[str, float]) -> dict[str, float]:
        """Return what it needs and costs."""
        a_second = FLEET / DAY_S
        records_a_s = self.records_a_day * a_second
        exchanges_a_s = self.exchanges_a_day * a_second
        extra = max(0.0, records_a_s - 2 * exchanges_a_s) * seen["full a record"]
        collector_cores = (exchanges_a_s * seen["exchange"] + extra) * BUSY_HOUR / CORES_AT_WORK
        server_s = seen["cpu alone"] if self.readings_an_exchange < 2 else seen["cpu"]
        database_cores = records_a_s * server_s * BUSY_HOUR / CORES_AT_WORK
        yearly = self.records_a_day * 365 * FLEET
        more_bytes = mean_record_bytes(self.readings_a_day) - mean_record_bytes()
        stored_gib = yearly * (seen["table"] + seen["index"] + more_bytes) / GIB
        many = "" if self.readings_a_day == READINGS_A_DAY else ", many"
        made = {
            "records a second": records_a_s,
            "exchanges a second": exchanges_a_s,
            "exchanges a second, busiest hour": exchanges_a_s * BUSY_HOUR,
            "collector cores": max(2.0, collector_cores),
            "database cores": max(float(DATABASE_CORES_LEAST), database_cores),
            "records a year": float(yearly),
            "GiB a year": stored_gib,
            "GiB of a year's backup": yearly * (seen["file"] + more_bytes) / GIB,
            "log MB a second": records_a_s * seen["log 30 lz4" + many] / 1e6,
            "log MB a second, defaults": records_a_s * seen["log 5" + many] / 1e6,
            "hours to back up a year": yearly * seen["backup"] / 3600,
            "hours to restore a year": yearly * seen["restore"] / 3600,
        }
        return made | self.outage(made, seen) | self.costs(made)

    def outage(self, made: dict[str, float], seen: dict[str, float]) -> dict[str, float]:
        """Return how long an outage of eight hours takes to be made up for, with all of the
        collectors' cores at work."""
        cores = made["collector cores"]
        backlog = made["records a second"] * 8 * 3600
        work_s = FLEET * seen["exchange"] + backlog * seen["full a record"]
        return {
            "minutes to hear all hubs once": FLEET * seen["exchange"] / cores / 60,
            "minutes to drain 8 hours": work_s / cores / 60,
        }

    def costs(self, made: dict[str, float]) -> dict[str, float]:
        """Return euros a hub and year in the first year's mean, by PRICES."""
        mean_gib = made["GiB a year"] / 2
        backups_gib = made["GiB of a year's backup"] / 2 * BACKUPS_KEPT
        monthly = {
            "collectors": made["collector cores"] * PRICES["collector core and month"],
            "database": made["database cores"] * PRICES["database core and month, two zones"],
            "storage": mean_gib * PRICES["database GiB and month, two zones"],
            "backups": backups_gib * PRICES["backup GiB and month"],
            "balancer": PRICES["load balancer and month"],
        }
        made_up = {f"EUR {name}": value * 12 / FLEET for name, value in monthly.items()}
        return made_up | {"EUR a hub and year": sum(made_up.values())}


FLEETS = (
    Fleet("20 readings a day, each by itself", 20, 1),
    Fleet("2,000 readings a day, each by itself", 2000, 1),
    Fleet("2,000 readings a day, in bursts", 2000, exchange.MAX_BATCH_BYTES // READING_BYTES),
)
